"""An apiVersion or kind that clusters no longer serve, or that has a stable successor.

Why:
    An object of a version that is gone is refused, and the policy that was meant to protect
    something never exists. Beta versions of Istio's kinds are still served and mean the same
    as v1; they are told as information.

Bad:
    apiVersion: extensions/v1beta1
    kind: NetworkPolicy
    metadata: {name: deny-all, namespace: shop}
    spec: {podSelector: {}, policyTypes: [Ingress]}

Good:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: deny-all, namespace: shop}
    spec: {podSelector: {}, policyTypes: [Ingress]}
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from generator.core.findings import Finding, Severity
from generator.manifests.objects import Manifest
from generator.rules.base import Context, Rule

RULE = Rule("MG511", "api-version", "an apiVersion that is gone or old", Severity.ERROR)


@dataclass(frozen=True, slots=True)
class _Gone:
    """A group and version, of all kinds or of some, that is not served from a release on."""

    version: str
    kinds: frozenset[str]
    since: tuple[int, ...]
    successor: str
    is_istio: bool = False


def _gone(version: str, kinds: str, since: tuple[int, ...], successor: str, *, is_istio: bool = False) -> _Gone:
    return _Gone(version, frozenset(kinds.split()), since, successor, is_istio)


_WEBHOOKS = "ValidatingWebhookConfiguration MutatingWebhookConfiguration"
_GONE = (
    _gone("extensions/v1beta1", "NetworkPolicy", (1, 16), "networking.k8s.io/v1"),
    _gone("extensions/v1beta1", "Deployment DaemonSet ReplicaSet", (1, 16), "apps/v1"),
    _gone("apps/v1beta1", "", (1, 16), "apps/v1"),
    _gone("apps/v1beta2", "", (1, 16), "apps/v1"),
    _gone("extensions/v1beta1", "Ingress", (1, 22), "networking.k8s.io/v1"),
    _gone("networking.k8s.io/v1beta1", "Ingress IngressClass", (1, 22), "networking.k8s.io/v1"),
    _gone("admissionregistration.k8s.io/v1beta1", _WEBHOOKS, (1, 22), "admissionregistration.k8s.io/v1"),
    _gone("apiextensions.k8s.io/v1beta1", "", (1, 22), "apiextensions.k8s.io/v1"),
    _gone("apiregistration.k8s.io/v1beta1", "", (1, 22), "apiregistration.k8s.io/v1"),
    _gone("rbac.authorization.k8s.io/v1beta1", "", (1, 22), "rbac.authorization.k8s.io/v1"),
    _gone("batch/v1beta1", "CronJob", (1, 25), "batch/v1"),
    _gone("discovery.k8s.io/v1beta1", "EndpointSlice", (1, 25), "discovery.k8s.io/v1"),
    _gone("policy/v1beta1", "PodDisruptionBudget", (1, 25), "policy/v1"),
    _gone("policy/v1beta1", "PodSecurityPolicy", (1, 25), "the labels of Pod Security Admission"),
    _gone("autoscaling/v2beta1", "", (1, 25), "autoscaling/v2"),
    _gone("autoscaling/v2beta2", "", (1, 26), "autoscaling/v2"),
    _gone("authentication.istio.io/v1alpha1", "", (1, 6), "PeerAuthentication, RequestAuthentication", is_istio=True),
    _gone("rbac.istio.io/v1alpha1", "", (1, 6), "AuthorizationPolicy of security.istio.io/v1", is_istio=True),
    _gone("config.istio.io/v1alpha2", "", (1, 8), "telemetry.istio.io/v1 and EnvoyFilter", is_istio=True),
)  # fmt: skip
"""Kubernetes: its deprecation guide. Istio: release notes of 1.6 and 1.8. Without kinds: every kind."""

_OLD = {
    **{
        ("security.istio.io/v1beta1", kind): "security.istio.io/v1"
        for kind in ("AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication")
    },
    **{
        (f"networking.istio.io/{version}", kind): "networking.istio.io/v1"
        for version in ("v1beta1", "v1alpha3")
        for kind in (
            *("DestinationRule", "Gateway", "ServiceEntry", "Sidecar", "VirtualService"),
            *("WorkloadEntry", "WorkloadGroup"),
        )
    },
    ("telemetry.istio.io/v1alpha1", "Telemetry"): "telemetry.istio.io/v1",
    **{
        ("policy.networking.k8s.io/v1alpha1", kind): "policy.networking.k8s.io/v1alpha2 (ClusterNetworkPolicy)"
        for kind in ("AdminNetworkPolicy", "BaselineAdminNetworkPolicy")
    },
}
"""Still served, at least by some: istio 1.30.3 crd-all.gen.yaml; network-policy-api v0.2.0 replaced its two kinds."""

_V1_SINCE = {"security.istio.io/v1": (1, 22), "networking.istio.io/v1": (1, 22), "telemetry.istio.io/v1": (1, 22)}


def check(context: Context) -> Iterator[Finding]:
    """Yield objects whose version is not served; old ones that are, and files of `istioctl install`, as notes."""
    in_file = Counter(one.document.file for one in context.manifests)
    for manifest in context.manifests:
        if (manifest.kind, manifest.group) == ("IstioOperator", "install.istio.io"):
            yield _operator(manifest, is_alone=in_file[manifest.document.file] == 1)
        elif gone := next((one for one in _GONE if _is(manifest, one)), None):
            if _is_over(context, gone):
                yield _of_gone(manifest, gone)
        elif successor := _OLD.get((manifest.api_version, manifest.kind)):
            istio = context.environment.istio.version
            if istio is None or istio >= _V1_SINCE.get(successor, (0,)):
                message = f"{_title(manifest)}: {manifest.api_version} is an old version, which is still served"
                place = manifest.place("apiVersion")
                yield RULE.finding(message, place, f"write {successor}", severity=Severity.INFO)


def _is(manifest: Manifest, gone: _Gone) -> bool:
    return manifest.api_version == gone.version and (not gone.kinds or manifest.kind in gone.kinds)


def _is_over(context: Context, gone: _Gone) -> bool:
    """Tell whether the cluster is past the version's end; one of which nobody says its release is current."""
    known = context.environment.istio.version if gone.is_istio else context.environment.kubernetes_version
    return known is None or known >= gone.since


def _of_gone(manifest: Manifest, gone: _Gone) -> Finding:
    product = "Istio" if gone.is_istio else "Kubernetes"
    since = ".".join(map(str, gone.since))
    message = f"{_title(manifest)}: {product} does not serve {manifest.api_version} since {since}; it is refused"
    return RULE.finding(message, manifest.place("apiVersion"), f"write {gone.successor}")


def _operator(manifest: Manifest, *, is_alone: bool) -> Finding:
    """A file of its own is the input of `istioctl install -f`; beside other objects it is meant for a cluster."""
    message = (
        f"{_title(manifest)}: no cluster serves this kind since Istio 1.24 removed its operator; only "
        "`istioctl install -f` reads it"
    )
    fix = "keep it in a file of its own for istioctl, or install Istio with Helm"
    severity = Severity.INFO if is_alone else Severity.WARNING
    return RULE.finding(message, manifest.place("apiVersion"), fix, severity=severity)


def _title(manifest: Manifest) -> str:
    return f"{manifest.kind} {manifest.name}"
