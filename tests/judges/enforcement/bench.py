"""One Envoy with the listeners of all proxies of a case, each at a loopback address of its own.

What differs from what istiod sent: the address (a real proxy has traffic redirected to it), the first
number of the addresses in policies (127, as all clients here have), where the certificates come from
(files), the token issuers' keys, and that every cluster leads to one backend, which says yes to
whatever reaches it.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.judges.bundles import Object
from tests.judges.enforcement.istiod import NO_KEYS, clusters
from tests.judges.enforcement.people import Authority, Issuer
from tests.judges.installed import find

LENGTH = 2000
PATIENCE = 60
"""Seconds until Envoy must have started."""
TYPE = "type.googleapis.com/envoy.extensions.filters"


@dataclass(frozen=True, slots=True)
class Bench:
    """A running Envoy: where each proxy is, and who can sign what."""

    addresses: tuple[str, ...]
    clients: str
    authority: Authority
    issuer: Issuer


@contextmanager
def running(proxies: Sequence[Object], ports: Sequence[Sequence[int]]) -> Iterator[Bench]:
    """Run *proxies*, each listening on its *ports*; stop them in the end."""
    envoy = find("envoy")
    assert envoy, "Envoy is not installed: make judges"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        network = 16 + os.getpid() % 200  # runs beside each other do not meet
        addresses = tuple(f"127.{network}.{number // 250}.{number % 250 + 1}" for number in range(len(proxies)))
        (folder / "certificates").mkdir()
        authority, issuer = Authority(folder / "certificates"), Issuer()
        own = authority.certificate("spiffe://cluster.local/ns/judges/sa/server")
        listeners = [
            _bound(_with_routes(listener, proxy.get("routes", ())), address, known)
            for proxy, address, known in zip(proxies, addresses, ports, strict=True)
            for listener in proxy["listeners"] or ()
        ]
        keys = json.dumps(NO_KEYS), json.dumps(issuer.keys)
        settings = json.dumps(_bootstrap(listeners, f"127.{network}.255.1", own, authority.root))
        (folder / "envoy.json").write_text(settings.replace(*keys), "utf-8")
        with (folder / "log").open("w") as log:
            command = [envoy, "-c", str(folder / "envoy.json"), "--admin-address-path", str(folder / "admin")]
            command += ["--use-dynamic-base-id", "--concurrency", "2", "-l", "error", "--drain-time-s", "1"]
            process = subprocess.Popen(command, stdout=log, stderr=log)
            try:
                _wait(process, folder)
                yield Bench(addresses, f"127.{network}.254", authority, issuer)
            finally:
                process.terminate()
                process.wait(PATIENCE)


def _wait(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Return when Envoy takes connections."""
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
        admin = folder / "admin"
        if admin.exists() and (address := admin.read_text("utf-8")):
            with (
                suppress(OSError),  # it is not up yet, or it fell over its settings: the log says which
                urllib.request.urlopen(f"http://{address}/ready", timeout=PATIENCE) as answer,
            ):
                if answer.status == 200 and answer.read().startswith(b"LIVE"):
                    return
    raise AssertionError("Envoy does not start: " + (folder / "log").read_text("utf-8")[:LENGTH])


def _with_routes(value: Any, routes: Sequence[Object]) -> Any:
    """Return *value* with the *routes* in it that it asks for by name."""
    if isinstance(value, dict):
        wanted = value.get("rds", {}).get("routeConfigName")
        rest = {key: _with_routes(below, routes) for key, below in value.items() if key != "rds"}
        found = [one for one in routes if one["name"] == wanted]
        return {**rest, "routeConfig": found[0]} if found else rest
    return [_with_routes(below, routes) for below in value] if isinstance(value, list) else value


def _bound(listener: Object, address: str, ports: Sequence[int]) -> Object:
    """Return *listener* at *address*, on all *ports*."""
    own = listener["address"]["socketAddress"]["portValue"]
    places = [_place(address, port) for port in (ports if own == _CAPTURING else [own])]
    others = [{"address": place} for place in places[1:]]
    name = {"name": f"{address} {listener['name']}", "bindToPort": True}
    moved: Object = _on_loopback({**listener, "address": places[0]})
    return {**moved, **name, **({"additionalAddresses": others} if others else {})}


def _on_loopback(value: Any) -> Any:
    """Return *value* with its ranges of addresses moved to where the clients of this machine are."""
    if isinstance(value, dict):
        return {key: loopback(below) if key == "addressPrefix" else _on_loopback(below) for key, below in value.items()}
    return [_on_loopback(below) for below in value] if isinstance(value, list) else value


def loopback(address: str) -> str:
    """Return the loopback address that stands for *address*; there is none for IPv6, and no client uses it."""
    return address if ":" in address else f"127.{address.partition('.')[2]}"


_CAPTURING = 15006
"""The port to which everything that arrives at a pod is redirected."""


def _place(address: str, port: int) -> Object:
    return {"socketAddress": {"address": address, "portValue": port}}


def _bootstrap(listeners: list[Object], backend: str, own: Path, root: Path) -> Object:
    place = _place(backend, 8000)
    assignment = {"endpoints": [{"lbEndpoints": [{"endpoint": {"address": place}}]}]}
    pair = {"certificateChain": {"filename": str(own)}, "privateKey": {"filename": str(own)}}
    secrets = [
        {"name": "default", "tlsCertificate": pair},
        {"name": "ROOTCA", "validationContext": {"trustedCa": {"filename": str(root)}}},
    ]
    static = {
        "secrets": secrets,
        "listeners": [*listeners, _backend(place)],
        "clusters": [
            {"name": name, "type": "STATIC", "loadAssignment": {"clusterName": name, **assignment}}
            for name in sorted(set(clusters(listeners)))
        ],
    }
    return {"admin": {"address": _place("127.0.0.1", 0)}, "staticResources": static}


def _backend(place: Object) -> Object:
    """Return the listener behind every proxy: it answers HTTP with 200 and anything else with itself."""
    routes: Any = [{"match": {"prefix": "/"}, "directResponse": {"status": 200}}]
    manager = {
        "@type": f"{TYPE}.network.http_connection_manager.v3.HttpConnectionManager",
        "statPrefix": "backend",
        "routeConfig": {"virtualHosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
        "httpFilters": [_filter("http.router", "Router")],
    }
    http = {"name": "envoy.filters.network.http_connection_manager", "typedConfig": manager}
    match = {"applicationProtocols": ["http/1.0", "http/1.1", "h2c"]}
    chains = [{"filterChainMatch": match, "filters": [http]}, {"filters": [_filter("network.echo", "Echo")]}]
    inspector = _filter("listener.http_inspector", "HttpInspector")
    return {"name": "backend", "address": place, "listenerFilters": [inspector], "filterChains": chains}


def _filter(name: str, kind: str) -> Object:
    return {"name": f"envoy.filters.{name}", "typedConfig": {"@type": f"{TYPE}.{name}.v3.{kind}"}}
