"""Disagreements between intent and YAML as findings, each at the place it comes from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from generator.core.findings import Finding, in_order
from generator.verify.discrepancies import Discrepancy, Kind

_CODES = {Kind.LOST: "MG701", Kind.EXCESS: "MG702", Kind.WEAKER: "MG703"}
_FIXES = {
    Kind.LOST: "the policies of this layer must let it through; compare the template with the bundled one",
    Kind.EXCESS: "narrow the rule, or declare the flow in the profile",
    Kind.WEAKER: "ask for mutual TLS on this port, or state the flow's `plaintext: REASON`",
}


def as_finding(one: Discrepancy) -> Finding:
    """Return *one* as a finding: MG701 lost, MG702 excess, MG703 weaker."""
    request = f" ({one.request})" if one.request else ""
    what = f"{one.client.name} to {one.server.name} on {one.point}{request}"
    messages = {
        Kind.LOST: f"intended, but blocked at the layer {one.layer}: {what}",
        Kind.EXCESS: f"allowed at the layer {one.layer}, but not intended: {what}",
        Kind.WEAKER: f"allowed without the identity that was asked for: {what}",
    }
    first = one.places[0] if one.places else None
    related = tuple((place, "this too") for place in one.places[1:])
    return Finding(_CODES[one.kind], messages[one.kind], first, _FIXES[one.kind], related=related)


def summary(discrepancies: Iterable[Discrepancy]) -> tuple[Finding, ...]:
    """Return one finding for each rule or endpoint that is wrong, with how many connections it is wrong about.

    A missing default deny is one mistake, and not one for each stranger that it lets in.
    """
    groups: dict[tuple[object, ...], list[Discrepancy]] = {}
    for one in discrepancies:
        end = one.client if one.layer.endswith("egress") else one.server
        groups.setdefault((one.kind, one.layer, one.places[:1], end.name), []).append(one)
    findings = []
    for some in groups.values():
        found = as_finding(some[0])
        more = f", and {len(some) - 1} more like it" if len(some) > 1 else ""
        findings.append(replace(found, message=found.message + more))
    return in_order(findings)
