"""Pods with a sidecar whose egress is isolated and that cannot reach istiod on port 15012.

Why:
    A sidecar, gateway or waypoint fetches its configuration and its certificates from istiod
    on TCP 15012. A default-deny egress without a rule for it leaves every new pod at 1/2
    ready, and running ones without a certificate when theirs expires. NetworkPolicy is
    enforced outside the pod, so the proxy's own traffic counts as the pod's.

Bad:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio-injection: enabled}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: web}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: default-deny, namespace: shop}
    spec:
      podSelector: {}
      policyTypes: [Egress]

Good:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio-injection: enabled}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: web}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: default-deny, namespace: shop}
    spec:
      podSelector: {}
      policyTypes: [Egress]
      egress:
        - to:
            - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: istio-system}}
              podSelector: {matchLabels: {app: istiod}}
          ports: [{protocol: TCP, port: 15012}]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from generator.core.findings import Finding, Severity
from generator.manifests.network import NetworkPolicy
from generator.rules.base import Context, Rule
from generator.rules.subjects import isolating_place, pods_of_platform, policy_names, some, subjects
from generator.topology import HBONE, Endpoint, Point

RULE = Rule("MG301", "no-istiod", "a sidecar that cannot reach istiod", Severity.ERROR)

_XDS = Point("TCP", 15012)


def check(context: Context) -> Iterator[Finding]:
    """Yield one finding for each set of policies that keeps sidecars from istiod."""
    control_plane = context.environment.istio.control_plane
    istiod = pods_of_platform(context, control_plane)
    likely = _speak_of_istio(context)
    cut: dict[tuple[int, ...], list[Endpoint]] = {}
    unsure: dict[tuple[int, ...], list[Endpoint]] = {}
    known: dict[tuple[int, ...], list[NetworkPolicy]] = {}
    for pod in subjects(context):
        policies = context.cluster.admission.policies(pod, "Egress")
        if not policies or pod in istiod or pod.mesh in ("none", "ambient"):
            continue
        verdicts = {context.cluster.admission.admits(pod, "Egress", one, _XDS) for one in istiod}
        if True in verdicts:
            continue
        key = tuple(id(policy) for policy in policies)
        known[key] = policies
        if pod.mesh == "sidecar":
            (unsure if None in verdicts else cut).setdefault(key, []).append(pod)
        elif pod.namespace in likely and None not in verdicts and not _speak_of_hbone(policies):
            unsure.setdefault(key, []).append(pod)
    where = f"{control_plane.namespace}, {_words(control_plane.labels)}"
    for key, pods in cut.items():
        yield _finding(known[key], pods, where)
    for key, pods in unsure.items():
        yield _unknown(known[key], pods, where)


def _finding(policies: list[NetworkPolicy], pods: list[Endpoint], where: str) -> Finding:
    message = (
        f"nothing in {policy_names(policies)} lets {some(one.name for one in pods)} reach istiod ({where}) on TCP "
        "15012: the sidecars get neither configuration nor certificates, and new pods never become ready"
    )
    fix = "add an egress rule to istiod's namespace and pods on TCP 15012, for every pod with a sidecar"
    return RULE.finding(message, isolating_place(policies, "Egress"), fix)


def _unknown(policies: list[NetworkPolicy], pods: list[Endpoint], where: str) -> Finding:
    names = some(one.name for one in pods)
    if pods[0].mesh == "sidecar":
        message = f"whether {policy_names(policies)} let {names} reach istiod ({where}) on TCP 15012"
        return RULE.unknown(message, isolating_place(policies, "Egress"), "istiod's labels and those of its namespace")
    message = f"whether {names} have sidecars; nothing in {policy_names(policies)} would let them reach istiod"
    fact = f"the Namespace {pods[0].namespace} with its labels, or mesh.namespaces"
    return RULE.unknown(message, isolating_place(policies, "Egress"), fact)


def _speak_of_istio(context: Context) -> set[str]:
    """Return the namespaces that hold policies of Istio, and so are likely to be in the mesh."""
    bundle = context.cluster.bundle
    return {one.scope.namespace for one in bundle.authorization_policies} | {
        one.scope.namespace for one in bundle.peer_authentications
    }


def _speak_of_hbone(policies: list[NetworkPolicy]) -> bool:
    """Tell whether *policies* open 15008: those of ambient pods do, which need no istiod."""
    rules = [rule for policy in policies for rule in (*policy.ingress, *policy.egress)]
    return any(port.first == HBONE.number for rule in rules for port in rule.ports or ())


def _words(labels: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(labels.items()))
