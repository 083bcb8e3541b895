"""Whatever modes meet in one bundle: it is proven, or refused with a reason; our own error is neither."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.intent.raw import findings

NAMES = ("web", "api", "db")
MODES = st.sampled_from(("sidecar", "ambient", "none"))
WAYPOINTS = st.sampled_from(("", "create", "{name: shared, namespace: infra}"))
OUTSIDE = st.sampled_from(("", "rendered: false, mesh: ambient, ", "rendered: false, mesh: sidecar, "))


@st.composite
def intents(draw: st.DrawFn) -> str:
    home, waypoint, far = draw(MODES), draw(WAYPOINTS), draw(OUTSIDE)
    modes = {name: draw(MODES) for name in NAMES}
    alone = draw(st.sets(st.sampled_from(NAMES)))
    pairs = draw(st.sets(st.sampled_from([(a, b) for a in NAMES for b in NAMES if a != b]), min_size=1, max_size=4))
    lines = ["namespaces:", f"  - {{name: shop, mesh: {home}{waypoint and f', waypoint: {waypoint}'}}}", "workloads:"]
    for number, name in enumerate(NAMES):
        passed_by = ", waypoint: none" if name in alone else ""
        ports = f"ports: [{{number: {8000 + number}, protocol: http}}]"
        lines.append(f"  - {{namespace: shop, name: {name}, mesh: {modes[name]}, {ports}{passed_by}}}")
    if far:
        lines.append(f"  - {{namespace: away, name: far, {far}ports: [{{number: 7000, protocol: tcp}}]}}")
    lines.append("flows:")
    for client, server in sorted(pairs):
        is_outside = modes[client] == "none" and modes[server] != "none"
        extra = (
            ", plaintext: it cannot join the mesh" if is_outside else draw(st.sampled_from(("", ", methods: [GET]")))
        )
        ends = f"from: {{workload: {client}, namespace: shop}}, to: {{workload: {server}, namespace: shop}}"
        lines.append(f"  - {{{ends}{extra}}}")
    if far:
        lines.append("  - {from: {workload: web, namespace: shop}, to: {workload: far, namespace: away}}")
        lines.append("  - {from: {gateway: public}, to: {workload: api, namespace: shop}}")
    return "\n".join(lines) + "\n"


@settings(max_examples=40, deadline=None)
@given(intents())
def test_proven_or_refused(intent: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert all(one.fix for one in findings(Path(folder), intent))
