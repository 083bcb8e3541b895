"""Comments that hide findings: where they hold, until when, and what is said of those that do not work."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from generator.checking.check import CheckRequest, check
from tests.support import told

HEAD = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress]
  ingress:
"""
OPEN = HEAD + "    - from: []\n"
TODAY = date(2027, 3, 1)
WHY = "a demo that everybody may call"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _check(text: str) -> list[str]:
    Path("policy.yaml").write_bytes(text.encode())
    return told(check(CheckRequest(paths=("policy.yaml",), today=TODAY)).findings)


@pytest.mark.parametrize(
    "text",
    [
        HEAD + f"    - from: []   # meshgen: ignore[MG101] {WHY}\n",
        HEAD + f"    # meshgen: ignore[MG101] {WHY}\n    - from: []\n",
        HEAD + f"    # meshgen: ignore[MG101] {WHY}\n    # more about it\n    - from: []\n",
        HEAD + f"    #meshgen:ignore[any-peer]: {WHY}\n    - from: []\n",
        HEAD + f"    - from: []   # see above # meshgen: ignore[mg101] {WHY}\n",
        HEAD + f"    - from: []   # meshgen: ignore[MG101] {WHY}, until=2027-03-01\n",
        HEAD + f"    - from: []   # meshgen: ignore[MG101] until=2030-01-01 {WHY}\n",
        f"# meshgen: ignore[MG101] {WHY}\n{OPEN}",
        f"# about\n\n# meshgen: ignore[MG101] {WHY}\n\n---\n# more\n{OPEN}",
        f"---  # meshgen: ignore[MG101] {WHY}\n{OPEN}",
        f"kind: X\napiVersion: v1\n---\n# meshgen: ignore[MG101] {WHY}\n{OPEN}",
        f"\ufeff# meshgen: ignore[MG101] {WHY}\n{OPEN}",
        f"# meshgen: ignore[MG101] {WHY}\n{OPEN}".replace("\n", "\r\n"),
        f"# meshgen: ignore[MG101] {WHY}\n{OPEN}    - from: []\n",
    ],
)
def test_hidden(text: str) -> None:
    assert _check(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEAD + f"    # meshgen: ignore[MG101] {WHY}\n\n    - from: []\n", ["MG044 8:5", "MG101 10:13"]),
        (HEAD + f"    - from: []\n    # meshgen: ignore[MG101] {WHY}\n", ["MG101 8:13", "MG044 9:5"]),
        (f"# meshgen: ignore[MG101] {WHY}\nkind: X\napiVersion: v1\n---\n{OPEN}", ["MG044 1:1", "MG101 12:13"]),
        (f"kind: X\napiVersion: v1\n# meshgen: ignore[MG101] {WHY}\n---\n{OPEN}", ["MG044 3:1", "MG101 12:13"]),
        (HEAD + f"    - from: []  # meshgen: ignore[MG102] {WHY}\n", ["MG101 8:13", "MG044 8:17"]),
        (HEAD + f"    - from: []  # meshgen: ignore[MG101, MG102] {WHY}\n", ["MG044 8:17"]),
    ],
    ids=["blank line", "line below", "another document", "before the marker", "another code", "one of two"],
)
def test_not_hidden(text: str, expected: list[str]) -> None:
    assert _check(text) == expected


@pytest.mark.parametrize(
    ("comment", "code"),
    [
        ("ignore[MG101]", "MG041"),
        ("ignore[MG101] until=2030-01-01", "MG041"),
        ("ignore[MG101] -- ", "MG041"),
        (f"ignore[] {WHY}", "MG041"),
        (f"ignore MG101 {WHY}", "MG041"),
        (f"ignored[MG101] {WHY}", "MG041"),
        (f"ignore[MG101 {WHY}", "MG041"),
        (f"ignore[MG101] {WHY} until=soon", "MG041"),
        (f"ignore[MG101] {WHY} until=2027-02-30", "MG041"),
        (f"ignore[MG101] {WHY} until=", "MG041"),
        (f"ignore[MG901] {WHY}", "MG043"),
        (f"ignore[any-pear] {WHY}", "MG043"),
        (f"ignore[MG002] {WHY}", "MG043"),
        (f"ignore[MG101] {WHY} until=2027-02-28", "MG042"),
    ],
)
def test_a_comment_that_does_not_work_is_told_and_hides_nothing(comment: str, code: str) -> None:
    assert _check(HEAD + f"    - from: []  # meshgen: {comment}\n") == ["MG101 8:13", f"{code} 8:17"]


def test_one_unknown_code_does_not_undo_the_others() -> None:
    assert _check(HEAD + f"    - from: []  # meshgen: ignore[MG101,MG999] {WHY}\n") == ["MG043 8:17"]


def test_an_expired_comment_is_noted_at_the_finding() -> None:
    Path("policy.yaml").write_text(HEAD + f"    - from: []  # meshgen: ignore[MG101] {WHY} until=2026-12-31\n")
    first, second = check(CheckRequest(paths=("policy.yaml",), today=TODAY)).findings
    assert [(str(place), note) for place, note in first.related] == [
        ("policy.yaml:8:17", "was ignored here until 2026-12-31")
    ]
    assert "2026-12-31" in second.message


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n    # meshgen: ignore[MG101]\n    x\n",
        'apiVersion: v1\nkind: ConfigMap\ndata:\n  a: "x\n    # meshgen: ignore[MG101]"\n',
        "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: '# meshgen: ignore[MG101]'\n",
        "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: x#meshgen: ignore\n".replace(": ignore", ":ignore"),
        "# meshgen: see the manual\nkind: X\napiVersion: v1\n",
    ],
)
def test_text_that_only_looks_like_a_comment(text: str) -> None:
    assert _check(text) == []


def test_comments_beside_text_that_looks_like_one() -> None:
    text = (
        HEAD
        + f"""\
    - from: []  # meshgen: ignore[MG101] {WHY}
---
apiVersion: v1
kind: ConfigMap
data:
  a: |
    # meshgen: ignore[MG101] x
  # meshgen: ignore[MG101] {WHY}
  b: c
"""
    )
    assert _check(text) == ["MG044 15:3"]


def test_findings_of_the_schema_can_be_ignored_and_reading_errors_cannot() -> None:
    wrong = OPEN.replace("[Ingress]", "[Inward]")
    assert "MG601 6:17" in _check(wrong)
    assert "MG601 7:17" not in _check(f"# meshgen: ignore[MG601] {WHY}\n{wrong}")
    assert [one[:5] for one in _check(f"# meshgen: ignore[MG002] {WHY}\na: [\n")] == ["MG002"]
