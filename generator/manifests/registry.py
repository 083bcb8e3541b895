"""ServiceEntry (networking.istio.io): hosts outside the mesh that its proxies know."""

from __future__ import annotations

from dataclasses import dataclass

from generator.manifests.objects import Manifest, mapping, sequence, strings


@dataclass(frozen=True, slots=True)
class ServiceEntry:
    """One entry: its hosts, and the ports that clients dial."""

    manifest: Manifest
    hosts: tuple[str, ...]
    ports: tuple[int, ...]
    is_external: bool


def read_service_entry(manifest: Manifest) -> ServiceEntry:
    """Read *manifest*; without a location it speaks of hosts outside the mesh."""
    spec = manifest.spec
    numbers = (one.get("number") for one in map(mapping, sequence(spec.get("ports"))))
    return ServiceEntry(
        manifest=manifest,
        hosts=strings(spec.get("hosts")),
        ports=tuple(one for one in numbers if isinstance(one, int)),
        is_external=str(spec.get("location") or "MESH_EXTERNAL") == "MESH_EXTERNAL",
    )
