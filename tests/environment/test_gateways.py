"""What follows from a gateway's installation (istio's charts and its Gateway API controller), and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.core.errors import InvalidInput
from generator.environment.load import load_environment
from generator.environment.model import Gateway, GatewayService, Pods
from tests.support import told

LABEL = "gateway.networking.k8s.io/gateway-name"
TABLE = {
    "install: istioctl": Gateway(
        "g",
        "istioctl",
        Pods("istio-system", {"app": "istio-ingressgateway", "istio": "ingressgateway"}),
        "istio-ingressgateway-service-account",
        (8080, 8443),
        15021,
    ),
    "install: istioctl, role: egress": Gateway(
        "g",
        "istioctl",
        Pods("istio-system", {"app": "istio-egressgateway", "istio": "egressgateway"}),
        "istio-egressgateway-service-account",
        (8080, 8443),
        15021,
        "egress",
        service=GatewayService("istio-egressgateway.istio-system.svc.cluster.local", 443, 8443),
    ),
    "install: helm, role: egress, release: out, namespace: edge": Gateway(
        "g",
        "helm",
        Pods("edge", {"app": "out", "istio": "out"}),
        "out",
        (80, 443),
        15021,
        "egress",
        service=GatewayService("out.edge.svc.cluster.local", 443, 443),
    ),
    "install: helm, role: egress, release: out, namespace: edge, ports: [8443]": Gateway(
        "g", "helm", Pods("edge", {"app": "out", "istio": "out"}), "out", (8443,), 15021, "egress"
    ),
    "install: gateway-api, role: egress, namespace: edge, ports: [8443], routes: istio, "
    "service: {host: g-istio.edge.svc.example.org, port: 443, targetPort: 8443}": Gateway(
        "g",
        "gateway-api",
        Pods("edge", {LABEL: "g"}),
        "g-istio",
        (8443,),
        15021,
        "egress",
        "istio",
        "g",
        GatewayService("g-istio.edge.svc.example.org", 443, 8443),
    ),
    "install: istioctl, role: east-west": Gateway(
        "g",
        "istioctl",
        Pods("istio-system", {"app": "istio-eastwestgateway", "istio": "eastwestgateway"}),
        "istio-eastwestgateway-service-account",
        (15443, 15012, 15017),
        15021,
        "east-west",
    ),
    "install: helm, release: istio-ingress, namespace: istio-ingress": Gateway(
        "g",
        "helm",
        Pods("istio-ingress", {"app": "istio-ingress", "istio": "ingress"}),
        "istio-ingress",
        (80, 443),
        15021,
    ),
    "install: helm, release: edge, namespace: edge, ports: [8080]": Gateway(
        "g", "helm", Pods("edge", {"app": "edge", "istio": "edge"}), "edge", (8080,), 15021
    ),
    "install: gateway-api, namespace: web, ports: [443]": Gateway(
        "g", "gateway-api", Pods("web", {LABEL: "g"}), "g-istio", (443,), 15021, "ingress", "gateway-api", "g"
    ),
    "install: gateway-api, gateway: edge, namespace: web, ports: [443], routes: istio": Gateway(
        "g", "gateway-api", Pods("web", {LABEL: "edge"}), "edge-istio", (443,), 15021, "ingress", "istio", "edge"
    ),
    "install: gateway-api, role: east-west, namespace: istio-system": Gateway(
        "g",
        "gateway-api",
        Pods("istio-system", {LABEL: "g"}),
        "g",
        (15008,),
        15021,
        "east-west",
        "gateway-api",
        "g",
    ),
}
WRONG = {
    "{install: helm, namespace: edge}": ["MG013 5:17", "MG013 5:17"],
    "{install: helm, release: edge}": ["MG013 5:17"],
    "{install: gateway-api, ports: [80]}": ["MG013 5:17"],
    "{install: gateway-api, namespace: web}": ["MG013 5:17"],
    "{namespace: web, labels: {app: g}, serviceAccount: g, ports: [80]}": ["MG013 5:17"],
    "{install: operator}": ["MG012 5:27"],
    "{install: istioctl, role: sideways}": ["MG012 5:43"],
    "{install: istioctl, port: 80}": ["MG011 5:37"],
    "{install: istioctl, role: egress, service: {host: out, port: 443, targetPort: 8443}}": ["MG012 5:67"],
    "{install: istioctl, role: egress, service: {host: out.edge.svc, port: 443}}": ["MG013 5:60"],
    "{install: istioctl, role: egress, service: {host: out.edge.svc, port: 443, targetPort: 443}}": ["MG012 5:104"],
}


def _environment(folder: Path, spec: str) -> Path:
    path = folder / "env.yaml"
    path.write_text(f"apiVersion: meshgen.dev/v1alpha1\nkind: Environment\nmetadata: {{name: env}}\nspec:\n  {spec}\n")
    return path


@pytest.mark.parametrize("said", TABLE)
def test_facts_follow_from_the_installation(said: str, tmp_path: Path) -> None:
    _environment(tmp_path, f"gateways: {{g: {{{said}}}}}")
    assert load_environment("env.yaml", tmp_path).gateways == {"g": TABLE[said]}


@pytest.mark.parametrize("said", WRONG)
def test_an_installation_that_is_not_stated_is_refused(said: str, tmp_path: Path) -> None:
    _environment(tmp_path, f"gateways: {{g: {said}}}")
    with pytest.raises(InvalidInput) as refused:
        load_environment("env.yaml", tmp_path)
    assert told(refused.value.findings) == WRONG[said]
    assert all(one.fix for one in refused.value.findings)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("ipFamilies: [IPv4]\n  addresses: {pods: [10.0.0.0/8, 'fd00:10::/64']}", ["MG012 6:21"]),
        ("ipFamilies: [IPv4, IPv6]\n  addresses: {services: [10.0.0.0/8], nodes: ['fd00:1::/64']}",
         ["MG012 6:25", "MG012 6:46"]),
        ("ipFamilies: [IPv6]\n  addresses: {pods: ['fd00:10::/64'], services: unknown}", []),
    ],
)  # fmt: skip
def test_ranges_and_families_tell_the_same_story(spec: str, expected: list[str], tmp_path: Path) -> None:
    _environment(tmp_path, spec)
    try:
        load_environment("env.yaml", tmp_path)
        found = []
    except InvalidInput as refused:
        found = sorted(told(refused.findings))
    assert found == expected


def test_a_preset_of_one_family_wants_the_other_s_ranges_before_it_is_dual_stack(tmp_path: Path) -> None:
    path = _environment(tmp_path, "ipFamilies: [IPv4, IPv6]")
    path.write_text(path.read_text().replace("spec:", "extends: openshift\nspec:"))
    with pytest.raises(InvalidInput) as refused:
        load_environment("env.yaml", tmp_path)
    assert told(refused.value.findings) == ["MG012 6:15", "MG012 6:15"]
