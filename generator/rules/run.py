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
from generator.rules.base import Context
from generator.semantics.cluster import Cluster

Look = Callable[[], Iterable[Finding]]
"""Something that looks at documents which it knows already."""

_MANY_OBJECTS = 1_000
"""From here on a second process, which takes every other rule, saves more than it costs."""


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
    looks: list[Look] = [
        partial(module.check, context) for module in registry() if codes is None or module.RULE.code in codes
    ]
    found = each(
        lambda look: list(look()),
        [*others, *looks],
        at_least=2 if len(documents) >= _MANY_OBJECTS else sys.maxsize,
    )
    theirs = [finding for findings in found[: len(others)] for finding in findings]
    return theirs, in_order(finding for findings in found[len(others) :] for finding in findings)


def _context(documents: Sequence[Document], environment: Environment, is_complete: bool) -> Context:
    cluster = Cluster(documents, environment)
    return Context(cluster, cluster.manifests, tuple(documents), is_complete=is_complete)
