"""Settings of every test: the same examples in every run, and no time limit that a slow machine would break."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("meshgen", derandomize=True, deadline=None, database=None, max_examples=100)
settings.load_profile("meshgen")
