"""Runs in the peer's own environment: render.py VALUES OUT."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import helm_python


def main(values: str, output: str) -> None:
    """Load the chart once, render it for each tenant in the file *values*, and write a file for each into *output*."""
    with helm_python.Chart.load(str(Path(__file__).with_name("chart"))) as chart:
        for one in json.loads(Path(values).read_text("utf-8")):
            made = chart.render(one, name=one["bundle"], namespace=one["tenant"])
            text = "\n---\n".join(made.values())
            Path(output, f"{one['tenant']}.yaml").write_text(text, "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
