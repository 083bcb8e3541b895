"""The judge is Envoy at an egress gateway, set up by istiod's own code: who gets through, and under which name.

What istiod makes of the example's objects for the gateway's pods is committed beside this file;
`make judges`, then `python -m tests.judges.test_ways_out`, asks it again.
"""

from __future__ import annotations

import http.client
import itertools
import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path

import pytest

from generator.semantics.requests import HOST, METHOD, PATH, SNI, Request
from generator.topology import Point
from tests.judges.bundles import Object
from tests.judges.enforcement import istiod
from tests.judges.enforcement.bench import Bench, running
from tests.judges.enforcement.cases import Case, case
from tests.judges.enforcement.compact import packed, unpacked
from tests.judges.enforcement.probes import spiffe
from tests.judges.installed import find

ANSWER = Path(__file__).with_suffix(".json")
EXAMPLE, PORT = "external-service/through-a-gateway", 443
CARDS, CLEARING, OTHER = "api.cards.example.com", "clearing.example.net", "other.example.org"
PING, PATIENCE = b"\x00\x01 no protocol that anybody knows\n", 20
needs_envoy = pytest.mark.skipif(find("envoy") is None, reason="Envoy is not installed: make judges")


class AtGateway(Case):
    """The example as the egress gateway's pods see it."""

    @property
    def servers(self) -> Mapping[int, tuple[int, ...]]:
        """The pods of the gateway, and the port that its clients dial."""
        return {number: (PORT,) for number, one in enumerate(self.universe) if one.name == "the gateway egress"}


def _case() -> AtGateway:
    whole = case(EXAMPLE)
    return AtGateway(**{one.name: getattr(whole, one.name) for one in fields(Case)})


def _proxies() -> list[Object]:
    found = json.loads(ANSWER.read_text("utf-8"))
    assert found["question"] == istiod.digest(_case()), "the example changed: python -m tests.judges.test_ways_out"
    proxies: list[Object] = unpacked(found["proxies"], found["shared"])
    return proxies


def test_istiod_tells_hosts_apart_and_asks_for_a_certificate() -> None:
    """Each host has its own door; what is not HTTP is handed on as it is, and only after its caller is known."""
    (listener,) = _proxies()[0]["listeners"]
    chains = {one["filterChainMatch"]["serverNames"][0]: one for one in listener["filterChains"]}
    assert sorted(chains) == [CARDS, CLEARING]
    assert all(one["transportSocket"]["typedConfig"]["requireClientCertificate"] for one in chains.values())
    kinds = {name: [each["name"].rpartition(".")[2] for each in one["filters"]] for name, one in chains.items()}
    assert kinds == {CARDS: ["rbac", "tcp_proxy"], CLEARING: ["http_connection_manager"]}
    assert chains[CARDS]["filters"][-1]["typedConfig"]["cluster"] == f"outbound|443||{CARDS}"


@needs_envoy
@pytest.mark.slow
def test_envoy_lets_through_whom_why_does() -> None:
    """Every identity of the example and a stranger's, under every name, with and without HTTP, to every host."""
    at, proxies = _case(), _proxies()
    ((gateway, _),) = at.servers.items()
    known = {spiffe(at, one): number for number, one in enumerate(at.universe) if one.has_identity}
    outsider = next(number for number, one in enumerate(at.universe) if one.is_pod and not one.has_identity)
    decided = []
    with running(proxies, [(PORT,)]) as bench:
        for identity, name, host in itertools.product((*known, ""), (CARDS, CLEARING, OTHER), ("", CARDS, CLEARING)):
            request = Request(tuple(_values(name, host)))
            ours = at.verdicts.admitted(gateway, Point("TCP", PORT), request)
            number = known.get(identity, outsider)
            assert (ours.sure ^ ours.possible) >> number & 1 == 0, "nothing is unknown here"
            theirs = _knock(bench, identity, name, host)
            decided.append((identity.rpartition("/")[2], name, host, theirs))
            assert theirs == bool(ours.sure >> number & 1), (at.universe[number].name, str(request))
    passed = {(account, name) for account, name, _, is_open in decided if is_open}
    assert passed == {("checkout", CARDS), ("checkout", CLEARING), ("orders", CLEARING)}


def _values(name: str, host: str) -> Iterator[tuple[str, str]]:
    yield from [(HOST, host), (METHOD, "GET"), (PATH, "/")] if host else []
    yield SNI, name


def _knock(bench: Bench, identity: str, name: str, host: str) -> bool:
    """Open TLS under *name* as *identity* (none: plaintext), and send a request for *host*, or no HTTP at all."""
    try:
        with socket.create_connection((bench.addresses[0], PORT), PATIENCE) as plain:
            context = bench.authority.context(identity, is_http=bool(host)) if identity else None
            with context.wrap_socket(plain, server_hostname=name) if context else plain as connection:
                connection.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode() if host else PING)
                answer = connection.recv(len(PING))
    except (ConnectionError, ssl.SSLError, http.client.HTTPException):
        return False
    return answer.startswith(b"HTTP/1.1 200") if host else answer == PING


def main() -> None:
    """Ask istiod's code again, and write its answer down."""
    at = _case()
    shared, rest = packed(istiod.ask([at])[0])
    text = json.dumps({"question": istiod.digest(at), "shared": shared, "proxies": rest}, indent=1, sort_keys=True)
    ANSWER.write_text(f"{text}\n", "utf-8")


if __name__ == "__main__":
    main()
