"""Policies of a gateway find it by the Gateway that it was made for, or by the labels of its pods."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.support import meshgen

PROFILES = """\
apiVersion: meshgen.dev/v1alpha1
kind: Profile
metadata: {name: mesh}
profile: mesh-baseline
environment: here.yaml
spec:
  denyByDefault: true
  gateways: [edge]
---
apiVersion: meshgen.dev/v1alpha1
kind: Profile
metadata: {name: partners-only}
profile: address-list
environment: here.yaml
spec: {gateway: edge, allow: [198.51.100.0/24]}
"""
LIMIT = """\
---
apiVersion: meshgen.dev/v1alpha1
kind: Profile
metadata: {name: limit}
profile: rate-limit
environment: here.yaml
spec: {gateways: {edge: {port: 8443, requests: 10, per: second}}}
"""
ENVIRONMENT = """\
apiVersion: meshgen.dev/v1alpha1
kind: Environment
metadata: {name: here}
extends: generic
spec:
  istio: {version: VERSION}
  gateways: {edge: INSTALLED}
  loadBalancer: {externalTrafficPolicy: Local, trustedProxies: 0, proxyProtocol: false}
"""
API = "{install: gateway-api, gateway: front, namespace: edge, ports: [8443]}"
HELM = "{install: helm, release: istio-edge, namespace: edge, ports: [8443]}"
NAMED: dict[str, Any] = {
    "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "front"}],
}
CASES = {
    "a Gateway is named": (API, '"1.30.3"', NAMED),
    "from the first version on that reads targetRefs": (API, '"1.22"', NAMED),
    "an older one reads labels": (API, '"1.21.4"', {"gateway.networking.k8s.io/gateway-name": "front"}),
    "and so may one of unknown version": (API, "unknown", {"gateway.networking.k8s.io/gateway-name": "front"}),
    "pods of a chart have no Gateway": (HELM, '"1.30.3"', {"app": "istio-edge", "istio": "edge"}),
}


def test_a_gateway_that_is_named_may_run_in_the_root_namespace(tmp_path: Path) -> None:
    """Its labels mean pods of every namespace there; its name means it alone, and needs no consent."""
    text = ENVIRONMENT.replace("INSTALLED", API.replace("namespace: edge", "namespace: istio-system"))
    (tmp_path / "here.yaml").write_text(text.replace("VERSION", '"1.30.3"'))
    (tmp_path / "all.yaml").write_text(PROFILES + LIMIT)
    run = meshgen("render", tmp_path / "all.yaml", "-o", "-")
    assert run.code == 0, run.err
    (tmp_path / "here.yaml").write_text(text.replace("VERSION", '"1.21.0"'))
    run = meshgen("render", tmp_path / "all.yaml", "-o", "-")
    assert (run.code, "gateway-labels-mesh-wide" in run.err) == (2, True)


@pytest.mark.parametrize(("installed", "version", "found"), CASES.values(), ids=CASES)
def test_what_is_for_a_gateway_is_attached_to_it(
    tmp_path: Path, installed: str, version: str, found: dict[str, Any]
) -> None:
    """The bundle is proven, so the policies are read the way that they are written."""
    (tmp_path / "here.yaml").write_text(ENVIRONMENT.replace("VERSION", version).replace("INSTALLED", installed))
    text = PROFILES if version == "unknown" else PROFILES + LIMIT  # a filter is pinned to a version
    (tmp_path / "all.yaml").write_text(text)
    run = meshgen("render", tmp_path / "all.yaml", "-o", "-")
    assert run.code == 0, run.err
    specs = [
        one["spec"]
        for one in YAML(typ="safe").load_all(run.out)
        if one["kind"] in ("AuthorizationPolicy", "EnvoyFilter") and one["metadata"]["namespace"] == "edge"
    ]
    assert len(specs) == (2 if version == "unknown" else 3)
    for spec in specs:
        if found is NAMED:
            assert spec["targetRefs"] == NAMED["targetRefs"]
            assert not spec.keys() & {"selector", "workloadSelector"}
        else:
            selector = spec.get("selector", {}).get("matchLabels") or spec["workloadSelector"]["labels"]
            assert (selector, "targetRefs" in spec) == (found, False)
