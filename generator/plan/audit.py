"""A scheduled audit in the cluster: what it runs, and the least that it must be allowed to read."""

from __future__ import annotations

from generator.model.intent import Intent
from generator.model.traffic import Audit
from generator.plan.resources import Layer, Resource
from generator.plan.views.kubernetes import AuditView, ClusterRoleBindingView, ClusterRoleView

_READ: dict[str, tuple[str, ...]] = {
    "": ("namespaces", "pods", "serviceaccounts", "services"),
    "apps": ("daemonsets", "deployments", "statefulsets"),
    "networking.k8s.io": ("networkpolicies",),
    "networking.istio.io": (
        "destinationrules",
        "envoyfilters",
        "gateways",
        "serviceentries",
        "sidecars",
        "virtualservices",
    ),
    "security.istio.io": ("authorizationpolicies", "peerauthentications", "requestauthentications"),
    "telemetry.istio.io": ("telemetries",),
}
"""What the rules look at, by API group; no Secrets. Where one of these cannot be listed, the job fails."""

_READ_IF_INSTALLED: dict[str, tuple[str, ...]] = {
    "gateway.networking.k8s.io": (
        *("gateways", "grpcroutes", "httproutes", "referencegrants", "tcproutes", "tlsroutes"),
    ),
}
"""The same of what a cluster with Istio may do without: the API server knows which of these it has."""


def plan_audits(intent: Intent) -> list[Resource]:
    """Return the job of each audit, and the role that lets it list what it reads and nothing else."""
    return [one for audit in intent.traffic.audits for one in _objects(audit)]


def _kinds(read: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(f"{name}.{group}".rstrip(".") for group, names in read.items() for name in names)


def _objects(audit: Audit) -> list[Resource]:
    job = AuditView(audit.schedule, audit.image, audit.name, _kinds(_READ), _kinds(_READ_IF_INSTALLED), audit.fail_on)
    full_name = f"{audit.namespace}-{audit.name}"
    role = ClusterRoleView((*_READ.items(), *_READ_IF_INSTALLED.items()), ("list",))
    binding = ClusterRoleBindingView(full_name, audit.namespace, audit.name)
    rbac = "rbac.authorization.k8s.io/v1"
    job_purpose = f"{audit.name}: lists the policies of the cluster and checks them; the job fails with findings."
    role_purpose = f"{audit.name}: what the audit may list. It may change nothing, and read no Secret."
    origins, layer = (audit.origin,), Layer.NAMESPACE
    return [
        Resource("ClusterRole", rbac, full_name, audit.namespace, layer, role, role_purpose, origins),
        Resource("ClusterRoleBinding", rbac, full_name, audit.namespace, layer, binding, role_purpose, origins),
        Resource("CronJob", "batch/v1", audit.name, audit.namespace, layer, job, job_purpose, origins),
    ]
