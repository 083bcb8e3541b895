"""network-config-analyzer 2.1 as a judge of random bundles: both layers, every question at once.

It computes sets of connections over sources, destinations, protocols, ports, methods, paths
and hosts; here is asked which questions lie in them. It keeps its state in globals, which
are reset for each bundle.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import yaml
from nca.CoreDS.DimensionsManager import DimensionsManager  # type: ignore[import-untyped]
from nca.CoreDS.MethodSet import MethodSet  # type: ignore[import-untyped]
from nca.CoreDS.Peer import BasePeerSet  # type: ignore[import-untyped]
from nca.NetworkConfig.NetworkLayer import NetworkLayerName  # type: ignore[import-untyped]
from nca.NetworkConfig.ResourcesHandler import ResourcesHandler  # type: ignore[import-untyped]
from nca.Utils.NcaLogger import NcaLogger  # type: ignore[import-untyped]

from generator.semantics.requests import HOST, METHOD, PATH
from tests.judges.limits import (
    Limit,
    Object,
    conditions_of,
    expressions_of,
    is_mesh,
    is_network,
    peers_of,
    sources_of,
)
from tests.judges.questions import MESH, NETWORK, Asked, Question
from tests.judges.random_bundles import TRUST_DOMAIN

NAME = "network-config-analyzer"
_LAYERS = {NETWORK: NetworkLayerName.K8s_Calico, MESH: NetworkLayerName.Istio}
_PROTOCOLS = {"TCP": 6, "UDP": 17, "SCTP": 132}
_PRESENCE = ("Exists", "DoesNotExist")
_IDENTITY = {"principals", "notPrincipals", "namespaces", "notNamespaces"}
_ADDRESS = {"ipBlocks", "notIpBlocks"}

LIMITS = (
    Limit(
        "policyTypes [Egress, Ingress]",
        "it takes the two in the other order alone; to Kubernetes it is a set (networking/v1 types.go, PolicyTypes)",
        lambda one: is_network(one) and one["spec"].get("policyTypes") == ["Egress", "Ingress"],
    ),
    Limit(
        "rules of a direction that policyTypes leaves out",
        "it refuses them; Kubernetes accepts and ignores them (networking/v1 validation.go asks for no agreement)",
        lambda one: is_network(one) and bool(_silent(one["spec"])),
    ),
    Limit(
        "an empty egress section without policyTypes",
        "it isolates egress; the API server adds Egress for a section that is not empty"
        " (pkg/apis/networking/v1/defaults.go, SetDefaults_NetworkPolicy: len(obj.Spec.Egress) != 0)",
        lambda one: is_network(one) and "policyTypes" not in one["spec"] and one["spec"].get("egress") == [],
    ),
    Limit(
        "Exists or DoesNotExist on pods of other namespaces",
        "it looks at the policy's own namespace alone (PeerContainer.get_peers_with_key), unlike with In and NotIn;"
        " both selectors are ANDed over all namespaces (networking/v1 types.go, NetworkPolicyPeer)",
        lambda one: is_network(one) and any(_asks_presence_elsewhere(peer) for peer in peers_of(one)),
    ),
    Limit(
        "a source with addresses and identities",
        "it takes it to match nobody (IstioPolicyYamlParser.parse_source); fields of a source are ANDed"
        " (security/v1beta1/authorization_policy.proto, Source)",
        lambda one: is_mesh(one) and any(_IDENTITY & set(each) and _ADDRESS & set(each) for each in sources_of(one)),
    ),
    Limit(
        "addresses that must not be, with none that must",
        "it fails (IstioPolicyYamlParser.parse_ip_block); to Istio all others match (authorization_policy.proto)",
        lambda one: is_mesh(one) and _excludes_addresses_alone(one),
    ),
    Limit(
        "DENY without rules",
        "it refuses it; to Istio it never matches (authorization_policy.proto, rules)",
        lambda one: is_mesh(one) and one["spec"].get("action") == "DENY" and not one["spec"].get("rules"),
    ),
)


def _silent(spec: Object) -> list[str]:
    sections = {"Ingress": "ingress", "Egress": "egress"}
    types = spec.get("policyTypes")
    return [] if types is None else [key for name, key in sections.items() if name not in types and key in spec]


def _excludes_addresses_alone(policy: Object) -> bool:
    by_source = any("notIpBlocks" in one and "ipBlocks" not in one for one in sources_of(policy))
    return by_source or any(one["key"] == "source.ip" and "values" not in one for one in conditions_of(policy))


def _asks_presence_elsewhere(peer: Object) -> bool:
    asked = expressions_of(peer.get("podSelector"))
    return "namespaceSelector" in peer and any(one["operator"] in _PRESENCE for one in asked)


def is_heard(objects: Iterable[Object], layer: str, server: str, client: str) -> bool:
    """Tell whether the judge's word counts: not on callers without identity and rules on who does not have one.

    It takes notPrincipals and notNamespaces not to match such a caller. A matcher on the
    certificate, negated, holds where there is none (istio pilot/pkg/security/authz/model/model.go,
    principalNot; the documentation asks for mutual TLS for this reason).
    """
    return layer == NETWORK or "/" in client or not any(is_mesh(one) and _denies_identity(one) for one in objects)


def _denies_identity(policy: Object) -> bool:
    by_source = any({"notPrincipals", "notNamespaces"} & set(one) for one in sources_of(policy))
    keys = ("source.principal", "source.namespace")
    return by_source or any(one["key"] in keys and "notValues" in one for one in conditions_of(policy))


class Analyzer:
    """The judge; one for many bundles."""

    name = NAME
    limits = LIMITS
    layers = (NETWORK, MESH)
    is_heard = staticmethod(is_heard)

    def __init__(self, folder: Path) -> None:
        """Write what is to be read into *folder*."""
        self._topology, self._policies = folder / "topology.yaml", folder / "policies.yaml"

    def answers(self, objects: Sequence[Object], asked: Asked) -> list[int]:
        """Return who gets through, for each question.

        Raises:
            AssertionError: it refuses to read what it was shown.
        """
        said = io.StringIO()
        NcaLogger().dont_collect_msgs()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            try:
                return self._answers(objects, asked)
            except SystemExit as error:
                raise AssertionError(said.getvalue()) from error

    def _answers(self, objects: Sequence[Object], asked: Asked) -> list[int]:
        _write(self._topology, [one for one in objects if one["kind"] in ("Namespace", "Pod")])
        _write(self._policies, [_as_principals(one) for one in objects if is_network(one) or is_mesh(one)])
        BasePeerSet.reset()
        DimensionsManager.reset()
        config = ResourcesHandler().get_network_config([str(self._policies)], None, None, [str(self._topology)])
        index = _indexes(config, asked)
        found = [0] * len(asked.questions)
        for layer, name in _LAYERS.items():
            own = [(number, one) for number, one in enumerate(asked.questions) if one.layer == layer]
            connections = config.allowed_connections(name).all_allowed_conns
            for cube in connections:
                shape = _Cube(connections.get_connectivity_cube(cube), asked, index)
                for number, one in own:
                    found[number] |= shape.clients(one)
        return found


def _write(path: Path, objects: Iterable[Object]) -> None:
    path.write_text(yaml.dump_all(objects, Dumper=yaml.CSafeDumper, sort_keys=False), "utf-8")


def _as_principals(policy: Object) -> Object:
    """Return *policy* with ServiceAccounts spelled as identities, the only form that the analyzer reads."""
    namespace = policy["metadata"]["namespace"]

    def source(given: Object) -> Object:
        named = [one if "/" in one else f"{namespace}/{one}" for one in given["serviceAccounts"]]
        return {"principals": [f"{TRUST_DOMAIN}/ns/{one.replace('/', '/sa/')}" for one in named]}

    def rule(given: Object) -> Object:
        sources = [
            source(one["source"]) if "serviceAccounts" in one["source"] else one["source"] for one in given["from"]
        ]
        return {**given, "from": [{"source": one} for one in sources]}

    if not is_mesh(policy) or not any("serviceAccounts" in one for one in sources_of(policy)):
        return policy
    rules = [rule(one) if "from" in one else one for one in policy["spec"]["rules"]]
    return {**policy, "spec": {**policy["spec"], "rules": rules}}


def _indexes(config: Any, asked: Asked) -> dict[str, int]:
    """Return the number that the analyzer has for each client."""
    peers = BasePeerSet()
    found = {one.full_name(): peers.min_pod_index + n for one, n in peers.peer_to_index.items()}
    pods = {one.full_name() for one in config.peer_container.get_all_peers_group()}
    assert pods == {name for name in asked.clients if "/" in name}, "the analyzer sees other pods than were declared"
    for name in asked.clients:
        if "/" not in name:
            address = ip_address(name)
            found[name] = int(address) + (peers.min_ipv4_index if address.version == 4 else peers.min_ipv6_index)
    return found


class _Cube:
    """Some connections: any of its sources, to any of its destinations, by any of its ports and requests."""

    def __init__(self, cube: Any, asked: Asked, index: dict[str, int]) -> None:
        self._cube = cube
        ends = {
            side: {name for name in asked.clients if index[name] in cube.get_dim_directly(side)}
            for side in ("src_peers", "dst_peers")
        }
        self._sources, self._servers = asked.mask(ends["src_peers"]), ends["dst_peers"]
        self._known: dict[tuple[str, object], bool] = {}

    def clients(self, question: Question) -> int:
        """Return whom it lets do what is asked."""
        if question.server not in self._servers or not self._has("protocols", _PROTOCOLS[question.point.transport]):
            return 0
        if not self._has("dst_ports", question.point.number):
            return 0
        request = question.request
        if request is None or question.point.transport != "TCP":
            return self._sources
        method = MethodSet.all_methods_list.index(request.get(METHOD))
        fits = self._has("methods", method) and self._has("paths", request.get(PATH))
        return self._sources if fits and self._has("hosts", request.get(HOST)) else 0

    def _has(self, dimension: str, value: object) -> bool:
        key = (dimension, value)
        if key not in self._known:
            self._known[key] = value in self._cube.get_dim_directly(dimension)
        return self._known[key]
