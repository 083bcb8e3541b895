"""Documents in, findings out: every rule over one cluster."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from dataclasses import replace

from generator.core.findings import Finding, in_order
from generator.core.places import Document
from generator.core.processes import each
from generator.environment.model import Environment
from generator.rules import registry
from generator.rules.base import Context
from generator.semantics.cluster import Cluster

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
    previous = None if before is None else _context(before, environment, is_complete)
    context = replace(_context(documents, environment, is_complete), previous=previous)
    modules = [module for module in registry() if codes is None or module.RULE.code in codes]
    found = each(
        lambda module: list(module.check(context)),
        modules,
        at_least=2 if len(documents) >= _MANY_OBJECTS else sys.maxsize,
    )
    return in_order(finding for findings in found for finding in findings)


def _context(documents: Sequence[Document], environment: Environment, is_complete: bool) -> Context:
    cluster = Cluster(documents, environment)
    return Context(cluster, cluster.manifests, tuple(documents), is_complete=is_complete)
