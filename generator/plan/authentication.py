"""Who must prove what: mutual TLS per namespace and port, and whose tokens are valid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from generator.model.intent import (
    Intent,
    Isolation,
    Mesh,
    Mtls,
    Namespace,
    TokenIssuer,
    Workload,
    WorkloadKey,
    WorkloadPeer,
)
from generator.plan import naming
from generator.plan.resources import PeerAuthenticationView, RequestAuthenticationView, Resource, TokenRule, mesh_object

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
            for port in flow.ports or ():
                if port.transport == "TCP":
                    reasons = ports[flow.server.namespace, flow.server.workload]
                    known = reasons.get(port.number)
                    reasons[port.number] = (
                        flow.plaintext if known in (None, flow.plaintext) else f"{known}; {flow.plaintext}"
                    )
    return ports


def _for_namespace(
    intent: Intent, namespace: Namespace, exceptions: dict[WorkloadKey, dict[int, str]]
) -> Iterator[Resource]:
    own = [one for one in intent.workloads.values() if one.namespace == namespace.name and one.is_rendered]
    members = [one for one in own if one.mesh is Mesh.SIDECAR]
    if "Ingress" not in namespace.directions or not (members or namespace.mesh is Mesh.SIDECAR):
        return
    is_whole = namespace.isolation is Isolation.NAMESPACE
    if is_whole:
        words = {
            Mtls.STRICT: "Every sidecar of this namespace takes mutual TLS alone.",
            Mtls.PERMISSIVE: "Every sidecar of this namespace takes plaintext too, until all callers are in the mesh.",
        }
        view = PeerAuthenticationView(namespace.mtls.value)
        yield mesh_object(
            "PeerAuthentication", namespace.name, NAMESPACE_POLICY, view, words[namespace.mtls], (namespace.origin,)
        )
    for workload in members:
        ports = exceptions.get(workload.key, {}) if namespace.mtls is Mtls.STRICT else {}
        if ports or not is_whole:
            yield _for_workload(namespace, workload, ports)


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
        if workload is None or workload.mesh is not Mesh.SIDECAR:
            continue
        rules = tuple(
            TokenRule(token.issuer, token.audiences, token.jwks_uri, token.jwks, token.headers) for token in tokens
        )
        purpose = (
            f"{workload.name}: whose tokens are valid. This alone lets requests without a token pass; "
            f"the AuthorizationPolicy {naming.workload_policy_name(workload.name)} asks for one."
        )
        view = RequestAuthenticationView(workload.labels, rules)
        origins = tuple(sorted({token.origin for token in tokens}, key=repr))
        yield mesh_object(
            "RequestAuthentication", workload.namespace, naming.fit(f"{workload.name}-tokens"), view, purpose, origins
        )
