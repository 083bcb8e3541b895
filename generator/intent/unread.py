"""What no proxy would read: the size of a sidecar that is not there, telemetry where nothing reports any."""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding
from generator.model.intent import Intent
from generator.model.terms import Isolation, Mesh
from generator.model.workloads import Namespace


def check_unread(intent: Intent) -> list[Finding]:
    """Return MG028 for settings of proxies that this bundle says are not there."""
    return [*_check_sidecars(intent), *_check_telemetry(intent)]


def _check_sidecars(intent: Intent) -> Iterator[Finding]:
    for proxy in intent.traffic.proxies:
        workload = intent.workloads.get((proxy.namespace, proxy.workload))
        if workload is not None and workload.mesh is not Mesh.SIDECAR:
            message = f"the sidecar of {proxy.workload!r} is described, but its pods have none (mesh: {workload.mesh})"
            related = ((workload.origin.place, "this says so"),)
            yield Finding("MG028", message, proxy.origin.place, "leave it out, or give it a sidecar", related=related)


def _check_telemetry(intent: Intent) -> Iterator[Finding]:
    for one in intent.traffic.telemetry:
        namespace = intent.namespaces.get(one.namespace)
        if namespace is not None and namespace.isolation is Isolation.NAMESPACE and not _has_proxy(intent, namespace):
            message = f"telemetry of {one.namespace!r} is asked for, but no proxy of that namespace would report it: "
            is_ambient = namespace.mesh is Mesh.AMBIENT
            message += "ztunnel reads no Telemetry" if is_ambient else "its pods are outside the mesh"
            fix = "give the namespace a waypoint of its own, or leave it out" if is_ambient else "leave it out"
            related = ((namespace.origin.place, "this says so"),)
            yield Finding("MG028", message, one.origin.place, fix, related=related, is_absence=True)


def _has_proxy(intent: Intent, namespace: Namespace) -> bool:
    """Tell whether a sidecar or a waypoint runs in *namespace*: a Telemetry without a selector is for those."""
    own = {namespace.mesh, *(one.mesh for one in intent.rendered_in(namespace.name))}
    waypoint = namespace.waypoint
    return Mesh.SIDECAR in own or (waypoint is not None and waypoint.namespace == namespace.name)
