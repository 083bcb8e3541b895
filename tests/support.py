"""What several tests need: a profile that uses everything, the command in this process, files before and after."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from typer.testing import CliRunner

from generator.cli.app import app
from generator.core.findings import Finding
from generator.core.places import Json, Route
from generator.pipeline import Bundle, Request, render

ROOT = Path(__file__).resolve().parent.parent

MINIMAL = """\
apiVersion: meshgen.dev/v1alpha1
kind: Profile
metadata: {name: shop}
profile: app
environment: kind
spec:
  namespace: shop
  workloads:
    web: {port: 8080, protocol: http, expose: {gateway: public}}
    api: {port: 9090, protocol: grpc}
    db: {port: 5432, protocol: tcp}
  flows:
    - {from: web, to: api}
    - {from: api, to: db}
"""

FULL = """\
apiVersion: meshgen.dev/v1alpha1
kind: Profile
metadata:
  name: everything
  annotations: {team: payments}
profile: app
environment: kind
spec:
  namespace: everything
  mesh: sidecar
  mtls: STRICT
  create: [namespace, serviceAccounts]
  scrape: true
  workloads:
    web:
      ports:
        http: {port: 8080, protocol: http}
        admin: {port: 9000, protocol: tcp}
      labels: {app.kubernetes.io/name: web}
      serviceAccount: web-account
      expose: {gateway: public, port: http, hosts: [shop.example.com], methods: [GET], paths: [/shop/*]}
    api: {port: 9090, protocol: grpc}
    ui: {port: 8081, protocol: http}
    old: {port: 7000, protocol: tcp, mesh: none}
  peers:
    ledger: {namespace: bank, workload: ledger-v2, port: 6000, protocol: http, labels: {app: ledger}, serviceAccount: l}
    nightly: {namespace: batch, mesh: none}
  flows:
    - {from: web, to: api, methods: [GET, POST], paths: [/v1/*], purpose: read the catalogue}
    - {from: api, to: ledger}
    - {from: web, to: ui, headers: {X-Tenant: [red, blue]}}
    - {from: nightly, to: web, port: admin, plaintext: runs in a namespace without sidecars}
    - {from: [web, api], to: old, port: 7000}
  egress:
    stripe: {from: web, host: api.stripe.com, port: 443, cidrs: [203.0.113.0/24, "2001:db8::/32"], protocol: https}
    mail: {from: api, host: smtp.example.com}
  accept:
    - {caveat: host-without-addresses, reason: the provider publishes no addresses}
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What a command did."""

    code: int
    out: str
    err: str


def meshgen(*arguments: str | Path, stdin: str | bytes | None = None) -> Run:
    """Run the command line in this process, without a terminal."""
    result = CliRunner().invoke(app, [str(one) for one in arguments], input=stdin, catch_exceptions=False)
    return Run(result.exit_code, result.stdout, result.stderr)


def snapshot(folder: Path) -> dict[str, bytes | str]:
    """Return everything below *folder*: the content of files, the targets of links, folders as such."""
    found: dict[str, bytes | str] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        else:
            found[name] = path.read_bytes() if path.is_file() else "folder"
    return found


def put_environments(profile_type: Path, folder: Path) -> None:
    """Copy the environments of a type's examples into *folder*: its profiles may need facts that no preset states."""
    for file in (profile_type / "examples" / "environments").glob("*.yaml"):
        (folder / file.name).write_bytes(file.read_bytes())


def names_in(folder: Path) -> list[str]:
    """Return the names of what lies in *folder*, in order."""
    return sorted(path.name for path in folder.iterdir())


def render_text(folder: Path, *texts: str, **request: Any) -> Bundle:
    """Render profiles given as *texts*, written as files into *folder*."""
    paths = []
    for index, text in enumerate(texts):
        path = folder / f"profile-{index}.yaml"
        path.write_text(text, "utf-8")
        paths.append(str(path))
    return render(Request(tuple(paths), name=request.pop("name", "bundle"), **request))


def documents(bundle: Bundle) -> dict[str, Json]:
    """Return every document of *bundle* by its path, as a YAML 1.1 reader takes it."""
    return {path: yaml.safe_load(text) for path, text in bundle.files.items()}


def of_kind(bundle: Bundle, kind: str) -> dict[tuple[str, str], Json]:
    """Return the objects of one *kind* by namespace and name."""
    return {
        (data["metadata"]["namespace"], data["metadata"]["name"]): data
        for data in documents(bundle).values()
        if data["kind"] == kind
    }


def walk(data: Json, route: Route = ()) -> Iterator[tuple[Route, Json]]:
    """Yield every value below *data* with its route, *data* itself first."""
    yield route, data
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in children:
        yield from walk(value, (*route, key))


def told(findings: Iterable[Finding]) -> list[str]:
    """Return findings as ``CODE line:column``."""
    return [f"{one.code} {one.place.line}:{one.place.column}" if one.place else one.code for one in findings]


def at(text: str, marker: str, occurrence: int = 1) -> str:
    """Return line:column of the *occurrence*-th *marker* in *text*."""
    start = -1
    for _ in range(occurrence):
        start = text.index(marker, start + 1)
    return f"{text.count(chr(10), 0, start) + 1}:{start - text.rfind(chr(10), 0, start)}"


def has_places(report: str, file: str) -> bool:
    """Tell whether a report names *file* with line and column."""
    return bool(re.search(rf"^{re.escape(file)}:\d+:\d+: error\[MG\d{{3}}\]", report, re.MULTILINE))


def put(data: Json, route: Sequence[str | int], value: Json) -> None:
    """Set the value at *route* of *data*."""
    for step in route[:-1]:
        data = data[step]
    data[route[-1]] = value
