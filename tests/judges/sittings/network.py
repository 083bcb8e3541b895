"""The judges are other readers of policies: what do NetworkPolicy and AuthorizationPolicy let through together?"""

from __future__ import annotations

from tests.judges.agreement import JUDGES, Agreement, judge_called, run
from tests.judges.analyzer import ask, question
from tests.judges.bundles import EXAMPLES, rendered
from tests.judges.results import Result

VERSION = "network-config-analyzer 2.1"
RANDOM = 1000
"""Random bundles for each reader."""


def sit() -> Result:
    """Ask it about every bundle, as a whole and about each end alone; then all readers about random ones."""
    found, pairs = [], 0
    for example in EXAMPLES:
        asked = question(rendered(example))
        pairs += len(asked.topology.endpoints) ** 2 * len(asked.layers)
        (answer,) = ask(asked, [rendered(example).objects])
        found += [f"{example}: {one}" for one in (*answer.differences, *([answer.failed] if answer.failed else []))]
    done, missing = _at_random()
    remarks = ["It reads no PeerAuthentication and no tokens; Envoy judges those."]
    remarks += [f"{name} did not sit: `make judges` could not get it." for name in missing]
    return Result(
        version=VERSION,
        counts={
            "bundles": len(EXAMPLES),
            **{f"random bundles, {one.judge}": one.bundles for one in done},
            **{f"decisions about random bundles, {one.judge}": one.decisions for one in done},
        },
        decisions=pairs + sum(one.decisions for one in done),
        open=(*found, *(text for one in done for text in one.disagreements)),
        remarks=tuple(remarks),
    )


def _at_random() -> tuple[list[Agreement], list[str]]:
    """Return what was compared with each reader, and who is not installed."""
    done, missing = [], []
    for name in JUDGES:
        with judge_called(name) as judge:
            if judge is None:
                missing.append(name)
            else:
                done.append(run(judge, RANDOM))
    return done, missing
