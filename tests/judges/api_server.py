"""A real API server on loopback, with etcd behind it and the CRDs of Istio and the Gateway API in it."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.judges.bundles import Object
from tests.judges.installed import CRDS, find

PATIENCE = 120
"""Seconds until etcd and the API server must have started."""
TOKEN = "a-token-for-one-run"  # noqa: S105


class ApiServer:
    """Asks one question after the other; every write is a dry run, except of what questions stand on."""

    def __init__(self, port: int, authority: Path) -> None:
        """Talk to the server on *port*."""
        context = ssl.create_default_context(cafile=str(authority))
        self._connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=PATIENCE, context=context)
        self._kinds: dict[str, dict[str, tuple[str, bool]]] = {}
        self._namespaces: set[str] = set()

    def refusal(self, document: Object) -> str:
        """Return why the server refuses *document*, empty if it does not: strict about fields, writing nothing."""
        place = self._place(document)
        if isinstance(place, str):
            return place
        status, answer = self._ask("POST", f"{place[0]}?dryRun=All&fieldValidation=Strict", document)
        return "" if status in (200, 201, 409) else str(answer.get("message"))

    def _place(self, document: Object) -> tuple[str] | str:
        """Return the path of the collection that *document* belongs to, or why there is none."""
        api, metadata = str(document.get("apiVersion")), document.get("metadata") or {}
        found = self._served(api).get(str(document.get("kind")))
        if found is None:
            return f"the kind {document.get('kind')} of {api} is not served"
        plural, is_namespaced = found
        if not is_namespaced:
            return (f"{_root(api)}/{plural}",)
        namespace = str(metadata.get("namespace") or "default")
        if namespace not in self._namespaces:
            made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
            self._ask("POST", "/api/v1/namespaces", made)
            self._namespaces.add(namespace)
        return (f"{_root(api)}/namespaces/{namespace}/{plural}",)

    def _served(self, api: str) -> dict[str, tuple[str, bool]]:
        if api not in self._kinds:
            _, answer = self._ask("GET", _root(api))
            found = [one for one in answer.get("resources", ()) if "/" not in one["name"]]
            self._kinds[api] = {one["kind"]: (one["name"], one["namespaced"]) for one in found}
        return self._kinds[api]

    def version(self) -> str:
        """Return the version that the server calls itself."""
        return str(self._ask("GET", "/version")[1]["gitVersion"])

    def is_ready(self) -> bool:
        """Tell whether the server answers."""
        try:
            return self._ask("GET", "/readyz")[0] == 200
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return False

    def define(self) -> None:
        """Install the CRDs, and wait until their kinds are served."""
        path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        names = []
        for file in sorted(CRDS.glob("*.yaml")):
            for one in yaml.safe_load_all(file.read_text("utf-8")):
                if one and one["kind"] == "CustomResourceDefinition":
                    status, answer = self._ask("POST", path, one)
                    assert status == 201, answer
                    names.append(one["metadata"]["name"])
        end = time.monotonic() + PATIENCE
        while not all(self._is_established(self._ask("GET", f"{path}/{name}")[1]) for name in names):
            assert time.monotonic() < end, "the CRDs are not served"
            time.sleep(0.2)
        time.sleep(2)  # established is a little before served

    @staticmethod
    def _is_established(definition: Object) -> bool:
        conditions = definition.get("status", {}).get("conditions", ())
        return any(one["type"] == "Established" and one["status"] == "True" for one in conditions)

    def _ask(self, method: str, path: str, body: Object | None = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        self._connection.request(method, path, json.dumps(body, default=str) if body else None, headers)
        with self._connection.getresponse() as answer:
            text = answer.read()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, {}


def _root(api: str) -> str:
    return f"/apis/{api}" if "/" in api else f"/api/{api}"


@contextmanager
def running() -> Iterator[ApiServer]:
    """Run etcd and the API server; stop both in the end."""
    etcd, server = find("etcd"), find("kube-apiserver")
    assert etcd
    assert server
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clients, peers, port = _free_ports(3)
        (folder / "tokens.csv").write_text(f"{TOKEN},judge,judge,system:masters\n", "utf-8")
        key = folder / "accounts.key"
        subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], capture_output=True, check=True)
        store = [etcd, "--data-dir", str(folder / "etcd"), "--log-level", "error"]
        store += [f"--{way}-client-urls=http://127.0.0.1:{clients}" for way in ("listen", "advertise")]
        store += ["--listen-peer-urls", f"http://127.0.0.1:{peers}"]
        settings = {
            "etcd-servers": f"http://127.0.0.1:{clients}",
            "bind-address": "127.0.0.1",
            "advertise-address": "127.0.0.1",
            "secure-port": port,
            "cert-dir": folder / "certificates",
            "token-auth-file": folder / "tokens.csv",
            "authorization-mode": "AlwaysAllow",
            "disable-admission-plugins": "ServiceAccount",
            "service-account-issuer": "https://kubernetes.default.svc",
            "service-account-key-file": key,
            "service-account-signing-key-file": key,
            "service-cluster-ip-range": "10.0.0.0/24",
        }
        api = [server, *(f"--{key}={value}" for key, value in settings.items())]
        with (folder / "log").open("w") as log:
            processes = [subprocess.Popen(command, stdout=log, stderr=log) for command in (store, api)]
            try:
                yield _ready(processes, port, folder)
            finally:
                for process in reversed(processes):
                    process.terminate()
                    process.wait(PATIENCE)


def _ready(processes: list[subprocess.Popen[bytes]], port: int, folder: Path) -> ApiServer:
    end, authority = time.monotonic() + PATIENCE, folder / "certificates" / "apiserver.crt"
    while time.monotonic() < end and all(one.poll() is None for one in processes):
        time.sleep(0.3)
        if authority.exists() and authority.read_text("utf-8"):
            server = ApiServer(port, authority)
            if server.is_ready():
                server.define()
                return server
    raise AssertionError("the API server does not start: " + (folder / "log").read_text("utf-8")[-3000:])


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports
