"""How a policy finds its gateway: by the labels of its pods, or by the Gateway that they were made for."""

from __future__ import annotations

from collections.abc import Mapping

from generator.environment.model import Environment, Gateway
from generator.plan.resources import Target

GATEWAY_API = "gateway.networking.k8s.io"
_FIRST = (1, 22)
"""The first Istio that reads ``targetRefs`` (istio api security/v1 and networking/v1alpha3, 1.22)."""


def at_gateway(gateway: Gateway, environment: Environment) -> tuple[Mapping[str, str], Target | None]:
    """Return the labels by which a policy selects *gateway*, or the Gateway that it is attached to.

    A Gateway of the Gateway API is named: labels of its pods are istiod's own affair, and a
    setting of istiod may end that policies find them so (ENABLE_SELECTOR_BASED_K8S_GATEWAY_POLICY,
    analyzer IST0166). Where the version of Istio is not known, labels still work.
    """
    version = environment.istio.version
    if gateway.install != "gateway-api" or version is None or version < _FIRST:
        return gateway.pods.labels, None
    return {}, Target(GATEWAY_API, "Gateway", gateway.gateway)
