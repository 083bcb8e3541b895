"""Names are short enough, tell things apart, sort as they must, and stay what they are."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from generator.plan import naming

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _alike(name: str) -> list[str]:
    """Return names that are made to be mistaken for the name of a policy of *name*."""
    policy = naming.workload_policy_name(name).removeprefix("allow-")
    candidates = [policy, f"{name}-{_digest(name)}", f"{name[:48]}-{_digest(f'allow-{name}')}", f"namespace-{name}"]
    candidates += [f"gateway-{name}", naming.namespace_policy_name(name).removeprefix("allow-"), name[:-1]]
    return [one for one in candidates if _LABEL.fullmatch(one)]


_NAMES = st.one_of(
    st.from_regex(_LABEL, fullmatch=True),
    st.sampled_from(
        ["dns", "istiod", "prometheus", "probes", "namespace-flows", "gateway-public", "default-deny", "a"]
    ),
    st.integers(50, 63).flatmap(lambda size: st.text("ab-", min_size=size, max_size=size).map(lambda t: f"a{t[2:]}b")),
)
_PURPOSES = st.text(min_size=1, max_size=80) | _NAMES


@given(_NAMES, _PURPOSES)
@example("a" * 57, " ")
@example("a" * 58, "x" * 200)
@example("a" * 55 + "---b", "Ünïcode, or: nothing\n")
def test_every_name_is_a_dns_label_that_sorts_before_the_default_deny(name: str, purpose: str) -> None:
    names = [naming.workload_policy_name(name), naming.namespace_policy_name(purpose), naming.plumbing_name("dns")]
    for one in names:
        assert _LABEL.fullmatch(one)
        assert one.startswith("allow-")
        assert one < naming.DEFAULT_DENY
    for one in (naming.fit(name), naming.fit(f"{name}-tokens"), naming.fit(f"allow-gateway-{name}")):
        assert _LABEL.fullmatch(one)


@given(st.sets(_NAMES, min_size=1, max_size=6))
@example({"a" * 60})
@example({"dns"})
def test_no_workload_takes_the_name_of_anything_else(workloads: set[str]) -> None:
    everybody = sorted(workloads.union(*(_alike(name) for name in workloads)))
    names = [naming.workload_policy_name(name) for name in everybody]
    names += [naming.plumbing_name(name) for name in ("dns", "istiod", "prometheus", "probes")]
    names += {naming.namespace_policy_name(name) for name in everybody}
    names += {naming.fit(f"allow-gateway-{name}") for name in everybody}
    names.append(naming.DEFAULT_DENY)
    assert len(set(names)) == len(names)


@given(_PURPOSES, _PURPOSES)
@example("read", "Read")
@example("a" * 41, "a" * 42)
@example(" ", "!")
def test_purposes_are_told_apart(one: str, other: str) -> None:
    same = naming.namespace_policy_name(one) == naming.namespace_policy_name(other)
    assert not same or one.replace(" ", "-") == other.replace(" ", "-")


@pytest.mark.parametrize(
    ("name", "written", "expected"),
    [
        (naming.workload_policy_name, "web", "allow-web"),
        (naming.workload_policy_name, "dns", "allow-dns-dd75a9d6"),
        (naming.namespace_policy_name, "flows", "allow-namespace-flows"),
        (naming.namespace_policy_name, "inside the tenant", "allow-namespace-inside-the-tenant"),
        (naming.namespace_policy_name, "Über", None),
        (naming.fit, "a" * 63, "a" * 63),
        (naming.fit, "a" * 64, None),
        (naming.workload_policy_name, "gateway-public", None),
        (naming.workload_policy_name, "web-0123abcd", None),
    ],
)
def test_names_that_clusters_know_do_not_change(name: Callable[[str], str], written: str, expected: str | None) -> None:
    """Another name would be another object: the old policy would be pruned, the new one created."""
    made = name(written)
    if expected is None:
        assert re.search("-[0-9a-f]{8}$", made)
    else:
        assert made == expected
