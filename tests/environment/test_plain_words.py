"""The facts of a cluster in plain words mean the same as in our own form, and mistakes keep their places."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.core.errors import InvalidInput
from generator.environment.load import load_environment
from generator.environment.model import Environment
from tests.support import told

WORDS = """\
serviceCIDRs: [10.96.0.0/12]
podCIDRs: [10.244.0.0/16]
nodeCIDRs: unknown
apiServer: {cidrs: [172.16.0.2/32], ports: [6443]}
trustDomain: example.org
trustDomainAliases: [cluster.local]
rootNamespace: mesh
cni: {name: calico, policyPoint: post-dnat, kubeletExempt: false, ipBlockMatchesPods: true}
dns: {namespace: dns, labels: {app: coredns}, podPorts: [8053], nodeLocal: [169.254.20.10]}
istioVersion: 1.30.3
"""
OURS = """\
apiVersion: meshgen.dev/v1alpha1
kind: Environment
metadata: {name: env}
spec:
  addresses: {services: [10.96.0.0/12], pods: [10.244.0.0/16], apiServer: [172.16.0.2/32], apiServerPorts: [6443]}
  istio: {trustDomain: example.org, trustDomainAliases: [cluster.local], rootNamespace: mesh, version: 1.30.3}
  cni: {name: calico, policyPoint: after-dnat, kubeletExempt: false, ipBlockMatchesPods: true}
  dns: {namespace: dns, labels: {app: coredns}, ports: [8053], nodeLocalAddresses: [169.254.20.10/32]}
"""


def _load(folder: Path, text: str) -> Environment:
    (folder / "env.yaml").write_text(text)
    return load_environment("env.yaml", folder)


def test_both_forms_mean_the_same(tmp_path: Path) -> None:
    assert _load(tmp_path, WORDS) == _load(tmp_path, OURS)


@pytest.mark.parametrize(("word", "point"), [("pre-dnat", "before-dnat"), ("before-dnat", "before-dnat")])
def test_where_policies_are_applied(tmp_path: Path, word: str, point: str) -> None:
    assert _load(tmp_path, f"cni: {{policyPoint: {word}}}\n").cni.policy_point == point


def test_what_is_not_said_stays_as_in_generic(tmp_path: Path) -> None:
    found = _load(tmp_path, "trustDomain: example.org\n")
    assert found.addresses == load_environment("generic", Path()).addresses


@pytest.mark.parametrize(
    ("text", "expected", "cure"),
    [
        ("serviceCIDR: [10.0.0.0/8]\n", "MG011 1:1", "serviceCIDRs"),
        ("apiServer: {cidr: [10.0.0.0/8]}\n", "MG011 1:13", "cidrs"),
        ("dns: {podPort: [53]}\n", "MG011 1:7", "podPorts"),
        ("apiServer: [10.0.0.0/8]\n", "MG012 1:12", "cidrs"),
        ("podCIDRs: [10.0.0.300/8]\n", "MG012 1:11", ""),
        ("podCIDRs: 10.0.0.0/8\n", "MG012 1:11", ""),
        ("cni: {policyPoint: nowhere}\n", "MG012 1:20", ""),
        ("istioVersion: 1.30\n", "MG012 1:15", ""),
        ("dns: {podPorts: [0]}\n", "MG012 1:18", ""),
    ],
)
def test_mistakes(tmp_path: Path, text: str, expected: str, cure: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        _load(tmp_path, text)
    assert told(refused.value.findings) == [expected]
    assert cure in refused.value.findings[0].fix


def test_all_mistakes_in_one_run(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as refused:
        _load(tmp_path, "wrong: 1\ncni: {what: 2}\npodCIDRs: [x]\n")
    assert told(refused.value.findings) == ["MG011 1:1", "MG011 2:7", "MG012 3:11"]
