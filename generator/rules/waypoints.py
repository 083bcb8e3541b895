"""Waypoints as manifests show them: which there are, and which pods and Services are behind one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from generator.manifests.objects import Manifest
from generator.manifests.workloads import Service
from generator.semantics.cluster import Cluster
from generator.semantics.waypoints import USE_WAYPOINT, WAYPOINT_NAMESPACE, is_waypoint
from generator.topology import Endpoint, Waypoint


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A label that sends the traffic of a Service, a namespace or pods through a waypoint."""

    holder: Manifest
    waypoint: Endpoint
    is_shown: bool


def enrolment(cluster: Cluster, pod: Endpoint) -> Enrolment | None:
    """Return what sends callers of *pod* through a waypoint: the label of a Service of its, or of its namespace."""
    known = _enrolments(cluster)
    key = (pod.namespace, frozenset(pod.labels.items()))
    if key not in known:
        known[key] = _enrolment(cluster, pod.namespace, pod.labels)
    return known[key]


@lru_cache(maxsize=2)
def _enrolments(_: Cluster) -> dict[tuple[str, frozenset[tuple[str, str]]], Enrolment | None]:
    """Return what was found so far, by namespace and labels of the pods: every rule asks about the same ones."""
    return {}


def _enrolment(cluster: Cluster, namespace: str, labels: Mapping[str, str]) -> Enrolment | None:
    services, namespaces = _holders(cluster)
    stated = [
        one.manifest for one in services.get(namespace, ()) if one.selector and one.selector.items() <= labels.items()
    ]
    for holder in stated or namespaces.get(namespace, []):
        if waypoint := _named(holder.labels, namespace):
            name, where = waypoint
            shown = any((one.name, one.namespace) == (name, where) for one in waypoints(cluster))
            return Enrolment(holder, waypoint_pods(cluster, name, where), shown)
    return None


@lru_cache(maxsize=2)
def _holders(cluster: Cluster) -> tuple[dict[str, list[Service]], dict[str, list[Manifest]]]:
    """Return by namespace the Services and Namespaces whose labels choose a waypoint, or none."""
    services: dict[str, list[Service]] = {}
    for one in cluster.services:
        if USE_WAYPOINT in one.manifest.labels:
            services.setdefault(one.namespace, []).append(one)
    namespaces = {one.name: [one] for one in cluster.others("Namespace") if USE_WAYPOINT in one.labels}
    return services, namespaces


@lru_cache(maxsize=2)
def waypoints(cluster: Cluster) -> tuple[Manifest, ...]:
    """Return the Gateways that are waypoints."""
    return tuple(one for one in cluster.others("Gateway") if is_waypoint(one))


def waypoint_pods(cluster: Cluster, name: str, namespace: str) -> Endpoint:
    """Return the pods of a waypoint."""
    return Waypoint(namespace, name, ()).pods(cluster.namespace_labels(namespace))


def _named(labels: Mapping[str, str], namespace: str) -> tuple[str, str] | None:
    name = labels.get(USE_WAYPOINT)
    if not name or name == "none":
        return None
    return name, labels.get(WAYPOINT_NAMESPACE) or namespace
