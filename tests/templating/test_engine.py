"""Templates fail at their own line, reach nothing of Python, and a user's folder wins."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from generator.core.places import Place
from generator.templating.engine import TemplateEngine, TemplateFailure
from generator.templating.placed import finalize_placed
from generator.templating.quoting import finalize


def _engine(*folders: Path) -> TemplateEngine:
    return TemplateEngine(folders, finalize)


def _write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def _failure(folder: Path, text: str, **values: Any) -> TemplateFailure:
    _write(folder, "t.j2", text)
    with pytest.raises(TemplateFailure) as failed:
        _engine(folder).render("t.j2", values)
    return failed.value


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\nb: {{ nobody }}\n", 2, "'nobody' is undefined"),
        ("a: 1\n\nb: {{ [1, {'k': nobody}] }}\n", 3, "'nobody' is undefined"),
        ("{% if nobody %}{% endif %}", 1, "'nobody' is undefined"),
        ("{% for x in nobody %}{% endfor %}", 1, "'nobody' is undefined"),
        ("\n{{ value.missing }}", 2, "has no attribute 'missing'"),
        ("\n{{ value['missing'] }}", 2, "has no attribute 'missing'"),
        ("\n{{ 'a' if false }}", 2, "the inline if-expression"),
        ("\n\n{% bogus %}", 3, "unknown tag 'bogus'"),
        ("\n{{ value | nofilter }}", 2, "No filter named 'nofilter'"),
        ("{% if true %}", 1, "Unexpected end of template"),
        ("\n{{ 1 / 0 }}", 2, "division by zero"),
        ("\n{{ value + 1 }}", 2, "unsupported operand"),
        ("\n{{ value | nested }}", 2, "takes the output of a macro"),
        ("\n{{ joiner() }}", 2, "prints a Joiner, which YAML cannot hold"),
        ("\n{{ [1].append }}", 2, "is not safe|is unsafe"),
        ("\n{% include 'gone.j2' %}", 2, "there is no template gone.j2"),
        ("\n{% include '../../../../../../etc/hostname' %}", 2, "there is no template"),
        ("{% macro m() %}\n{{ nobody }}\n{% endmacro %}\n{{ m() }}", 2, "'nobody' is undefined"),
        ("\n{% include 't.j2' %}", 2, "RecursionError"),
        ("{% macro m() %}{{ m() }}{% endmacro %}\n{{ m() }}", 1, "RecursionError"),
        ("\n{% for n in range(10 ** 9) %}{% endfor %}", 2, "Range too big"),
        ("\n{{ 'x' * 10 ** 12 }}", 2, "MemoryError|OverflowError"),
    ],
)
def test_a_failure_has_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    failure = _failure(tmp_path, text, value={})
    assert failure.place == Place(str(tmp_path / "t.j2"), line, 1)
    assert re.search(message, failure.message)


def test_the_place_is_in_the_file_that_failed(tmp_path: Path) -> None:
    _write(tmp_path, "inner.j2", "\n\n{% macro m(x) %}\n{{ x.y }}\n{% endmacro %}")
    assert _failure(tmp_path, "{% from 'inner.j2' import m %}\n{{ m(5) }}").place == Place(
        str(tmp_path / "inner.j2"), 4, 1
    )


def test_a_missing_template(tmp_path: Path) -> None:
    for name in ("gone.j2", "../t.j2", "a/../../t.j2", "/etc/hostname"):
        with pytest.raises(TemplateFailure, match="there is no template") as failed:
            _engine(tmp_path).render(name, {})
        assert failed.value.place == Place(name, 1, 1)


@pytest.mark.parametrize(
    "expression",
    [
        *("''.__class__", "''.__class__.__mro__[1].__subclasses__()", "''['__class__']", "''|attr('__class__')"),
        *("value.__init__.__globals__", "cycler.__init__.__globals__", "self.__init__", "lipsum.__globals__"),
        *("().__class__.__base__", "'{0.__class__}'.format(value)", "'%s' % nobody", "value.place.__class__"),
    ],
)
def test_the_inside_of_python_is_out_of_reach(tmp_path: Path, expression: str) -> None:
    failure = _failure(tmp_path, f"\n{{{{ {expression} }}}}", value={"a": 1})
    assert failure.place.line == 2


@pytest.mark.parametrize("change", ["value.update({'b': 2})", "value.clear()", "items.append(1)", "items.pop()"])
def test_templates_change_nothing(tmp_path: Path, change: str) -> None:
    value, items = {"a": 1}, [1]
    _failure(tmp_path, f"{{{{ {change} }}}}", value=value, items=items)
    assert (value, items) == ({"a": 1}, [1])


def test_the_first_folder_wins_and_others_fill_in(tmp_path: Path) -> None:
    own, bundled = tmp_path / "own", tmp_path / "bundled"
    _write(bundled, "k/a.j2", "{% from '_m.j2' import m %}a: {{ m() }}")
    _write(bundled, "_m.j2", "{% macro m() %}bundled{% endmacro %}")
    assert _engine(own, bundled).render("k/a.j2", {}) == "a: bundled"
    _write(own, "_m.j2", "{% macro m() %}own{% endmacro %}")
    assert _engine(own, bundled).render("k/a.j2", {}) == "a: own"
    _write(own, "k/a.j2", "b: 1")
    assert _engine(own, bundled).render("k/a.j2", {}) == "b: 1"


def test_quoting_is_the_default(tmp_path: Path) -> None:
    _write(tmp_path, "t.j2", "{% macro m(x) %}[{{ x }}]{% endmacro %}a: {{ x }}\nb: {{ m(x) }}\nc: {{ x ~ '!' }}\n")
    printed = _engine(tmp_path).render("t.j2", {"x": "a\nevil: true # <b>"})
    assert printed == 'a: "a\\nevil: true # <b>"\nb: ["a\\nevil: true # <b>"]\nc: "a\\nevil: true # <b>!"\n'


def test_a_value_is_no_template(tmp_path: Path) -> None:
    _write(tmp_path, "t.j2", "a: {{ x }}")
    assert _engine(tmp_path).render("t.j2", {"x": "{{ 7*7 }}"}) == 'a: "{{ 7*7 }}"'


def test_objects_are_refused_on_the_way_to_intent_too(tmp_path: Path) -> None:
    _write(tmp_path, "t.j2", "\n{{ x }}")
    for value, message in ((object(), "which YAML cannot hold"), ({1}, "which YAML cannot hold")):
        with pytest.raises(TemplateFailure, match=message) as failed:
            TemplateEngine([tmp_path], finalize_placed).render("t.j2", {"x": value})
        assert failed.value.place.line == 2
