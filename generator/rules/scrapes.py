"""Which ports of which shown pods Prometheus is told to scrape, and who the scrapers are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from generator.core.places import Place
from generator.manifests.monitors import MONITOR_KINDS, Monitor, ScrapeEndpoint, read_monitor
from generator.manifests.workloads import WorkloadTemplate
from generator.rules.base import Context
from generator.rules.subjects import everyone, pods_of_platform, workloads
from generator.topology import Endpoint

MERGED = 15020
ENVOY = 15090

_PREFIX = "prometheus.io/"
_MERGE = "prometheus.istio.io/merge-metrics"
_ENVOY_PORT = "http-envoy-prom"
"""The name of the sidecar's own metrics port (istio 1.30.3 injection template)."""

_SCRAPERS = ("prometheus", "vmagent", "victoria-metrics", "grafana-agent", "alloy", "otel-collector", "opentelemetry")
_OTHERS = ("node-exporter", "adapter", "pushgateway", "operator", "exporter", "alertmanager", "kube-state-metrics")


@dataclass(frozen=True, slots=True)
class Scrape:
    """One port of one pod that is scraped; ``source`` says who says so."""

    pod: Endpoint
    port: int
    source: str
    place: Place
    has_tls: bool = False


def scrapes(context: Context) -> Iterator[Scrape]:
    """Yield what annotations and monitors of the manifests announce, as far as its port is known."""
    monitors = [read_monitor(one) for one in context.of_kind(*MONITOR_KINDS)]
    for workload, pod in workloads(context):
        yield from _annotated(workload, pod)
        for monitor in monitors:
            yield from _monitored(context, monitor, workload, pod)


def scrapers(context: Context) -> list[Endpoint]:
    """Return the pods that scrape: those of the environment, and workloads that are called like a scraper."""
    known = context.environment.prometheus
    found = pods_of_platform(context, known.pods) if known else []
    shown = [one for name, one in everyone(context).items() if one not in found and "/" in name and _is_scraper(one)]
    return [*found, *shown]


def _is_scraper(pod: Endpoint) -> bool:
    names = " ".join(
        (pod.name.rpartition("/")[2], pod.labels.get("app", ""), pod.labels.get("app.kubernetes.io/name", ""))
    ).lower()
    return any(one in names for one in _SCRAPERS) and not any(one in names for one in _OTHERS)


def _annotated(workload: WorkloadTemplate, pod: Endpoint) -> Iterator[Scrape]:
    """Yield the port of the ``prometheus.io`` annotations; the injector puts 15020 in their place."""
    if workload.annotations.get(f"{_PREFIX}scrape") != "true":
        return
    port = workload.annotations.get(f"{_PREFIX}port", "")
    is_merged = pod.mesh == "sidecar" and workload.annotations.get(_MERGE) != "false"
    number = int(port) if port.isdigit() else 0
    if is_merged and number not in (MERGED, ENVOY):
        number = MERGED
    if number:
        key = "port" if port else "scrape"
        place = workload.manifest.place(*workload.template_route, "metadata", "annotations", _PREFIX + key)
        has_tls = workload.annotations.get(f"{_PREFIX}scheme") == "https"
        yield Scrape(pod, number, f"the annotation {_PREFIX}{key}", place, has_tls)


def _monitored(context: Context, monitor: Monitor, workload: WorkloadTemplate, pod: Endpoint) -> Iterator[Scrape]:
    if monitor.namespaces is not None and workload.namespace not in monitor.namespaces:
        return
    source = f"the {monitor.manifest.kind} {monitor.manifest.namespace}/{monitor.manifest.name}"
    for endpoint in monitor.endpoints:
        for number in sorted(set(_numbers(context, monitor, endpoint, workload, pod))):
            yield Scrape(pod, number, source, endpoint.place, endpoint.has_tls)


def _numbers(
    context: Context, monitor: Monitor, endpoint: ScrapeEndpoint, workload: WorkloadTemplate, pod: Endpoint
) -> Iterator[int]:
    named = {one.name: one.number for one in workload.ports if one.name}
    if pod.mesh == "sidecar":
        named.setdefault(_ENVOY_PORT, ENVOY)
    if monitor.manifest.kind == "PodMonitor":
        wanted = endpoint.target if endpoint.target is not None else endpoint.port
        if monitor.selector.matches(workload.labels):
            yield from _number(wanted, named)
        return
    for service in context.cluster.services_of(workload):
        if monitor.selector.matches(service.manifest.labels):
            if endpoint.target is not None:
                yield from _number(endpoint.target, named)
            for port in service.ports if endpoint.port else ():
                if port.name == endpoint.port:
                    yield from _number(port.target, named)


def _number(wanted: int | str, named: dict[str, int]) -> list[int]:
    if isinstance(wanted, int):
        return [wanted]
    return [named[wanted]] if wanted in named else []
