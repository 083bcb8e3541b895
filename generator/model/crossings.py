"""How connections between two clusters of a mesh travel: by address on one network, else through east-west gateways."""

from __future__ import annotations

from generator.environment.gateways import EAST_WEST, SNI_PORT
from generator.environment.model import Environment, Gateway, OtherCluster
from generator.model.peers import RemotePeer


def other_cluster(peer: RemotePeer, environment: Environment) -> OtherCluster:
    """Return what *environment* says of the cluster of *peer*, which it knows."""
    return (environment.clusters or {})[peer.cluster]


def is_flat(peer: RemotePeer, environment: Environment) -> bool | None:
    """Tell whether the pods of *peer* and those of this cluster reach each other by address; None when unknown."""
    networks = (other_cluster(peer, environment).network, environment.cluster.network)
    return None if None in networks else networks[0] == networks[1]


def own_doors(environment: Environment) -> tuple[Gateway, ...]:
    """Return this cluster's east-west gateways for sidecars' mutual TLS, which they pass on unopened.

    Istio 1.30.3 samples/multicluster/expose-services.yaml: port 15443, AUTO_PASSTHROUGH.
    """
    known = (environment.gateways or {}).values()
    return tuple(one for one in known if one.role == EAST_WEST and SNI_PORT in one.ports)
