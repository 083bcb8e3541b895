"""Asks network-config-analyzer: runs on its own, because that library keeps its state in globals.

Reads one JSON question from standard input and writes one JSON answer to standard output. The
comparison is exact: what is expected and what the analyzer computed are sets over sources,
destinations, protocols, ports, methods, paths and hosts, and are subtracted from each other.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nca.CoreDS.ConnectivityProperties import ConnectivityProperties  # type: ignore[import-untyped]
from nca.CoreDS.MethodSet import MethodSet  # type: ignore[import-untyped]
from nca.CoreDS.MinDFA import MinDFA  # type: ignore[import-untyped]
from nca.CoreDS.Peer import IpBlock, PeerSet  # type: ignore[import-untyped]
from nca.CoreDS.PortSet import PortSet  # type: ignore[import-untyped]
from nca.CoreDS.ProtocolSet import ProtocolSet  # type: ignore[import-untyped]
from nca.NetworkConfig.NetworkLayer import NetworkLayerName  # type: ignore[import-untyped]
from nca.NetworkConfig.ResourcesHandler import ResourcesHandler  # type: ignore[import-untyped]

Json = dict[str, Any]

LAYERS = {
    "network": NetworkLayerName.K8s_Calico,
    "ingress": NetworkLayerName.K8s_Calico,
    "egress": NetworkLayerName.K8s_Calico,
    "mesh": NetworkLayerName.Istio,
    "both": None,
}
NAMED_PROTOCOLS = ("TCP", "UDP", "SCTP")
ANY_CHARACTER = f"[{MinDFA.default_dfa_alphabet_chars}]"
MOST_DIFFERENCES = 20


class World:
    """The peers of one question, by the names that the question uses."""

    def __init__(self, config: Any) -> None:
        self._pods = {peer.full_name(): peer for peer in config.peer_container.get_all_peers_group()}

    def unknown(self, names: list[str]) -> set[str]:
        """Return pods that the analyzer has and nobody declared, or the other way round."""
        return set(self._pods) ^ {name for name in names if name in self._pods or not _is_address(name)}

    def peers(self, names: list[str]) -> Any:
        return PeerSet({self._pods[name] if name in self._pods else IpBlock(name) for name in names})


def _is_address(name: str) -> bool:
    return bool(re.fullmatch(r"[0-9a-f.:]+/\d+", name))


def _protocols(names: list[str]) -> Any:
    chosen = ProtocolSet("OTHER" in names)
    for name in NAMED_PROTOCOLS:
        chosen.remove_protocol(name)
        if name in names:
            chosen.add_protocol(name)
    return chosen


def _ports(ranges: list[list[int]]) -> Any:
    ports = PortSet()
    for first, last in ranges:
        ports.add_port_range(first, last)
    return ports


def _methods(names: list[str]) -> Any:
    methods = MethodSet()
    for name in names:
        methods.add_method(name)
    return methods


def _texts(patterns: list[str]) -> Any:
    """Return the language of Istio's patterns: exact, prefix*, *suffix."""
    expressions = (pattern.replace(".", "[.]").replace("*", f"{ANY_CHARACTER}*") for pattern in patterns)
    return MinDFA.dfa_from_regex("|".join(expressions))


def _grant(world: World, grant: Json) -> Any:
    cube = {
        "src_peers": world.peers(grant["from"]),
        "dst_peers": world.peers(grant["to"]),
        "protocols": _protocols(grant["protocols"]),
        "dst_ports": _ports(grant["ports"]),
    }
    if grant["methods"]:
        cube["methods"] = _methods(grant["methods"])
    for field in ("paths", "hosts"):
        if grant[field]:
            cube[field] = _texts(grant[field])
    return ConnectivityProperties.make_conn_props_from_dict(cube)


def _scope(world: World, asked: Json) -> Any:
    """Return every connection that the question is about: no pod to itself, no address to an address."""
    scope = ConnectivityProperties.make_empty_props()
    sources = set(asked["sources"])
    for name in asked["destinations"]:
        others = sources - {name}
        if _is_address(name):
            others = {other for other in others if not _is_address(other)}
        cube = {"src_peers": world.peers(sorted(others)), "dst_peers": world.peers([name])}
        scope |= ConnectivityProperties.make_conn_props_from_dict(cube)
    if asked["ignored_ports"]:
        left_out = {"dst_ports": _ports([[port, port] for port in asked["ignored_ports"]])}
        scope -= ConnectivityProperties.make_conn_props_from_dict(left_out)
    return scope


class Expectation:
    """What one layer is to let through, and which connections the question is about."""

    def __init__(self, world: World, asked: Json) -> None:
        self.scope = _scope(world, asked)
        self.allowed = ConnectivityProperties.make_empty_props()
        for grant in asked["grants"]:
            self.allowed |= _grant(world, grant)

    def differences(self, actual: Any) -> Iterator[str]:
        lost, excess = (self.allowed - actual) & self.scope, (actual - self.allowed) & self.scope
        for word, left_over in (("lost", lost), ("excess", excess)):
            for cube in left_over:
                fields = left_over.get_cube_dict(cube, True)
                source, destination = fields.pop("src_peers", "anyone"), fields.pop("dst_peers", "anyone")
                details = ", ".join(f"{key} {value}" for key, value in fields.items()) or "everything"
                yield f"{word}: {source} => {destination}: {details}"


class Judge:
    """Answers about one topology; what is expected of it is worked out once."""

    def __init__(self, question: Json, folder: Path) -> None:
        self._question = question
        self._topology, self._policies = folder / "topology.yaml", folder / "policies.yaml"
        self._topology.write_text(question["topology"], encoding="utf-8")
        self._expected: dict[str, Expectation] = {}

    def answer(self, views: list[Json]) -> Json:
        """Return what differs in the *views* of one bundle: each some policies, and the layers to judge."""
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                found = [text for view in views for text in self._differences(view["policies"], view["layers"])]
        except (Exception, SystemExit) as error:
            return {"failed": f"{type(error).__name__}: {error}\n{said.getvalue()}"}
        return {"differences": found[:MOST_DIFFERENCES]}

    def _differences(self, policies: str, layers: list[str]) -> Iterator[str]:
        self._policies.write_text(policies, encoding="utf-8")
        config = ResourcesHandler().get_network_config([str(self._policies)], None, None, [str(self._topology)])
        world = World(config)
        if unknown := world.unknown(self._question["peers"]):
            raise ValueError(f"the analyzer sees other pods than were declared: {sorted(unknown)}")
        for layer in layers:
            if layer not in self._expected:
                self._expected[layer] = Expectation(world, self._question["layers"][layer])
            actual = config.allowed_connections(LAYERS[layer]).all_allowed_conns
            yield from sorted(f"{layer}: {text}" for text in self._expected[layer].differences(actual))


def main() -> None:
    question = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as folder:
        judge = Judge(question, Path(folder))
        json.dump([judge.answer(views) for views in question["bundles"]], sys.stdout)


if __name__ == "__main__":
    main()
