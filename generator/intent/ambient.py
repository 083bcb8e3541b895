"""What an ambient mesh cannot do: ztunnel reads no requests, and a waypoint only those that come through it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from generator.core.findings import Finding
from generator.environment.model import Environment
from generator.model.flows import Flow
from generator.model.intent import Intent
from generator.model.membership import modes
from generator.model.peers import GatewayPeer, NamespacesPeer, Peer, WorkloadPeer, describe
from generator.model.terms import Authorization, Mesh
from generator.model.workloads import Namespace, Waypoint, Workload, WorkloadKey

_NO_WAYPOINT = "give the namespace a waypoint (`waypoint: create`, or name one), or drop the rule"
_UNTIL_THEN = (
    "or leave the rules out until they are enforced (`dryRun: false` in the phase), and watch ztunnel's access log"
)
_FIRST_DRY_RUN = (1, 29)
_IN_AMBIENT = "take the client into the ambient mesh, or drop the rule: then identity and port decide"


def check_ambient(intent: Intent, environment: Environment) -> list[Finding]:
    """Return MG028 for what neither ztunnel nor a waypoint could enforce."""
    findings: list[Finding] = []
    for namespace in intent.namespaces.values():
        findings += _check_namespace(intent, environment, namespace)
    for flow in intent.flows:
        findings += _check_requests(intent, environment, flow)
        findings += _check_whole_namespaces(intent, environment, flow)
        findings += _check_enrolled(intent, environment, flow)
        findings += _check_plaintext_callers(intent, environment, flow)
    return [*findings, *_check_ports(intent, environment), *_check_plaintext_ports(intent, environment)]


def _check_namespace(intent: Intent, environment: Environment, namespace: Namespace) -> Iterator[Finding]:
    has_ambient = _has_ambient(intent, namespace)
    if namespace.waypoint is not None and not has_ambient:
        message = f"{namespace.name!r} has a waypoint, but no pod in the ambient mesh: nothing would come through it"
        fix = "say mesh: ambient, or drop `waypoint`"
        yield Finding("MG028", message, namespace.origin.place, fix, is_absence=True)
    if has_ambient and namespace.authorization is Authorization.DRY_RUN:
        yield from _check_dry_run(environment, namespace)


def _check_dry_run(environment: Environment, namespace: Namespace) -> Iterator[Finding]:
    """A dry run shows something only where istiod passes it on, and where ztunnel does not take it for a rule.

    Source: istio 1.30.3 pilot/pkg/features/ambient.go; upgrade notes of Istio 1.29.
    """
    istio, place = environment.istio, namespace.authorization_place or namespace.origin.place
    wish = f"identity rules of {namespace.name!r} shall only log in the ambient mesh"
    if istio.ambient_dry_run is None:
        message = f"{wish}, and the environment {environment.name!r} does not say istio.ambientDryRun: without a "
        message += "setting of istiod, dry runs are kept from ztunnel and log nothing"
        fix = "say istio.ambientDryRun: true in an environment file of your own if istiod has "
        fix += f"AMBIENT_ENABLE_DRY_RUN_AUTHORIZATION_POLICY and every ztunnel is 1.29 or later; {_UNTIL_THEN}"
        yield Finding("MG029", message, place, fix)
    elif not istio.ambient_dry_run:
        message = f"{wish}, but istiod keeps dry runs from ztunnel there (istio.ambientDryRun: false): "
        message += "they would do nothing"
        yield Finding("MG028", message, place, _UNTIL_THEN.removeprefix("or "))
    elif istio.version is not None and istio.version < _FIRST_DRY_RUN:
        version = ".".join(map(str, istio.version))
        message = f"{wish}, but ztunnel of Istio {version} enforces dry runs: only from 1.29 on it logs them"
        yield Finding("MG028", message, place, _UNTIL_THEN.removeprefix("or "))


def _has_ambient(intent: Intent, namespace: Namespace) -> bool:
    own = intent.rendered_in(namespace.name)
    return namespace.mesh is Mesh.AMBIENT or any(one.mesh is Mesh.AMBIENT for one in own)


def _servers(intent: Intent, flow: Flow) -> Iterator[tuple[Namespace, Waypoint | None]]:
    """Yield the namespaces of the flow's ambient servers, where rules are enforced, with the waypoint before them."""
    server, found = flow.server, []
    if isinstance(server, WorkloadPeer) and intent.workloads[server.key].mesh is Mesh.AMBIENT:
        found = [(server.namespace, intent.workloads[server.key].waypoint)]
    elif isinstance(server, NamespacesPeer):
        homes = [intent.namespaces[name] for name in server.names if name in intent.namespaces]
        found = [(home.name, home.waypoint) for home in homes if _has_ambient(intent, home)]
    for name, waypoint in found:
        home = intent.namespaces.get(name)
        if home is not None and home.authorization is Authorization.ENFORCED:
            yield home, waypoint


