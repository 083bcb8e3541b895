"""Documents in, findings out: every rule over one cluster."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from generator.core.findings import Finding, in_order
from generator.core.places import Document
from generator.environment.model import Environment
from generator.manifests.objects import manifests
from generator.rules import registry
from generator.rules.base import Context
from generator.semantics.cluster import Cluster


def run_rules(
    documents: Sequence[Document],
    environment: Environment,
    *,
    is_complete: bool = False,
    codes: Collection[str] | None = None,
) -> tuple[Finding, ...]:
    """Return what all rules, or those of *codes*, find in *documents*, sorted by place, each finding once."""
    context = Context(
        Cluster(documents, environment), tuple(manifests(documents)), tuple(documents), is_complete=is_complete
    )
    modules = [module for module in registry() if codes is None or module.RULE.code in codes]
    return in_order(finding for module in modules for finding in module.check(context))
