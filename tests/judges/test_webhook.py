"""A wrong document for each rule of istiod's webhook: we refuse it, or the corpus says why not.

That istiod refuses it for that reason is what `make judged JUDGE=istiod` asks istiod.
"""

from __future__ import annotations

import pytest

from tests.judges.bundles import Object
from tests.judges.sittings.istiod import corpus, is_refused

RULES = list(corpus())


@pytest.mark.parametrize(
    ("entry", "document"), RULES, ids=[f"{one['kind']}: {entry['theirs']}" for entry, one in RULES]
)
def test_we_refuse_what_istiod_refuses(entry: Object, document: Object) -> None:
    assert is_refused(document) == ("ours" not in entry)
