"""What istiod's webhook, the CEL rules of the CRDs and the Kubernetes API demand beyond structure.

The sources, rule by rule: the ``x-kubernetes-validations`` of the Istio 1.30.3 CRDs,
``pkg/config/validation`` and ``pkg/config/security`` of istio/istio, and the validation of
``core/v1`` and ``networking/v1`` in Kubernetes 1.36. A document that fails here is refused when it is applied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from generator.core.findings import Finding
from generator.core.places import Document
from generator.manifests.admission import (
    authorization_policy,
    destination_rule,
    envoy_filter,
    kubernetes,
    peer_authentication,
    quantities,
    request_authentication,
    service_entry,
    sidecar,
    telemetry,
)
from generator.manifests.admission.spot import Spot

_Rules = Callable[[Spot], Iterator[Finding]]
_RULES: dict[tuple[str, str], _Rules] = {
    ("", "LimitRange"): quantities.limit_range,
    ("", "Namespace"): kubernetes.namespace,
    ("", "ResourceQuota"): quantities.resource_quota,
    ("networking.k8s.io", "NetworkPolicy"): kubernetes.network_policy,
    ("security.istio.io", "AuthorizationPolicy"): authorization_policy.rules,
    ("security.istio.io", "PeerAuthentication"): peer_authentication.rules,
    ("security.istio.io", "RequestAuthentication"): request_authentication.rules,
    ("networking.istio.io", "DestinationRule"): destination_rule.rules,
    ("networking.istio.io", "EnvoyFilter"): envoy_filter.rules,
    ("networking.istio.io", "ServiceEntry"): service_entry.rules,
    ("networking.istio.io", "Sidecar"): sidecar.rules,
    ("telemetry.istio.io", "Telemetry"): telemetry.rules,
}


def check(document: Document) -> list[Finding]:
    """Return what the cluster would refuse about *document* although its structure is right (MG602).

    Safe on any document: what has the wrong type is left to `generator.manifests.schema`.
    """
    root = Spot(document, document.data)
    version, kind = root.child("apiVersion").value, root.child("kind").value
    if not isinstance(version, str) or not isinstance(kind, str):
        return []
    rules = _RULES.get((version.rpartition("/")[0], kind))
    return list(rules(root)) if rules else []
