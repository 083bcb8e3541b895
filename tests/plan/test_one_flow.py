"""One flow written out: the rules that come of it, on both layers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from generator.core.places import Json
from tests.intent.raw import BASE, findings, found, rendered
from tests.support import of_kind

WEB, API = "{workload: web, namespace: shop}", "{workload: api, namespace: shop}"
TCP = "{number: 443, protocol: tcp}"


def _spec(folder: Path, flows: str, name: str = "allow-web", kind: str = "NetworkPolicy") -> Any:
    bundle = rendered(folder, f"{BASE}flows:\n{flows}")
    policy = of_kind(bundle, kind).get(("shop", name))
    return policy and policy["spec"]


@pytest.mark.parametrize(
    ("flow", "egress"),
    [
        (
            f"  - {{from: {WEB}, to: {API}}}\n",
            [{"to": [{"podSelector": {"matchLabels": {"app": "api"}}}], "ports": [{"protocol": "TCP", "port": 9090}]}],
        ),
        (
            f"  - {{from: {WEB}, to: {{workload: cache, namespace: shop}}}}\n",
            [{"to": [{"podSelector": {"matchLabels": {"app": "cache"}}}], "ports": [{"protocol": "UDP", "port": 53}]}],
        ),
        (
            f"  - {{from: {WEB}, to: {{cidrs: [203.0.113.0/24]}}, ports: [{TCP}]}}\n",
            [{"to": [{"ipBlock": {"cidr": "203.0.113.0/24"}}], "ports": [{"protocol": "TCP", "port": 443}]}],
        ),
        (
            f"  - {{from: {WEB}, to: {{cidrs: [203.0.113.0/24]}}, ports: [{{number: 1, end: 9, protocol: tcp}}]}}\n",
            [
                {
                    "to": [{"ipBlock": {"cidr": "203.0.113.0/24"}}],
                    "ports": [{"protocol": "TCP", "port": 1, "endPort": 9}],
                }
            ],
        ),
        (
            f"  - {{from: {WEB}, to: {{cidrs: [203.0.113.0/24]}}, ports: all}}\n",
            [{"to": [{"ipBlock": {"cidr": "203.0.113.0/24"}}]}],
        ),
    ],
)
def test_egress_of_one_flow(flow: str, egress: Json, tmp_path: Path) -> None:
    spec = _spec(tmp_path, flow)
    assert spec == {
        "podSelector": {"matchLabels": {"app": "web"}},
        "policyTypes": ["Ingress", "Egress"],
        "egress": egress,
    }


def test_anyone_is_asked_for_by_name(tmp_path: Path) -> None:
    inbound = BASE.replace("- name: shop", "- {name: shop, directions: [Ingress]}")
    inbound = inbound.replace("namespace: shop, name", "namespace: shop, directions: [Ingress], name")
    flow = f"flows:\n  - {{from: {{anyone: true}}, to: {WEB}, plaintext: the public status page}}\n"
    bundle = rendered(tmp_path, inbound + flow)
    policy = of_kind(bundle, "NetworkPolicy")["shop", "allow-web"]
    assert policy["spec"]["ingress"] == [{"ports": [{"protocol": "TCP", "port": 8080}]}]
    policy = of_kind(bundle, "AuthorizationPolicy")["shop", "allow-web"]
    assert policy["spec"]["rules"] == [{"to": [{"operation": {"ports": ["8080"]}}]}]


def test_callers_of_one_port_share_a_rule(tmp_path: Path) -> None:
    db = "{workload: db, namespace: shop}"
    spec = _spec(
        tmp_path, f"  - {{from: {WEB}, to: {db}}}\n  - {{from: {API}, to: {db}}}\n", "allow-db", "AuthorizationPolicy"
    )
    assert spec["rules"] == [
        {
            "from": [{"source": {"serviceAccounts": ["shop/api", "shop/web"]}}],
            "to": [{"operation": {"ports": ["5432"]}}],
        }
    ]


def test_callers_who_may_differently_do_not(tmp_path: Path) -> None:
    flows = f"  - {{from: {WEB}, to: {API}, methods: [GET]}}\n"
    flows += f"  - {{from: {{gateway: public}}, to: {API}, methods: [POST]}}\n"
    rules = _spec(tmp_path, flows, "allow-api", "AuthorizationPolicy")["rules"]
    told = {
        (rule["from"][0]["source"]["serviceAccounts"][0].partition("/")[0], *rule["to"][0]["operation"]["methods"])
        for rule in rules
    }
    assert told == {("shop", "GET"), ("istio-system", "POST")}


def test_many_callers_are_split_where_the_api_would_refuse(tmp_path: Path) -> None:
    accounts = ", ".join(f"account-{number:02}" for number in range(40))
    base = BASE.replace("name: web,", f"name: web, serviceAccounts: [{accounts}],")
    policy = of_kind(rendered(tmp_path, f"{base}flows:\n  - {{from: {WEB}, to: {API}}}\n"), "AuthorizationPolicy")
    rules = policy["shop", "allow-api"]["spec"]["rules"]
    named = [rule["from"][0]["source"]["serviceAccounts"] for rule in rules]
    assert [len(part) for part in named] == [16, 16, 8]
    assert len({name for part in named for name in part}) == 40


def test_udp_is_for_the_network_layer_alone(tmp_path: Path) -> None:
    flow = f"  - {{from: {WEB}, to: {{workload: cache, namespace: shop}}}}\n"
    assert _spec(tmp_path, flow, "allow-cache", "AuthorizationPolicy") is None


@pytest.mark.parametrize("peer", ["{apiServer: true}", "{prometheus: true}", "{gateway: public}"])
def test_a_peer_that_nobody_can_name_is_no_rule_but_an_error(peer: str, tmp_path: Path) -> None:
    (tmp_path / "bare.yaml").write_text(
        "apiVersion: meshgen.dev/v1alpha1\nkind: Environment\nmetadata: {name: bare}\nspec:\n"
        "  prometheus: unknown\n  gateways: unknown\n  istio: {version: '1.30'}\n"
    )
    flow = f"  - {{from: {WEB}, to: {peer}, ports: [{TCP}]}}\n"
    refused = findings(tmp_path, f"{BASE}flows:\n{flow}", environment=str(tmp_path / "bare.yaml"))
    assert refused
    assert {one.rpartition(" ")[2] for one in found(refused)} == {"MG029"}
