"""Objects about a namespace as a whole: itself, its ServiceAccounts, quota and limits."""

from __future__ import annotations

from collections.abc import Iterator

from generator.environment.model import Environment
from generator.model.intent import Intent
from generator.model.terms import Mesh
from generator.model.workloads import Namespace
from generator.plan.resources import Layer, Resource
from generator.plan.views.kubernetes import LimitRangeView, QuotaView
from generator.plan.waypoints import mesh_labels

# Removing a policy is one thing, removing a namespace with everything in it another: the
# two GitOps controllers that prune are told to leave it alone.
_KEEP = {
    "argocd.argoproj.io/sync-options": "Prune=false",
    "kustomize.toolkit.fluxcd.io/prune": "disabled",
}


def plan_namespaces(intent: Intent, environment: Environment) -> list[Resource]:
    """Return the Namespace, ServiceAccount, ResourceQuota and LimitRange objects that profiles ask for."""
    resources: list[Resource] = []
    for namespace in intent.namespaces.values():
        resources += _for_namespace(intent, namespace, environment)
    for workload in intent.workloads.values():
        if workload.create_accounts and workload.is_rendered:
            for account in workload.service_accounts:
                purpose = f"{workload.name}: the identity of its pods; set it as their serviceAccountName."
                resources.append(
                    Resource(
                        "ServiceAccount",
                        "v1",
                        account,
                        workload.namespace,
                        Layer.NAMESPACE,
                        None,
                        purpose,
                        (workload.origin,),
                    )
                )
    return list({(one.kind, one.namespace, one.name): one for one in resources}.values())


def _for_namespace(intent: Intent, namespace: Namespace, environment: Environment) -> Iterator[Resource]:
    origins = (namespace.origin,)
    if namespace.create:
        is_ambient = namespace.mesh is Mesh.AMBIENT
        joining = mesh_labels(intent, namespace) if is_ambient else _injection(namespace, environment)
        labels = {**namespace.labels, **joining}
        words = "how its pods take part in the mesh" if is_ambient else "whether pods created in it get a sidecar"
        purpose = f"The namespace, and {words}."
        yield Resource(
            "Namespace", "v1", namespace.name, namespace.name, Layer.NAMESPACE, None, purpose, origins, labels, _KEEP
        )
    if namespace.quota:
        purpose = "How much this namespace may use at most."
        view = QuotaView(dict(sorted(namespace.quota.items())))
        yield Resource("ResourceQuota", "v1", "default", namespace.name, Layer.NAMESPACE, view, purpose, origins)
    if namespace.limits:
        purpose = "What a container of this namespace gets when it asks for nothing."
        limits = LimitRangeView(dict(sorted(namespace.limits.items())))
        yield Resource("LimitRange", "v1", "default", namespace.name, Layer.NAMESPACE, limits, purpose, origins)


def _injection(namespace: Namespace, environment: Environment) -> dict[str, str]:
    """Return the one injection label; with both, `istio-injection` wins and the revision is ignored."""
    if namespace.mesh is Mesh.NONE:
        return {"istio-injection": "disabled"}
    if environment.istio.revision == "default":
        return {"istio-injection": "enabled"}
    return {"istio.io/rev": environment.istio.revision}
