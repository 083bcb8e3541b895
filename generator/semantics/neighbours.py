"""Callers in other clusters of the mesh, as they arrive in this one.

On another network they come through this cluster's east-west gateways, whose pods are all
that a NetworkPolicy sees; their mutual TLS passes unopened, so proxies see who they are
(istio 1.30.3 samples/multicluster/expose-services.yaml). On a shared network they come from
addresses of their own. Who they are is a namespace and a ServiceAccount: the mesh takes
these for one caller in all of its clusters.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import replace

from generator.environment.model import Environment, OtherCluster
from generator.semantics.strangers import ELSEWHERE, first_of
from generator.topology import SIDECAR, Endpoint

_EAST_WEST = "east-west"
NOBODY = "unknown"
"""Stands for the cluster of whoever reaches a gateway from anywhere, without a certificate of the mesh."""
UNKNOWN_IDENTITY = "an unknown identity"
"""Somebody of a namespace that nobody names."""
_STRANGER = "stranger"
Account = tuple[str, str]
"""Namespace and ServiceAccount."""


def neighbours(
    environment: Environment, accounts: Iterable[Account], namespaces: Iterable[str] = ()
) -> Iterator[Endpoint]:
    """Yield every way in from other clusters with everybody who may take it.

    That is who has one of *accounts*, who has another of the same *namespaces*, and an unknown
    identity. Proxies refuse certificates of a trust domain that this cluster does not accept:
    to them their holders have none.
    """
    if not environment.clusters:
        return
    known = dict.fromkeys(sorted(set(accounts)))
    homes = dict.fromkeys(sorted({*namespaces, *(namespace for namespace, _ in known)} - {ELSEWHERE}))
    everybody = [(f"{namespace}/{account}", namespace, account) for namespace, account in known]
    everybody += [(f"another identity of {namespace}", namespace, _STRANGER) for namespace in homes]
    everybody.append((UNKNOWN_IDENTITY, ELSEWHERE, _STRANGER))
    doors = list(_doors(environment))
    for door in doors:
        yield replace(door, name=f"somebody without an identity, through {door.name}", cluster=NOBODY)
    for cluster in environment.clusters.values():
        is_trusted = _is_trusted(cluster, environment)
        for way in _ways(cluster, environment, doors):
            for who, namespace, account in everybody:
                name = f"the cluster {cluster.name}: {who}, {way.name}"
                one = replace(way, name=name, cluster=cluster.name)
                yield replace(one, account=account, home=namespace, mesh=SIDECAR) if is_trusted else one


def address_name(address: str, environment: Environment) -> str:
    """Return what *address* is called: of another cluster's pods or east-west gateway, by that cluster."""
    where = ipaddress.ip_address(address)
    for cluster in (environment.clusters or {}).values():
        doors = cluster.door.addresses if cluster.door else ()
        for what, ranges in (("the east-west gateway", doors), ("pods", cluster.pods or ())):
            if any(where in ipaddress.ip_network(one) for one in ranges):
                return f"{what} of the cluster {cluster.name}, at {address}"
    return f"the address {address}"


def _ways(cluster: OtherCluster, environment: Environment, doors: Iterable[Endpoint]) -> Iterator[Endpoint]:
    if cluster.network is not None and cluster.network == environment.cluster.network:
        yield from _at_addresses(cluster)
    else:
        yield from (replace(door, name=f"through {door.name}") for door in doors)


def _is_trusted(cluster: OtherCluster, environment: Environment) -> bool:
    """Tell whether proxies here may take certificates of *cluster*.

    Istio 1.30.3 pilot/pkg/networking/plugin/authn/util.go: those of its own trust domain, and of its aliases.
    """
    domains = (environment.istio.trust_domain, *environment.istio.trust_domain_aliases)
    return None in (cluster.trust_domain, environment.istio.trust_domain) or cluster.trust_domain in domains


def _doors(environment: Environment) -> Iterator[Endpoint]:
    for gateway in (environment.gateways or {}).values():
        if gateway.role == _EAST_WEST:
            yield Endpoint(f"the gateway {gateway.name}", gateway.pods.namespace, gateway.pods.labels)


def _at_addresses(cluster: OtherCluster) -> Iterator[Endpoint]:
    for cidr in cluster.pods or ():
        address = first_of(cidr)
        yield Endpoint(f"at {address}", address=address)
