"""Clients told apart by their address: only where a gateway sees the client's own, and nobody can forge it."""

from __future__ import annotations

from collections.abc import Iterator

from generator.algebra.addresses import as_network, is_inside
from generator.core.findings import Finding
from generator.environment.model import Environment, LoadBalancer
from generator.model.intent import Intent
from generator.model.traffic import AddressGuard


def check_guards(intent: Intent, environment: Environment) -> list[Finding]:
    """Return where clients cannot be told apart by address (MG028), or nobody knows whether they can (MG029)."""
    return [finding for guard in intent.traffic.guards for finding in _check(guard, environment)]


def _check(guard: AddressGuard, environment: Environment) -> Iterator[Finding]:
    place, balancer = guard.origin.place, environment.load_balancer
    if unknown := _unknown(balancer):
        message = f"the environment {environment.name!r} does not say loadBalancer.{unknown}: "
        message += "it decides whether the gateway sees the client's own address"
        fix = f"write loadBalancer.{unknown} into an environment file of your own (`meshgen env --help`)"
        yield Finding("MG029", message, place, fix)
    elif _is_hidden(balancer):
        message = f"clients cannot be told apart at the gateway {guard.gateway!r}: with externalTrafficPolicy "
        message += f"{balancer.external_traffic_policy} the node's address stands in place of theirs"
        fix = "set externalTrafficPolicy: Local on the gateway's Service and in the environment, or let the load "
        yield Finding("MG028", message, place, fix + "balancer speak the PROXY protocol")
    ranges = {"pods": environment.addresses.pods, "Services": environment.addresses.services}
    for cidr in (*guard.allowed, *guard.denied):
        for what, known in ranges.items():
            if any(is_inside(as_network(cidr), as_network(one)) for one in known or ()):
                message = f"{cidr} is a range of the cluster's {what}: no client comes from there through the gateway"
                fix = "callers inside the cluster are named by their workload: write a flow"
                yield Finding("MG028", message, place, fix)


def _unknown(balancer: LoadBalancer) -> str:
    """Return the fact that has to be known first; empty when enough is known."""
    if balancer.proxy_protocol:
        return ""
    if balancer.trusted_proxies is None:
        return "trustedProxies"
    if balancer.trusted_proxies:
        return ""
    if balancer.proxy_protocol is None:
        return "proxyProtocol"
    return "" if balancer.external_traffic_policy else "externalTrafficPolicy"


def _is_hidden(balancer: LoadBalancer) -> bool:
    is_told = balancer.proxy_protocol or balancer.trusted_proxies
    return not is_told and balancer.external_traffic_policy != "Local"
