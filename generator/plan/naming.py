"""Names of objects: readable, at most 63 characters, the same whatever order the rules stand in."""

from __future__ import annotations

import hashlib
import re

MAX_LENGTH = 63
DEFAULT_DENY = "default-deny"

# `allow-*` sorts before `default-deny` wherever objects are applied in order of name (Argo CD,
# Helm, kubectl kustomize), so no pod is cut off between two objects of one apply.
_PLUMBING = frozenset({"dns", "istiod", "prometheus", "probes", "ambient-probes"})
_DIGEST = re.compile("-[0-9a-f]{8}$")  # a workload's own name could end like the name that another one is given
_OTHERS = ("namespace-", "gateway-", "waypoint-")  # what policies of those are named after


def plumbing_name(purpose: str) -> str:
    """Return the name of the policy that serves every pod of a namespace, e.g. ``allow-dns``."""
    return fit(f"allow-{purpose}")


def workload_policy_name(workload: str) -> str:
    """Return the name of the policy of one workload; no workload can take the name of another kind of policy."""
    if workload in _PLUMBING or workload.startswith(_OTHERS) or _DIGEST.search(workload):
        return f"{fit(f'allow-{workload}')[: MAX_LENGTH - 9].rstrip('-')}-{_digest(workload)}"
    return fit(f"allow-{workload}")


def namespace_policy_name(purpose: str) -> str:
    """Return the name of a policy that speaks for a whole namespace, told apart from those of workloads."""
    return fit(f"allow-namespace-{slug(purpose)}")


def waypoint_policy_name(policy: str) -> str:
    """Return the name of what a waypoint reads beside *policy*, which the pods' own proxies read."""
    return fit(f"allow-waypoint-{policy.removeprefix('allow-')}")


def fit(name: str) -> str:
    """Return *name* if it is short enough, else its beginning and a digest of the whole.

    Some network plugins accept longer names and then do not enforce the policy.
    """
    if len(name) <= MAX_LENGTH:
        return name
    digest = _digest(name)
    return f"{name[: MAX_LENGTH - len(digest) - 1].rstrip('-')}-{digest}"


def slug(text: str) -> str:
    """Return *text* as a DNS label; texts that lose more than spaces on the way, or are long, get a digest."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    is_whole = plain == text.replace(" ", "-") and len(plain) <= 40
    return plain if is_whole else f"{plain[:40].strip('-')}-{_digest(text)}".strip("-")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
