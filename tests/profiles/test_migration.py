"""The three phases of a move into the mesh differ in what they must differ in, and in nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from generator.core.errors import InvalidInput
from generator.core.yaml_reader import read_documents
from generator.intent.profile_types import profile_types
from generator.pipeline import Bundle, Request, render

PLUMBING = {"allow-istiod", "allow-prometheus", "allow-probes"}
"""What pods with a sidecar need and pods without one do not."""

TYPES = profile_types()
SHOP = [TYPES[f"migration-phase-{phase}"].folder / "examples" / "shop.yaml" for phase in (1, 2, 3)]
LATE = TYPES["migration-phase-3"].folder / "examples" / "shop-with-late-client.yaml"
STORES = [TYPES[f"migration-phase-{phase}"].folder / "examples" / "shop-and-warehouse.yaml" for phase in (1, 2)]
MOVES = [(SHOP[0], SHOP[1]), (SHOP[1], SHOP[2]), (SHOP[1], LATE), (LATE, SHOP[2]), (STORES[0], STORES[1])]
STEPS = pytest.mark.parametrize(
    ("before", "after"), MOVES, ids=[f"{a.parts[-3]}-{b.parts[-3]}-{b.stem}" for a, b in MOVES]
)

APP = """\
apiVersion: meshgen.dev/v1alpha1
kind: Profile
metadata: {name: shop}
profile: app
spec:
  namespace: shop
  workloads:
    orders: {port: 8080, protocol: http}
    importer: {}
  peers:
    nightly: {namespace: batch, mesh: none}
  flows:
    - {from: nightly, to: orders, methods: [GET]}
    - {from: importer, to: orders, methods: [POST]}
"""

OTHER_APP = """\
apiVersion: meshgen.dev/v1alpha1
kind: Profile
metadata: {name: bank}
profile: app
spec:
  namespace: bank
  workloads:
    ledger: {port: 9000, protocol: grpc}
    auditor: {mesh: none}
  flows:
    - {from: auditor, to: ledger}
"""


def shown(path: Path) -> Bundle:
    return render(Request((str(path),)))


def objects(bundle: Bundle, kind: str) -> dict[tuple[str, str], Any]:
    """The bundle's objects of one kind, as a stranger would read them."""
    documents, findings = read_documents(bundle.stream, "stream")
    assert not findings
    found = [document.data for document in documents if document.data["kind"] == kind]
    return {(one["metadata"].get("namespace", ""), one["metadata"]["name"]): one for one in found}


def network_flows(bundle: Bundle) -> set[tuple[str, ...]]:
    """Every (namespace, pods, direction, peer, port) that a NetworkPolicy opens, without the mesh's plumbing."""
    opened = set()
    for (namespace, name), policy in objects(bundle, "NetworkPolicy").items():
        spec = policy["spec"]
        if name in PLUMBING:
            continue
        opened.add((namespace, str(spec["podSelector"]), *spec["policyTypes"]))
        for direction, side in (("ingress", "from"), ("egress", "to")):
            for rule in spec.get(direction, []):
                opened |= {
                    (namespace, str(spec["podSelector"]), direction, str(peer), str(port))
                    for peer in rule[side]
                    for port in rule["ports"]
                }
    return opened


def namespace_wide(bundle: Bundle) -> dict[tuple[str, str], str]:
    """The mode of each PeerAuthentication without a selector."""
    found = objects(bundle, "PeerAuthentication").items()
    return {key: one["spec"]["mtls"]["mode"] for key, one in found if "selector" not in one["spec"]}


def moved(tmp_path: Path, phase: int, spec: str) -> Path:
    (tmp_path / "shop.yaml").write_text(APP, "utf-8")
    (tmp_path / "bank.yaml").write_text(OTHER_APP, "utf-8")
    path = tmp_path / "move.yaml"
    head = (
        f"apiVersion: meshgen.dev/v1alpha1\nkind: Profile\nmetadata: {{name: move}}\nprofile: migration-phase-{phase}\n"
    )
    path.write_text(head + spec, "utf-8")
    return path


def refused(path: Path) -> list[tuple[str, str, int]]:
    with pytest.raises(InvalidInput) as error:
        shown(path)
    return [(one.code, Path(one.place.file).name, one.place.line) for one in error.value.findings if one.place]


def test_one_peer_authentication_changes_its_mode() -> None:
    before, during, after, late = (namespace_wide(shown(path)) for path in (*SHOP, LATE))
    assert before == {}
    assert during == {("shop", "default"): "PERMISSIVE"}
    assert after == late == {("shop", "default"): "STRICT"}


@STEPS
def test_network_flows_stay_the_same(before: Path, after: Path) -> None:
    flows = network_flows(shown(before))
    assert flows
    assert flows == network_flows(shown(after))


@STEPS
def test_going_back_is_rendering_the_earlier_phase(before: Path, after: Path) -> None:
    earlier, later = shown(before), shown(after)
    assert earlier.name == later.name
    own = set(earlier.files) - set(later.files)
    assert all("/mesh/peerauthentication-" in path for path in own), "going on leaves nothing of the earlier phase"
    extra = {path for path in set(later.files) - set(earlier.files) if not path.endswith("kustomization.yaml")}
    plumbing = {
        f"{namespace}/network/networkpolicy-{name}.yaml" for namespace in later.intent.namespaces for name in PLUMBING
    }
    assert all("/mesh/" in path or path in plumbing for path in extra)
    assert shown(before).files == earlier.files


