"""An injection label or annotation that has no effect where it stands.

Why:
    Only labels call the injector: `istio-injection` on the Namespace, and
    `sidecar.istio.io/inject` or `istio.io/rev` on the pod template. An annotation never
    triggers it, labels of the Deployment are not the pod's, and a namespace's
    `istio-injection` beats every `istio.io/rev`. The pod starts without a proxy, and
    everything that relies on the mesh silently does not hold.

Bad:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata:
          labels: {app: web}
          annotations: {sidecar.istio.io/inject: "true"}
        spec: {containers: [{name: web, image: web}]}

Good:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata:
          labels: {app: web, sidecar.istio.io/inject: "true"}
        spec: {containers: [{name: web, image: web}]}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from generator.core.findings import Finding, Severity
from generator.manifests.objects import Manifest
from generator.manifests.workloads import WorkloadTemplate
from generator.rules.base import Context, Rule
from generator.rules.servers import mode
from generator.semantics.membership import INJECT, INJECTION, REVISION, SYSTEM_NAMESPACES, is_injected

RULE = Rule("MG226", "inject-noop", "an injection label without effect", Severity.ERROR)

_ON_POD = 'put the label `sidecar.istio.io/inject: "true"` on the pod template'
_ON_NAMESPACE = "label the Namespace `istio-injection: enabled`, or `istio.io/rev: REVISION`, not both"


def check(context: Context) -> Iterator[Finding]:
    """Yield what was meant to inject, or not to, and changes nothing."""
    for namespace in context.of_kind("Namespace"):
        yield from _of_namespace(namespace)
    for workload in context.cluster.workloads:
        yield from _of_workload(context, workload)


def _of_namespace(one: Manifest) -> Iterator[Finding]:
    labels, title = one.labels, f"the Namespace {one.name}"
    injection = labels.get(INJECTION)
    if injection is not None and injection not in ("enabled", "disabled"):
        message = f"{title} has {INJECTION}: {injection!r}; only `enabled` injects"
        yield RULE.finding(message, one.place("metadata", "labels", INJECTION), "write `enabled`")
    if injection is not None and REVISION in labels:
        message = f"{title} has both {INJECTION} and {REVISION}: the revision is ignored"
        yield RULE.finding(message, one.place("metadata", "labels", REVISION), _ON_NAMESPACE)
    if INJECT in labels and injection is None and REVISION not in labels:
        message = f"{title} has the label {INJECT}, which only counts on pods"
        yield RULE.finding(message, one.place("metadata", "labels", INJECT), _ON_NAMESPACE)
    for key in (INJECTION, REVISION):
        if key in one.annotations and key not in labels:
            message = f"{title} has {key} as an annotation; the injector looks at labels only"
            yield RULE.finding(message, one.place("metadata", "annotations", key), _ON_NAMESPACE)


def _of_workload(context: Context, one: WorkloadTemplate) -> Iterator[Finding]:
    labels = _namespace_labels(context, one.namespace)
    title = f"{one.kind} {one.namespace}/{one.name}"
    has_sidecar = is_injected(labels, one.labels, one.annotations)
    if one.is_host_network or one.namespace in SYSTEM_NAMESPACES:
        has_sidecar = False
    if mode(context, one) == "sidecar" and has_sidecar is False:
        return  # its proxy is written into the pod
    yield from _labels_of_pod(one, title, labels, has_sidecar)
    yield from _annotation_of_pod(one, title, has_sidecar)
    if one.kind != "Pod":
        yield from _labels_of_object(one, title, has_sidecar)


def _namespace_labels(context: Context, namespace: str) -> Mapping[str, str] | None:
    """Return the labels that the injector would see; None when nobody knows them."""
    shown = context.cluster.namespaces.get(namespace)
    stated = context.environment.mesh_namespaces.get(namespace)
    if shown is None and stated is not None:
        return {INJECTION: "enabled"} if stated == "sidecar" else {}
    return shown


def _labels_of_pod(
    one: WorkloadTemplate, title: str, namespace: Mapping[str, str] | None, has_sidecar: bool | None
) -> Iterator[Finding]:
    route = (*one.template_route, "metadata", "labels")
    if has_sidecar is False and one.labels.get(INJECT) != "false":
        why = "the pod runs on the host's network" if one.is_host_network else f"injection is off in {one.namespace}"
        for key in (INJECT, REVISION):
            if key in one.labels:
                message = f"{title} has the label {key}: {one.labels[key]!r} without effect: {why}"
                yield RULE.finding(message, one.manifest.place(*route, key), _ON_NAMESPACE)
    if has_sidecar and REVISION in one.labels and (namespace or {}).get(INJECTION) == "enabled":
        message = f"{title} asks for the revision {one.labels[REVISION]!r}, but {INJECTION} of its namespace decides"
        fix = f"label the Namespace with {REVISION} in place of {INJECTION}"
        yield RULE.finding(message, one.manifest.place(*route, REVISION), fix)
    if has_sidecar is False and INJECTION in one.labels:
        message = f"{title} has {INJECTION} on its pods, where it means nothing: it is a Namespace's label"
        yield RULE.finding(message, one.manifest.place(*route, INJECTION), _ON_POD)


def _annotation_of_pod(one: WorkloadTemplate, title: str, has_sidecar: bool | None) -> Iterator[Finding]:
    wish = one.annotations.get(INJECT)
    if wish is None:
        return
    place = one.manifest.place(*one.template_route, "metadata", "annotations", INJECT)
    if wish == "true" and has_sidecar is False and INJECT not in one.labels:
        message = f"{title} asks for a sidecar with an annotation, which never triggers injection: it gets none"
        yield RULE.finding(message, place, _ON_POD)
    elif wish == "true" and has_sidecar is None:
        what = f"whether {title} gets a sidecar: its annotation does not trigger injection"
        yield RULE.unknown(what, place, f"the labels of the Namespace {one.namespace}")
    elif wish == "false" and has_sidecar and one.labels.get(INJECT) == "true":
        message = f"{title} has {INJECT} as label `true` and as annotation `false`: the label wins"
        yield RULE.finding(message, place, "remove the annotation")


def _labels_of_object(one: WorkloadTemplate, title: str, has_sidecar: bool | None) -> Iterator[Finding]:
    """Labels and annotations of the object itself do not reach its pods."""
    for field, values in (("labels", one.manifest.labels), ("annotations", one.manifest.annotations)):
        wish = values.get(INJECT)
        is_without = INJECT not in one.labels and INJECT not in one.annotations
        if is_without and has_sidecar is not None and wish in ("true", "false") and (wish == "true") != has_sidecar:
            message = f"{title} has {INJECT}: {wish!r} in its own {field}, not in those of its pods"
            fix = f'put the label `{INJECT}: "{wish}"` on the pod template'
            yield RULE.finding(message, one.manifest.place("metadata", field, INJECT), fix)
