"""Random bundles, judged by independent analyzers: as many as a test run can bear; `make fuzz` asks about thousands.

What they once disagreed on with us lies in `disagreements/`, each with who was right and why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.manifests.network import LabelSelector
from generator.semantics.authorization import Authorization
from generator.semantics.network import NetworkReach
from generator.semantics.trial import Trial
from generator.semantics.universe import Universe
from tests.judges import agreement
from tests.judges.agreement import Agreement, Judge, compare, judge_called, run
from tests.judges.readers import netpol_analyzer, network_config_analyzer

BUNDLES = {network_config_analyzer.NAME: 300, netpol_analyzer.NAME: 100}
"""How many a test run looks at."""
FILES = sorted((Path(__file__).parent / "disagreements").glob("*.yaml"))


@pytest.fixture(params=agreement.JUDGES)
def judge(request: pytest.FixtureRequest) -> Iterator[Judge]:
    with judge_called(request.param) as found:
        if found is None:
            pytest.skip(f"{request.param} is not installed")
        yield found


def test_random_bundles_mean_the_same_to_us(judge: Judge) -> None:
    done = run(judge, BUNDLES[judge.name])
    assert not done.disagreements, f"{done}\n{done.disagreements[:10]}\n{done.example}"
    assert done.bundles == BUNDLES[judge.name]
    assert min(done.allowed, done.decisions - done.allowed) > done.decisions // 50, f"nearly all say the same: {done}"
    left_out = sum(done.left_out.values())
    assert left_out < done.policies // 4, f"too little is judged: {done}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_was_disagreed_upon_is_settled(judge: Judge, path: Path) -> None:
    total = Agreement(judge.name)
    assert compare(judge, list(yaml.safe_load_all(path.read_text("utf-8"))), total) == []
    assert total.left_out == Counter(), "then the case shows nothing"
    assert total.decisions


MISTAKES: dict[str, tuple[type, str, Any]] = {
    "a selector's expressions are forgotten": (
        LabelSelector,
        "matches",
        lambda self, labels: all(labels.get(key) == value for key, value in self.labels),
    ),
    "exceptions of an ipBlock are forgotten": (
        Universe,
        "block",
        lambda self, cidr, _, whole=Universe.block: whole(self, cidr, ()),
    ),
    "egress is not looked at": (
        NetworkReach,
        "policies",
        lambda self, endpoint, direction, whole=NetworkReach.policies: (
            whole(self, endpoint, direction) if direction == "Ingress" else []
        ),
    ),
    "a policy of the root namespace is for that namespace alone": (
        Authorization,
        "_speaks_for",
        lambda self, scope, server, whole=Authorization._speaks_for: (
            scope.namespace == server.namespace and whole(self, scope, server)
        ),
    ),
    "fields of a source are alternatives": (
        Trial,
        "_source",
        lambda self, source, policy, whole=Trial._source: whole(self, dict(list(source.items())[:1]), policy),
    ),
    "conditions are forgotten": (Trial, "_condition", lambda self, _: self._everyone),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_our_semantics_is_found(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An agreement that nothing could break would show nothing."""
    where, name, wrong = MISTAKES[mistake]
    monkeypatch.setattr(where, name, wrong)
    with judge_called(network_config_analyzer.NAME) as judge:
        assert judge is not None
        assert run(judge, BUNDLES[judge.name], shrinks=False).disagreements
