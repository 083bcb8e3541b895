"""`make judged`: let every judge sit that is installed, and write down what came of it.

python -m tests.judges.judged [JUDGE…]     all of them, or those named; the others keep their last result

Exits with 1 if a judge disagrees with us and `settled.yaml` does not say why.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from tests.judges.page import page, table
from tests.judges.results import Result, load, save
from tests.judges.sittings import admission, conformance, envoy, istiod, kustomize, network, schemas
from tests.refresh import JUDGED, README, with_table

SITTINGS: dict[str, Callable[[], Result]] = {
    "admission": admission.sit,
    "schemas": schemas.sit,
    "conformance": conformance.sit,
    "istiod": istiod.sit,
    "envoy": envoy.sit,
    "network": network.sit,
    "kustomize": kustomize.sit,
}


def main(arguments: list[str]) -> int:
    """Let the judges sit."""
    if unknown := set(arguments) - SITTINGS.keys():
        print(f"no such judge: {', '.join(sorted(unknown))}; there are {', '.join(SITTINGS)}")
        return 2
    results = load()
    for name in arguments or SITTINGS:
        start = time.monotonic()
        result = SITTINGS[name]()
        results = {**load(), name: result}
        save(results)
        took = f"{time.monotonic() - start:.0f} s"
        print(
            f"{name}: "
            + (f"skipped: {result.skipped}" if result.skipped else f"{result.decisions:,} decisions, {took}")
        )
        for one in result.open:
            print(f"  {one}")
    JUDGED.write_text(page(results), encoding="utf-8")
    README.write_text(with_table(README.read_text("utf-8"), "judged", table(results)), encoding="utf-8")
    return 1 if any(results[name].open for name in arguments or SITTINGS) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