def _check_requests(intent: Intent, environment: Environment, flow: Flow) -> Iterator[Finding]:
    if flow.request is None and not flow.token:
        return
    what = "a token" if flow.request is None else "methods, paths, hosts or headers"
    place = flow.request_place or flow.origin.place
    for namespace, waypoint in _servers(intent, flow):
        if waypoint is None:
            message = f"the flow asks for {what}, but {describe(flow.server)} is in the ambient mesh without a waypoint"
            message += ": ztunnel reads no requests"
            yield Finding("MG028", message, place, _NO_WAYPOINT, is_absence=True)
        elif isinstance(flow.server, NamespacesPeer):
            message = f"the flow asks for {what}, but pods of {namespace.name!r} can be dialled past the waypoint"
            yield Finding("MG028", message, place, "name the workloads: then only the waypoint may dial them")
        elif passing := _passing(intent, environment, flow):
            message = f"the flow asks for {what}, but {describe(flow.client)} {passing}: its calls come past the "
            message += f"waypoint {waypoint.name!r}, and ztunnel reads no requests"
            yield Finding("MG028", message, place, _IN_AMBIENT)


def _passing(intent: Intent, environment: Environment, flow: Flow) -> str:
    """Say why some client of *flow* does not come through a waypoint; empty if all do."""
    if isinstance(flow.client, GatewayPeer):
        return ""
    found = modes(flow.client, intent, environment)
    if Mesh.NONE in found:
        return "is outside the mesh"
    return "has a sidecar, which knows no waypoints" if Mesh.SIDECAR in found else ""


def _takes_waypoint(intent: Intent, environment: Environment, flow: Flow) -> bool:
    return isinstance(flow.client, GatewayPeer) or Mesh.AMBIENT in modes(flow.client, intent, environment)


def _check_whole_namespaces(intent: Intent, environment: Environment, flow: Flow) -> Iterator[Finding]:
    """A policy for all Services of a waypoint is attached to its Gateway, and lies in the Gateway's namespace."""
    if not isinstance(flow.server, NamespacesPeer) or not _takes_waypoint(intent, environment, flow):
        return
    for namespace, waypoint in _servers(intent, flow):
        if waypoint is not None and waypoint.namespace != namespace.name:
            message = f"every pod of {namespace.name!r} is meant, but its waypoint lies in {waypoint.namespace!r}: "
            message += "no policy of one namespace can be attached to a Gateway of another"
            fix = "name the workloads, or give the namespace a waypoint of its own"
            yield Finding("MG028", message, flow.origin.place, fix)


def _check_enrolled(intent: Intent, environment: Environment, flow: Flow) -> Iterator[Finding]:
    """The label of a namespace sends calls of all of its Services through the waypoint, whoever is behind them."""
    server = flow.server
    if not isinstance(server, WorkloadPeer) or not _takes_waypoint(intent, environment, flow):
        return
    workload = intent.workloads[server.key]
    if workload.is_enrolled and workload.mesh is not Mesh.AMBIENT:
        message = f"the namespace {server.namespace!r} sends calls of all its Services through its waypoint, but "
        message += f"{server.workload!r} is not in the ambient mesh: it would see the waypoint as its caller"
        fix = f"label its Service istio.io/use-waypoint: none, and say `waypoint: none` for {server.workload!r}"
        yield Finding("MG028", message, workload.origin.place, fix, related=((flow.origin.place, "this flow"),))


