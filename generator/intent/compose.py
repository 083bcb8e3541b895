"""Many profiles become one intent: merged by rule, references resolved, conflicts named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from generator.core.findings import Finding
from generator.core.names import suggestion
from generator.core.places import Json
from generator.environment.model import Environment
from generator.intent.clusters import distribute
from generator.intent.consent import with_consent
from generator.intent.declarations import Declaration, Declarations
from generator.intent.exits import exit_flows, exit_lockdowns
from generator.intent.merge import merge_declarations
from generator.intent.partial import closed
from generator.intent.resolve import FlowResolver
from generator.intent.traffic import united
from generator.model.flows import Flow
from generator.model.intent import GatewayLockdown, Intent, MeshWide
from generator.model.peers import PrometheusPeer
from generator.model.terms import Authorization, Isolation, Mesh, Mtls, Port
from generator.model.workloads import Namespace, Waypoint, Workload

CREATED_WAYPOINT = "waypoint"
"""What a waypoint is called that a bundle creates: what `istioctl waypoint apply` calls it, too."""


def compose(declared: Sequence[Declarations], environment: Environment) -> tuple[Intent, list[Finding]]:
    """Merge what all profiles of a run declare into one resolved intent.

    Returns:
        The intent in canonical order, and the findings MG020 (unknown workload), MG021
        (unknown namespace), MG023 (unknown gateway), MG024 (port), MG025 (conflict), and
        MG028, MG029 and MG034 for clusters that are not others of this mesh.
        With findings the intent lacks what they speak of.
    """
    declared, members, findings = distribute(declared, environment)
    merged_namespaces, conflicts = merge_declarations(
        [item for one in declared for item in one.namespaces], "namespace"
    )
    findings += conflicts
    merged_workloads, conflicts = merge_declarations([item for one in declared for item in one.workloads], "workload")
    findings += conflicts
    namespaces = {key[0]: _namespace(item) for key, item in merged_namespaces.items()}
    workloads = {key: _workload(item, namespaces, environment) for key, item in merged_workloads.items()}
    findings += _undeclared_namespaces(declared)
    resolver = FlowResolver(declared, workloads, members, environment)
    flows = [
        _with_identity(flow, environment)
        for one in declared
        for written in (*one.flows, *exit_flows(one, environment))
        for flow in resolver.resolve(written)
    ]
    findings += resolver.findings
    flows, refused = with_consent(flows, declared, namespaces, resolver.unresolved)
    findings += refused
    mesh_wide, conflicts = _only_mesh_wide(declared)
    findings += conflicts
    findings += _unlike_lockdowns(declared)
    asked = [(one.gateway, one.origin.place) for item in declared for one in item.gateways]
    asked += [(gateway, origin.place) for item in declared for gateway, origin in item.traffic.gateways]
    outside = [one for item in declared for one in item.externals if one.through]
    asked += [(one.through, one.through_place or one.origin.place) for one in outside]
    findings += resolver.check_gateways(asked)
    if mesh_wide is not None:
        findings += resolver.check_gateways(zip(mesh_wide.gateways, mesh_wide.gateway_places, strict=True))
    lockdowns = [item for one in declared for item in one.gateways]
    lockdowns += exit_lockdowns(declared, environment)
    traffic, differing = united(one.traffic for one in declared)
    findings += differing
    intent = Intent(
        namespaces=namespaces,
        workloads=workloads,
        flows=tuple(sorted(set(flows), key=repr)),
        tokens=tuple(sorted((token for one in declared for token in one.tokens), key=repr)),
        externals=tuple(
            sorted(
                (item for one in declared for item in one.externals),
                key=lambda item: (item.namespace, item.name),
            )
        ),
        gateways=tuple(sorted(lockdowns, key=lambda item: item.gateway)),
        traffic=traffic,
        mesh_wide=mesh_wide,
        acceptances=tuple(item for one in declared for item in one.acceptances),
    )
    return (closed(intent, environment) if findings else intent), findings


def _with_identity(flow: Flow, environment: Environment) -> Flow:
    """Return *flow* without its plaintext exception where the scraper turns out to be in the mesh.

    A profile cannot know that; its environment does.
    """
    scraper = environment.prometheus
    if flow.plaintext and isinstance(flow.client, PrometheusPeer) and scraper is not None and scraper.in_mesh:
        return replace(flow, plaintext="")
    return flow


def _namespace(merged: Declaration) -> Namespace:
    fields = merged.fields
    return Namespace(
        name=merged.key[0],
        origin=merged.origin,
        mesh=Mesh(fields.get("mesh", Mesh.SIDECAR)),
        waypoint=_waypoint(fields.get("waypoint"), merged.key[0]),
        mtls=Mtls(fields.get("mtls", Mtls.STRICT)),
        authorization=Authorization(fields.get("authorization", Authorization.ENFORCED)),
        isolation=Isolation(fields.get("isolation", Isolation.NAMESPACE)),
        directions=tuple(sorted(fields.get("directions", ("Ingress", "Egress")), reverse=True)),
        create=fields.get("create", False),
        labels=fields.get("labels", {}),
        scrape=fields.get("scrape", True),
        registry_only=fields.get("registryOnly", False),
        encrypted=fields.get("encrypted", False),
        consent=fields.get("consent", False),
        zone=fields.get("zone", ""),
        quota=fields.get("quota", {}),
        limits=fields.get("limits", {}),
        authorization_place=merged.places.get("authorization"),
    )


def _workload(merged: Declaration, namespaces: Mapping[str, Namespace], environment: Environment) -> Workload:
    fields, (namespace, name) = merged.fields, merged.key
    home = namespaces.get(namespace)
    is_closed_here = home is not None and home.isolation is Isolation.NAMESPACE  # whoever names the workload
    directions = home.directions if home is not None else ("Ingress", "Egress")
    if home is not None and home.isolation is Isolation.WORKLOADS:
        directions = tuple(sorted(fields.get("directions", directions), reverse=True))
    mesh = _mesh(fields.get("mesh"), home, environment.mesh_namespaces.get(namespace))
    through = fields.get("waypoint", home.waypoint if home is not None else None)
    return Workload(
        namespace=namespace,
        name=name,
        labels=dict(sorted(fields.get("labels", {"app": name}).items())),
        service_accounts=tuple(sorted(fields.get("serviceAccounts", (name,)))),
        ports=tuple(_port(port) for port in sorted(fields.get("ports", ()), key=lambda port: port["number"])),
        origin=merged.origin,
        mesh=mesh,
        is_rendered=fields.get("rendered", True) or is_closed_here,
        create_accounts=fields.get("createAccounts", False),
        directions=directions,
        service=fields.get("service", name),
        waypoint=_waypoint(through, namespace) if mesh is Mesh.AMBIENT else None,
        is_enrolled=_waypoint(through, namespace) is not None,
    )


def _waypoint(written: Json, namespace: str) -> Waypoint | None:
    """Return the waypoint that is meant: one that the bundle creates, or one by its name."""
    if written is None or isinstance(written, Waypoint):
        return written
    if isinstance(written, dict):
        return Waypoint(written.get("namespace", namespace), written["name"])
    return Waypoint(namespace, CREATED_WAYPOINT, created=True) if written == "create" else None


def _mesh(own: str | None, namespace: Namespace | None, known: str | None) -> Mesh:
    """Return how a workload takes part in the mesh.

    A workload of a namespace that nobody declared and no environment knows is taken to be
    in the mesh: if it is not, its calls are refused, never let through.
    """
    if own is not None:
        return Mesh(own)
    if namespace is not None:
        return namespace.mesh
    return Mesh(known or Mesh.SIDECAR)


def _port(data: Json) -> Port:
    return Port(data["number"], data["protocol"], data.get("name", ""), data.get("end"))


def _undeclared_namespaces(declared: Sequence[Declarations]) -> list[Finding]:
    """A profile has workloads in its own namespaces alone; those of others are the far ends of its flows."""
    findings = []
    for one in declared:
        own = {item.key[0] for item in one.namespaces}
        for item in one.workloads:
            if item.fields.get("rendered", True) and item.key[0] not in own:
                message = f"the workload {item.key[1]!r} lies in the namespace {item.key[0]!r}"
                message += f", which the profile {one.origin.profile!r} does not declare"
                place = item.places.get("namespace", item.origin.place)
                findings.append(Finding("MG021", message, place, suggestion(item.key[0], own)))
    return findings


def _unlike_lockdowns(declared: Sequence[Declarations]) -> list[Finding]:
    """Two profiles that admit different sources to one gateway would together admit both."""
    found: dict[str, GatewayLockdown] = {}
    findings = []
    for one in (lockdown for item in declared for lockdown in item.gateways):
        known = found.setdefault(one.gateway, one)
        if (sorted(known.sources), known.is_routed_only) != (sorted(one.sources), one.is_routed_only):
            message = f"two profiles say what the gateway {one.gateway!r} takes, and differ"
            related = ((known.origin.place, "the other one"),)
            findings.append(Finding("MG025", message, one.origin.place, "say it in one of them", related=related))
    return findings


def _only_mesh_wide(declared: Sequence[Declarations]) -> tuple[MeshWide | None, list[Finding]]:
    found = [one.mesh_wide for one in declared if one.mesh_wide]
    if len(found) < 2:
        return (found[0] if found else None), []
    related = ((found[0].origin.place, "the other one"),)
    message = "two profiles say what holds for the whole mesh"
    return found[0], [Finding("MG025", message, found[1].origin.place, "keep one of them", related=related)]
