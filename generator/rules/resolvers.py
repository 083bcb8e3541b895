"""The cluster's resolvers: which pods they are, and on which ports of the pods they answer."""

from __future__ import annotations

from generator.manifests.workloads import WorkloadTemplate
from generator.rules.base import Context
from generator.rules.roster import roster
from generator.rules.subjects import pods_of_platform
from generator.topology import Endpoint

DNS = 53
"""The port of the resolvers' Service, which every client dials."""


def resolvers(context: Context) -> list[Endpoint]:
    """Return the resolvers' pods, as manifests show them or as the environment describes them."""
    return pods_of_platform(context, context.environment.dns.pods)


def dns_ports(context: Context) -> tuple[int, ...]:
    """Return the ports that the resolvers' pods listen on: as their manifests say, else as the environment does."""
    pods = context.environment.dns.pods
    shown = [one for one in roster(context).of(pods.namespace) if pods.labels.items() <= one.labels.items()]
    found = [number for one in shown for number in _of_service(context, one) or _of_containers(one)]
    return tuple(dict.fromkeys(found)) or context.environment.dns.ports


def _of_service(context: Context, workload: WorkloadTemplate) -> list[int]:
    targets = [
        context.cluster.target(port, workload)
        for service in context.cluster.services_of(workload)
        for port in service.ports
        if port.number == DNS
    ]
    return [one for one in targets if one is not None]


def _of_containers(workload: WorkloadTemplate) -> list[int]:
    return [port.number for port in workload.ports if port.transport == "UDP"]
