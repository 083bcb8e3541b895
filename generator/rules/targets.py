"""Policies with ``targetRefs``, and the gateways and waypoints of the Gateway API that serve them.

Source: istio 1.30.3 pilot/pkg/model/policyattachment.go; labels of istio api label/labels.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from generator.core.places import Place
from generator.manifests.objects import Manifest, mapping, sequence
from generator.rules.base import Context
from generator.semantics.waypoints import is_waypoint

GATEWAY_API = "gateway.networking.k8s.io"


@dataclass(frozen=True, slots=True)
class Target:
    """What one ``targetRef`` points to, in the policy's own namespace."""

    group: str
    kind: str
    name: str
    namespace: str
    place: Place


def targets(policy: Manifest) -> Iterator[Target]:
    """Yield the targets of *policy*, from ``targetRef`` and ``targetRefs``."""
    routes: list[tuple[str | int, ...]] = [("spec", "targetRef")] if mapping(policy.spec.get("targetRef")) else []
    routes += [("spec", "targetRefs", index) for index, _ in enumerate(sequence(policy.spec.get("targetRefs")))]
    for route in routes:
        field = policy.spec[str(route[1])]
        data = mapping(field[route[2]] if len(route) > len(("spec", "targetRef")) else field)
        group, kind, name, namespace = (str(data.get(key) or "") for key in ("group", "kind", "name", "namespace"))
        yield Target(group, kind, name, namespace, policy.place(*route))


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
