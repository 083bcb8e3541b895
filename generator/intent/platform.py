"""Where a default deny would cut off the cluster or the mesh itself."""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding
from generator.environment.gateways import is_named_by_policies
from generator.environment.model import Environment, Pods
from generator.model.intent import Intent, MeshWide
from generator.model.terms import Authorization, Isolation
from generator.model.workloads import Namespace


def check_platform(intent: Intent, environment: Environment) -> list[Finding]:
    """Return MG028 for a default deny that is an outage, MG027 for a mesh-wide one that is weaker than it looks."""
    findings: list[Finding] = []
    for namespace in intent.namespaces.values():
        root = list(_check_root(intent, environment, namespace))
        findings += root or _check_services(intent, environment, namespace)
    if intent.mesh_wide is not None and intent.mesh_wide.deny_by_default:
        findings += _check_deny(intent, intent.mesh_wide)
        findings += _check_gateways(intent, environment, intent.mesh_wide)
    return findings


def _check_root(intent: Intent, environment: Environment, namespace: Namespace) -> Iterator[Finding]:
    """What Istio finds in the root namespace holds for every namespace of the mesh."""
    if namespace.name != environment.istio.root_namespace:
        return
    own = intent.rendered_in(namespace.name)
    is_whole = namespace.isolation is Isolation.NAMESPACE and namespace.mesh.is_member
    if is_whole or any(one.in_mesh for one in own):
        message = f"{namespace.name!r} is the root namespace of the mesh: policies there hold for every namespace"
        fix = "say what holds for the whole mesh with the profile type mesh-baseline, and leave this namespace out here"
        yield Finding("MG028", message, namespace.origin.place, fix)


def _check_services(intent: Intent, environment: Environment, namespace: Namespace) -> Iterator[Finding]:
    """Resolvers, istiod, gateways and scrapers need what nothing in a profile opens, unless it declares their pods."""
    if namespace.isolation is not Isolation.NAMESPACE:
        return
    own = intent.rendered_in(namespace.name)
    for pods, outage in _services(intent, environment):
        if pods.namespace == namespace.name and not any(one.labels.items() <= pods.labels.items() for one in own):
            message = f"a default deny in {namespace.name!r} would cut off {outage}"
            fix = "leave this namespace out; the platform's own namespaces need policies made for them"
            yield Finding("MG028", message, namespace.origin.place, fix, is_absence=True)
            return


def _services(intent: Intent, environment: Environment) -> Iterator[tuple[Pods, str]]:
    """Yield the pods that everybody needs, and what happens without them."""
    locked = {lockdown.gateway for lockdown in intent.gateways}
    yield environment.dns.pods, "the cluster's resolvers: no pod could look up a name any more"
    yield environment.istio.control_plane, "istiod: no proxy would get certificates any more"
    for gateway in (environment.gateways or {}).values():
        if gateway.name not in locked:
            yield gateway.pods, f"the gateway {gateway.name!r}: nothing would enter any more"
    if environment.prometheus is not None:
        yield environment.prometheus.pods, "Prometheus: it could not scrape any more"


def _check_deny(intent: Intent, wanted: MeshWide) -> Iterator[Finding]:
    """A mesh-wide default deny decides also where a namespace only wants to log what its rules would do."""
    words = {Authorization.OFF: "has no identity rules yet", Authorization.DRY_RUN: "only logs what its rules would do"}
    for namespace in intent.namespaces.values():
        if namespace.mesh.is_member and namespace.authorization in words:
            message = (
                f"the mesh-wide default deny would close {namespace.name!r}, which {words[namespace.authorization]}"
            )
            fix = "finish its move into the mesh first, then deny by default"
            related = ((namespace.origin.place, "the namespace"),)
            yield Finding("MG028", message, wanted.origin.place, fix, related=related)


def _check_gateways(intent: Intent, environment: Environment, wanted: MeshWide) -> Iterator[Finding]:
    gateways = environment.gateways or {}
    if intent.accepts("gateway-labels-mesh-wide", wanted.origin.profile):
        return
    for name, place in zip(wanted.gateways, wanted.gateway_places, strict=True):
        gateway = gateways.get(name)
        is_wide = gateway is not None and gateway.pods.namespace == environment.istio.root_namespace
        if gateway is not None and is_wide and not is_named_by_policies(gateway, environment):
            labels = ", ".join(f"{key}={value}" for key, value in sorted(gateway.pods.labels.items()))
            ports = ", ".join(str(port) for port in gateway.ports)
            message = f"the gateway {name!r} runs in the root namespace: the policy that keeps it open holds for every "
            message += f"pod of the mesh with the labels {labels}, on the ports {ports}"
            fix = (
                "run the gateway in a namespace of its own, or accept the caveat gateway-labels-mesh-wide with a reason"
            )
            yield Finding("MG027", message, place, fix)
