"""An east-west gateway whose ingress is isolated, without a rule for the mesh's other clusters.

Why:
    Pods of another network reach this cluster through its east-west gateway, on 15443, or
    in the ambient mesh on 15008. They come from addresses: no selector of this cluster
    means them. Without a rule for these addresses every call from the other clusters times
    out, and the gateway looks healthy.

Bad:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: istio-eastwestgateway, namespace: istio-system}
    spec:
      selector: {matchLabels: {istio: eastwestgateway}}
      template:
        metadata: {labels: {istio: eastwestgateway, topology.istio.io/network: north}}
        spec: {containers: [{name: istio-proxy, image: auto}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: eastwest, namespace: istio-system}
    spec:
      podSelector: {matchLabels: {istio: eastwestgateway}}
      policyTypes: [Ingress]
      ingress:
        - ports: [{protocol: TCP, port: 15021}]

Good:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: istio-eastwestgateway, namespace: istio-system}
    spec:
      selector: {matchLabels: {istio: eastwestgateway}}
      template:
        metadata: {labels: {istio: eastwestgateway, topology.istio.io/network: north}}
        spec: {containers: [{name: istio-proxy, image: auto}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: eastwest, namespace: istio-system}
    spec:
      podSelector: {matchLabels: {istio: eastwestgateway}}
      policyTypes: [Ingress]
      ingress:
        - ports: [{protocol: TCP, port: 15021}]
        - from: [{ipBlock: {cidr: 198.51.100.0/24}}]
          ports: [{protocol: TCP, port: 15443}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.network import NetworkPolicy
from generator.rules.base import Context, Rule
from generator.rules.subjects import everyone, isolating_place, policy_names
from generator.rules.targets import gateways
from generator.rules.written import INGRESS
from generator.semantics.admission import covers
from generator.topology import GATEWAY_NAME, HBONE, Endpoint, Point

RULE = Rule("MG318", "east-west", "an east-west gateway that the other clusters cannot reach", Severity.WARNING)

_SNI = Point("TCP", 15443)
"""Where gateways between networks pass TLS through by its SNI (istio 1.30.3 samples/multicluster)."""

_AMBIENT_CLASS = "istio-east-west"
_ROLE = "east-west"


def check(context: Context) -> Iterator[Finding]:
    """Yield the isolated east-west gateways that no rule opens to addresses."""
    for pod, point in _gateways(context):
        policies = context.cluster.admission.policies(pod, INGRESS)
        if policies and not any(_opens(policy, pod, point) for policy in policies):
            message = (
                f"nothing in {policy_names(policies)} lets the mesh's other clusters reach {pod.name} on "
                f"{point.number}: they come from addresses, and their calls time out"
            )
            fix = f"add an ingress rule on TCP {point.number} from the other networks' addresses (ipBlock)"
            yield RULE.finding(message, isolating_place(policies, INGRESS), fix)


def _gateways(context: Context) -> Iterator[tuple[Endpoint, Point]]:
    """Yield the pods of east-west gateways with the port that other networks dial: as they are labelled or stated."""
    known = [one for one in (context.environment.gateways or {}).values() if one.role == _ROLE]
    ambient = {
        (one.namespace, one.name) for one in gateways(context) if one.spec.get("gatewayClassName") == _AMBIENT_CLASS
    }
    for pod in everyone(context).values():
        stated = [
            one
            for one in known
            if one.pods.namespace == pod.namespace and one.pods.labels.items() <= pod.labels.items()
        ]
        is_hbone = (pod.namespace, pod.labels.get(GATEWAY_NAME)) in ambient or any(
            HBONE.number in one.ports for one in stated
        )
        if is_hbone or stated or pod.labels.get("istio") == "eastwestgateway":
            yield pod, HBONE if is_hbone else _SNI


def _opens(policy: NetworkPolicy, pod: Endpoint, point: Point) -> bool:
    """Tell whether a rule of *policy* may let addresses in at *point*."""
    return any(
        covers(rule, point, pod) is not False and (rule.peers is None or any(one.cidr for one in rule.peers))
        for rule in policy.ingress
    )
