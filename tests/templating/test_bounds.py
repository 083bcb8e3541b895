"""A template of a user's own is stopped when it takes too much: time, memory, depth. It fails at its line."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import pytest

from generator.core.errors import EXIT_WRONG_INPUT
from generator.core.resources import bundled
from generator.templating import bounds
from generator.templating.engine import TemplateEngine, TemplateFailure
from generator.templating.quoting import finalize
from tests.support import MINIMAL, meshgen

_AROUND = "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}"
_DONE = "{% endfor %}{% endfor %}{% endfor %}"
ENDLESS = {
    "loops": (f"\n{_AROUND}{_DONE}", 2),
    "a loop that calls itself": ("\n{% for n in [0, 1] recursive %}"
                                 "{% if loop.depth < 90 %}{{ loop([0, 1]) }}{% endif %}{% endfor %}", 2),
    "macros": ("{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}\n{{ m(90) }}", 1),
    "includes": ("{% set n = (n or 0) + 1 %}\n{% if n < 90 %}{% include 't.j2' %}{% include 't.j2' %}{% endif %}", 1),
    "blocks": ("{% set n = namespace(d=0) %}\n{% block b %}{% set n.d = n.d + 1 %}{% if n.d < 90 %}"
               "{{ self.b() }}{{ self.b() }}{% endif %}{% set n.d = n.d - 1 %}{% endblock %}", 2),
    "callers": ("{% macro m(n) %}{% if n %}{% call m(n - 1) %}{% endcall %}{% call m(n - 1) %}{% endcall %}"
                "{% endif %}{{ caller() }}{% endmacro %}\n{% call m(90) %}{% endcall %}", 1),
    "filters": ("{% for a in range(9999) %}{% set x = range(99999) | map('string') | list %}{% endfor %}", 1),
}  # fmt: skip
LARGE = {
    "a repeated text": "\n{{ 'x' * 10 ** 11 }}",
    "a repeated list": "\n{{ [1] * 10 ** 10 }}",
    "a wide text": "\n{{ 'x' | center(10 ** 11) }}",
    "a wide number": "\n{{ '%099999999999d' | format(1) }}",
    "a text doubled and doubled": "{% set n = namespace(x='x') %}\n"
                                  "{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
    "a text replaced": "{% set n = namespace(x='xx') %}\n"
                       "{% for i in range(9) %}{% set n.x = n.x|replace('x', n.x) %}{% endfor %}",
}  # fmt: skip


def _failure(folder: Path, text: str) -> TemplateFailure:
    (folder / "t.j2").write_text(text)
    with pytest.raises(TemplateFailure) as failed:
        TemplateEngine([folder], finalize).render("t.j2", {"n": None})
    return failed.value


@pytest.mark.parametrize("name", ENDLESS)
def test_endless(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "LONGEST_SECONDS", 0.1)
    text, line = ENDLESS[name]
    failure = _failure(tmp_path, text)
    assert "stopped after 0.1 seconds of work" in failure.message
    assert failure.place.file == str(tmp_path / "t.j2")
    assert failure.place.line == line


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not bound the memory of a process")
@pytest.mark.parametrize("name", LARGE)
def test_too_large(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MOST_MEMORY", 100 << 20)
    before = resource.getrlimit(resource.RLIMIT_AS)
    failure = _failure(tmp_path, LARGE[name])
    assert failure.message == "MemoryError: the template makes a value that does not fit into memory"
    assert failure.place.line == 2
    assert resource.getrlimit(resource.RLIMIT_AS) == before


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not bound the memory of a process")
def test_too_much_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MOST_MEMORY", 100 << 20)
    assert "MemoryError" in _failure(tmp_path, "{% for i in range(99999) %}{{ 'x' * 99999 }}{% endfor %}").message


def test_a_power_is_not_even_begun(tmp_path: Path) -> None:
    failure = _failure(tmp_path, "\n{{ 10 ** 100000000 }}")
    assert "the exponent 100000000 is larger than 10,000" in failure.message
    assert failure.place.line == 2


def test_templates_of_ours_are_compiled_without_checks() -> None:
    ours = TemplateEngine([bundled("templates")], finalize)._environment
    assert not isinstance(ours, bounds.BoundedEnvironment)


def test_each_template_has_the_whole_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "t.j2").write_text("{% for a in range(3) %}{{ a }}{% endfor %}")
    engine = TemplateEngine([tmp_path], finalize)
    clock = iter(range(10_000))
    monkeypatch.setattr("time.process_time", lambda: next(clock) / 10)
    monkeypatch.setattr(bounds, "LONGEST_SECONDS", 1.0)
    assert [engine.render("t.j2", {}) for _ in range(20)] == ["012"] * 20


@pytest.mark.parametrize("folder", ["profiles", "templates"])
def test_at_the_command_line(folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "LONGEST_SECONDS", 0.1)
    monkeypatch.chdir(tmp_path)
    own = tmp_path / folder
    if folder == "profiles":
        (own / "app").mkdir(parents=True)
        (own / "app" / "schema.json").write_text('{"type": "object"}')
        (own / "app" / "intent.yaml.j2").write_text(f"a: 1\n{_AROUND}{_DONE}")
    else:
        (own / "kubernetes").mkdir(parents=True)
        (own / "kubernetes" / "networkpolicy.yaml.j2").write_text(f"a: 1\n{_AROUND}{_DONE}")
    (tmp_path / "shop.yaml").write_text(MINIMAL)
    run = meshgen("render", "shop.yaml", f"--{folder}", folder)
    assert run.code == EXIT_WRONG_INPUT
    assert f"{folder}/" in run.err
    assert ".yaml.j2:2:1: error[MG014]: the template was stopped after" in run.err
    assert not (tmp_path / "out").exists()
