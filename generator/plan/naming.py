"""Names of objects: readable, at most 63 characters, the same whatever order the rules stand in."""

from __future__ import annotations

import hashlib
import re

MAX_LENGTH = 63
DEFAULT_DENY = "default-deny"

# `allow-*` sorts before `default-deny` wherever objects are applied in order of name (Argo CD,
# Helm, kubectl kustomize), so no pod is cut off between two objects of one apply.
_PLUMBING = frozenset({"dns", "istiod", "prometheus", "probes"})


def plumbing_name(purpose: str) -> str:
    """Return the name of the policy that serves every pod of a namespace, e.g. ``allow-dns``."""
    return fit(f"allow-{purpose}")


def workload_policy_name(workload: str) -> str:
    """Return the name of the policy of one workload; no workload can take a plumbing policy's name."""
    return f"allow-{workload}-{_digest(workload)}" if workload in _PLUMBING else fit(f"allow-{workload}")


def namespace_policy_name(purpose: str) -> str:
    """Return the name of a policy that speaks for a whole namespace, told apart from those of workloads."""
    return fit(f"allow-namespace-{slug(purpose)}")


def fit(name: str) -> str:
    """Return *name* if it is short enough, else its beginning and a digest of the whole.

    Some network plugins accept longer names and then do not enforce the policy.
    """
    if len(name) <= MAX_LENGTH:
        return name
    digest = _digest(name)
    return f"{name[: MAX_LENGTH - len(digest) - 1].rstrip('-')}-{digest}"


def slug(text: str) -> str:
    """Return *text* as a DNS label; texts that lose characters on the way get a digest."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return plain if plain == text else f"{plain[:40].strip('-')}-{_digest(text)}".strip("-")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
