"""Where the API server's calls arrive: the pods and ports behind webhooks and aggregated APIs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from generator.manifests.webhooks import WEBHOOK_KINDS, Webhook, webhooks
from generator.manifests.workloads import Service
from generator.rules.base import Context
from generator.rules.roster import roster
from generator.topology import Endpoint, Point


@dataclass(frozen=True, slots=True)
class Backend:
    """Pods that the API server calls, at the port of the pods. ``is_host_network``: no policy applies to them.

    Pods that are not shown have the labels that their Service asks for, and others that nobody knows.
    """

    webhook: Webhook
    pods: Endpoint
    point: Point
    is_shown: bool
    is_host_network: bool


def backends(context: Context) -> Iterator[Backend]:
    """Yield what is behind every webhook whose Service is shown; without its pods, what the Service says of them."""
    services = {(one.namespace, one.name): one for one in context.cluster.services}
    for webhook in webhooks(context.of_kind(*WEBHOOK_KINDS)):
        service = services.get((webhook.namespace, webhook.service))
        if service is not None and service.selector:
            yield from _behind(context, webhook, service)


def _behind(context: Context, webhook: Webhook, service: Service) -> Iterator[Backend]:
    cluster = context.cluster
    port = next((one for one in service.ports if one.number == webhook.port), None)
    if port is None:
        return
    found = [one for one in roster(context).of(service.namespace) if service.selector.items() <= one.labels.items()]
    for workload in found:
        number = cluster.target(port, workload)
        if number is not None:
            pods = next(one for one in cluster.endpoints if one.name == cluster.title(workload))
            yield Backend(webhook, pods, Point("TCP", number), is_shown=True, is_host_network=workload.is_host_network)
    if not found and isinstance(port.target, int):
        name = f"the pods of {service.namespace}/{service.name}"
        labels = cluster.namespace_labels(service.namespace)
        pods = Endpoint(name, service.namespace, dict(service.selector), labels)
        yield Backend(webhook, pods, Point("TCP", port.target), is_shown=False, is_host_network=False)
