"""What everybody renders: one tenant of 12 objects, as a profile for meshgen and as plain values for its peers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypedDict

import yaml

import generator
from generator.output.record import RECORD

OBJECTS = 12
"""Of every tenant: 6 NetworkPolicies, 3 AuthorizationPolicies, PeerAuthentication, ServiceEntry, Sidecar."""

_PROFILE = """\
# A tenant: a web front, the API behind it, and the payment service outside that the API calls.
apiVersion: meshgen.dev/v1alpha1
kind: Profile
metadata: {{name: {tenant}}}
profile: app
environment: kind
spec:
  namespace: {tenant}
  registryOnly: true
  workloads:
    web:
      port: 8080
      protocol: http
      expose: {{gateway: public, hosts: [{host}], methods: [GET, POST]}}
    api: {{port: {port}, protocol: http}}
  flows:
    - {{from: web, to: api, methods: [GET, POST], paths: [/v1/*]}}
  egress:
    payments: {{from: api, host: {paymentsHost}, cidrs: [{paymentsCidr}]}}
"""


class Values(TypedDict):
    """What differs from tenant to tenant; all that a peer is told."""

    version: str
    bundle: str
    tenant: str
    host: str
    port: int
    paymentsHost: str
    paymentsCidr: str


Documents = dict[str, Any]
"""Parsed objects by ``namespace/kind/name``."""


def values(number: int, bundle: str) -> Values:
    """Return the values of tenant *number*, the same in every run; *bundle* is what it is rendered as part of."""
    provider = number % 7
    return Values(
        version=generator.__version__,
        bundle=bundle,
        tenant=f"tenant-{number:05}",
        host=f"tenant-{number}.example.com",
        port=9000 + provider,
        paymentsHost=f"payments-{provider}.example.net",
        paymentsCidr=f"203.0.113.{provider * 16}/28",
    )


def write_profiles(folder: Path, count: int, *, are_alike: bool = True) -> Path:
    """Write the profiles of *count* tenants into a new *folder*; its name is that of their bundle.

    Where they are not alike each has a port of its own, and no proof does for two of them.
    """
    folder.mkdir(parents=True)
    for number in range(count):
        one = values(number, folder.name)
        if not are_alike:
            one["port"] = 10_000 + number
        (folder / f"{one['tenant']}.yaml").write_text(_PROFILE.format(**one), "utf-8")
    return folder


def write_documents(folder: Path, documents: Documents) -> Path:
    """Write *documents* into a new *folder*, a file for each namespace, as if somebody else had made them."""
    folder.mkdir(parents=True)
    spaces: dict[str, list[Any]] = {}
    for name, document in documents.items():
        spaces.setdefault(name.partition("/")[0], []).append(document)
    for space, found in spaces.items():
        text = yaml.dump_all(found, Dumper=yaml.CSafeDumper, sort_keys=False)
        (folder / f"{space}.yaml").write_text(text, "utf-8")
    return folder


def read_documents(folder: Path) -> Documents:
    """Return every object in the YAML files below *folder*; kustomizations and records are none.

    Raises:
        ValueError: two of them have one name.
    """
    found: Documents = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".yaml", ".yml"} and path.name != RECORD:
            for name, document in _named(yaml.load_all(path.read_bytes(), yaml.CSafeLoader)):
                if name in found:
                    raise ValueError(f"{path}: there are two of {name}")
                found[name] = document
    return found


def _named(documents: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    for one in documents:
        if one is not None and one["kind"] != "Kustomization":
            yield f"{one['metadata'].get('namespace', '')}/{one['kind']}/{one['metadata']['name']}", one
