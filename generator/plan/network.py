"""Layer 3/4: NetworkPolicies at both ends of every flow, default deny, and the plumbing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import field, replace

from generator.core.findings import Finding
from generator.core.frozen import dataclass
from generator.environment.model import Environment
from generator.model.crossings import is_flat, own_doors
from generator.model.flows import Flow
from generator.model.intent import GatewayLockdown, Intent
from generator.model.peers import AnyonePeer, GatewayPeer, NamespacesPeer, RemotePeer, WorkloadPeer, describe
from generator.model.terms import Isolation, Origin, Port
from generator.model.workloads import Namespace, Waypoint, Workload
from generator.plan import naming
from generator.plan.peers import PeerNamer
from generator.plan.plumbing import HEALTH_COMMENT, Plumbing
from generator.plan.resources import Resource, network_policy
from generator.plan.roads import End, stretches
from generator.plan.views.network_policy import NetworkPolicyView, NetworkRule, PeerView
from generator.plan.views.selection import Selector, labelled

_Ports = tuple[Port, ...] | None

_PURPOSES = {
    ("Ingress", "Egress"): "who may open connections to it, and what it may open connections to",
    ("Ingress",): "who may open connections to it",
    ("Egress",): "what it may open connections to",
}


@dataclass(frozen=True, slots=True)
class _Policy:
    """One NetworkPolicy under construction: peers gathered per set of ports."""

    namespace: str
    name: str
    pods: Selector
    types: tuple[str, ...]
    purpose: str
    origins: set[Origin] = field(default_factory=set)
    rules: dict[tuple[str, _Ports], dict[PeerView, None]] = field(default_factory=lambda: defaultdict(dict))
    extra: list[tuple[str, NetworkRule]] = field(default_factory=list)

    def add(
        self, direction: str, peers: tuple[PeerView, ...] | None, ports: _Ports, comment: str, origin: Origin
    ) -> None:
        """Admit *peers*; nobody is admitted when there are none, everyone only for None."""
        self.origins.add(origin)
        ports = (
            None if ports is None else tuple(Port(port.number, port.transport.lower(), "", port.end) for port in ports)
        )
        if peers is None:
            self.extra.append((direction, NetworkRule(None, ports, comment)))
        for peer in peers or ():
            self.rules[direction, ports][peer] = None

    def resource(self) -> Resource:
        spec = NetworkPolicyView(self.pods, self.types, tuple(self._rules("Ingress")), tuple(self._rules("Egress")))
        return network_policy(self.namespace, self.name, spec, self.purpose, tuple(sorted(self.origins, key=repr)))

    def _rules(self, direction: str) -> Iterator[NetworkRule]:
        if direction not in self.types:
            return
        for (where, ports), peers in sorted(self.rules.items(), key=lambda item: _ports_order(item[0][1])):
            if where == direction:
                yield NetworkRule(_each_once(peers), ports)
        for where, rule in sorted(self.extra, key=lambda item: (_ports_order(item[1].ports), item[1].comment)):
            if where == direction:
                yield rule


def _ports_order(ports: _Ports) -> tuple[tuple[str, int], ...]:
    return tuple((port.transport, port.number) for port in ports or ())


def _each_once(peers: Iterable[PeerView]) -> tuple[PeerView, ...]:
    """Return *peers* in order; one that several flows name stands there once, with all their comments."""
    comments: dict[PeerView, list[str]] = defaultdict(list)
    for peer in sorted(peers, key=_peer_order):
        comments[replace(peer, comment="")].append(peer.comment)
    return tuple(replace(peer, comment="; ".join(words)) for peer, words in comments.items())


def _peer_order(peer: PeerView) -> str:
    return repr((peer.comment, peer.cidr, peer.namespaces, peer.pods))


def plan_network(intent: Intent, environment: Environment) -> tuple[list[Resource], list[Finding]]:
    """Return every NetworkPolicy of the bundle, and MG029 for facts of the environment it lacks."""
    planner = _NetworkPlanner(intent, environment)
    planner.plan()
    return planner.resources(), planner.namer.findings


class _NetworkPlanner:
    def __init__(self, intent: Intent, environment: Environment) -> None:
        self._intent = intent
        self._environment = environment
        self.namer = PeerNamer(intent, environment)
        self._waypoints = intent.waypoints
        self._plumbing = Plumbing(intent, environment, self.namer)
        self._policies: dict[tuple[str, str], _Policy] = {}

    def resources(self) -> list[Resource]:
        return [policy.resource() for policy in self._policies.values()]

    def plan(self) -> None:
        for namespace in self._intent.namespaces.values():
            self._plan_namespace(namespace)
        for lockdown in self._intent.gateways:
            self._plan_gateway(lockdown)
        for waypoint in self._waypoints:
            self._plan_waypoint(waypoint)
        for flow in self._intent.flows:
            self._plan_flow(flow)

    def _policy(self, namespace: str, name: str, pods: Selector, types: tuple[str, ...], purpose: str) -> _Policy:
        return self._policies.setdefault((namespace, name), _Policy(namespace, name, pods, types, purpose))

    def _plan_namespace(self, namespace: Namespace) -> None:
        if namespace.isolation is Isolation.WORKLOADS:
            for workload in self._intent.rendered_in(namespace.name):
                policy = self._workload_policy(namespace, workload.name)
                if not self._is_covered(workload):
                    policy.extra.extend(self._plumbing.for_workload(namespace, workload))
                policy.origins.add(workload.origin)
            return
        purpose = "Nothing may enter or leave a pod of this namespace unless another policy allows it."
        deny = self._policy(namespace.name, naming.DEFAULT_DENY, Selector(), namespace.directions, purpose)
        deny.origins.add(namespace.origin)
        for part in self._plumbing.for_namespace(namespace):
            name = naming.plumbing_name(part.name)
            policy = self._policy(namespace.name, name, part.pods, (part.direction,), part.purpose)
            policy.extra.extend([(part.direction, rule) for rule in part.rules])
            policy.origins.add(namespace.origin)

    def _is_covered(self, workload: Workload) -> bool:
        """Tell whether the policy of a wider workload holds the plumbing of these pods already."""
        return any(
            one.covers(workload)
            and not workload.covers(one)
            and (one.mesh, one.directions) == (workload.mesh, workload.directions)
            for one in self._intent.rendered_in(workload.namespace)
        )

    def _plan_flow(self, flow: Flow) -> None:
        for stretch in stretches(flow, self._intent, self._environment):
            for policy in self._subjects(stretch.server, flow):
                self._admit(policy, "Ingress", stretch.client, stretch.ports, flow)
            for policy in self._subjects(stretch.client, flow):
                self._admit(policy, "Egress", stretch.server, stretch.ports, flow)

    def _admit(self, policy: _Policy, direction: str, other: End, ports: _Ports, flow: Flow) -> None:
        comment = _comment(flow, other)
        is_server = direction == "Egress"
        peers = self.namer.views(other, policy.namespace, comment, flow.origin.place, is_server=is_server)
        policy.add(direction, peers, ports, comment, flow.origin)

    def _subjects(self, peer: End, flow: Flow) -> Iterator[_Policy]:
        """Yield the policies of this bundle that speak for *peer*."""
        if isinstance(peer, Waypoint):
            if peer in self._waypoints:
                yield self._waypoint_policy(peer)
        elif isinstance(peer, WorkloadPeer) and peer.namespace in self._intent.namespaces:
            if self._intent.workloads[peer.namespace, peer.workload].is_rendered:
                yield self._workload_policy(self._intent.namespaces[peer.namespace], peer.workload)
        elif isinstance(peer, NamespacesPeer):
            for namespace in (self._intent.namespaces.get(name) for name in peer.names):
                if namespace is not None:
                    yield from self._namespace_policies(namespace, flow)
        elif isinstance(peer, GatewayPeer) and any(one.gateway == peer.gateway for one in self._intent.gateways):
            yield self._gateway_policy(peer.gateway)
        elif isinstance(peer, RemotePeer) and peer == flow.client and not is_flat(peer, self._environment):
            closed = {one.gateway for one in self._intent.gateways}
            yield from (self._gateway_policy(one.name) for one in own_doors(self._environment) if one.name in closed)

    def _namespace_policies(self, namespace: Namespace, flow: Flow) -> Iterator[_Policy]:
        """Yield what speaks for all pods of *namespace*: one policy, or those of its isolated workloads.

        A policy for every pod would isolate the pods that nobody asked to isolate.
        """
        if namespace.isolation is Isolation.NAMESPACE:
            words = flow.purpose or "flows"
            purpose = f"Every pod of this namespace: {words}."
            policy_name = naming.namespace_policy_name(words)
            yield self._policy(namespace.name, policy_name, Selector(), namespace.directions, purpose)
            return
        for workload in self._intent.rendered_in(namespace.name):
            yield self._workload_policy(namespace, workload.name)

    def _workload_policy(self, namespace: Namespace, name: str) -> _Policy:
        workload = self._intent.workloads[namespace.name, name]
        policy_name = naming.workload_policy_name(name)
        purpose = f"{name}: {_PURPOSES[workload.directions]}."
        return self._policy(namespace.name, policy_name, labelled(workload.labels), workload.directions, purpose)

    def _gateway_policy(self, name: str) -> _Policy:
        gateway = (self._environment.gateways or {})[name]
        purpose = f"The gateway {name}: its own ports, what it needs to run, and what it routes to."
        policy_name = naming.fit(f"allow-gateway-{name}")
        return self._policy(
            gateway.pods.namespace, policy_name, labelled(gateway.pods.labels), ("Ingress", "Egress"), purpose
        )

    def _waypoint_policy(self, waypoint: Waypoint) -> _Policy:
        purpose = f"The waypoint {waypoint.name}: who may call Services through it, and where it passes calls on."
        policy_name = naming.fit(f"allow-waypoint-{waypoint.name}")
        pods = self.namer.waypoint(waypoint)
        return self._policy(waypoint.namespace, policy_name, pods, ("Ingress", "Egress"), purpose)

    def _plan_waypoint(self, waypoint: Waypoint) -> None:
        namespace, policy = self._intent.namespaces[waypoint.namespace], self._waypoint_policy(waypoint)
        policy.extra.extend(self._plumbing.for_waypoint(namespace))
        policy.origins.add(namespace.origin)

    def _plan_gateway(self, lockdown: GatewayLockdown) -> None:
        gateway = (self._environment.gateways or {})[lockdown.gateway]
        policy = self._gateway_policy(lockdown.gateway)
        policy.extra.extend(self._plumbing.for_gateway(gateway, lockdown.origin.place))
        policy.origins.add(lockdown.origin)
        if gateway.role == "egress":
            return  # a door for the clients of its flows alone, and no load balancer before it
        ports = tuple(Port(number, "tcp") for number in gateway.ports)
        sources = tuple(PeerView("allowed sources", cidr=cidr) for cidr in lockdown.sources) or None
        policy.add("Ingress", sources, ports, "the public door: anyone may knock", lockdown.origin)
        if gateway.health_port is not None:
            policy.add("Ingress", None, (Port(gateway.health_port, "tcp"),), HEALTH_COMMENT, lockdown.origin)


def _comment(flow: Flow, other: End) -> str:
    """Return what is said beside the rule; for everybody, asked for by name, also that `check` need not object."""
    if isinstance(other, Waypoint):
        return other.title
    words = f"{describe(other)}: {flow.purpose}" if flow.purpose else describe(other)
    if isinstance(other, AnyonePeer):
        words = f"meshgen: ignore[MG101] {words}"
    return f"{words} ({flow.tolerated})" if flow.tolerated else words
