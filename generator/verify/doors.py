"""Gateways that shall answer for the hosts of their flows alone: on which ports, for which hosts."""

from __future__ import annotations

from generator.model.peers import GatewayPeer
from generator.semantics.requests import HOST, Request
from generator.topology import Endpoint, Point
from generator.verify.meaning import Meaning


class Doors:
    """The gateways that an intent holds to their hosts."""

    def __init__(self, meaning: Meaning) -> None:
        """Ask *meaning* for the intent and the environment."""
        self._meaning = meaning
        self._held = tuple(dict.fromkeys(one.gateway for one in meaning.intent.gateways if one.is_routed_only))

    def holds_at(self, one: Endpoint) -> bool:
        """Tell whether *one* is a pod of such a gateway, or one that its policy takes for it."""
        return bool(self._gateways(one))

    def shuts(self, one: Endpoint, point: Point, request: Request | None) -> bool:
        """Tell whether *one* is held to its hosts, and *request* at *point* is for none of them."""
        known, held = self._meaning.environment.gateways or {}, self._gateways(one)
        host = (request.get(HOST) or "").partition(":")[0] if request else ""
        return bool(held) and not any(point.number in known[name].ports and host in self._hosts(name) for name in held)

    def hosts(self, one: Endpoint) -> set[str]:
        """Return the hosts that *one* answers for, as requests may spell them."""
        found = {host for name in self._gateways(one) for host in self._hosts(name)}
        return {spelling for host in found for spelling in (host, f"{host}:*")}

    def _gateways(self, one: Endpoint) -> list[str]:
        """Return the gateways that *one* serves; a policy of the root namespace selects by labels everywhere."""
        root, found = self._meaning.environment.istio.root_namespace, []
        for name in self._held:
            pods = (self._meaning.environment.gateways or {})[name].pods
            is_here = pods.namespace in (one.namespace, root) and one.has_identity
            if is_here and pods.labels.items() <= one.labels.items():
                found.append(name)
        return found

    def _hosts(self, name: str) -> set[str]:
        flows = (flow for flow in self._meaning.intent.flows if flow.client == GatewayPeer(name))
        return {host for flow in flows if flow.request for host in flow.request.hosts}
