"""A Job that never ends, or an init container without a network, because the proxy is an ordinary container.

Why:
    Without native sidecars the proxy is a container beside the others. A Job is complete
    when all containers have ended, and the proxy never does. Init containers run before it
    starts: what they send is redirected to a proxy that is not there yet, and a server that
    is STRICT would refuse their plaintext anyway. Istio makes the proxy a native sidecar
    from 1.27 on, with Kubernetes 1.33 or later.

Bad:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio-injection: enabled}}
    ---
    apiVersion: batch/v1
    kind: CronJob
    metadata: {name: invoices, namespace: shop}
    spec:
      schedule: "0 3 * * *"
      jobTemplate:
        spec:
          template:
            metadata:
              labels: {app: invoices}
              annotations: {sidecar.istio.io/nativeSidecar: "false"}
            spec: {restartPolicy: Never, containers: [{name: invoices, image: invoices}]}

Good:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio-injection: enabled}}
    ---
    apiVersion: batch/v1
    kind: CronJob
    metadata: {name: invoices, namespace: shop}
    spec:
      schedule: "0 3 * * *"
      jobTemplate:
        spec:
          template:
            metadata:
              labels: {app: invoices}
              annotations: {sidecar.istio.io/nativeSidecar: "true"}
            spec: {restartPolicy: Never, containers: [{name: invoices, image: invoices}]}
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.core.places import Json
from generator.manifests.objects import mapping, sequence
from generator.manifests.workloads import Service, WorkloadTemplate
from generator.rules.base import Context, Rule
from generator.rules.routes import service_of
from generator.rules.servers import mode, mutual_tls, server
from generator.semantics.mtls import STRICT
from generator.semantics.proxies import PROXY, containers

RULE = Rule("MG223", "strict-job", "a Job or init container that an ordinary sidecar breaks", Severity.WARNING)

_JOBS = ("Job", "CronJob")
_ISTIO, _KUBERNETES = (1, 27), (1, 33)
"""From these on the proxy is a native sidecar by default (istio 1.27 change notes, ENABLE_NATIVE_SIDECARS)."""

_ANNOTATION = "sidecar.istio.io/nativeSidecar"
_ENDS = ("quitquitquit", "EXIT_ON_ZERO_ACTIVE_CONNECTIONS")
"""What a Job says that ends the proxy itself."""

_HOST = re.compile(r"(?<![a-z0-9.-])[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::\d+)?")

_FIX = (
    f'ask for a native sidecar ({_ANNOTATION}: "true", Kubernetes 1.29 or later), or keep the pod out of the mesh and '
    "make an exception for it at the servers"
)


def check(context: Context) -> Iterator[Finding]:
    """Yield the Jobs that wait for their proxy, then the init containers that call into the mesh."""
    for workload in context.cluster.workloads:
        waits = workload.kind in _JOBS and not any(word in repr(_template(workload)) for word in _ENDS)
        calls = list(_early_calls(context, workload)) if _has_init(workload) else []
        if not (waits or calls) or mode(context, workload) != "sidecar" or PROXY in containers(workload):
            continue
        native = _is_native(context, workload)
        if native:
            continue
        title = f"{workload.kind} {workload.namespace}/{workload.name}"
        if native is None:
            words = "completes" if waits else "gets past its init containers"
            place = workload.manifest.place(*workload.template_route, "spec")
            yield RULE.unknown(
                f"whether {title} {words}: with a sidecar that is no native one it does not",
                place,
                "istio.version and kubernetes.version",
            )
            continue
        if waits:
            message = (
                f"{title} never completes: its sidecar is an ordinary container, and goes on when the work is done"
            )
            yield RULE.finding(message, workload.manifest.place(*workload.template_route, "spec"), _FIX)
        for index, service in calls:
            message = (
                f"the init container {index} of {title} calls {service.namespace}/{service.name}, which takes mutual "
                "TLS only: the sidecar that would speak it has not started yet"
            )
            place = workload.manifest.place(*workload.template_route, "spec", "initContainers", index)
            yield RULE.finding(message, place, _FIX)


def _is_native(context: Context, workload: WorkloadTemplate) -> bool | None:
    """Tell whether the proxy is a native sidecar: as the pod asks, as istiod is told, or by the versions."""
    asked = workload.annotations.get(_ANNOTATION)
    if asked is not None:
        return asked == "true"
    told = _told(context)
    if told is not None:
        return told
    istio, kubernetes = context.environment.istio.version, context.environment.kubernetes_version
    if (istio and istio < _ISTIO) or (kubernetes and kubernetes < _KUBERNETES):
        return False
    return True if istio and kubernetes else None


def _told(context: Context) -> bool | None:
    """Return what the Deployment of istiod says, if it is shown and says anything."""
    home = context.environment.istio.control_plane
    for one in context.cluster.workloads:
        if one.namespace == home.namespace and home.labels.items() <= one.labels.items():
            for container in map(mapping, sequence(_template(one).get("containers"))):
                for variable in map(mapping, sequence(container.get("env"))):
                    if variable.get("name") == "ENABLE_NATIVE_SIDECARS" and variable.get("value") in ("true", "false"):
                        return str(variable["value"]) == "true"
    return None


def _template(workload: WorkloadTemplate) -> dict[str, Json]:
    found = workload.manifest.data
    for step in workload.template_route:
        found = mapping(found.get(str(step)))
    return mapping(found.get("spec"))


def _has_init(workload: WorkloadTemplate) -> bool:
    return bool(sequence(_template(workload).get("initContainers")))


def _early_calls(context: Context, workload: WorkloadTemplate) -> Iterator[tuple[int, Service]]:
    """Yield the init containers that name a STRICT Service of the mesh with a port or its namespace, once each."""
    for index, container in enumerate(map(mapping, sequence(_template(workload).get("initContainers")))):
        if container.get("restartPolicy") != "Always":
            words = repr([container.get(key) for key in ("command", "args", "env")])
            strict = next((one for one in _named(context, workload.namespace, words) if _is_strict(context, one)), None)
            if strict:
                yield index, strict


def _named(context: Context, namespace: str, words: str) -> Iterator[Service]:
    """Yield the Services that *words* name as hosts: NAME.NAMESPACE, or NAME:PORT of the own namespace."""
    for match in _HOST.finditer(words):
        host, _, port = match[0].partition(":")
        name, *rest = host.split(".")
        if rest or port:
            service = service_of(context, rest[0] if rest else namespace, name)
            if service:
                yield service


def _is_strict(context: Context, service: Service) -> bool:
    for workload in context.cluster.behind(service):
        one = server(context, workload)
        targets = [context.cluster.target(port, workload) for port in service.ports]
        if one.mesh in ("sidecar", "ambient") and any(
            number is not None and mutual_tls(context, one, number) == STRICT for number in targets
        ):
            return True
    return False
