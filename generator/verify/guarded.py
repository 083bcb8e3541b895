"""Whom the intent turns away at gateways by address, and where a gateway can know that address."""

from __future__ import annotations

from generator.environment.model import LoadBalancer
from generator.model.traffic import AddressGuard
from generator.semantics.requests import HOST, Request
from generator.topology import Endpoint, Point
from generator.verify.meaning import Meaning, is_within


def client_fields(balancer: LoadBalancer) -> frozenset[str]:
    """Return the fields of an AuthorizationPolicy that hold a client's own address at a gateway.

    With a proxy in front, packets come from the proxy: only what it says of the client counts.
    """
    if balancer.proxy_protocol or balancer.trusted_proxies:
        return frozenset({"remoteIpBlocks"})
    is_direct = balancer.trusted_proxies == 0 and balancer.proxy_protocol is False
    is_kept = is_direct and balancer.external_traffic_policy == "Local"
    return frozenset({"ipBlocks", "remoteIpBlocks"}) if is_kept else frozenset()


class Guarded:
    """The address lists of an intent. Masks are over callers."""

    def __init__(self, meaning: Meaning) -> None:
        """Ask *meaning* for the environment and the universe."""
        self._meaning = meaning

    def holds_at(self, endpoint: int) -> bool:
        """Tell whether some list speaks of *endpoint*."""
        return bool(self._guards(self._meaning.universe.endpoints[endpoint]))

    def turned_away(self, endpoint: int, point: Point, request: Request | None) -> int:
        """Return whose *request* the gateway *endpoint* shall refuse at *point*."""
        found = 0
        for guard in self._guards(self._meaning.universe.endpoints[endpoint]):
            host = (request.get(HOST) or "").partition(":")[0] if request else ""
            is_meant = not guard.hosts or request is None or not request.is_http or host in guard.hosts
            if is_meant and point.number in self._ports(guard):
                found |= self._within(guard.denied) | (~self._within(guard.allowed) if guard.allowed else 0)
        return found & self._meaning.universe.everyone

    def _within(self, cidrs: tuple[str, ...]) -> int:
        return self._meaning.where(lambda one: is_within(one.address, cidrs))

    def hosts(self, endpoint: int) -> set[str]:
        """Return the hosts that lists at *endpoint* speak of, as requests may spell them."""
        guards = self._guards(self._meaning.universe.endpoints[endpoint])
        return {spelling for guard in guards for host in guard.hosts for spelling in (host, f"{host}:*")}

    def _guards(self, one: Endpoint) -> list[AddressGuard]:
        """Return the lists that hold at *one*; those of the root namespace select by labels everywhere."""
        root = self._meaning.environment.istio.root_namespace
        found = []
        for guard in self._meaning.intent.traffic.guards:
            pods = (self._meaning.environment.gateways or {})[guard.gateway].pods
            is_here = pods.namespace in (one.namespace, root) and one.has_identity
            if is_here and pods.labels.items() <= one.labels.items():
                found.append(guard)
        return found

    def _ports(self, guard: AddressGuard) -> tuple[int, ...]:
        return (self._meaning.environment.gateways or {})[guard.gateway].ports
