"""Who must prove what: mutual TLS per namespace and port, and whose tokens are valid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from generator.model.flows import TokenIssuer
from generator.model.intent import Intent
from generator.model.peers import WorkloadPeer, describe
from generator.model.terms import Isolation, Mesh, Mtls
from generator.model.workloads import Namespace, Workload, WorkloadKey
from generator.plan import naming
from generator.plan.resources import Resource, mesh_object
from generator.plan.views.security import PeerAuthenticationView, RequestAuthenticationView, TokenRule
from generator.plan.views.selection import Target
from generator.plan.waypoints import labels_to_set

NAMESPACE_POLICY = "default"
"""One selector-less PeerAuthentication per namespace: of two, Istio ignores the newer."""


def plan_authentication(intent: Intent) -> list[Resource]:
    """Return every PeerAuthentication and RequestAuthentication of the bundle."""
    exceptions = _plaintext_ports(intent)
    resources: list[Resource] = []
    for namespace in intent.namespaces.values():
        resources += _for_namespace(intent, namespace, exceptions)
    return resources + list(_for_tokens(intent))


def _plaintext_ports(intent: Intent) -> dict[WorkloadKey, dict[int, str]]:
    """Return the ports that callers without an identity may use, with the reason."""
    ports: dict[WorkloadKey, dict[int, str]] = defaultdict(dict)
    for flow in intent.flows:
        if flow.plaintext and isinstance(flow.server, WorkloadPeer):
            reason = (
                f"{flow.plaintext} ({describe(flow.client)}: {flow.tolerated})" if flow.tolerated else flow.plaintext
            )
            for port in flow.ports or ():
                if port.transport == "TCP":
                    reasons = ports[flow.server.namespace, flow.server.workload]
                    known = reasons.get(port.number)
                    reasons[port.number] = reason if known in (None, reason) else f"{known}; {reason}"
    return ports


def _for_namespace(
    intent: Intent, namespace: Namespace, exceptions: dict[WorkloadKey, dict[int, str]]
) -> Iterator[Resource]:
    own = intent.rendered_in(namespace.name)
    members = [one for one in own if one.in_mesh and "Ingress" in one.directions]
    if "Ingress" not in namespace.directions or not (members or namespace.mesh.is_member):
        return
    is_whole = namespace.isolation is Isolation.NAMESPACE
    if is_whole:
        who = "Every ambient pod" if namespace.mesh is Mesh.AMBIENT else "Every sidecar"
        words = {
            Mtls.STRICT: f"{who} of this namespace takes mutual TLS alone.",
            Mtls.PERMISSIVE: f"{who} of this namespace takes plaintext too, until all callers are in the mesh.",
        }
        view = PeerAuthenticationView(namespace.mtls.value)
        purpose = words[namespace.mtls] + (_tolerated(intent, namespace) if namespace.mtls is Mtls.PERMISSIVE else "")
        purpose += labels_to_set(intent, namespace)
        yield mesh_object("PeerAuthentication", namespace.name, NAMESPACE_POLICY, view, purpose, (namespace.origin,))
    ports: dict[WorkloadKey, dict[int, str]] = defaultdict(dict)
    for workload in members:
        ports[_widest(workload, members).key] |= exceptions.get(workload.key, {})
    for workload in members:
        if workload.key in ports and (not is_whole or (ports[workload.key] and namespace.mtls is Mtls.STRICT)):
            own_ports = ports[workload.key] if namespace.mtls is Mtls.STRICT else {}
            yield _for_workload(namespace, workload, own_ports)


def _widest(workload: Workload, members: list[Workload]) -> Workload:
    """Return the member that selects all pods of *workload*, or *workload* itself.

    Of two policies that select one pod, Istio ignores the newer: such pods get one between them.
    """
    covering = [one for one in members if one.covers(workload)]
    return min(covering, key=lambda one: (len(one.labels), one.name))


def _tolerated(intent: Intent, namespace: Namespace) -> str:
    """Return who still comes in plaintext during a migration, and until when."""
    callers = {
        f"{describe(flow.client)} ({flow.tolerated})"
        for flow in intent.flows_into(namespace.name)
        if flow.tolerated and isinstance(flow.server, WorkloadPeer)
    }
    return f" Still outside the mesh: {', '.join(sorted(callers))}." if callers else ""


def _for_workload(namespace: Namespace, workload: Workload, ports: dict[int, str]) -> Resource:
    """Return the workload's own policy; its mode is written out, because port modes need one to differ from."""
    exceptions = tuple((number, Mtls.PERMISSIVE.value, reason) for number, reason in sorted(ports.items()))
    view = PeerAuthenticationView(namespace.mtls.value, workload.labels, exceptions)
    purpose = f"{workload.name}: mutual TLS" + (", except on ports with callers outside the mesh." if ports else ".")
    return mesh_object(
        "PeerAuthentication", namespace.name, naming.fit(workload.name), view, purpose, (workload.origin,)
    )


def _for_tokens(intent: Intent) -> Iterator[Resource]:
    grouped: dict[WorkloadKey, list[TokenIssuer]] = defaultdict(list)
    for token in intent.tokens:
        grouped[token.namespace, token.workload].append(token)
    for key, tokens in sorted(grouped.items()):
        workload = intent.workloads.get(key)
        if workload is None or not (workload.mesh is Mesh.SIDECAR or workload.waypoint):
            continue
        rules = tuple(
            TokenRule(
                token.issuer,
                token.audiences,
                token.jwks_uri,
                token.jwks,
                token.headers,
                token.cookies,
                token.params,
                token.forward,
            )
            for token in tokens
        )
        purpose = (
            f"{workload.name}: whose tokens are valid. This alone lets requests without a token pass; "
            f"the AuthorizationPolicy {_asking(workload)} asks for one."
        )
        view = RequestAuthenticationView(workload.labels, rules)
        if workload.waypoint is not None:
            view = RequestAuthenticationView({}, rules, Target("", "Service", workload.service))
        origins = tuple(sorted({token.origin for token in tokens}, key=repr))
        yield mesh_object(
            "RequestAuthentication", workload.namespace, naming.fit(f"{workload.name}-tokens"), view, purpose, origins
        )


def _asking(workload: Workload) -> str:
    """Return the name of the policy that asks for tokens."""
    name = naming.workload_policy_name(workload.name)
    return naming.waypoint_policy_name(name) if workload.waypoint is not None else name
