"""The objects of a running cluster as they were printed, and what is concluded from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from generator.core.places import Document, Json, Place
from generator.manifests.objects import Manifest, mapping, sequence, texts
from generator.manifests.workloads import Service, WorkloadTemplate, read_service, read_workload

_CLUSTER_SCOPED = frozenset({"Node", "Namespace", "ServiceCIDR"})

Fact = tuple[str, ...]
"""The path of a fact below ``spec`` of an environment; ``("extends",)`` for the preset."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One fact as one object tells it."""

    fact: Fact
    value: Json
    evidence: str
    place: Place


class Cluster:
    """Everything that was given, by kind."""

    def __init__(self, objects: Sequence[Manifest]) -> None:
        """Keep *objects*; what they lack nobody has asked for."""
        self._objects = objects

    def of(self, kind: str) -> Iterator[Manifest]:
        """Yield the objects of *kind*."""
        return (one for one in self._objects if one.kind == kind)

    def has(self, kind: str) -> bool:
        """Tell whether objects of *kind* were given at all: only then their absence means something."""
        return any(True for _ in self.of(kind))

    @cached_property
    def pods(self) -> list[WorkloadTemplate]:
        """The pods that run."""
        return [read_workload(one) for one in self.of("Pod")]

    @cached_property
    def daemons(self) -> list[WorkloadTemplate]:
        """What runs on every node."""
        return [read_workload(one) for one in self.of("DaemonSet")]

    @cached_property
    def services(self) -> list[Service]:
        """The Services."""
        return [read_service(one) for one in self.of("Service")]

    def pods_of(self, namespace: str, selector: Mapping[str, str]) -> list[WorkloadTemplate]:
        """Return the running pods that *selector* selects; an empty one selects nobody."""
        return [
            one
            for one in self.pods
            if selector and one.namespace == namespace and selector.items() <= one.labels.items()
        ]


def claim(fact: str, value: Json, source: Manifest, *route: str | int) -> Claim:
    """Return the claim that the field at *route* of *source* makes about the fact with the dotted path *fact*."""
    field = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in route).lstrip(".")
    return Claim(tuple(fact.split(".")), value, f"{title(source)}: {field}", source.place(*route))


def title(source: Manifest) -> str:
    """Return kind and name, as kubectl takes them."""
    where = "" if source.kind in _CLUSTER_SCOPED else f"{source.namespace}/"
    return f"{source.kind} {where}{source.name}"


def containers(pod: WorkloadTemplate) -> Iterator[tuple[tuple[str | int, ...], dict[str, Json]]]:
    """Yield every container of *pod* with its route in the object."""
    spec = pod.manifest.data
    for step in pod.template_route:
        spec = mapping(spec.get(str(step)))
    for key in ("initContainers", "containers"):
        for index, one in enumerate(sequence(mapping(spec.get("spec")).get(key))):
            yield (*pod.template_route, "spec", key, index), mapping(one)


def arguments(container: Mapping[str, Json]) -> list[str]:
    """Return the words of a container's command line."""
    return [str(word) for key in ("command", "args") for word in sequence(container.get(key))]


def option(words: Sequence[str], name: str) -> str:
    """Return the value of the option *name* on a command line, written ``--name=value`` or ``-name value``."""
    for index, word in enumerate(words):
        key, separator, value = word.lstrip("-").partition("=")
        if word.startswith("-") and key == name:
            return value if separator else next(iter(words[index + 1 : index + 2]), "")
    return ""


def embedded(source: Manifest, key: str) -> str:
    """Return the text under *key* of a ConfigMap."""
    return texts(source.data.get("data")).get(key, "")


def place_of(documents: Sequence[Document], file: str) -> Place:
    """Return where the input starts."""
    return documents[0].place() if documents else Place(file, 1, 1)
