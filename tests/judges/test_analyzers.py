"""A wrong bundle for each message of istiod's analyzers about our kinds: we find it, or the file says why not.

That istiod says so is what `make judged JUDGE=istiod` asks istiod.
"""

from __future__ import annotations

import pytest

from tests.judges.analyzed import Analyzed, corpus, elsewhere


@pytest.mark.parametrize("one", corpus(), ids=lambda one: one.path.stem)
def test_we_find_what_istiod_finds(one: Analyzed) -> None:
    assert one.path.name.startswith(f"{one.theirs}-")
    found = one.found()
    assert (one.ours in found) if one.ours else not found, found


def test_a_code_is_either_shown_or_passed_over() -> None:
    assert not {one.theirs for one in corpus()} & elsewhere().keys()
