"""From intent to YAML and back: random profiles are rendered, proven, and judged by network-config-analyzer.

The proof is our own reading of what we rendered; what it lets pass, somebody else's reading
of the same YAML is held against the intent, as worked out by these tests (`intended`).
"""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given, settings

from generator.pipeline import Request, render
from tests.judges import analyzer
from tests.judges.bundles import Rendered
from tests.judges.random_profiles import profiles


def rendered(profile: dict[str, Any]) -> Rendered:
    """Render *profile*; that fails unless everything in it is valid and the bundle is proven."""
    bundle = render(Request(("-",), standard_input=yaml.safe_dump(profile).encode(), name="random"))
    return Rendered(bundle, tuple(yaml.safe_load_all(bundle.stream)))


@settings(max_examples=40)
@given(profiles())
def test_what_is_rendered_is_what_was_meant(profile: dict[str, Any]) -> None:
    bundle = rendered(profile).bundle
    assert bundle.proof.holds
    assert bundle.proof.decisions > len(bundle.intent.workloads)


@settings(max_examples=5)
@given(profiles())
def test_an_analyzer_reads_in_it_what_was_meant(profile: dict[str, Any]) -> None:
    example = rendered(profile)
    (answer,) = analyzer.ask(analyzer.question(example), [example.objects])
    assert answer == analyzer.Answer()
