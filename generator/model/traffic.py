"""What a mesh needs beside who may talk to whom: address lists, limits, reports, proxies, its installation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from generator.core.frozen import dataclass
from generator.core.places import Place
from generator.model.terms import Origin, Port


@dataclass(frozen=True, slots=True)
class AddressGuard:
    """Whose requests a gateway answers at all, by the client's own address: for its hosts, or for everything.

    With ``allowed`` only these, never ``denied``; whatever stands behind the gateway decides about the rest.
    """

    gateway: str
    origin: Origin
    hosts: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How many requests each proxy of a workload, or of a gateway, lets through on a port in a time."""

    namespace: str
    workload: str
    gateway: str
    port: Port
    requests: int
    seconds: int
    burst: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What the proxies of a namespace report, or those of the whole mesh where it is empty.

    ``tags`` are expressions by the name of a label of every metric; ``sampling`` is a percentage.
    ``others`` are those who say a part of it, beside the first.
    """

    namespace: str
    origin: Origin
    access_logs: bool = False
    log_filter: str = ""
    tracing_provider: str = ""
    sampling: float | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    removed: tuple[str, ...] = ()
    others: tuple[Origin, ...] = ()
    places: Mapping[str, Place] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Proxy:
    """How the sidecar of a workload is sized, and which Secrets are mounted into it (name, folder).

    The pods belong to somebody else's manifests, so this becomes a patch for them.
    """

    namespace: str
    workload: str
    kind: str
    requests: Mapping[str, str]
    limits: Mapping[str, str]
    mounts: tuple[tuple[str, str], ...]
    origin: Origin


@dataclass(frozen=True, slots=True)
class Installation:
    """How the mesh itself is installed; what is a fact of the cluster comes from the environment."""

    origin: Origin
    access_log_encoding: str
    outbound: str
    normalization: str
    cni: bool
    hold_application: bool
    requests: Mapping[str, str]
    limits: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Audit:
    """A job in the cluster that reads policies and checks them, by a schedule."""

    namespace: str
    name: str
    schedule: str
    image: str
    fail_on: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Traffic:
    """All of it, of one profile or of all profiles together."""

    guards: tuple[AddressGuard, ...] = ()
    rate_limits: tuple[RateLimit, ...] = ()
    telemetry: tuple[Telemetry, ...] = ()
    proxies: tuple[Proxy, ...] = ()
    installations: tuple[Installation, ...] = ()
    audits: tuple[Audit, ...] = ()

    @property
    def gateways(self) -> tuple[tuple[str, Origin], ...]:
        """The gateways that are named, each with who names it."""
        guarded = tuple((one.gateway, one.origin) for one in self.guards)
        return guarded + tuple((one.gateway, one.origin) for one in self.rate_limits if one.gateway)
