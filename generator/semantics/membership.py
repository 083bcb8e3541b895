"""Whether a pod is in the mesh: the injection webhooks' truth table, and the ambient labels.

Source: istio 1.30.3 manifests/charts/istio-control/istio-discovery/templates/mutatingwebhook.yaml,
pkg/kube/inject/inject.go; labels of istio api label/labels.yaml.
"""

from __future__ import annotations

from collections.abc import Mapping

INJECT = "sidecar.istio.io/inject"
INJECTION = "istio-injection"
REVISION = "istio.io/rev"
DATAPLANE = "istio.io/dataplane-mode"
SYSTEM_NAMESPACES = frozenset({"kube-system", "kube-public", "kube-node-lease", "local-path-storage"})


def mesh_mode(
    namespace: str,
    namespace_labels: Mapping[str, str] | None,
    pod_labels: Mapping[str, str],
    pod_annotations: Mapping[str, str],
    is_host_network: bool,
) -> str | None:
    """Return ``sidecar``, ``ambient`` or ``none``; None when the namespace's labels are not known and would decide.

    An annotation can veto injection and never triggers it.
    """
    if is_host_network or namespace in SYSTEM_NAMESPACES:
        return "none"
    has_sidecar = is_injected(namespace_labels, pod_labels, pod_annotations)
    if has_sidecar:
        return "sidecar"
    ambient = pod_labels.get(DATAPLANE) or (namespace_labels or {}).get(DATAPLANE)
    if ambient == "ambient":
        return "ambient"
    return None if has_sidecar is None or (namespace_labels is None and DATAPLANE not in pod_labels) else "none"


def is_injected(
    namespace_labels: Mapping[str, str] | None, pod_labels: Mapping[str, str], pod_annotations: Mapping[str, str]
) -> bool | None:
    """Tell whether the pod gets a sidecar; None when the namespace's labels would decide and are unknown."""
    wish = pod_labels.get(INJECT)
    if wish == "false" or (wish is None and pod_annotations.get(INJECT) == "false"):
        return False
    if namespace_labels is None:
        return None
    injection = namespace_labels.get(INJECTION)
    if injection is not None:
        return injection == "enabled"
    if REVISION in namespace_labels or REVISION in pod_labels:
        return True
    return wish == "true"
