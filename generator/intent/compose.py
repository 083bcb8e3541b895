"""Many profiles become one intent: merged by rule, references resolved, conflicts named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from generator.core.findings import Finding
from generator.core.names import suggestion
from generator.core.places import Json
from generator.environment.model import Environment
from generator.intent.declarations import Declaration, Declarations
from generator.intent.merge import merge_declarations
from generator.intent.resolve import FlowResolver
from generator.model.intent import (
    Authorization,
    Intent,
    Isolation,
    Mesh,
    MeshWide,
    Mtls,
    Namespace,
    Port,
    Workload,
)


def compose(declared: Sequence[Declarations], environment: Environment) -> tuple[Intent, list[Finding]]:
    """Merge what all profiles of a run declare into one resolved intent.

    Returns:
        The intent in canonical order, and the findings MG020 (unknown workload), MG021
        (unknown namespace), MG023 (unknown gateway), MG024 (port), MG025 (conflict).
        With findings the intent lacks what they speak of.
    """
    findings: list[Finding] = []
    merged_namespaces, conflicts = merge_declarations(
        [item for one in declared for item in one.namespaces], "namespace"
    )
    findings += conflicts
    merged_workloads, conflicts = merge_declarations([item for one in declared for item in one.workloads], "workload")
    findings += conflicts
    namespaces = {key[0]: _namespace(item) for key, item in merged_namespaces.items()}
    workloads = {key: _workload(item, namespaces, environment) for key, item in merged_workloads.items()}
    findings += _undeclared_namespaces(merged_workloads.values(), namespaces)
    resolver = FlowResolver(declared, workloads, environment)
    flows = [flow for one in declared for written in one.flows if (flow := resolver.resolve(written))]
    findings += resolver.findings
    mesh_wide, conflicts = _only_mesh_wide(declared)
    findings += conflicts
    findings += resolver.check_gateways((one.gateway, one.origin.place) for item in declared for one in item.gateways)
    if mesh_wide is not None:
        findings += resolver.check_gateways((name, mesh_wide.origin.place) for name in mesh_wide.gateways)
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
        gateways=tuple(sorted((item for one in declared for item in one.gateways), key=lambda item: item.gateway)),
        mesh_wide=mesh_wide,
        acceptances=tuple(item for one in declared for item in one.acceptances),
    )
    return intent, findings


def _namespace(merged: Declaration) -> Namespace:
    fields = merged.fields
    return Namespace(
        name=merged.key[0],
        origin=merged.origin,
        mesh=Mesh(fields.get("mesh", Mesh.SIDECAR)),
        mtls=Mtls(fields.get("mtls", Mtls.STRICT)),
        authorization=Authorization(fields.get("authorization", Authorization.ENFORCED)),
        isolation=Isolation(fields.get("isolation", Isolation.NAMESPACE)),
        directions=tuple(sorted(fields.get("directions", ("Ingress", "Egress")), reverse=True)),
        create=fields.get("create", False),
        labels=fields.get("labels", {}),
        scrape=fields.get("scrape", True),
        registry_only=fields.get("registryOnly", False),
        quota=fields.get("quota", {}),
        limits=fields.get("limits", {}),
    )


def _workload(merged: Declaration, namespaces: Mapping[str, Namespace], environment: Environment) -> Workload:
    fields, (namespace, name) = merged.fields, merged.key
    return Workload(
        namespace=namespace,
        name=name,
        labels=dict(sorted(fields.get("labels", {"app": name}).items())),
        service_accounts=tuple(sorted(fields.get("serviceAccounts", (name,)))),
        ports=tuple(_port(port) for port in sorted(fields.get("ports", ()), key=lambda port: port["number"])),
        origin=merged.origin,
        mesh=_mesh(fields.get("mesh"), namespaces.get(namespace), environment.mesh_namespaces.get(namespace)),
        is_rendered=fields.get("rendered", True),
        create_accounts=fields.get("createAccounts", False),
    )


def _mesh(own: str | None, namespace: Namespace | None, known: str | None) -> Mesh:
    """Return how a workload takes part in the mesh.

    A workload of a namespace that nobody declared and no environment knows is taken to be
    in the mesh: if it is not, its calls are refused, never let through.
    """
    if own is not None:
        return Mesh(own)
    if namespace is not None:
        return namespace.mesh
    return Mesh.NONE if known == Mesh.NONE else Mesh.SIDECAR


def _port(data: Json) -> Port:
    return Port(data["number"], data["protocol"], data.get("name", ""), data.get("end"))


def _undeclared_namespaces(workloads: Iterable[Declaration], namespaces: Mapping[str, Namespace]) -> list[Finding]:
    return [
        Finding(
            "MG021",
            f"the workload {item.key[1]!r} lies in the namespace {item.key[0]!r}, which no profile here declares",
            item.places.get("namespace", item.origin.place),
            suggestion(item.key[0], namespaces),
        )
        for item in workloads
        if item.fields.get("rendered", True) and item.key[0] not in namespaces
    ]


def _only_mesh_wide(declared: Sequence[Declarations]) -> tuple[MeshWide | None, list[Finding]]:
    found = [one.mesh_wide for one in declared if one.mesh_wide]
    if len(found) < 2:
        return (found[0] if found else None), []
    related = ((found[0].origin.place, "the other one"),)
    message = "two profiles say what holds for the whole mesh"
    return found[0], [Finding("MG025", message, found[1].origin.place, "keep one of them", related=related)]
