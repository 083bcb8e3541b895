"""np-guard's netpol-analyzer 1.4.4 as a judge of random bundles: NetworkPolicies alone, by its command.

It is a Go program (`github.com/np-guard/netpol-analyzer/cmd/netpolicy`), looked for in
`.judges/bin` and on the PATH; without it nothing is judged.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address
from pathlib import Path

import yaml

from tests.judges.limits import Limit, Object, is_network, peers_of
from tests.judges.questions import NETWORK, Asked
from tests.support import ROOT

NAME = "netpol-analyzer"
INSTALLED = ROOT / ".judges" / "bin" / "netpolicy"
TIMEOUT = 60
_EVERY_PORT = [(1, 65535)]
_TRANSPORTS = ("TCP", "UDP", "SCTP")

LIMITS = (
    Limit(
        "an ipBlock of IPv6",
        "it refuses IPv6; Kubernetes takes both families (networking/v1 types.go, IPBlock)",
        lambda one: (
            is_network(one) and any(":" in (peer.get("ipBlock") or {}).get("cidr", "") for peer in peers_of(one))
        ),
    ),
    Limit(
        "a named port on the way to addresses",
        "it refuses it; to Kubernetes no address has named ports (networking/v1 types.go, NetworkPolicyPort.Port)",
        lambda one: is_network(one) and any(map(_names_ports_of_addresses, one["spec"].get("egress") or ())),
    ),
)


def _names_ports_of_addresses(rule: Object) -> bool:
    is_named = any(isinstance(one.get("port"), str) for one in rule.get("ports") or ())
    return is_named and (not rule.get("to") or any("ipBlock" in one for one in rule["to"]))


def found() -> str | None:
    """Return where the command is, None if nowhere."""
    return str(INSTALLED) if INSTALLED.exists() else shutil.which("netpolicy")


def is_heard(objects: Iterable[Object], layer: str, server: str, client: str) -> bool:
    """Tell whether the judge's word counts: it knows no addresses of IPv6."""
    return ":" not in client + server


class NetpolAnalyzer:
    """The judge; one for many bundles."""

    name = NAME
    limits = LIMITS
    layers = (NETWORK,)
    is_heard = staticmethod(is_heard)

    def __init__(self, folder: Path, command: str) -> None:
        """Write what is to be read by *command* into *folder*."""
        self._folder, self._command = folder, command

    def answers(self, objects: Sequence[Object], asked: Asked) -> list[int]:
        """Return who gets through, for each question; of requests it knows nothing, and answers nobody."""
        shown = [one for one in objects if one["kind"] != "AuthorizationPolicy"]
        text = yaml.dump_all(shown, Dumper=yaml.CSafeDumper, sort_keys=False)
        (self._folder / "bundle.yaml").write_text(text, "utf-8")
        command = [self._command, "list", "--dirpath", str(self._folder), "--output", "json", "--quiet"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
        assert done.returncode == 0, done.stderr
        lines = json.loads(done.stdout or "[]") or []
        meant = {shown: _meant(asked, shown) for one in lines for shown in (one["src"], one["dst"])}
        clients: dict[tuple[str, str], int] = {}
        for line in lines:
            mask = asked.mask(meant[line["src"]])
            for server in meant[line["dst"]]:
                clients[server, line["conn"]] = clients.get((server, line["conn"]), 0) | mask
        ports = {one.point.number for one in asked.questions}
        masks: dict[tuple[str, str, int], int] = {}
        for (server, text), mask in clients.items():
            for transport, ranges in _connections(text).items():
                for port in (one for one in ports if any(first <= one <= last for first, last in ranges)):
                    masks[server, transport, port] = masks.get((server, transport, port), 0) | mask
        return [masks.get((one.server, one.point.transport, one.point.number), 0) for one in asked.questions]


def _meant(asked: Asked, shown: str) -> set[str]:
    """Return the endpoints that *shown*, ``NAMESPACE/NAME[Pod]`` or a range of addresses, means."""
    if "[" in shown:
        return {shown.removesuffix("[Pod]")} & set(asked.clients)
    first, _, last = shown.partition("-")
    lowest, highest = IPv4Address(first), IPv4Address(last or first)
    addresses = (name for name in asked.clients if "/" not in name and ":" not in name)
    return {name for name in addresses if lowest <= IPv4Address(name) <= highest}


def _connections(text: str) -> dict[str, list[tuple[int, int]]]:
    """Read words like ``TCP 80,443,UDP 1-1024``."""
    if text == "All Connections":
        return dict.fromkeys(_TRANSPORTS, _EVERY_PORT)
    found: dict[str, list[tuple[int, int]]] = {}
    transport = ""
    for word in re.findall(r"[A-Za-z]+|\d+(?:-\d+)?", text):
        if word in _TRANSPORTS:
            transport = word
            found[transport] = []
        else:
            assert word[0].isdigit(), text
            first, _, last = word.partition("-")
            found[transport].append((int(first), int(last or first)))
    return {transport: ranges or _EVERY_PORT for transport, ranges in found.items()}
