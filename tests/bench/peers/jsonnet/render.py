"""Runs in the peer's own environment: render.py VALUES OUT."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import rjsonnet


def main(values: str, output: str) -> None:
    """Evaluate the port once for all tenants in the file *values*, and write a file for each into *output*."""
    port = str(Path(__file__).with_name("bundle.jsonnet"))
    made = rjsonnet.evaluate_file(port, tla_codes={"tenants": Path(values).read_text("utf-8")})
    for name, text in json.loads(made).items():
        Path(output, name).write_text(text, "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
