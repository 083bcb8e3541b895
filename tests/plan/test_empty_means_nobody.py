"""A caller that no policy can name gets no rule: a rule without sources would be a rule for everybody."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from generator.core.places import Place
from generator.intent.profile_types import profile_types
from generator.model.flows import Flow
from generator.model.peers import AddressesPeer, WorkloadPeer
from generator.model.terms import Origin, Port
from generator.pipeline import Request, render
from generator.plan.authorization import plan_authorization
from generator.plan.views.security import AuthorizationPolicyView


def test_an_address_without_identity_opens_nothing_at_the_mesh() -> None:
    example = next(path for path in profile_types()["app"].examples() if path.stem == "bank-of-anthos")
    bundle = render(Request((str(Path(example)),)))
    flow = Flow(
        client=AddressesPeer(("203.0.113.0/24",)),
        server=WorkloadPeer("bank", "contacts"),
        ports=(Port(8080, "http"),),
        origin=Origin("test", "app", Place("test", 1, 1)),
    )
    resources, _ = plan_authorization(replace(bundle.intent, flows=(flow,)), bundle.environment)
    views = [one.spec for one in resources if isinstance(one.spec, AuthorizationPolicyView)]
    assert views
    assert all(not view.rules for view in views)
