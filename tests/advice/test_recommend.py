"""Every way through the decision table ends in an approach with reasons and a profile that is proven."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.advice.recommend import SUBJECT, decisions, questions, recommend
from generator.core.resources import package_file
from generator.pipeline import Request, render
from tests.support import meshgen

TABLE = decisions()
STARTS = sorted(package_file("advice", "start").glob("*.yaml"))


def ways(name: str, so_far: dict[str, str]) -> Iterator[tuple[dict[str, str], str]]:
    """Yield every list of answers with the approach that it leads to."""
    for answer, step in TABLE["questions"][name]["answers"].items():
        taken = so_far | {name: answer}
        if "approach" in step:
            yield taken, step["approach"]
        else:
            yield from ways(step["next"], taken)


WAYS = list(ways(TABLE["first"], {}))


def test_the_table_says_nothing_that_nobody_reads() -> None:
    for name, one in TABLE["questions"].items():
        assert set(one) == {"ask", "answers"}
        for step in one["answers"].values():
            assert set(step) <= {"because", "next", "approach"}
            assert ("next" in step) + ("approach" in step) == (name != SUBJECT)


def test_every_question_answer_approach_and_start_is_reached() -> None:
    asked = {(name, answer) for taken, _ in WAYS for name, answer in taken.items()}
    possible = {(name, answer) for name, (_, answers) in questions().items() for answer in answers}
    assert asked == {one for one in possible if one[0] != SUBJECT}
    assert {approach for _, approach in WAYS} == set(TABLE["approaches"])
    subjects = questions()[SUBJECT][1]
    assert {path.stem for path in STARTS} == {f"{one}-{subject}" for one in TABLE["approaches"] for subject in subjects}


@pytest.mark.parametrize(("taken", "approach"), WAYS, ids=["-".join(taken.values()) for taken, _ in WAYS])
def test_every_way_has_reasons_and_an_answer(taken: dict[str, str], approach: str) -> None:
    found = recommend({**taken, SUBJECT: "application"}, lambda *_: "")
    assert (found.approach, dict(found.answers)) == (approach, {**taken, SUBJECT: "application"})
    assert found.reasons
    assert found.gives
    assert found.lacks


@pytest.mark.parametrize(
    ("answers", "approach"),
    [
        ("http=yes identity=yes", "mesh"),
        ("http=yes identity=no insight=yes", "mesh"),
        ("http=yes identity=no insight=no budget=yes", "mesh"),
        ("http=yes identity=no insight=no budget=no", "hybrid"),
        ("http=no traffic=yes overhead=yes", "mesh"),
        ("http=no traffic=yes overhead=no", "hybrid"),
        ("http=no traffic=no compliance=no later=yes", "hybrid"),
        ("http=no traffic=no compliance=no later=no", "network"),
    ],
)
def test_the_decision_chart_of_the_handbooks(answers: str, approach: str) -> None:
    """Layer 7, identity, observability, budget; traffic, overhead, the future: where each combination leads."""
    given = dict(one.split("=") for one in f"mesh=none {answers} subject=tenants".split())
    assert recommend(given, lambda *_: "").approach == approach


@pytest.mark.parametrize("path", STARTS, ids=[path.stem for path in STARTS])
def test_every_start_is_proven(path: Path) -> None:
    bundle = render(Request((str(path),)))
    kinds = {one.kind for one in bundle.resources}
    assert ("AuthorizationPolicy" in kinds) == (not path.stem.startswith("network") and path.stem != "hybrid-database")
    assert "NetworkPolicy" in kinds


WHOLE = ["--answer", "mesh=istio", "--answer", "outsiders=no", "--answer", "subject=application"]


def test_a_recommendation_is_a_profile_that_renders(tmp_path: Path) -> None:
    assert meshgen("recommend", *WHOLE, "-o", tmp_path / "shop.yaml").code == 0
    assert meshgen("verify", tmp_path / "shop.yaml").code == 0
    again = meshgen("recommend", *WHOLE, "-o", tmp_path / "shop.yaml")
    assert again.code == 2
    assert "is there already" in again.err
    assert meshgen("recommend", *WHOLE).out == (tmp_path / "shop.yaml").read_text()


def test_answers_from_a_file_and_from_options_are_one(tmp_path: Path) -> None:
    (tmp_path / "answers.yaml").write_text("mesh: istio\noutsiders: no\n")
    found = meshgen("recommend", tmp_path / "answers.yaml", "--answer", "subject=application")
    assert found.out == meshgen("recommend", *WHOLE).out


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("htpp: yes\n", "<stdin>:1:1: error[MG011]"),
        ("mesh: none\nhttp: perhaps\n", "<stdin>:2:7: error[MG012]"),
        ("- mesh\n", "<stdin>:1:1: error[MG012]"),
        ("mesh: [none]\n", "<stdin>:1:7: error[MG012]"),
        ("mesh: {", "<stdin>:"),
        ("mesh: none\n", "error[MG013]: nothing answers the question 'http'"),
    ],
)
def test_wrong_answers_are_told_at_their_place(text: str, expected: str) -> None:
    run = meshgen("recommend", "-", stdin=text)
    assert run.code == 2
    assert expected in run.err
    assert not run.out


def test_a_terminal_is_asked() -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "generator", "recommend", "--answer", "subject=database"]
    with subprocess.Popen(command, stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, text=True) as process:
        os.close(theirs)
        os.write(ours, b"perhaps\nistio\nyes\n")
        out, _ = process.communicate(timeout=60)
        os.close(ours)
    assert process.returncode == 0
    answered = [f"--answer={one}" for one in ("mesh=istio", "outsiders=yes", "subject=database")]
    assert out == meshgen("recommend", *answered).out
