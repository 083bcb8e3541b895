"""Presets: each fact has its source, the facts that decide most are pinned, and every example is right on every one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from generator.checking.check import CheckRequest, check
from generator.core.resources import bundled
from generator.environment.load import document, facts, load_environment, preset_names
from generator.intent.profile_types import profile_types
from generator.pipeline import Request, render
from tests.support import MINIMAL, meshgen, of_kind, render_text, walk

DNS = {
    "aks": ("kube-system", {"k8s-app": "kube-dns"}, (53,)),
    "calico": ("kube-system", {"k8s-app": "kube-dns"}, (53,)),
    "cilium": ("kube-system", {"k8s-app": "kube-dns"}, (53,)),
    "eks": ("kube-system", {"k8s-app": "kube-dns"}, (53,)),
    "gardener": ("kube-system", {"k8s-app": "kube-dns"}, (8053,)),
    "generic": ("kube-system", {"k8s-app": "kube-dns"}, (53,)),
    "gke": ("kube-system", {"k8s-app": "kube-dns"}, (53,)),
    "k3s": ("kube-system", {"k8s-app": "kube-dns"}, (53,)),
    "kind": ("kube-system", {"k8s-app": "kube-dns"}, (53,)),
    "openshift": ("openshift-dns", {"dns.operator.openshift.io/daemonset-dns": "default"}, (5353,)),
}
NODE_LOCAL = {
    "gke": ("169.254.20.10/32", "169.254.169.254/32"),
    "aks": ("169.254.10.10/32", "169.254.10.11/32"),
    "gardener": ("169.254.20.10/32", "fd30:1319:f1e:230b::1/128"),
}
GATEWAYS = """\
apiVersion: meshgen.dev/v1alpha1
kind: Environment
metadata: {name: here}
extends: PRESET
spec:
  istio: {version: "1.30.3", ambientDryRun: true}
  gateways:
    public: {install: istioctl}
    partners: {install: gateway-api, namespace: partners, ports: [8443]}
    edge: {install: gateway-api, namespace: edge, ports: [443]}
    egress: {install: helm, role: egress, release: istio-egress, namespace: istio-egress}
    east-west: {install: istioctl, role: east-west}
  cluster: {name: east, network: network-east}
  clusters: {west: {network: elsewhere, trustDomain: cluster.local, gateway: {addresses: [203.0.113.20/32]}}}
  clusters: {data: {network: elsewhere, trustDomain: cluster.local, gateway: {addresses: [203.0.113.30/32]}}}
  addresses: {apiServer: [192.0.2.7/32], apiServerPorts: [6443]}
  cloudCredentials: {addresses: [169.254.169.254/32], ports: [80]}
  loadBalancer: {externalTrafficPolicy: Local, trustedProxies: 1, proxyProtocol: false}
