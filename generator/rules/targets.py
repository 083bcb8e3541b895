"""Policies with ``targetRefs``, and the gateways and waypoints of the Gateway API that serve them.

Source: istio 1.30.3 pilot/pkg/model/policyattachment.go; labels of istio api label/labels.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from generator.core.places import Place, Route
from generator.manifests.objects import Manifest, mapping, sequence
from generator.manifests.security import AuthorizationPolicy
from generator.rules.base import Context
from generator.semantics.cluster import Cluster
from generator.semantics.waypoints import is_waypoint

GATEWAY_API = "gateway.networking.k8s.io"


@dataclass(frozen=True, slots=True)
class Target:
    """What one ``targetRef`` points to, in the policy's own namespace."""

    group: str
    kind: str
    name: str
    namespace: str
    policy: Manifest = field(repr=False)
    written: Route

    @property
    def place(self) -> Place:
        """Where it is written."""
        return self.policy.place(*self.written)


def targets(policy: Manifest) -> Iterator[Target]:
    """Yield the targets of *policy*, from ``targetRef`` and ``targetRefs``."""
    routes: list[Route] = [("spec", "targetRef")] if mapping(policy.spec.get("targetRef")) else []
    routes += [("spec", "targetRefs", index) for index, _ in enumerate(sequence(policy.spec.get("targetRefs")))]
    for route in routes:
        field = policy.spec[str(route[1])]
        data = mapping(field[route[2]] if len(route) > len(("spec", "targetRef")) else field)
        group, kind, name, namespace = (str(data.get(key) or "") for key in ("group", "kind", "name", "namespace"))
        yield Target(group, kind, name, namespace, policy, route)


@lru_cache(maxsize=2)
def attached_policies(cluster: Cluster) -> tuple[tuple[AuthorizationPolicy, tuple[Target, ...]], ...]:
    """Return the AuthorizationPolicies in force that name targets, each with these."""
    in_force = (one for one in cluster.bundle.authorization_policies if one.scope.has_targets and not one.is_dry_run)
    return tuple((one, tuple(targets(one.manifest))) for one in in_force)


def gateways(context: Context) -> Iterator[Manifest]:
    """Yield the Gateways of the Gateway API, waypoints among them."""
    return (one for one in context.of_kind("Gateway") if one.group == GATEWAY_API)


def gateway(context: Context, namespace: str, name: str) -> Manifest | None:
    """Return the Gateway *name* of *namespace*, if it is shown."""
    return next((one for one in gateways(context) if (one.namespace, one.name) == (namespace, name)), None)


def serves_gateway_api(context: Context, policy: Manifest) -> bool:
    """Tell whether *policy* is attached to Gateways that are no waypoints, as far as anybody can tell."""
    found = list(targets(policy))
    if not found or any(one.kind != "Gateway" for one in found):
        return False
    shown = [gateway(context, policy.namespace, one.name) for one in found]
    return all(one is None or not is_waypoint(one) for one in shown)
