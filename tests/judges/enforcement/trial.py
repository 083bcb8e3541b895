"""A case before Envoy: every client at every door, and each verdict held against the engine's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from generator.topology import Point
from tests.judges.bundles import Object
from tests.judges.enforcement.bench import Bench, running
from tests.judges.enforcement.cases import Case
from tests.judges.enforcement.knocking import Door, knock
from tests.judges.enforcement.probes import Client, Sent, clients, requests

AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Outcome:
    """How often both were asked, how often the engine said "unknown", and where they differ."""

    decisions: int = 0
    allowed: int = 0
    undefined: int = 0
    disagreements: tuple[str, ...] = ()

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(
            self.decisions + other.decisions,
            self.allowed + other.allowed,
            self.undefined + other.undefined,
            self.disagreements + other.disagreements,
        )


def judge(case: Case, proxies: Sequence[Object]) -> Outcome:
    """Run *proxies* and knock at each of their doors as everybody in *case*."""
    outcome = _modes(case, proxies)
    with running(proxies, list(case.servers.values())) as bench, ThreadPoolExecutor(AT_ONCE) as pool:
        visits = [
            (case, bench, Door(address, port, _takes_identities(case, server, proxy, port)), server, client)
            for (server, ports), proxy, address in zip(case.servers.items(), proxies, bench.addresses, strict=True)
            for port in ports
            for client in clients(case)
        ]
        for found in pool.map(lambda visit: _visit(*visit), visits):
            outcome += found
    return outcome


def _takes_identities(case: Case, server: int, proxy: Object, port: int) -> bool:
    """Tell whether sidecars use mutual TLS there: nowhere where it is off, and not at a gateway's doors."""
    return not case.universe[server].is_gateway and proxy["modes"][str(port)] != "DISABLE"


def _modes(case: Case, proxies: Sequence[Object]) -> Outcome:
    """Compare the mode of mutual TLS at every port; a gateway has none."""
    found = Outcome()
    for (server, ports), proxy in zip(case.servers.items(), proxies, strict=True):
        one = case.universe[server]
        for port in () if one.is_gateway else ports:
            ours, theirs = case.cluster.mtls.mode(one, port), proxy["modes"][str(port)]
            wrong = () if ours == theirs else (f"{case.name}: {one.name}:{port} is {theirs} to istiod, {ours} to us",)
            found += Outcome(1, disagreements=wrong)
    return found


def _visit(case: Case, bench: Bench, door: Door, server: int, client: Client) -> Outcome:
    found = Outcome()
    tried = requests(case, server, door.port)
    for sent, verdict in zip(tried, knock(bench, client, door, tried), strict=True):
        found += _compared(case, server, client, door.port, sent, verdict)
    return found


def _compared(case: Case, server: int, client: Client, port: int, sent: Sent, verdict: bool | str) -> Outcome:
    ours = case.verdicts.admitted(server, Point("TCP", port), sent.request)
    known = [number for number in client.members if (ours.sure ^ ours.possible) >> number & 1 == 0]
    wrong = [number for number in known if bool(ours.sure >> number & 1) != verdict]
    disagreements = tuple(_told(case, server, wrong, port, sent, verdict))
    return Outcome(bool(known), verdict is True, not known, disagreements)


def _told(case: Case, server: int, wrong: Sequence[int], port: int, sent: Sent, verdict: bool | str) -> Iterator[str]:
    for number in wrong[:1]:
        who, where = case.universe[number].name, case.universe[server].name
        theirs = verdict if isinstance(verdict, str) else "yes" if verdict else "no"
        what = sent.request or "a connection without HTTP"
        forged = " (forged)" if sent.is_forged else ""
        yield f"{case.name}: {who} -> {where}:{port}, {what}{forged}: Envoy says {theirs}, we do not"
