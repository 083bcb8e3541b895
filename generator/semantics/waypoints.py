"""Which pods are dialled through a waypoint, as the labels of Services and namespaces say.

Source: labels of istio api label/labels.yaml; istio 1.30.3 pilot/pkg/serviceregistry/ambient/waypoints.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from generator.manifests.objects import Manifest
from generator.manifests.workloads import Service
from generator.topology import AMBIENT, GATEWAY_NAME, Endpoint, Waypoint

USE_WAYPOINT = "istio.io/use-waypoint"
WAYPOINT_NAMESPACE = "istio.io/use-waypoint-namespace"
INGRESS_USE_WAYPOINT = "istio.io/ingress-use-waypoint"
WAYPOINT_FOR = "istio.io/waypoint-for"
WAYPOINT_CLASS = "istio-waypoint"
PAST_IT = "by its own address"
"""What the same pods are called where they are dialled without their Service, past the waypoint."""
_PAST = f" {PAST_IT}"


def waypoint_of(
    namespace: str, services: Sequence[Service], namespace_labels: Mapping[str, str], gateways: Iterable[Manifest]
) -> Waypoint | None:
    """Return the waypoint through which calls of *services* come; the labels of a Service win over its namespace's."""
    stated = [one.manifest.labels for one in services if USE_WAYPOINT in one.manifest.labels]
    for labels in (*stated, namespace_labels)[:1]:
        name = labels.get(USE_WAYPOINT, "none")
        if not services or name in ("", "none"):
            return None
        where = labels.get(WAYPOINT_NAMESPACE) or namespace
        holders = [*(one.manifest.labels for one in services), namespace_labels]
        takes_gateways = any(one.get(INGRESS_USE_WAYPOINT) == "true" for one in holders)
        names = tuple(sorted(one.name for one in services))
        is_sure = any(serves_services(one) for one in gateways if (one.namespace, one.name) == (where, name))
        return Waypoint(where, name, names, takes_gateways, is_sure)
    return None


def is_waypoint(gateway: Manifest) -> bool:
    """Tell whether a Gateway is a waypoint."""
    return str(gateway.spec.get("gatewayClassName") or "") == WAYPOINT_CLASS


def serves_services(gateway: Manifest) -> bool:
    """Tell whether *gateway* is a waypoint for what is dialled by the name of a Service."""
    return is_waypoint(gateway) and gateway.labels.get(WAYPOINT_FOR, "service") in ("service", "all")


def past_waypoint(one: Endpoint) -> Endpoint:
    """Return the same pods as whoever dials them without their Service meets them."""
    return replace(one, name=f"{one.name} {PAST_IT}", waypoint=None)


def own_name(one: Endpoint) -> str:
    """Return the name of the pods that *one* is, from whichever side they are seen."""
    return one.name.removesuffix(_PAST)


def is_past_waypoint(one: Endpoint) -> bool:
    """Tell whether *one* is what `past_waypoint` returns: nobody else, seen from another side."""
    return one.mesh == AMBIENT and one.name.endswith(_PAST)


def with_waypoints(known: Sequence[Endpoint], labels: Mapping[str, Mapping[str, str]]) -> list[Endpoint]:
    """Return *known* with the waypoints among them, and with the other side of whoever is behind one."""
    found = list(known)
    for one in known:
        if one.waypoint is None:
            continue
        found.append(past_waypoint(one))
        if number_of(one.waypoint, found) is None:
            found.append(one.waypoint.pods(labels.get(one.waypoint.namespace, {})))
    return found


def number_of(waypoint: Waypoint, endpoints: Sequence[Endpoint]) -> int | None:
    """Return which of *endpoints* the pods of *waypoint* are."""
    for number, one in enumerate(endpoints):
        if one.namespace == waypoint.namespace and one.labels.get(GATEWAY_NAME) == waypoint.name and one.is_waypoint:
            return number
    return None
