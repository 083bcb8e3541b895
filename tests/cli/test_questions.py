"""`meshgen why` and `meshgen diff`: the answers, their exit codes, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from generator.intent.profile_types import profile_types
from tests.support import meshgen

BANK = next(path for path in profile_types()["app"].examples() if path.stem == "bank-of-anthos")


@pytest.mark.parametrize(
    ("question", "code", "layers"),
    [
        (("bank/frontend", "bank/userservice:8080", "GET", "/login"), 0, "yes yes yes yes"),
        (("bank/frontend", "bank/userservice:8080", "DELETE", "/login"), 1, "yes yes yes no"),
        (("bank/frontend", "bank/accounts-db:5432"), 1, "no no yes no"),
        (("gateway public", "bank/frontend:8080"), 0, "yes yes yes yes"),
        (("8.8.8.8", "bank/frontend:8080"), 1, "yes no no no"),
    ],
)
def test_why_answers_layer_by_layer(question: tuple[str, ...], code: int, layers: str) -> None:
    run = meshgen("why", *question, "-f", BANK)
    assert run.code == code, run
    assert (
        " ".join(line.split()[0] for line in run.out.splitlines() if line.startswith(("  yes", "  no", "  unknown")))
        == layers
    )


def test_why_names_the_deciding_line() -> None:
    run = meshgen("why", "bank/frontend", "bank/contacts:8080", "POST", "/contacts/7", "-f", BANK)
    assert "networkpolicy-allow-frontend.yaml:" in run.out
    assert "AuthorizationPolicy bank/allow-contacts, ALLOW rule 1" in run.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("bank/frntend", "bank/contacts:8080"), "did you mean 'bank/frontend'?"),
        (("bank/frontend", "bank/contacts:8080", "--symptom", "500"), "choose 403, timeout, reset, 503"),
        (("bank/frontend", "bank/contacts:http"), "http"),
    ],
)
def test_why_refuses_what_it_cannot_resolve(arguments: tuple[str, ...], words: str) -> None:
    run = meshgen("why", *arguments, "-f", BANK)
    assert run.code == 2, run
    assert words in run.err


def changed(here: Path, old: str, new: str) -> Path:
    path = here / "changed.yaml"
    text = BANK.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    return path


def test_diff_of_a_profile_with_itself_is_empty() -> None:
    run = meshgen("diff", BANK, BANK)
    assert (run.code, "No connection changes" in run.out) == (0, True), run


def test_diff_names_what_is_opened_and_fails(tmp_path: Path) -> None:
    wider = changed(tmp_path, "userservice], to: accounts-db", "userservice], to: [accounts-db, ledger-db]")
    run = meshgen("diff", BANK, wider)
    assert run.code == 1, run
    assert "opened" in run.out
    assert "bank/contacts, bank/userservice -> bank/ledger-db 5432/TCP" in run.out
    assert meshgen("diff", BANK, wider, "--allow-widen").code == 0
    narrower = meshgen("diff", wider, BANK)
    assert (narrower.code, "closed" in narrower.out) == (0, True), narrower


def test_diff_sees_methods_and_paths(tmp_path: Path) -> None:
    wider = changed(tmp_path, "to: contacts, methods: [GET, POST]", "to: contacts, methods: [GET, POST, DELETE]")
    run = meshgen("diff", BANK, wider)
    assert run.code == 1, run
    assert "bank/frontend -> bank/contacts 8080/TCP: DELETE /contacts/*" in run.out


def test_removing_a_layer_is_opening(tmp_path: Path) -> None:
    for layer in ("all", "mesh"):
        assert meshgen("render", BANK, "-o", tmp_path / layer, "--layer", layer).code == 0
    run = meshgen("diff", tmp_path / "all", tmp_path / "mesh", "--format", "json")
    assert run.code == 1, run
    json.loads(run.out)


def test_a_renamed_policy_changes_nothing(tmp_path: Path) -> None:
    for name in ("old", "new"):
        assert meshgen("render", BANK, "-o", tmp_path / name).code == 0
    policy = tmp_path / "new/bank/network/networkpolicy-allow-contacts.yaml"
    policy.write_text(policy.read_text("utf-8").replace("name: allow-contacts", "name: renamed"), "utf-8")
    run = meshgen("diff", tmp_path / "old", tmp_path / "new")
    assert run.code == 0, run
