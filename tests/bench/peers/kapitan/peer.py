"""Kapitan: an inventory with a target for each tenant, and a Jinja template."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.bench.peers.peer import Peer, port, program
from tests.bench.tenants import Values


def _prepare(folder: Path, tenants: Sequence[Values]) -> None:
    shutil.copytree(port("kapitan") / "project", folder, dirs_exist_ok=True)
    (folder / "inventory" / "targets").mkdir()
    for one in tenants:
        target = {"classes": ["tenant"], "parameters": {"tenant": one}}
        (folder / "inventory" / "targets" / f"{one['tenant']}.yml").write_text(json.dumps(target), "utf-8")


def _command(given: Path, output: Path) -> list[str]:
    places = ["--inventory-path", str(given / "inventory"), "--search-paths", str(given), "--output-path", str(output)]
    return [program("kapitan", "kapitan"), "compile", *places]


PEER = Peer(
    name="kapitan",
    title="Kapitan",
    requirement="kapitan==0.36.3",
    prepare=_prepare,
    command=_command,
    is_slow=True,
    note="",
)
