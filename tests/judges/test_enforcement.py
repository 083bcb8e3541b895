"""The judge is Envoy, set up by istiod's own code: does it let through what `meshgen why` says?

The settings are committed (`expected/`), because istiod takes Go and minutes to build;
`make judged JUDGE=envoy` makes them anew. Envoy itself comes with `make judges`.
"""

from __future__ import annotations

import pytest
import yaml

from tests.judges.bundles import BANK, rendered
from tests.judges.enforcement.cases import case, names, of_example
from tests.judges.enforcement.istiod import EXPECTED, Stale, committed
from tests.judges.enforcement.trial import judge
from tests.judges.installed import find

ANSWERED = sorted(str(path.relative_to(EXPECTED).with_suffix("")) for path in EXPECTED.rglob("*.json"))
needs_envoy = pytest.mark.skipif(find("envoy") is None, reason="Envoy is not installed: make judges")


def test_every_case_has_been_put_to_istiod() -> None:
    assert sorted(names()) == ANSWERED


@pytest.mark.parametrize("name", ANSWERED)
def test_settings_belong_to_the_bundle_of_today(name: str) -> None:
    assert committed(case(name))


@needs_envoy
@pytest.mark.slow
@pytest.mark.parametrize("name", ANSWERED)
def test_envoy_decides_as_why_says(name: str) -> None:
    outcome = judge(case(name), committed(case(name)))
    assert not outcome.disagreements
    assert outcome.decisions > 0


@needs_envoy
@pytest.mark.parametrize(
    "path", ["bank/mesh/authorizationpolicy-allow-userservice.yaml", "bank/mesh/peerauthentication-default.yaml"]
)
def test_a_bundle_without_one_of_its_rules_is_told_from_the_whole(path: str) -> None:
    files = dict(rendered(BANK).bundle.files)
    policy = yaml.safe_load(files[path])
    policy["spec"] = {**policy["spec"], "rules": policy["spec"]["rules"][1:]} if "rules" in policy["spec"] else {}
    damaged = of_example(BANK, {**files, path: yaml.safe_dump(policy)})
    with pytest.raises(Stale):
        committed(damaged)
    assert judge(damaged, committed(case(BANK))).disagreements
