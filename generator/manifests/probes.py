"""The ports that a workload's probes reach over the network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from generator.core.places import Json, Place
from generator.manifests.objects import mapping, sequence
from generator.manifests.workloads import WorkloadTemplate

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HANDLERS = ("httpGet", "tcpSocket", "grpc")


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe that opens a connection to the pod; ``port`` is the pod's, None for a name that it does not declare."""

    kind: str
    port: int | None
    place: Place


def probes(workload: WorkloadTemplate) -> Iterator[Probe]:
    """Yield the probes of *workload* that need the network; commands run inside the container do not."""
    template = workload.manifest.data
    for step in workload.template_route:
        template = mapping(template.get(str(step)))
    spec = mapping(template.get("spec"))
    named = {one.name: one.number for one in workload.ports if one.name}
    for key in ("containers", "initContainers"):
        for index, container in enumerate(map(mapping, sequence(spec.get(key)))):
            for kind in _PROBES:
                for handler in _HANDLERS:
                    settings = mapping(mapping(container.get(kind)).get(handler))
                    if settings:
                        route = (*workload.template_route, "spec", key, index, kind, handler, "port")
                        yield Probe(kind, _number(settings.get("port"), named), workload.manifest.place(*route))


def _number(port: Json, named: dict[str, int]) -> int | None:
    if isinstance(port, int):
        return port
    return int(port) if str(port).isdigit() else named.get(str(port))