"""
DIFFERENCES = Path(__file__).parent / "differences"
SHOWN = ("app/examples/bank-of-anthos.yaml", "external-service/examples/app-with-mail.yaml")
EXAMPLES = [path for kind in profile_types().values() for path in kind.examples()]
COVERED = {"MG121", "MG310"}
"""Rules about objects beside the bundle, which tell what they could not see; no preset changes that."""


def _is_needed(line: str, example: Path) -> bool:
    """Tell whether *line* is a fact that *example* could need: a gateway or a cluster is, where it names it."""
    if found := re.match(r"  clusters: {(\w+)", line):
        return _spans(example, found[1])
    return ": {install:" not in line or _names(example, line.partition(":")[0].strip())


def _spans(example: Path, cluster: str) -> bool:
    """Tell whether *example* is about another *cluster* of the mesh."""
    return bool(re.search(rf"\bclusters?: .*\b{cluster}\b", example.read_text("utf-8")))


def _names(example: Path, gateway: str) -> bool:
    """Tell whether *example* is about *gateway*; everybody has the public one."""
    if gateway == "east-west":
        return _spans(example, "(west|data)")
    text = example.read_text("utf-8")
    return gateway == "public" or f"gateway: {gateway}" in text or f"through: {gateway}" in text


def _facts(preset: str, example: Path | None = None) -> str:
    """Return an environment on *preset* with what *example* needs beside it; without one, no other cluster."""
    lines = GATEWAYS.replace("PRESET", preset).splitlines(keepends=True)
    if example is None:
        return "".join(line for line in lines if not line.startswith("  clusters:"))
    return "".join(line for line in lines if _is_needed(line, example))


def differences(name: str, folder: Path) -> str:
    """Return the documents of two examples that differ on the preset *name* from those on kind."""
    lines = []
    for example in SHOWN:
        bundles = []
        for preset in ("kind", name):
            environment = folder / f"{preset}.yaml"
            environment.write_text(_facts(preset, bundled("profiles") / example))
            request = Request((str(bundled("profiles") / example),), environment=str(environment))
            bundles.append(render(request).files)
        for path, text in sorted(bundles[1].items()):
            if bundles[0].get(path) != text and "kustomization" not in path:
                lines.append(f"# {example}: {path}\n{text[text.index('apiVersion') :]}---\n")
    return "".join(lines)


def test_the_presets_are_those_that_people_have() -> None:
    assert preset_names() == tuple(sorted(DNS))


@pytest.mark.parametrize("name", preset_names())
def test_resolvers(name: str) -> None:
    dns = load_environment(name, Path()).dns
    assert (dns.pods.namespace, dict(dns.pods.labels), dns.ports) == DNS[name]
    assert dns.node_local_addresses == NODE_LOCAL.get(name, ())


@pytest.mark.parametrize("name", preset_names())
def test_each_stated_fact_has_a_source_and_a_day(name: str) -> None:
    said = document(name).data
    assert said["about"]
    assert said["asOf"]
    known = {".".join(map(str, route)) for route, _ in walk(facts(name, Path()))}
    assert set(said["sources"]) <= known, "a source names a fact that there is not"
    if name == "generic":
        return
    for route, value in walk(said["spec"]):
        path = ".".join(map(str, route))
        is_leaf = bool(route) and not isinstance(value, dict | list) and value != "unknown"
        sourced = any(path == one or path.startswith(f"{one}.") for one in said["sources"])
        assert not is_leaf or sourced, f"{path} of {name} has no source"


@pytest.mark.parametrize("name", preset_names())
def test_what_env_prints_is_the_same_environment(name: str, tmp_path: Path) -> None:
    (tmp_path / f"{name}.yaml").write_text(meshgen("env", name).out)
    assert load_environment(f"{name}.yaml", tmp_path) == load_environment(name, Path())


@pytest.mark.slow
@pytest.mark.parametrize("name", [one for one in preset_names() if one != "kind"])
def test_every_example_is_proven_and_free_of_findings_on_every_preset(name: str, tmp_path: Path) -> None:
    """The proof and the schemas are part of rendering; what `check` says of the result is asked here."""
    environment = tmp_path / "here.yaml"
    for number, example in enumerate(EXAMPLES):
        environment.write_text(_facts(name, example))
        bundle = render(Request((str(example),), environment=str(environment)))
        assert bundle.proof.holds
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "bundle.yaml").write_text(bundle.stream)
        found = check(CheckRequest((str(folder),), environment=str(environment))).findings
        assert [str(one.place) + one.message for one in found if one.code not in COVERED] == [], example


@pytest.mark.parametrize(
    ("istio", "kind", "callers"),
    [
        ("{trustDomain: example.org, trustDomainAliases: [cluster.local], version: unknown}", "principals",
         ["example.org/ns/istio-system/sa/istio-ingressgateway-service-account"]),
        ("{trustDomain: example.org, version: '1.30.3'}", "serviceAccounts",
         ["istio-system/istio-ingressgateway-service-account"]),
    ],
)  # fmt: skip
def test_identities_are_spelled_with_the_mesh_s_own_trust_domain(
    istio: str, kind: str, callers: list[str], tmp_path: Path
) -> None:
    """Former trust domains need no rule of their own: Istio reads its own as those too."""
    environment = tmp_path / "here.yaml"
    environment.write_text(_facts("gke").replace('{version: "1.30.3", ambientDryRun: true}', istio))
    policies = of_kind(render_text(tmp_path, MINIMAL, environment=str(environment)), "AuthorizationPolicy")
    (rule,) = policies["shop", "allow-web"]["spec"]["rules"]
    assert rule["from"] == [{"source": {kind: callers}}]


def test_the_node_answers_on_53_wherever_the_resolvers_listen(tmp_path: Path) -> None:
    environment = tmp_path / "here.yaml"
    environment.write_text(_facts("gardener"))
    dns = of_kind(render_text(tmp_path, MINIMAL, environment=str(environment)), "NetworkPolicy")["shop", "allow-dns"]
    ports = {
        tuple(sorted({one["port"] for one in rule["ports"]})): ["ipBlock" in peer for peer in rule["to"]]
        for rule in dns["spec"]["egress"]
    }
    assert ports == {(53,): [True, True], (8053,): [False]}


@pytest.mark.parametrize("name", [one for one in preset_names() if one != "kind"])
def test_what_differs_from_kind(name: str, tmp_path: Path) -> None:
    assert differences(name, tmp_path) == (DIFFERENCES / f"{name}.yaml").read_text("utf-8")


def test_every_preset_has_its_differences_written_down() -> None:
    assert sorted(path.stem for path in DIFFERENCES.iterdir()) == sorted({*preset_names()} - {"kind"})
