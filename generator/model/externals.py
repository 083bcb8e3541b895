"""Services outside the cluster that workloads use, and who speaks TLS to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from generator.core.frozen import dataclass
from generator.core.places import Place
from generator.model.terms import Origin


class ExternalTls(StrEnum):
    """Who speaks TLS to a service outside: the application, or its proxy for it."""

    APPLICATION = "application"
    ORIGINATE = "originate"
    MUTUAL = "mutual"


@dataclass(frozen=True, slots=True)
class ExternalService:
    """A host outside the cluster, or addresses alone, that workloads of a namespace use.

    ``clients`` names those workloads; without it every workload of the namespace is meant.
    With ``through`` they reach it by that egress gateway of the environment alone.
    """

    name: str
    namespace: str
    host: str
    port: int
    protocol: str
    tls: ExternalTls
    origin: Origin
    addresses: tuple[str, ...] = ()
    local_port: int = 80
    certificates: Mapping[str, str] = field(default_factory=dict)
    clients: tuple[str, ...] = ()
    through: str = ""
    through_place: Place | None = field(default=None, compare=False, repr=False)
    client_places: Mapping[str, Place] = field(default_factory=dict, compare=False, repr=False)

    def client_place(self, name: str) -> Place:
        """Return where the client *name* stands in the profile, as near as is known."""
        return self.client_places.get(name, self.origin.place)
