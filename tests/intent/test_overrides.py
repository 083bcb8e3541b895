"""``--set``: one value of one profile, with a place of its own, or a reason why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from generator.core.errors import InvalidInput
from generator.core.places import Place
from generator.intent.overrides import apply_overrides
from generator.intent.profile import Profile, SourceFile, read_profiles
from generator.intent.profile_types import common_definitions
from tests.support import MINIMAL


def _profiles(*texts: str) -> list[Profile]:
    files = [SourceFile(f"{number}.yaml", text.encode(), Path()) for number, text in enumerate(texts)]
    profiles, findings = read_profiles(files, common_definitions())
    assert findings == []
    return profiles


def _changed(*overrides: str) -> Profile:
    return apply_overrides(_profiles(MINIMAL), overrides)[0]


def _at(profile: Profile, *route: str | int) -> Any:
    data = profile.document.data
    for step in route:
        data = data[step]
    return data


@pytest.mark.parametrize(
    ("override", "route", "value"),
    [
        ("spec.namespace=mall", ("spec", "namespace"), "mall"),
        ("shop:spec.namespace=mall", ("spec", "namespace"), "mall"),
        ("spec.workloads.web.port=1234", ("spec", "workloads", "web", "port"), 1234),
        ('spec.workloads.web.port="1234"', ("spec", "workloads", "web", "port"), "1234"),
        ("spec.flows.1.to=web", ("spec", "flows", 1, "to"), "web"),
        ("spec.flows.1.methods=[GET, POST]", ("spec", "flows", 1, "methods"), ["GET", "POST"]),
        ("spec.workloads.new.labels.tier=x", ("spec", "workloads", "new", "labels", "tier"), "x"),
        ("spec.workloads.7.port=1", ("spec", "workloads", "7", "port"), 1),
        ("spec.x=", ("spec", "x"), None),
        ("spec.x=a=b", ("spec", "x"), "a=b"),
        ("spec.x='a: b\n'", ("spec", "x"), "a: b "),
        ("spec.x={a: {b: [1]}}", ("spec", "x"), {"a": {"b": [1]}}),
        ("environment=./prod.yaml", ("environment",), "./prod.yaml"),
    ],
)
def test_sets_one_value(override: str, route: tuple[str | int, ...], value: Any) -> None:
    before = _profiles(MINIMAL)[0]
    profile = _changed(override)
    assert _at(profile, *route) == value
    assert profile.document.place(route) == profile.document.key_place(route) == Place("--set", 1, 1)
    assert profile.environment == profile.document.data["environment"]
    assert before.document.data == _profiles(MINIMAL)[0].document.data, "the profile itself stays as it was read"
    assert profile.document.place(("spec", "workloads", "db")) == before.document.place(("spec", "workloads", "db"))


def test_later_ones_win_and_build_on_earlier_ones() -> None:
    profile = _changed("spec.workloads.new.port=1", "spec.workloads.new.protocol=tcp", "spec.workloads.new.port=2")
    assert _at(profile, "spec", "workloads", "new") == {"port": 2, "protocol": "tcp"}
    assert profile.document.place(("spec", "workloads", "new", "port")) == Place("--set", 3, 1)
    assert profile.document.place(("spec", "workloads", "new", "protocol")) == Place("--set", 2, 1)


def test_one_of_several_profiles() -> None:
    profiles = apply_overrides(_profiles(MINIMAL, MINIMAL.replace("shop", "mall")), ["mall:spec.namespace=x"])
    assert [_at(profile, "spec", "namespace") for profile in profiles] == ["shop", "x"]


@pytest.mark.parametrize(
    ("override", "code", "message"),
    [
        ("spec.namespace", "MG015", "is no override"),
        ("=x", "MG015", "is no override"),
        ("", "MG015", "is no override"),
        ("a b=c", "MG015", "is no override"),
        ("metadata.name=x", "MG015", "cannot be set"),
        ("profile=x", "MG015", "cannot be set"),
        ("specs.x=1", "MG015", "cannot be set"),
        ("mall:spec.x=1", "MG015", "no profile of this run is named 'mall'"),
        ("environment=5", "MG015", "an environment is named by text"),
        ("environment=", "MG015", "an environment is named by text"),
        ("environment=[kind]", "MG015", "an environment is named by text"),
        ("environment.x=kind", "MG015", "cannot be set"),
        ("spec.flows.2.to=web", "MG015", "there is no spec.flows.2"),
        ("spec.flows.2=web", "MG015", "spec.flows.2 cannot be set"),
        ("spec.flows.-1.to=web", "MG015", "there is no spec.flows.-1"),
        ("spec.flows.\u00b2.to=web", "MG015", "there is no spec.flows.\u00b2"),
        ("spec.flows.\u0661.to=web", "MG015", "there is no spec.flows.\u0661"),
        (f"spec.flows.{'9' * 5000}.to=web", "MG015", "there is no spec.flows.999"),
        ("spec.flows.first.to=web", "MG015", "there is no spec.flows.first"),
        ("spec.namespace.x=1", "MG015", "spec.namespace.x cannot be set"),
        ("spec.namespace.x.y=1", "MG015", "there is no spec.namespace.x"),
        ("spec.x=on", "MG004", "'on' without quotes"),
        ("spec.x=[", "MG002", "not valid YAML"),
        ("spec.x=a\n---\nb", "MG015", "more than one YAML document"),
        ("spec.x=!y z", "MG008", "the tag !y"),
        ("spec.x=\x00", "MG006", "U+0000"),
    ],
)
def test_says_why_not(override: str, code: str, message: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        _changed("spec.ok=1", override)
    (finding,) = refused.value.findings
    assert (finding.code, finding.place) == (code, Place("--set", 2, 1))
    assert message in finding.message


def test_all_mistakes_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        _changed("x", "spec.ok=1", "y", "spec.x=on")
    assert [one.place.line for one in refused.value.findings if one.place] == [1, 3, 4]


def test_with_several_profiles_the_profile_must_be_named() -> None:
    with pytest.raises(InvalidInput) as refused:
        apply_overrides(_profiles(MINIMAL, MINIMAL.replace("shop", "mall")), ["spec.namespace=x"])
    assert refused.value.findings[0].fix == "write PROFILE:path=value; here: mall, shop"
