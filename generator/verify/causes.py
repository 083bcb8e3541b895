"""Where a disagreement comes from: the flow that is lost, or the rules that allow too much."""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.places import Place
from generator.model.flows import Flow
from generator.semantics.authorization import Authorization
from generator.semantics.mtls import MutualTls
from generator.semantics.network import NetworkReach
from generator.semantics.requests import Request
from generator.semantics.universe import Universe
from generator.topology import Point
from generator.verify.discrepancies import Kind
from generator.verify.meaning import Meaning


class Causes:
    """The places of what made a decision: in a profile where it was intended, in the YAML where it was not."""

    def __init__(
        self, meaning: Meaning, universe: Universe, network: NetworkReach, mtls: MutualTls, authorization: Authorization
    ) -> None:
        """Find flows with *meaning*, and rules with what was read from the YAML."""
        self._meaning = meaning
        self._universe = universe
        self._network = network
        self._mtls = mtls
        self._authorization = authorization

    def of(
        self, kind: Kind, layer: str, client: int, server: int, point: Point, request: Request | None
    ) -> Iterator[Place]:
        """Yield where a disagreement comes from: the flow that is lost, or the rules that allow too much."""
        if kind is Kind.LOST:
            yield from (flow.origin.place for flow in self._flows(client, server))
        elif kind is Kind.WEAKER:
            policy = self._mtls.deciding(self._universe.endpoints[server], point.number)
            yield from [policy.manifest.place("spec")] if policy else []
        elif layer == "mesh":
            found = self._authorization.rules(server, point, request, client, "ALLOW")
            yield from (rule.place for _, rule in found)
        else:
            direction = "Ingress" if layer.endswith("ingress") else "Egress"
            mine, other = (server, client) if direction == "Ingress" else (client, server)
            yield from (rule.place for _, rule in self._network.rules(mine, direction, other, point))

    def _flows(self, client: int, server: int) -> Iterator[Flow]:
        for flow in self._meaning.intent.flows:
            servers = self._meaning.mask(flow.server, is_server=True)
            if self._meaning.mask(flow.client) >> client & 1 and servers >> server & 1:
                yield flow
