"""Words that every part of an intent uses: modes, ports, and where something comes from."""

from __future__ import annotations

from enum import StrEnum

from generator.core.frozen import dataclass
from generator.core.places import Place


class Mesh(StrEnum):
    """How a workload takes part in the mesh."""

    SIDECAR = "sidecar"
    AMBIENT = "ambient"
    NONE = "none"

    @property
    def is_member(self) -> bool:
        """Whether its pods have a mesh identity, and a proxy that decides for them."""
        return self is not Mesh.NONE


class Mtls(StrEnum):
    """What a mesh workload accepts: mutual TLS alone, or plaintext as well."""

    STRICT = "STRICT"
    PERMISSIVE = "PERMISSIVE"


class Authorization(StrEnum):
    """What identity rules do: decide, only log what they would decide, or do not exist."""

    ENFORCED = "enforced"
    DRY_RUN = "dry-run"
    OFF = "off"


class Isolation(StrEnum):
    """What default deny at layer 3/4 covers: every pod of the namespace, or the named workloads."""

    NAMESPACE = "namespace"
    WORKLOADS = "workloads"


HTTP_PROTOCOLS = frozenset({"http", "http2", "grpc"})
"""Application protocols whose requests a proxy can read (Istio protocol selection)."""

_TRANSPORTS = {"udp": "UDP", "sctp": "SCTP"}


@dataclass(frozen=True, slots=True)
class Port:
    """A port of the *pod* (after DNAT), never of a Service."""

    number: int
    protocol: str
    name: str = ""
    end: int | None = None

    @property
    def transport(self) -> str:
        """TCP, UDP or SCTP."""
        return _TRANSPORTS.get(self.protocol, "TCP")

    @property
    def is_http(self) -> bool:
        """Whether methods, paths and hosts mean anything on this port."""
        return self.protocol in HTTP_PROTOCOLS


@dataclass(frozen=True, slots=True)
class Origin:
    """Which profile something comes from, and where it is written there."""

    profile: str
    profile_type: str
    place: Place