def test_the_namespace_says_whether_pods_get_a_sidecar() -> None:
    labels = [objects(shown(path), "Namespace")["", "shop"]["metadata"]["labels"] for path in SHOP]
    assert [one["istio-injection"] for one in labels] == ["disabled", "enabled", "enabled"]
    assert not objects(shown(STORES[0]), "Namespace")


def test_before_the_mesh_there_is_nothing_of_the_mesh() -> None:
    assert "istio.io/v1" not in shown(SHOP[0]).stream


def test_the_rules_that_are_logged_are_the_rules_that_are_enforced() -> None:
    logged, enforced = (objects(shown(path), "AuthorizationPolicy") for path in SHOP[1:])
    assert {key: one["spec"] for key, one in logged.items()} == {key: one["spec"] for key, one in enforced.items()}
    assert all(one["metadata"]["annotations"]["istio.io/dry-run"] == "true" for one in logged.values())
    assert not any("istio.io/dry-run" in one["metadata"]["annotations"] for one in enforced.values())


def test_the_date_of_a_plaintext_client_is_printed() -> None:
    files = shown(SHOP[1]).files
    words = "plaintext until 2027-03-01"
    assert f"# batch/nightly: sales report ({words})" in files["shop/network/networkpolicy-allow-orders.yaml"]
    assert f"batch/nightly ({words})" in files["shop/mesh/peerauthentication-default.yaml"]
    assert "plaintext" not in shown(SHOP[2]).stream


def test_an_exception_opens_one_port_of_one_workload() -> None:
    policies = objects(shown(LATE), "PeerAuthentication")
    spec = policies.pop(("shop", "orders"))["spec"]
    assert spec["selector"] == {"matchLabels": {"app": "orders"}}
    assert spec["mtls"] == {"mode": "STRICT"}
    assert spec["portLevelMtls"] == {"8080": {"mode": "PERMISSIVE"}}
    assert set(policies) == {("shop", "default")}


def test_a_client_that_the_moved_profile_leaves_outside_needs_an_exception(tmp_path: Path) -> None:
    path = moved(tmp_path, 3, "spec: {use: [shop.yaml]}\n")
    assert refused(path) == [("MG027", "shop.yaml", 13)]
    shown(moved(tmp_path, 2, "spec: {use: [shop.yaml]}\n"))
    exception = "{workload: orders, port: 8080, reason: the report has no sidecar}"
    bundle = shown(moved(tmp_path, 3, f"spec: {{use: [shop.yaml], exceptions: [{exception}]}}\n"))
    assert ("shop", "orders") in objects(bundle, "PeerAuthentication")


def test_exceptions_and_clients_are_looked_up_in_all_moved_profiles(tmp_path: Path) -> None:
    spec = """
spec:
  use: [shop.yaml, bank.yaml]
  plaintextClients: [{namespace: shop, workload: importer, until: 2027-03-01}]
  exceptions:
    - {workload: orders, port: 8080, reason: the report has no sidecar}
    - {workload: ledger, port: 9000, reason: the auditor has no sidecar}
"""
    policies = objects(shown(moved(tmp_path, 3, spec)), "PeerAuthentication")
    assert set(policies) == {("shop", "default"), ("shop", "orders"), ("bank", "default"), ("bank", "ledger")}


def test_every_client_without_an_exception_is_named(tmp_path: Path) -> None:
    spec = "spec: {use: [shop.yaml, bank.yaml], plaintextClients: [{namespace: shop, workload: importer}]}\n"
    path = moved(tmp_path, 3, spec)
    assert refused(path) == [("MG027", "bank.yaml", 11), ("MG027", "move.yaml", 5), ("MG027", "shop.yaml", 13)]


# --- dry runs in the ambient mesh ----------------------------------------------------------------------

DRY_RUNS = {
    "unknown": ("{}", "MG029"),
    "kept back": ("{ambientDryRun: false}", "MG028"),
    "enforced by an older ztunnel": ('{ambientDryRun: true, version: "1.28.3"}', "MG028"),
    "logged": ('{ambientDryRun: true, version: "1.29.0"}', None),
    "logged, version unknown": ("{ambientDryRun: true, version: unknown}", None),
}


@pytest.mark.parametrize(("istio", "code"), DRY_RUNS.values(), ids=DRY_RUNS)
def test_dry_run_in_ambient_needs_the_fact_that_it_is_passed_on(tmp_path: Path, istio: str, code: str | None) -> None:
    facts = "apiVersion: meshgen.dev/v1alpha1\nkind: Environment\nmetadata: {name: own}\nextends: kind\n"
    facts += f"about: For one test.\nsources: {{istio: made up for the test}}\nspec: {{istio: {istio}}}\n"
    (tmp_path / "own.yaml").write_text(facts, "utf-8")
    (tmp_path / "app.yaml").write_text(APP, "utf-8")
    phase = "apiVersion: meshgen.dev/v1alpha1\nkind: Profile\nmetadata: {name: move}\nprofile: migration-phase-2\n"
    phase += "environment: own.yaml\nspec: {use: [app.yaml], mesh: ambient, waypoint: create}\n"
    (tmp_path / "move.yaml").write_text(phase, "utf-8")
    if code is None:
        policies = [one for one in shown(tmp_path / "move.yaml").resources if one.kind == "AuthorizationPolicy"]
        assert policies
        assert all(one.annotations["istio.io/dry-run"] == "true" for one in policies)
        return
    with pytest.raises(InvalidInput) as refused:
        shown(tmp_path / "move.yaml")
    assert {one.code for one in refused.value.findings} == {code}
    assert all("dryRun: false" in one.fix for one in refused.value.findings)
