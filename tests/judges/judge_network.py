"""The judge is network-config-analyzer: what NetworkPolicy and AuthorizationPolicy let through together."""

from __future__ import annotations

from tests.judges.analyzer import ask, question
from tests.judges.bundles import EXAMPLES, rendered
from tests.judges.installed import find
from tests.judges.results import Result

VERSION = "network-config-analyzer 2.1"


def sit() -> Result:
    """Ask it about every bundle, as a whole and about each end alone."""
    found, pairs = [], 0
    for example in EXAMPLES:
        asked = question(rendered(example))
        pairs += len(asked.topology.endpoints) ** 2 * len(asked.layers)
        (answer,) = ask(asked, [rendered(example).objects])
        found += [f"{example}: {one}" for one in (*answer.differences, *([answer.failed] if answer.failed else []))]
    remarks = ["It reads no PeerAuthentication and no tokens; Envoy judges those."]
    if find("netpolicy") is None:
        remarks.append("np-guard's netpol-analyzer did not sit: `make judges` could not get its module.")
    return Result(
        version=VERSION,
        counts={"bundles": len(EXAMPLES)},
        decisions=pairs,
        open=tuple(found),
        remarks=tuple(remarks),
    )
