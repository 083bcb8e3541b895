"""Layer 7 and identity: AuthorizationPolicies that admit exactly the callers of the flows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from generator.core.findings import Finding
from generator.core.frozen import dataclass
from generator.environment.model import Environment
from generator.model.flows import Flow, Request, TokenIssuer
from generator.model.intent import Intent
from generator.model.peers import NamespacesPeer, WorkloadPeer, describe
from generator.model.terms import Authorization, Isolation, Mesh
from generator.model.workloads import Namespace, Waypoint, Workload
from generator.plan import naming
from generator.plan.attachment import GATEWAY_API
from generator.plan.identities import Identities
from generator.plan.policy_drafts import DRY_RUN, Conditions, PolicyDraft, claim_key, token_conditions
from generator.plan.resources import Resource, mesh_object
from generator.plan.roads import Way, ways
from generator.plan.views.security import AuthorizationPolicyView
from generator.plan.views.selection import Target


def plan_authorization(intent: Intent, environment: Environment) -> tuple[list[Resource], list[Finding]]:
    """Return every AuthorizationPolicy of the bundle, and MG029 when identities cannot be spelled."""
    planner = _AuthorizationPlanner(intent, environment)
    return planner.resources(), planner.findings


@dataclass(frozen=True, slots=True)
class _Door:
    """A policy that admits a flow; with a ``waypoint``, that of the waypoint, or that which lets the waypoint in."""

    policy: PolicyDraft
    is_ztunnel: bool
    waypoint: Waypoint | None = None


def _gateway(waypoint: Waypoint) -> Target:
    return Target(GATEWAY_API, "Gateway", waypoint.name)


class _AuthorizationPlanner:
    def __init__(self, intent: Intent, environment: Environment) -> None:
        self._intent = intent
        self._environment = environment
        self._policies: dict[tuple[str, str], PolicyDraft] = {}
        self._identities = Identities(intent, environment)

    @property
    def findings(self) -> list[Finding]:
        return self._identities.findings

    def resources(self) -> list[Resource]:
        for flow in self._intent.flows:
            self._plan_flow(flow)
        self._close_workloads()
        closed = [one for one in self._intent.namespaces.values() if self._is_closed(one)]
        denies = [deny for one in closed for deny in self._default_denies(one)]
        return denies + [policy.resource() for policy in self._policies.values()]

    def _close_workloads(self) -> None:
        """Give every isolated workload without callers a policy as well: without one, it would take everybody."""
        for workload in self._intent.workloads.values():
            namespace = self._intent.namespaces.get(workload.namespace)
            if namespace is None or namespace.isolation is Isolation.NAMESPACE or not workload.is_rendered:
                continue
            if workload.in_mesh and "Ingress" in workload.directions:
                name = naming.workload_policy_name(workload.name)
                purpose = f"{workload.name}: nobody may send it requests, unless another policy says so."
                for policy in self._policy(namespace, name, workload.labels, purpose):
                    policy.origins.add(workload.origin)

    def _is_closed(self, namespace: Namespace) -> bool:
        is_whole = namespace.isolation is Isolation.NAMESPACE and "Ingress" in namespace.directions
        return self._has_mesh(namespace) and is_whole and namespace.authorization is not Authorization.OFF

    def _has_mesh(self, namespace: Namespace) -> bool:
        own = self._intent.rendered_in(namespace.name)
        return namespace.mesh.is_member or any(one.in_mesh for one in own)

    def _default_denies(self, namespace: Namespace) -> Iterator[Resource]:
        """Yield the policies that allow nothing: for the pods, and, as it does not hold there, for the waypoint."""
        is_ambient = namespace.mesh is Mesh.AMBIENT
        who = "No connection is let in by any pod" if is_ambient else "No request is let in by any sidecar"
        purpose = f"{who} of this namespace unless another policy allows it."
        is_dry = namespace.authorization is Authorization.DRY_RUN
        found = [(naming.DEFAULT_DENY, AuthorizationPolicyView({}), purpose + (DRY_RUN if is_dry else ""))]
        waypoint = namespace.waypoint
        if waypoint is not None and waypoint.namespace == namespace.name:
            purpose = "No request is let through by the waypoint unless a policy for its Service allows it."
            view = AuthorizationPolicyView({}, target=_gateway(waypoint))
            found.append((naming.fit(f"{naming.DEFAULT_DENY}-{waypoint.name}"), view, purpose))
        for name, view, words in found:
            origins = (namespace.origin,)
            yield mesh_object("AuthorizationPolicy", namespace.name, name, view, words, origins, dry_run=is_dry)

    def _plan_flow(self, flow: Flow) -> None:
        ports = (
            None if flow.ports is None else tuple(str(port.number) for port in flow.ports if port.transport == "TCP")
        )
        if ports == ():
            return  # no proxy captures UDP and SCTP: the network layer alone decides
        for door in self._doors(flow):
            door.policy.origins.add(flow.origin)
            if door.waypoint is None:
                self._admit(door.policy, flow, ports or (), reads_requests=not door.is_ztunnel)
            elif door.is_ztunnel:
                words = f"{door.waypoint.title}, which decides over requests"
                source = self._identities.account(door.waypoint.namespace, door.waypoint.name, flow.origin.place)
                key = (ports or (), Request(), (), "identity")
                door.policy.rules[key].setdefault(source, {})[words] = None
            else:
                self._admit(door.policy, flow, (), reads_requests=True)

    def _admit(self, policy: PolicyDraft, flow: Flow, ports: tuple[str, ...], *, reads_requests: bool) -> None:
        """Let *policy* admit the callers of *flow*."""
        comment = f"{describe(flow.client)}: {flow.purpose}" if flow.purpose else describe(flow.client)
        for words in (flow.plaintext, flow.tolerated):
            comment = f"{comment} ({words})" if words else comment
        callers = (
            {("", ""): comment}
            if flow.plaintext
            else dict.fromkeys(self._identities.of(flow.client, flow.origin.place), comment)
        )
        if not callers:
            return  # nobody who could be named: no rule, never a rule for everybody
        request = (reads_requests and flow.request) or Request()
        for issuer, conditions in self._conditions(flow) if reads_requests else [("", ())]:
            kind = "anyone" if flow.plaintext else "identity"
            rule = policy.rules[ports, request, conditions, kind]
            for source, words in callers.items():
                rule.setdefault(source, {})[f"{words}, with a token of {issuer}" if issuer else words] = None

    def _doors(self, flow: Flow) -> Iterator[_Door]:
        """Yield the policies that decide over *flow*: of each server, and of the waypoint before it."""
        server = flow.server
        if isinstance(server, WorkloadPeer) and server.namespace in self._intent.namespaces:
            yield from self._doors_of(flow, self._intent.workloads[server.key])
        elif isinstance(server, NamespacesPeer):
            for namespace in (self._intent.namespaces.get(name) for name in server.names):
                if namespace is None:
                    continue
                if namespace.isolation is Isolation.WORKLOADS:
                    for workload in self._intent.workloads.values():
                        if workload.namespace == namespace.name:
                            yield from self._doors_of(flow, workload)
                elif self._has_mesh(namespace):
                    yield from self._doors_of_all(flow, namespace)

    def _doors_of(self, flow: Flow, workload: Workload) -> Iterator[_Door]:
        if not workload.is_rendered or not workload.in_mesh:
            return
        namespace, name = self._intent.namespaces[workload.namespace], naming.workload_policy_name(workload.name)
        who = "connections" if workload.mesh is Mesh.AMBIENT else "requests"
        purpose = f"{workload.name}: which identities may send it which {who}."
        target = Target("", "Service", workload.service)
        for policy in self._policy(namespace, name, workload.labels, purpose):
            yield from self._in_order(flow, policy, workload.mesh or Mesh.NONE, workload.waypoint, namespace, target)

    def _doors_of_all(self, flow: Flow, namespace: Namespace) -> Iterator[_Door]:
        words = flow.purpose or "flows"
        who = "pod in the mesh" if namespace.mesh is Mesh.AMBIENT else "sidecar"
        purpose = f"Every {who} of this namespace: {words}."
        for policy in self._policy(namespace, naming.namespace_policy_name(words), {}, purpose):
            waypoint = namespace.waypoint
            target = _gateway(waypoint) if waypoint else None
            yield from self._in_order(flow, policy, namespace.mesh, waypoint, namespace, target)

    def _in_order(
        self,
        flow: Flow,
        policy: PolicyDraft,
        mesh: Mesh,
        waypoint: Waypoint | None,
        namespace: Namespace,
        target: Target | None,
    ) -> Iterator[_Door]:
        """Yield the pod's own policy for callers that come to it, and those of a waypoint for those that it takes."""
        taken, is_ztunnel = ways(flow, mesh, waypoint, self._intent, self._environment), mesh is Mesh.AMBIENT
        if taken - {Way.WAYPOINT}:
            yield _Door(policy, is_ztunnel)
        if Way.WAYPOINT in taken and waypoint is not None and target is not None:
            yield _Door(policy, is_ztunnel, waypoint)
            name = naming.waypoint_policy_name(policy.name)
            purpose = f"{policy.name}, at the waypoint {waypoint.name}: which identities may send which requests."
            for attached in self._policy(namespace, name, {}, purpose, target):
                yield _Door(attached, False, waypoint)

    def _policy(
        self,
        namespace: Namespace,
        name: str,
        labels: Mapping[str, str],
        purpose: str,
        target: Target | None = None,
    ) -> Iterator[PolicyDraft]:
        if namespace.authorization is not Authorization.OFF:
            is_dry = namespace.authorization is Authorization.DRY_RUN
            fresh = PolicyDraft(namespace.name, name, labels, purpose, is_dry, target)
            yield self._policies.setdefault((namespace.name, name), fresh)

    def _conditions(self, flow: Flow) -> list[tuple[str, Conditions]]:
        """Return what requests of the flow must carry, once for each issuer of tokens that may vouch for them."""
        request = flow.request or Request()
        plain = tuple((f"request.headers[{name.lower()}]", values) for name, values in request.headers)
        if not flow.token:
            return [("", plain)]
        claims = tuple((claim_key(name), values) for name, values in request.claims)
        return [(token.issuer, (*token_conditions(token), *claims, *plain)) for token in self._tokens(flow)]

    def _tokens(self, flow: Flow) -> list[TokenIssuer]:
        server = flow.server
        assert isinstance(server, WorkloadPeer)  # noqa: S101  (tokens are checked against workloads)
        return [
            token
            for token in self._intent.tokens
            if (token.namespace, token.workload, token.name) == (server.namespace, server.workload, flow.token)
        ]
