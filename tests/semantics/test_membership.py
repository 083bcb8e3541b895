"""Who gets a sidecar: the truth table of the injection webhooks (istio 1.30.3 mutatingwebhook.yaml)."""

from __future__ import annotations

import pytest

from generator.semantics.membership import INJECT, INJECTION, REVISION, mesh_mode

ENABLED, OTHER, REV = {INJECTION: "enabled"}, {INJECTION: "disabled"}, {REVISION: "canary"}


@pytest.mark.parametrize(
    ("namespace", "pod", "annotations", "mode"),
    [
        (ENABLED, {}, {}, "sidecar"),
        (ENABLED, {INJECT: "true"}, {}, "sidecar"),
        (ENABLED, {INJECT: "false"}, {}, "none"),
        (ENABLED | REV, {}, {}, "sidecar"),
        (OTHER, {INJECT: "true"}, {}, "none"),
        (OTHER, {REVISION: "canary"}, {}, "none"),
        (REV, {}, {}, "sidecar"),
        (REV, {INJECT: "false"}, {}, "none"),
        ({}, {REVISION: "canary"}, {}, "sidecar"),
        ({}, {INJECT: "true"}, {}, "sidecar"),
        ({}, {}, {}, "none"),
        ({}, {}, {INJECT: "true"}, "none"),
        (ENABLED, {}, {INJECT: "false"}, "none"),
        ({"istio.io/dataplane-mode": "ambient"}, {}, {}, "ambient"),
        ({"istio.io/dataplane-mode": "ambient"}, {"istio.io/dataplane-mode": "none"}, {}, "none"),
        ({}, {"istio.io/dataplane-mode": "ambient"}, {}, "ambient"),
        (None, {}, {}, None),
        (None, {INJECT: "false", "istio.io/dataplane-mode": "none"}, {}, "none"),
    ],
)
def test_truth_table(
    namespace: dict[str, str] | None, pod: dict[str, str], annotations: dict[str, str], mode: str | None
) -> None:
    assert mesh_mode("shop", namespace, pod, annotations, is_host_network=False) == mode


def test_host_network_and_system_namespaces_never_take_part() -> None:
    assert mesh_mode("shop", ENABLED, {}, {}, is_host_network=True) == "none"
    assert mesh_mode("kube-system", ENABLED, {}, {}, is_host_network=False) == "none"
