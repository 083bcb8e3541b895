"""DestinationRule (networking.istio.io): what a client's proxy does towards a host, as far as TLS goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from generator.core.places import Json, Place
from generator.manifests.objects import Manifest, mapping, sequence

_MODES = ("DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL")


@dataclass(frozen=True, slots=True)
class TlsBlock:
    """One traffic policy: its TLS mode (empty: not set), and the Service port it is for (None: all others)."""

    mode: str
    port: int | None
    place: Place


@dataclass(frozen=True, slots=True)
class DestinationRule:
    """One rule: the host it is about, and every traffic policy in it (the rule's, the subsets', those of ports)."""

    manifest: Manifest
    host: str
    blocks: tuple[TlsBlock, ...]

    def names(self, service: str, namespace: str) -> bool:
        """Tell whether the host is the Service *service* of *namespace*; short names are of the rule's namespace."""
        parts = self.host.split(".")
        if len(parts) == 1:
            return (parts[0], self.manifest.namespace) == (service, namespace)
        is_service = len(parts) == len((service, namespace)) or parts[2] == "svc"
        return is_service and (parts[0], parts[1]) == (service, namespace)


def read_destination_rule(manifest: Manifest) -> DestinationRule:
    """Read *manifest*."""
    spec = manifest.spec
    blocks = list(_blocks(manifest, spec.get("trafficPolicy"), ("spec", "trafficPolicy")))
    for index, subset in enumerate(map(mapping, sequence(spec.get("subsets")))):
        blocks += _blocks(manifest, subset.get("trafficPolicy"), ("spec", "subsets", index, "trafficPolicy"))
    return DestinationRule(manifest, str(spec.get("host") or "").lower(), tuple(blocks))


def _blocks(manifest: Manifest, data: Json, route: tuple[str | int, ...]) -> Iterator[TlsBlock]:
    if not isinstance(data, dict):
        return
    yield TlsBlock(_mode(data), None, manifest.place(*route, "tls", "mode"))
    for index, settings in enumerate(map(mapping, sequence(data.get("portLevelSettings")))):
        number = mapping(settings.get("port")).get("number")
        place = manifest.place(*route, "portLevelSettings", index, "tls", "mode")
        yield TlsBlock(_mode(settings), number if isinstance(number, int) else None, place)


def _mode(data: dict[str, Json]) -> str:
    tls = data.get("tls")
    if not isinstance(tls, dict):
        return ""
    mode = str(tls.get("mode") or "DISABLE").upper()
    return mode if mode in _MODES else ""
