"""Runs in the peer's own environment: render.py VALUES OUT."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from kcl_lib import api


def main(values: str, output: str) -> None:
    """Run the port for each tenant in the file *values*, and write a file for each into *output*."""
    port = str(Path(__file__).with_name("bundle.k"))
    service = api.API()
    for one in json.loads(Path(values).read_text("utf-8")):
        arguments = [api.Argument(name="v", value=json.dumps(one))]
        made = service.exec_program(api.ExecProgramArgs(k_filename_list=[port], args=arguments))
        if made.err_message:
            raise SystemExit(made.err_message)
        Path(output, f"{one['tenant']}.yaml").write_text(made.yaml_result, "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
