"""network-config-analyzer as a judge: a copy of the policies that it can read, and the question to it.

What the copy changes, because of limits of the analyzer (2.1):

- `serviceAccounts` become principals of `cluster.local`, the only identities that it reads.
- A policy for a Gateway of the Gateway API (`targetRefs`) selects the gateway's pods, by the label
  that Istio gives them.
- The root namespace is called `istio-config`, the only root it knows.
- Policies in dry-run are left out: it would enforce them.
- Conditions (`when`) become a mark before the host, because it reads no headers and no claims. So
  a rule with other conditions than intended shows, but what a condition means is not judged;
  the examples with conditions are listed in `conditions.yaml`.
- Hosts are abbreviated, because long ones take it seconds; characters of paths and accounts
  outside its alphabet are spelled as words.

It takes every pod to have an identity and a proxy. PeerAuthentication, Sidecar and ServiceEntry
are not shown to it: the first it ignores, the others are configuration and no firewall.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from generator.environment.model import Environment
from tests.judges.bundles import Object, Rendered
from tests.judges.grants import Conditions, Grant, Layer, by_target, canonical
from tests.judges.intended.layers import Intended
from tests.judges.intended.mesh import NOT_CAPTURED
from tests.judges.topology import Endpoint, Topology, build

RUNNER = Path(__file__).with_name("analyzer_runner.py")
ROOT = "istio-config"
GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"
DRY_RUN = "istio.io/dry-run"
TRUST_DOMAIN = "cluster.local"
POLICIES = ("NetworkPolicy", "AuthorizationPolicy")
ENDS = {"ingress": "Ingress", "egress": "Egress"}
PROXIED = ("mesh", "both")
TIMEOUT = 600
"""Seconds; an answer takes about one, and this machine may have other things to do."""


@dataclass(frozen=True, slots=True)
class Question:
    """A topology and what is expected of it, ready to be asked about any set of policies."""

    topology: Topology
    layers: Mapping[str, Layer]
    environment: Environment


@dataclass(frozen=True, slots=True)
class Answer:
    """What differs from the expectation; or why the analyzer could not say."""

    differences: tuple[str, ...] = ()
    failed: str = ""


def unreadable(example: Rendered) -> str:
    """Return why the analyzer is not asked about *example*; empty if it is."""
    if example.bundle.intent.traffic.guards:
        return "it knows no remoteIpBlocks, and stumbles over IPv6 in ipBlocks"
    return "it knows neither HBONE nor waypoints" if example.is_ambient else ""


def question(example: Rendered) -> Question:
    """Return the question whether *example* allows what its intent says at each layer, and no more."""
    bundle = example.bundle
    topology = build(bundle.intent, bundle.environment)
    intended = Intended(bundle.intent, bundle.environment, topology)
    return Question(topology, intended.layers(), bundle.environment)


def ask(asked: Question, variants: Iterable[Sequence[Object]]) -> list[Answer]:
    """Return an answer for each of the *variants*, which are the objects of a bundle."""
    spelling = _Spelling(asked.environment)
    assert ROOT not in asked.topology.namespaces, "that name is taken by the root namespace"
    layers = {name: spelling.of_layer(layer, is_proxied=name in PROXIED) for name, layer in asked.layers.items()}
    written = {
        "peers": [spelling.of_endpoint(endpoint) for endpoint in asked.topology.endpoints],
        "topology": yaml.safe_dump_all(spelling.of_objects(asked.topology.documents())),
        "layers": layers,
        "bundles": [_views(spelling.of_policies(objects), asked) for objects in variants],
    }
    command = [sys.executable, str(RUNNER)]
    text = json.dumps(written)
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert done.returncode == 0, done.stderr
    return [
        Answer(tuple(map(spelling.readable, one.get("differences", ()))), one.get("failed", ""))
        for one in json.loads(done.stdout)
    ]


def _views(policies: list[Object], asked: Question) -> list[Object]:
    """Return what is shown to the analyzer, and which layers it then judges: the whole, and each end alone.

    A connection that only one end refuses is refused; so a hole at one end shows only without the other.
    """
    whole = [name for name in asked.layers if name not in ENDS]
    views = [(policies, whole)] if whole else []
    views += [(one_end(policies, end), [name]) for name, end in ENDS.items() if name in asked.layers]
    return [{"policies": yaml.safe_dump_all(shown), "layers": layers} for shown, layers in views]


def one_end(policies: Iterable[Object], end: str) -> list[Object]:
    """Return the NetworkPolicies among *policies* as far as they speak of one direction."""
    other = next(name for name, direction in ENDS.items() if direction != end)
    return [
        {**one, "spec": {**{key: value for key, value in one["spec"].items() if key != other}, "policyTypes": [end]}}
        for one in policies
        if one["kind"] == "NetworkPolicy" and end in one["spec"]["policyTypes"]
    ]


def conditions(objects: Iterable[Object]) -> list[str]:
    """Return the keys of all conditions in force, sorted."""
    policies = [one for one in objects if one["kind"] == "AuthorizationPolicy" and not _is_dry_run(one)]
    rules = [rule for one in policies for rule in one["spec"].get("rules", ())]
    return sorted({condition["key"] for rule in rules for condition in rule.get("when", ())})


def _is_dry_run(policy: Object) -> bool:
    return bool(policy["metadata"].get("annotations", {}).get(DRY_RUN) == "true")


class _Spelling:
    """How things are written for the analyzer, and what its answers mean."""

    def __init__(self, environment: Environment) -> None:
        self._root = environment.istio.root_namespace
        self._trust_domain = environment.istio.trust_domain
        self._words: dict[str, str] = {}

    def readable(self, answer: str) -> str:
        """Return *answer* with hosts and conditions in place of their abbreviations."""
        for word, text in self._words.items():
            answer = answer.replace(word, text)
        return answer

    def of_endpoint(self, endpoint: Endpoint) -> str:
        namespace, _, rest = endpoint.name.partition("/")
        return f"{ROOT}/{rest}" if namespace == self._root else endpoint.name

    def of_layer(self, layer: Layer, *, is_proxied: bool) -> Object:
        """Return *layer*; where proxies decide, without the ports that they do not capture."""
        return {
            "sources": sorted({self.of_endpoint(source) for source, _ in layer}),
            "destinations": sorted({self.of_endpoint(target) for _, target in layer}),
            "ignored_ports": list(NOT_CAPTURED) if is_proxied else [],
            "grants": [
                self._grant(sources, target, grant)
                for (target, allowed), sources in by_target(layer).items()
                for grant in allowed
            ],
        }

    def _grant(self, sources: Iterable[Endpoint], target: Endpoint, grant: Grant) -> Object:
        return {
            "from": [self.of_endpoint(source) for source in sources],
            "to": [self.of_endpoint(target)],
            "protocols": sorted(grant.protocols),
            "ports": [grant.ports],
            "methods": grant.methods,
            "paths": grant.paths and [plain(path) for path in grant.paths],
            "hosts": self._hosts(grant.hosts, grant.conditions),
        }

    def of_objects(self, objects: Iterable[Object]) -> list[Any]:
        return [self._walk(one) for one in objects]

    def of_policies(self, objects: Iterable[Object]) -> list[Any]:
        """Return the policies among *objects* that are in force."""
        policies = [one for one in objects if one["kind"] in POLICIES and not _is_dry_run(one)]
        return self.of_objects([self._policy(one) for one in policies])

    def _policy(self, policy: Object) -> Object:
        spec = dict(policy["spec"])
        if targets := spec.pop("targetRefs", []):
            (gateway,) = targets
            spec["selector"] = {"matchLabels": {GATEWAY_NAME: gateway["name"]}}
        if "rules" in spec:
            spec["rules"] = [self._rule(rule) for rule in spec["rules"]]
        return {**policy, "spec": spec}

    def _rule(self, rule: Object) -> Object:
        """Return *rule* with its hosts abbreviated, behind a mark of its conditions."""
        needed = canonical((one["key"], one["values"]) for one in rule.get("when", ()))
        rest = {key: value for key, value in rule.items() if key not in {"to", "when"}}
        if "to" not in rule and not needed:
            return rest
        operations = [dict(one["operation"]) for one in rule.get("to", [{"operation": {}}])]
        for operation in operations:
            if hosts := self._hosts(operation.get("hosts"), needed):
                operation["hosts"] = hosts
        return {**rest, "to": [{"operation": one} for one in operations]}

    def _hosts(self, hosts: Iterable[str] | None, needed: Conditions) -> list[str] | None:
        """Return *hosts* behind a mark of the conditions *needed*; None for all hosts without any."""
        if hosts is None and not needed:
            return None
        mark = self._word(f"when {needed}: ") if needed else ""
        return [f"{mark}{self._host(host)}" for host in hosts or ("*",)]

    def _host(self, host: str) -> str:
        name, colon, port = host.partition(":")
        short = name if "*" in name else self._word(name)
        return f"{short}{plain(colon)}{port}"

    def _word(self, text: str) -> str:
        word = f"_{hashlib.sha256(text.encode()).hexdigest()[:4]}"
        assert self._words.setdefault(word, text) == text, "two texts have one abbreviation"
        return word

    def _walk(self, value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            changed = {name: self._walk(below, name) for name, below in value.items()}
            if accounts := changed.pop("serviceAccounts", []):
                changed["principals"] = [self._principal(*one.split("/")) for one in accounts]
            return changed
        if isinstance(value, list):
            return [self._walk(below, key) for below in value]
        if value == self._root:
            return ROOT
        if key == "serviceAccountName":
            return _account(value)
        if key == "principals":
            domain, _, namespace, _, account = value.split("/")
            return self._principal(namespace, account) if domain == self._trust_domain else value
        return plain(value) if key == "paths" else value

    def _principal(self, namespace: str, account: str) -> str:
        """Return an identity of the one trust domain that the analyzer knows."""
        return f"{TRUST_DOMAIN}/ns/{ROOT if namespace == self._root else namespace}/sa/{_account(account)}"


def plain(text: str) -> str:
    """Return *text* in the analyzer's alphabet, each other character as a word."""
    return re.sub(r"[^\w./*-]", lambda found: f"_x{ord(found[0]):x}_", text)


def _account(name: str) -> str:
    return plain(name).replace(".", "_dot_")
