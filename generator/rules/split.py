"""Peers that stand as two list items and read as one: a namespaceSelector, and right after it a podSelector."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from generator.manifests.network import LabelSelector
from generator.rules.base import Context
from generator.rules.roster import platform, roster
from generator.rules.written import WrittenRule
from generator.semantics.admission import selects


@dataclass(frozen=True, slots=True)
class Split:
    """Positions of the two peers. ``is_likely``: a mistake for sure (True), for sure not (False), or who knows."""

    rule: WrittenRule
    namespaces: int
    pods: int
    is_likely: bool | None
    example: str


def splits(context: Context, rule: WrittenRule) -> Iterator[Split]:
    """Yield the pairs of neighbouring peers of *rule* that could be one peer torn apart."""
    peers = rule.peers
    for position in range(len(peers) - 1):
        one, two = peers[position], peers[position + 1]
        is_pair = one.namespaces is not None and one.pods is None and two.namespaces is None and two.pods is not None
        if is_pair and one.namespaces and two.pods and not two.pods.is_empty:
            yield _split(context, rule, position, one.namespaces, two.pods)


def _split(context: Context, rule: WrittenRule, position: int, namespaces: LabelSelector, pods: LabelSelector) -> Split:
    """Judge by who is there: pods that fit the second peer alone make two peers plausible, pods that fit both one."""
    here = roster(context).selected(pods, rule.policy.namespace)
    both = _fitting(context, rule.policy.namespace, namespaces, pods)
    own = context.cluster.namespace_labels(rule.policy.namespace)
    likely = None
    if both and not here:
        likely = True
    elif here and not both and not namespaces.matches(own):  # else the first peer admits them anyway
        likely = False
    return Split(rule, position, position + 1, likely, both[0] if both else "")


def _fitting(context: Context, own: str, namespaces: LabelSelector, pods: LabelSelector) -> list[str]:
    """Return the pods that fit both selectors, outside the policy's *own* namespace."""
    known = roster(context)
    others = [name for name in known.namespaces(namespaces) if name != own]
    found = [f"{one.namespace}/{one.name}" for name in others for one in known.selected(pods, name)]
    for title, each in platform(context).items():
        labels = context.cluster.namespace_labels(each.namespace)
        is_there = selects(namespaces, labels, is_partial=each.namespace not in context.cluster.namespaces)
        if each.namespace != own and is_there is not False and selects(pods, each.labels, is_partial=True):
            found.append(title)
    return found
