"""The judges are other readers of policies: what do NetworkPolicy and AuthorizationPolicy let through together?"""

from __future__ import annotations

from collections.abc import Callable

from tests.judges import analyzer, ends
from tests.judges.agreement import JUDGES, Agreement, judge_called, run
from tests.judges.bundles import EXAMPLES, Rendered, rendered
from tests.judges.installed import version
from tests.judges.readers import netpol_analyzer, network_config_analyzer
from tests.judges.results import Result

RANDOM = 1000
"""Random bundles for each reader."""


def sit() -> Result:
    """Ask each about every bundle, as a whole and about each end alone; then about random ones."""
    of_bundles = [_both_layers(), *([_ends(command)] if (command := netpol_analyzer.found()) else [])]
    done, missing = _at_random()
    remarks = ["network-config-analyzer reads no PeerAuthentication and no tokens; Envoy judges those."]
    remarks += [text for one in of_bundles for text in one.remarks]
    remarks += [f"{name} did not sit: `make judges` could not get it." for name in missing]
    versions = [one.replace("==", " ") for one in version("pypi").split() if one.startswith("network")]
    versions += [f"netpol-analyzer {version('netpolicy')}"] if netpol_analyzer.found() else []
    counts = {what: count for one in of_bundles for what, count in one.counts.items()}
    for one in done:
        counts[f"random bundles, {one.judge}"] = one.bundles
        counts[f"decisions about random bundles, {one.judge}"] = one.decisions
    return Result(
        version=", ".join(versions),
        counts=counts,
        decisions=sum(one.decisions for one in of_bundles) + sum(one.decisions for one in done),
        open=tuple(text for one in of_bundles for text in one.open)
        + tuple(text for one in done for text in one.disagreements),
        remarks=tuple(remarks),
    )


def _both_layers() -> Result:
    """Ask network-config-analyzer about every bundle that it can read."""
    found, decisions = [], 0
    read, passed_over = _readable(analyzer.unreadable)
    for example in read:
        asked = analyzer.question(rendered(example))
        decisions += len(asked.topology.endpoints) ** 2 * len(asked.layers)
        (answer,) = analyzer.ask(asked, [rendered(example).objects])
        found += [f"{example}: {one}" for one in (*answer.differences, *([answer.failed] if answer.failed else []))]
    counts = {f"bundles, {network_config_analyzer.NAME}": len(read)}
    return Result("", counts, decisions, tuple(found), _told(network_config_analyzer.NAME, passed_over))


def _ends(command: str) -> Result:
    """Ask netpol-analyzer about the NetworkPolicies of every bundle."""
    found, decisions = [], 0
    read, passed_over = _readable(ends.unreadable)
    for example in read:
        asked, wrong = ends.differences(analyzer.question(rendered(example)), rendered(example).objects, command)
        decisions += asked
        found += [f"{example}: {one}" for one in wrong]
    counts = {f"bundles, {netpol_analyzer.NAME}": len(read)}
    return Result("", counts, decisions, tuple(found), _told(netpol_analyzer.NAME, passed_over))


def _readable(reason: Callable[[Rendered], str]) -> tuple[list[str], dict[str, list[str]]]:
    """Return the bundles that are asked about, and the others by the *reason* why not."""
    why = {example: reason(rendered(example)) for example in EXAMPLES}
    passed_over: dict[str, list[str]] = {}
    for example, text in why.items():
        if text:
            passed_over.setdefault(text, []).append(example)
    return [example for example, text in why.items() if not text], passed_over


def _told(name: str, passed_over: dict[str, list[str]]) -> tuple[str, ...]:
    return tuple(f"{name} is not asked about {', '.join(them)}: {why}." for why, them in passed_over.items())


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
