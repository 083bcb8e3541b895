"""The waypoints that a bundle creates, and the labels that send calls through one."""

from __future__ import annotations

from generator.model.intent import Intent
from generator.model.peers import GatewayPeer
from generator.model.terms import Mesh
from generator.model.workloads import Namespace
from generator.plan.resources import Layer, Resource
from generator.plan.views.traffic import WaypointView

_CLASS = "istio-waypoint"
_LISTENERS = (("mesh", 15008, "HBONE"),)


def plan_waypoints(intent: Intent) -> list[Resource]:
    """Return the Gateway of each waypoint that the bundle creates; istiod makes its pods and ServiceAccount."""
    return [_gateway(intent, one) for one in intent.namespaces.values() if one.waypoint and one.waypoint.created]


def _gateway(intent: Intent, namespace: Namespace) -> Resource:
    assert namespace.waypoint is not None  # noqa: S101
    purpose = f"The proxy that reads requests for the Services of this namespace.{labels_to_set(intent, namespace)}"
    return Resource(
        "Gateway",
        "gateway.networking.k8s.io/v1",
        namespace.waypoint.name,
        namespace.name,
        Layer.MESH,
        WaypointView(_CLASS, _LISTENERS),
        purpose,
        (namespace.origin,),
        {"istio.io/waypoint-for": "service"},
    )


def labels_to_set(intent: Intent, namespace: Namespace) -> str:
    """Say which labels an ambient *namespace* needs that this bundle does not create."""
    labels = {} if namespace.create else mesh_labels(intent, namespace)
    listed = ", ".join(f"{key}: {value}" for key, value in sorted(labels.items()))
    return f" The namespace must have the labels {listed}." if listed else ""


def mesh_labels(intent: Intent, namespace: Namespace) -> dict[str, str]:
    """Return the labels by which an ambient *namespace* joins the mesh, and its Services use a waypoint."""
    labels = {"istio.io/dataplane-mode": "ambient"} if namespace.mesh is Mesh.AMBIENT else {}
    if namespace.waypoint is None:
        return labels
    labels["istio.io/use-waypoint"] = namespace.waypoint.name
    if namespace.waypoint.namespace != namespace.name:
        labels["istio.io/use-waypoint-namespace"] = namespace.waypoint.namespace
    if any(isinstance(flow.client, GatewayPeer) for flow in intent.flows_into(namespace.name)):
        labels["istio.io/ingress-use-waypoint"] = "true"  # without it gateways pass the waypoint by
    return labels
