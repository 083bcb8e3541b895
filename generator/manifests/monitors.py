"""What says that Prometheus scrapes a pod: PodMonitor, ServiceMonitor (monitoring.coreos.com), annotations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from generator.core.places import Json, Place
from generator.manifests.network import LabelSelector, read_selector
from generator.manifests.objects import Manifest, mapping, sequence, strings

MONITOR_KINDS = ("PodMonitor", "ServiceMonitor")

_ENDPOINTS = {"PodMonitor": "podMetricsEndpoints", "ServiceMonitor": "endpoints"}


@dataclass(frozen=True, slots=True)
class ScrapeEndpoint:
    """One port that a monitor names. ``port`` is that of the pod's container, or of the Service for a ServiceMonitor.

    ``target`` is the pod's port by number or name where the monitor says it. ``has_tls`` says
    that the scraper brings a certificate or speaks TLS itself.
    """

    port: str
    target: int | str | None
    has_tls: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Monitor:
    """Which pods or Services are scraped; ``namespaces`` None: those of every namespace."""

    manifest: Manifest
    selector: LabelSelector
    namespaces: tuple[str, ...] | None
    endpoints: tuple[ScrapeEndpoint, ...]


def read_monitor(manifest: Manifest) -> Monitor:
    """Read a PodMonitor or ServiceMonitor; it means its own namespace unless it says otherwise."""
    where = mapping(manifest.spec.get("namespaceSelector"))
    names = None if where.get("any") is True else strings(where.get("matchNames")) or (manifest.namespace,)
    return Monitor(manifest, read_selector(manifest.spec.get("selector")), names, tuple(_endpoints(manifest)))


def _endpoints(manifest: Manifest) -> Iterator[ScrapeEndpoint]:
    field = _ENDPOINTS[manifest.kind]
    for index, data in enumerate(map(mapping, sequence(manifest.spec.get(field)))):
        key = next((one for one in ("port", "portNumber", "targetPort") if data.get(one) is not None), "")
        place = manifest.place("spec", field, index, key) if key else manifest.place("spec", field, index)
        has_tls = str(data.get("scheme") or "").lower() == "https" or bool(data.get("tlsConfig"))
        yield ScrapeEndpoint(str(data.get("port") or ""), _target(data), has_tls, place)


def _target(data: dict[str, Json]) -> int | str | None:
    found = data.get("portNumber", data.get("targetPort"))
    return found if isinstance(found, int | str) else None
