"""Write the golden bundles of some types: ``python -m tests.golden TYPE …``; `make refresh` writes all of them."""

from __future__ import annotations

import sys

from tests.golden.goldens import put

for kind in sys.argv[1:]:
    put(kind)
