"""Documents in, findings out: every rule over one cluster."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from functools import partial

from generator.core.findings import Finding, in_order
from generator.core.places import Document
from generator.core.processes import each
from generator.environment.model import Environment
from generator.rules import registry
from generator.rules.base import Context, RuleModule
from generator.semantics.cluster import Cluster

Look = Callable[[], Iterable[Finding]]
"""Something that looks at documents which it knows already."""

_SLOWEST = ("MG123", "MG109", "MG510", "MG232", "MG509", "MG119", "MG301", "MG202", "MG401", "MG305")
"""What takes most of the time, in pairs of about as much, since two processes take turns."""

_MANY_OBJECTS = 1_000
"""From here on a second process saves more than it costs."""


def run_rules(
    documents: Sequence[Document],
    environment: Environment,
    *,
    is_complete: bool = False,
    codes: Collection[str] | None = None,
    before: Sequence[Document] | None = None,
) -> tuple[Finding, ...]:
    """Return what all rules, or those of *codes*, find in *documents*, sorted by place, each finding once.

    With *before*, rules about changes hold it against *documents*.
    """
    return run_beside((), documents, environment, is_complete=is_complete, codes=codes, before=before)[1]


def run_beside(
    others: Sequence[Look],
    documents: Sequence[Document],
    environment: Environment,
    *,
    is_complete: bool = False,
    codes: Collection[str] | None = None,
    before: Sequence[Document] | None = None,
) -> tuple[list[Finding], tuple[Finding, ...]]:
    """Return what *others*, which look at the same documents, find; and what `run_rules` returns.

    All of them share the processes, so neither waits for the other to end.
    """
    previous = None if before is None else _context(before, environment, is_complete)
    context = replace(_context(documents, environment, is_complete), previous=previous)
    modules = [module for module in registry() if codes is None or module.RULE.code in codes]
    first, rest = _slowest_first(modules)
    looks: list[Look] = [partial(one.check, context) for one in first]
    looks += others
    looks += [partial(one.check, context) for one in rest]
    found = each(lambda look: list(look()), looks, at_least=2 if len(documents) >= _MANY_OBJECTS else sys.maxsize)
    theirs = found[len(first) : len(first) + len(others)]
    ours = [*found[: len(first)], *found[len(first) + len(others) :]]
    return [one for findings in theirs for one in findings], in_order(one for findings in ours for one in findings)


def _slowest_first(modules: Sequence[RuleModule]) -> tuple[list[RuleModule], list[RuleModule]]:
    """Return *modules* in two parts: those that take longest, which come first so that processes share them."""
    by_code = {module.RULE.code: module for module in modules}
    first = [by_code.pop(code) for code in _SLOWEST if code in by_code]
    return first, list(by_code.values())


def _context(documents: Sequence[Document], environment: Environment, is_complete: bool) -> Context:
    cluster = Cluster(documents, environment)
    return Context(cluster, cluster.manifests, tuple(documents), is_complete=is_complete)