def _check_ports(intent: Intent, environment: Environment) -> Iterator[Finding]:
    """A waypoint sees the Service's port, which nobody states: its rules are for all ports of a server."""
    known: dict[WorkloadKey, tuple[frozenset[int] | None, Flow]] = {}
    for flow in intent.flows:
        ports = None if flow.ports is None else frozenset(one.number for one in flow.ports if one.transport == "TCP")
        if ports == frozenset() or not _takes_waypoint(intent, environment, flow):
            continue
        for key in _behind_waypoints(intent, flow.server):
            first, other = known.setdefault(key, (ports, flow))
            if first != ports:
                who = f"{describe(flow.client)} and {describe(other.client)}"
                message = f"{who} may use different ports of {key[1] or key[0]!r}: "
                message += "its waypoint cannot tell them apart, for it sees the Service's ports"
                fix = "give each port a workload and a Service of its own, or say `waypoint: none` for this one"
                yield Finding(
                    "MG028", message, flow.origin.place, fix, related=((other.origin.place, "the other flow"),)
                )


def _check_plaintext_callers(intent: Intent, environment: Environment, flow: Flow) -> Iterator[Finding]:
    """Whoever may come in plaintext is everybody; at a waypoint, which sees no port of the pods, for everything."""
    is_for_all = flow.plaintext and flow.ports is not None and flow.request is None
    if is_for_all and _takes_waypoint(intent, environment, flow) and any(_behind_waypoints(intent, flow.server)):
        message = f"{describe(flow.client)} may come to {describe(flow.server)} in plaintext, and by its waypoint, "
        message += "which cannot tell ports apart: it would let everybody to all of them"
        fix = "name callers that do not come by the waypoint, such as addresses, or say `waypoint: none` for the server"
        yield Finding("MG028", message, flow.origin.place, fix)


def _check_plaintext_ports(intent: Intent, environment: Environment) -> Iterator[Finding]:
    """A port that takes plaintext takes everybody, the waypoint too: its callers would come to that port with it."""
    behind: dict[str, list[tuple[Flow, Workload]]] = defaultdict(list)
    for flow in intent.flows:
        if not flow.plaintext and flow.ports is not None and _takes_waypoint(intent, environment, flow):
            for workload in _workloads_behind(intent, flow.server):
                behind[workload.namespace].append((flow, workload))
    for late in intent.flows if behind else ():
        server = late.server
        if not late.plaintext or not isinstance(server, WorkloadPeer | NamespacesPeer):
            continue
        names = (server.namespace,) if isinstance(server, WorkloadPeer) else server.names
        own = intent.workloads[server.key] if isinstance(server, WorkloadPeer) else None  # else every pod is meant
        for flow, workload in (pair for name in names for pair in behind.get(name, ())):
            further = sorted({one.number for one in late.ports or ()} - {one.number for one in flow.ports or ()})
            if further and (own is None or _share_pods(own, workload)):
                who = repr(own.name) if own else describe(server)
                message = f"{describe(late.client)} comes to port {further[0]} of {who} in plaintext, so "
                message += f"that port takes everybody: {describe(flow.client)} would reach it too, by the waypoint"
                fix = "give that port a workload and a Service of its own, or say `waypoint: none` for this one"
                yield Finding("MG028", message, late.origin.place, fix, related=((flow.origin.place, "its flow"),))
                break


def _workloads_behind(intent: Intent, server: Peer) -> Iterator[Workload]:
    yield from (intent.workloads[key] for key in _behind_waypoints(intent, server) if key in intent.workloads)


def _share_pods(one: Workload, other: Workload) -> bool:
    """Tell whether some pod could carry the labels of both."""
    differ = any(other.labels.get(key, value) != value for key, value in one.labels.items())
    return one.namespace == other.namespace and not differ


def _behind_waypoints(intent: Intent, server: Peer) -> Iterator[WorkloadKey]:
    """Yield what of *server* is behind a waypoint: workloads, and a namespace for pods that nobody declares."""
    if isinstance(server, WorkloadPeer):
        meant = [intent.workloads[server.key]]
    else:
        homes = [intent.namespaces[name] for name in getattr(server, "names", ()) if name in intent.namespaces]
        yield from ((home.name, "") for home in homes if home.waypoint is not None and home.mesh is Mesh.AMBIENT)
        meant = [one for home in homes for one in intent.rendered_in(home.name)]
    yield from (one.key for one in meant if one.waypoint is not None)
