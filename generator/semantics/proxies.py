"""Which workloads are proxies of their own: gateways, and pods with a sidecar written into them by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from generator.environment.model import Environment
from generator.manifests.objects import mapping, sequence
from generator.manifests.workloads import WorkloadTemplate

PROXY = "istio-proxy"
_GATEWAY_NAME = frozenset({"gateway.networking.k8s.io/gateway-name", "istio.io/gateway-name"})
_NO_GATEWAYS = frozenset({"pilot", "istiod", "ztunnel", "cni"})
"""Values of the label ``istio`` that the control plane's own charts use; every other value is a gateway's."""


def containers(workload: WorkloadTemplate) -> list[str]:
    """Return the names of the containers of *workload*."""
    template = workload.manifest.data
    for step in workload.template_route:
        template = mapping(template.get(str(step)))
    spec = mapping(template.get("spec"))
    return [
        str(mapping(one).get("name") or "")
        for key in ("containers", "initContainers")
        for one in sequence(spec.get(key))
    ]


def is_gateway(workload: WorkloadTemplate, environment: Environment, selectors: Iterable[Mapping[str, str]]) -> bool:
    """Tell whether *workload* is a proxy that serves clients outside the mesh; *selectors* are those of Gateways."""
    if "gateway" in workload.annotations.get("inject.istio.io/templates", "") or containers(workload) == [PROXY]:
        return True
    if is_gateway_selector(environment, workload.namespace, workload.labels):
        return True
    return any(selector and selector.items() <= workload.labels.items() for selector in selectors)


def is_gateway_selector(environment: Environment, namespace: str, labels: Mapping[str, str]) -> bool:
    """Tell whether pods with *labels* are a gateway's, as installers label them or the environment says."""
    if labels.keys() & _GATEWAY_NAME or labels.get("istio", "pilot") not in _NO_GATEWAYS:
        return True
    if labels.get("app", "").startswith(("istio-ingress", "istio-egress", "istio-eastwest")):
        return True
    known = (environment.gateways or {}).values()
    is_mesh_wide = not labels and namespace == environment.istio.root_namespace
    near = [] if is_mesh_wide else [one.pods for one in known if one.pods.namespace == namespace]
    return any(labels.items() <= pods.labels.items() or pods.labels.items() <= labels.items() for pods in near)
