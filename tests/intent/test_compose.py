"""Many profiles are one intent, whatever order they come in, and conflicts name both places."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from generator.core.errors import InvalidInput
from generator.model.peers import WorkloadPeer
from tests.intent.raw import BASE, findings, found, marked, rendered
from tests.support import MINIMAL, render_text, told

MALL = """\
namespaces:
  - {name: mall, labels: {team: red}}
workloads:
  - {namespace: mall, name: till, ports: [{number: 8443, protocol: http}]}
flows:
  - {from: {workload: till, namespace: mall}, to: {profile: raw-0, service: api}}
  - {from: {gateway: public}, to: {workload: till, namespace: mall}, hosts: [mall.example.com]}
"""
BANK = """\
namespaces:
  - {name: bank, scrape: false}
workloads:
  - {namespace: bank, name: ledger, ports: [{number: 7000, protocol: http}]}
flows:
  - {from: {workload: web, namespace: shop}, to: {workload: ledger, namespace: bank}, methods: [GET]}
"""
SHOP = BASE + "flows:\n  - {from: {workload: web, namespace: shop}, to: {workload: api, namespace: shop}}\n"


def _numbered(text: str, number: int) -> str:
    return text.replace("raw-0", f"raw-{number}")


def test_the_order_of_profiles_does_not_matter(tmp_path: Path) -> None:
    # The name of a profile follows its place in the list: the reference to SHOP is renamed with it.
    texts = {"shop": SHOP, "mall": MALL, "bank": BANK}
    bundles = set()
    for number, order in enumerate(itertools.permutations(texts)):
        folder = tmp_path / str(number)
        folder.mkdir()
        bundle = rendered(folder, *(_numbered(texts[name], order.index("shop")) for name in order))
        names = {f"raw-{position}": name for position, name in enumerate(order)}
        files = []
        for path, text in bundle.files.items():
            profiles = [line for line in text.splitlines() if "meshgen.dev/profile" in line]
            for numbered, name in names.items():
                text = text.replace(numbered, name)  # noqa: PLW2901
            files.append((path, "\n".join(line for line in text.splitlines() if "meshgen.dev/profile" not in line)))
            assert len(profiles) <= 1
        bundles.add(tuple(files))
    assert len(bundles) == 1


def test_a_flow_between_profiles_is_open_at_both_ends(tmp_path: Path) -> None:
    bundle = rendered(tmp_path, SHOP, MALL, BANK)
    assert "mall" in bundle.files["shop/network/networkpolicy-allow-api.yaml"]
    assert "shop" in bundle.files["mall/network/networkpolicy-allow-till.yaml"]
    flow = next(one for one in bundle.intent.flows if one.server == WorkloadPeer("bank", "ledger"))
    assert (flow.client, [port.number for port in flow.ports or ()]) == (WorkloadPeer("shop", "web"), [7000])


def test_the_far_end_becomes_the_workload_itself(tmp_path: Path) -> None:
    assert not rendered(tmp_path, SHOP).intent.workloads["bank", "ledger"].is_rendered
    assert rendered(tmp_path, SHOP, BANK).intent.workloads["bank", "ledger"].is_rendered


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        (
            "namespaces:\n  - {name: a, mtls: STRICT}\n",
            "namespaces:\n  - {name: a, mtls: PERMISSIVE} # MG025\n",
            "mtls",
        ),
        ("namespaces:\n  - {name: a}\n", "namespaces:\n  - {name: a, mtls: PERMISSIVE} # MG025\n", "mtls"),
        ("namespaces:\n  - {name: a}\n", "namespaces:\n  - {name: a, mesh: none} # MG025\n", "mesh"),
        (
            "namespaces:\n  - {name: a}\nworkloads:\n  - {namespace: a, name: w, labels: {app: b}}\n",
            "namespaces:\n  - {name: a}\nworkloads:\n  - {namespace: a, name: w, labels: {app: c}} # MG025\n",
            "labels",
        ),
        (
            "namespaces:\n  - {name: a}\n"
            "workloads:\n  - {namespace: a, name: w, ports: [{number: 1, protocol: tcp}]}\n",
            "namespaces:\n  - {name: a}\n"
            "workloads:\n  - {namespace: a, name: w, ports: [{number: 1, protocol: http}]} # MG025\n",
            "ports",
        ),
    ],
)
def test_a_conflict_names_both_places(first: str, second: str, what: str, tmp_path: Path) -> None:
    for texts in ((first, second), (second.replace(" # MG025", ""), first)):
        refused = findings(tmp_path, *texts)
        assert len(refused) == 1, told(refused)
        assert what in refused[0].message
        assert "'raw-0' and 'raw-1'" in refused[0].message
        assert refused[0].related[0][0].file.endswith("raw-0.yaml")
        assert str(refused[0].place).partition(":")[0].endswith("raw-1.yaml")
    assert found(findings(tmp_path, first, second)) == marked(first, second)


def test_what_is_compatible_is_merged(tmp_path: Path) -> None:
    workload = "workloads:\n  - {{namespace: a, name: w, ports: [{{number: {}, protocol: tcp}}]}}\n"
    first = "namespaces:\n  - {name: a, create: true}\n" + workload.format(1)
    second = "namespaces:\n  - {name: a, registryOnly: true}\n" + workload.format(2)
    intents = [rendered(tmp_path, *texts).intent for texts in ((first, second), (second, first))]
    for intent in intents:
        assert [port.number for port in intent.workloads["a", "w"].ports] == [1, 2]
        assert (intent.namespaces["a"].create, intent.namespaces["a"].registry_only) == (True, True)


def test_the_same_flow_from_two_profiles_is_there_once(tmp_path: Path) -> None:
    flow = "flows:\n  - {from: {workload: web, namespace: shop}, to: {workload: api, namespace: shop}}\n"
    once = rendered(tmp_path, SHOP).files["shop/network/networkpolicy-allow-api.yaml"]
    twice = rendered(tmp_path, SHOP, flow).files["shop/network/networkpolicy-allow-api.yaml"]
    assert twice.replace('"raw-0, raw-1"', "raw-0") == once


def test_one_environment_for_one_bundle(tmp_path: Path) -> None:
    other = MINIMAL.replace("shop", "mall").replace("environment: kind", "environment: generic")
    with pytest.raises(InvalidInput) as refused:
        render_text(tmp_path, MINIMAL, other)
    (finding,) = refused.value.findings
    assert (finding.code, str(finding.place)) == ("MG025", f"{tmp_path}/profile-1.yaml:5:14")
    assert str(finding.related[0][0]) == f"{tmp_path}/profile-0.yaml:5:14"
    assert render_text(tmp_path, MINIMAL, other, environment="kind").files
