"""The difference over classes and masks says what asking `why` about every pair, before and after, says."""

from __future__ import annotations

import random
import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.core.yaml_reader import read_documents
from generator.environment.load import load_environment
from generator.environment.model import Environment
from generator.semantics.cluster import Cluster
from generator.semantics.difference import compare
from generator.semantics.explain import Asked, explain
from generator.semantics.reasons import Verdict
from generator.semantics.rows import Change, Kind

WORKLOADS = (("shop", "web"), ("shop", "api"), ("bank", "api"))
PORTS = (8080, 9090)
REQUESTS = [Asked(method, path) for method in ("GET", "POST") for path in ("/items", "/other")]
GAINED, LOST = {Kind.OPENED, Kind.WIDENED}, {Kind.CLOSED, Kind.NARROWED}


def workload(namespace: str, name: str) -> list[dict[str, Any]]:
    ports = [{"containerPort": number} for number in PORTS]
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"serviceAccountName": name, "containers": [{"name": name, "image": name, "ports": ports}]},
    }
    service = {"selector": {"app": name}, "ports": [{"name": f"http-{number}", "port": number} for number in PORTS]}
    meta = {"name": name, "namespace": namespace}
    return [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": {"template": template}},
        {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": service},
    ]


def namespace(name: str, labels: dict[str, str]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def network_policy(dice: random.Random, number: int) -> dict[str, Any]:
    space, _ = dice.choice(WORKLOADS)

    def peer() -> dict[str, Any]:
        selectors = {
            "podSelector": {"matchLabels": {"app": dice.choice(("web", "api"))}},
            "namespaceSelector": {"matchLabels": {"team": dice.choice(("red", "blue"))}},
        }
        kept = dice.choice((["podSelector"], ["namespaceSelector"], ["podSelector", "namespaceSelector"]))
        return {key: selectors[key] for key in kept}

    def rule(side: str) -> dict[str, Any]:
        ports = {"ports": [{"port": dice.choice(PORTS)}]} if dice.random() < 0.7 else {}
        return {side: [peer()], **ports}

    spec = {
        "podSelector": dice.choice(({}, {"matchLabels": {"app": dice.choice(("web", "api"))}})),
        "policyTypes": dice.choice((["Ingress"], ["Egress"], ["Ingress", "Egress"])),
        "ingress": [rule("from") for _ in range(dice.randrange(3))],
        "egress": [rule("to") for _ in range(dice.randrange(3))],
    }
    meta = {"name": f"policy-{number}", "namespace": space}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": spec}


def mesh_policy(dice: random.Random, number: int) -> dict[str, Any]:
    space, name = dice.choice(WORKLOADS)
    if dice.random() < 0.3:
        spec: dict[str, Any] = {"mtls": {"mode": dice.choice(("STRICT", "PERMISSIVE"))}}
        meta = {"name": "default", "namespace": space}
        return {"apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication", "metadata": meta, "spec": spec}
    source = {"principals": [f"cluster.local/ns/{dice.choice(('shop', 'bank'))}/sa/{dice.choice(('web', 'api'))}"]}
    operation = {"methods": [dice.choice(("GET", "POST"))], "paths": [dice.choice(("/items", "/other"))]}
    rule = {"from": [{"source": source}], "to": [{"operation": operation}]}
    spec = {
        "selector": {"matchLabels": {"app": name}},
        "action": dice.choice(("ALLOW", "ALLOW", "DENY")),
        "rules": [rule if dice.random() < 0.7 else {"to": [{"operation": {"ports": [str(dice.choice(PORTS))]}}]}],
    }
    meta = {"name": f"rule-{number}", "namespace": space}
    return {"apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy", "metadata": meta, "spec": spec}


def cluster(objects: list[dict[str, Any]], environment: Environment) -> Cluster:
    documents, findings = read_documents(yaml.safe_dump_all(objects), "objects.yaml")
    assert not findings
    return Cluster(documents, environment)


def covers(row: Change, port: int) -> bool:
    """Read the words for ports again."""
    if row.ports == "every port":
        return True
    tcp = re.search(r"every TCP port(?: but ([\d,-]+))?|([\d,-]+)/TCP", row.ports)
    if tcp is None:
        return False
    parts = [part.partition("-") for part in (tcp[1] or tcp[2] or "").split(",") if part]
    listed = any(int(first) <= port <= int(last or first) for first, _, last in parts)
    return listed if tcp[2] else not listed


@pytest.mark.parametrize("seed", range(40))
def test_difference_is_what_the_pairs_say(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311  (the same examples in every run)
    environment = load_environment("generic", Path())
    base = [
        namespace("shop", {"istio-injection": "enabled", "team": "red"}),
        namespace("bank", {"team": "blue", **dice.choice(({}, {"istio-injection": "enabled"}))}),
        *(one for place in WORKLOADS for one in workload(*place)),
    ]
    policies = [make(dice, number) for number in range(3) for make in (network_policy, mesh_policy)]
    old = cluster([*base, *policies[:5]], environment)
    new = cluster([*base, *policies[1:]], environment)
    rows = compare(old, new).changes
    for client, server, port in product(WORKLOADS, WORKLOADS, PORTS):
        ends = "/".join(client), f"{'/'.join(server)}:{port}"
        before = [explain(old, *ends, asked).verdict for asked in REQUESTS]
        after = [explain(new, *ends, asked).verdict for asked in REQUESTS]
        own = [one for one in rows if ends[0] in one.clients and "/".join(server) in one.servers and covers(one, port)]
        pairs = set(zip(before, after, strict=True))
        for kinds, is_change in ((GAINED, _RISEN), (LOST, _FALLEN)):
            certain = {one.certain for one in own if one.kind in kinds}
            assert certain == {is_change[pair] for pair in pairs if pair in is_change}, (ends, pairs, own)


YES, NO, UNKNOWN = Verdict.YES, Verdict.NO, Verdict.UNKNOWN
_RISEN = {(NO, YES): True, (NO, UNKNOWN): False, (UNKNOWN, YES): False}
_FALLEN = {(after, before): certain for (before, after), certain in _RISEN.items()}
"""Which verdicts before and after are a change, and whether surely."""
