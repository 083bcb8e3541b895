"""The same profiles give the same bytes: whatever order, process, hash seed, or way they come in."""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.core.places import Json
from generator.intent.profile_types import profile_types
from generator.pipeline import Bundle, Request, render
from tests.support import FULL, MINIMAL, ROOT, meshgen, names_in, snapshot

MALL = MINIMAL.replace("shop", "mall").replace("to: db}", "to: db}\n    - {from: db, to: web, port: 8080}")
EXAMPLES = [path for kind in profile_types().values() for path in kind.examples()]


def _files(folder: Path, texts: list[str]) -> list[str]:
    paths = []
    for number, text in enumerate(texts):
        path = folder / f"{number}.yaml"
        path.write_text(text, "utf-8")
        paths.append(str(path))
    return paths


def _same(bundles: list[Bundle]) -> bool:
    first = bundles[0]
    return all(
        (one.files, one.stream) == (first.files, first.stream) and list(one.files) == list(first.files)
        for one in bundles
    )


def _shuffled(data: Json, dice: random.Random) -> Any:
    """Return *data* with the keys of every mapping in another order, and the flows too, whose order means nothing."""
    if isinstance(data, dict):
        items = [(key, _shuffled(value, dice)) for key, value in data.items()]
        dice.shuffle(items)
        shuffled = dict(items)
        if isinstance(shuffled.get("flows"), list):
            dice.shuffle(shuffled["flows"])
        return shuffled
    return [_shuffled(item, dice) for item in data] if isinstance(data, list) else data


def test_the_order_of_files(tmp_path: Path) -> None:
    paths = _files(tmp_path, [MINIMAL, MALL, FULL])
    assert _same([render(Request(order, name="all")) for order in itertools.permutations(paths)])


def test_one_file_or_several(tmp_path: Path) -> None:
    paths = _files(tmp_path, [MINIMAL, MALL])
    (tmp_path / "both.yaml").write_text(f"{MALL}---\n{MINIMAL}")
    assert _same(
        [render(Request(tuple(paths), name="all")), render(Request((str(tmp_path / "both.yaml"),), name="all"))]
    )


@pytest.mark.parametrize("text", [MINIMAL, MALL, FULL], ids=["minimal", "mall", "full"])
def test_the_order_of_keys_and_flows(text: str, tmp_path: Path) -> None:
    dice = random.Random(7)  # noqa: S311  (no secret)
    data = yaml.safe_load(text)
    texts = [text, *(yaml.safe_dump(_shuffled(data, dice), sort_keys=False) for _ in range(6))]
    assert len(set(texts)) == len(texts)
    assert _same([render(Request((path,))) for path in _files(tmp_path, texts)])


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_twice_in_one_process(path: Path) -> None:
    assert _same([render(Request((str(path),))), render(Request((str(path),)))])


def test_one_render_leaves_nothing_behind_for_the_next(tmp_path: Path) -> None:
    shop, mall = _files(tmp_path, [MINIMAL, MALL])
    alone = render(Request((shop,)))
    render(Request((mall,), environment="kind", overrides=("spec.namespace=other",)))
    render(Request((shop, mall), name="both"))
    assert _same([alone, render(Request((shop,)))])


def test_standard_input_and_file(tmp_path: Path) -> None:
    (path,) = _files(tmp_path, [FULL])
    assert _same([render(Request((path,))), render(Request(("-",), standard_input=FULL.encode()))])


def test_line_ends_and_marks(tmp_path: Path) -> None:
    texts = [FULL, FULL.replace("\n", "\r\n"), f"\ufeff{FULL}"]
    bundles = [render(Request(("-",), standard_input=text.encode())) for text in texts]
    assert _same(bundles)


def test_every_process_and_hash_seed(tmp_path: Path) -> None:
    paths = _files(tmp_path, [MINIMAL, MALL, FULL])
    outputs = set()
    for seed, order in (("0", paths), ("1", paths[::-1]), ("4242", [paths[1], paths[2], paths[0]])):
        command = [sys.executable, "-m", "generator", "render", *order, "--name", "all", "-o", str(tmp_path / seed)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed, "TZ": f"UTC{seed[0]}"}
        subprocess.run(command, env=environment, check=True, cwd=tmp_path, capture_output=True)
        outputs.add(tuple(snapshot(tmp_path / seed).items()))
    assert len(outputs) == 1


def test_neither_the_place_nor_the_time_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for number in (1, 2):
        folder = tmp_path / f"somewhere-{number}"
        folder.mkdir()
        (folder / "shop.yaml").write_text(FULL)
        os.utime(folder / "shop.yaml", (number * 10**8, number * 10**8))
        monkeypatch.chdir(folder)
        assert meshgen("render", "shop.yaml").code == 0
        found.append(snapshot(folder / "out"))
    assert found[0] == found[1]
    assert not any(isinstance(content, bytes) and b"somewhere" in content for content in found[0].values())


def test_check_after_render_is_clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.yaml").write_text(FULL)
    for _ in range(2):
        assert meshgen("render", "shop.yaml").code == 0
        run = meshgen("render", "shop.yaml", "--check")
        assert (run.code, run.out) == (0, "")
    assert names_in(tmp_path) == ["out", "shop.yaml"]


def test_errors_come_in_one_order_too(tmp_path: Path) -> None:
    paths = _files(tmp_path, [MINIMAL.replace("to: api", "to: apu"), MALL.replace("port: 5432", "port: 0")])
    runs = [meshgen("render", *order, "--name", "all") for order in (paths, paths[::-1])]
    assert runs[0] == runs[1]
    assert runs[0].code == 2
