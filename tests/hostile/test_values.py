"""Hostile values in every string position of a profile: refused at their place, or read back exactly."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

from generator.core.errors import InvalidInput
from generator.core.places import Json, Route
from generator.core.yaml_reader import read_documents
from generator.output.writer import write_bundle
from generator.pipeline import Bundle, Request, render
from generator.templating.quoting import flow
from tests.support import FULL, meshgen, names_in, put, snapshot, walk

EVERYWHERE = [
    *("a\nb: c", "web\n", "{{ 7*7 }}", "{% raw %}", "../../etc", "on", "1e3", "a" * 300, "", "a\x00b", "\ufeffweb"),
    *("\U0001f600", "\u202eweb", "*", "&a", "!!python/object:os.system", "<<"),
]
HERE_AND_THERE = [
    *("/etc/passwd", "null", "---", "0.0.0.0/0"),
    *("\nweb", " web", "web ", " ", "\t", "a\r\nb", "a\u2028b", "a\x85b", "{# x #}", "{{ ''.__class__ }}", "${HOME}"),
    *("$(id)", "`id`", "%s", "\\n", "..", ".", "a/../../b", "-", "--", "-a", "a-", "a.", "A", "a..b", "yes", "y", "~"),
    *(
        "true",
        "0777",
        "12:30:45",
        "08",
        ".inf",
        "=",
        "2027-03-01",
        "1",
        "0",
        "\x1b[31m",
        "\x07",
        "we\u200db",
        "wéb",
        "\uff57\uff45\uff42",
    ),
    *(
        "\u0430pp",
        "!!str a",
        "- a",
        "a: b",
        "a #b",
        "#",
        "'",
        '"',
        "[",
        "{a",
        "|",
        ">",
        "...",
        "%YAML 1.1",
        "@a",
        "?",
        ":",
    ),
    *(",", "a,b", "::/0", "10.0.0.1/8", "*.example.com", "a*b"),
]
# One position of each sort: a name, a path, a host, a label and its key, a file.
SAMPLES = {
    *("spec.namespace", "spec.workloads.web=", "spec.flows.0.from", "spec.flows.0.paths.0", "spec.egress.stripe.host"),
    *("spec.peers.ledger.labels.app", "spec.peers.ledger.labels.app="),
    *(
        "environment",
        "profile",
        "spec.peers.ledger.serviceAccount",
        "spec.egress.stripe.cidrs.0",
        "spec.workloads.web.expose.port",
        "kind",
    ),
}
# What these positions hold is for people: it is printed in comments alone.
_COMMENTS = {"purpose", "plaintext", "reason"}
_PROFILE: Json = yaml.safe_load(FULL)


def _positions() -> Iterator[tuple[Route, bool]]:
    """Yield the route of every text of the profile, values and keys; True for keys of the user's own choice."""
    chosen = {("spec", "workloads"), ("spec", "peers"), ("spec", "egress"), ("metadata", "annotations")}
    for route, value in walk(_PROFILE):
        if isinstance(value, str):
            yield route, False
        if route and (route[:-1] in chosen or (len(route) > 1 and route[-2] in ("labels", "headers", "ports"))):
            yield route, True


POSITIONS = sorted(set(_positions()), key=repr)


def _with(route: Route, is_key: bool, value: str) -> Json:
    data = copy.deepcopy(_PROFILE)
    if not is_key:
        put(data, route, value)
        return data
    parent = data
    for step in route[:-1]:
        parent = parent[step]
    items = [(value if key == route[-1] else key, item) for key, item in parent.items()]
    parent.clear()
    parent.update(items)
    return data


def _request(text: str) -> Request:
    return Request(("-",), standard_input=text.encode())


@cache
def _read(text: str) -> Json:
    """Return what a reader of YAML 1.1 and our own of YAML 1.2 take *text* for."""
    (document,), findings = read_documents(text, "f")
    assert not findings
    assert document.data == yaml.safe_load(text)
    return document.data


def _data(bundle: Bundle) -> list[Json]:
    return [_read(text) for text in bundle.files.values()]


def _leaves(documents: list[Json]) -> tuple[set[str], set[str]]:
    """Return every text (keys too) and every other leaf, written out, of *documents*."""
    texts: set[str] = set()
    others: set[str] = set()
    for document in documents:
        for route, value in walk(document):
            texts |= {str(step) for step in route if isinstance(step, str)}
            if isinstance(value, str):
                texts.add(value)
            elif not isinstance(value, dict | list):
                others.add(repr(value))
    return texts, others


BASE = render(_request(FULL))
BASE_TEXTS, BASE_OTHERS = _leaves(_data(BASE))


def _check_accepted(bundle: Bundle, route: Route, is_key: bool, value: str, folder: Path) -> None:
    texts, others = _leaves(_data(bundle))
    assert others <= BASE_OTHERS, "no text became a number, a boolean or nothing"
    is_comment = not is_key and _COMMENTS & {str(step) for step in route}
    new = texts - BASE_TEXTS
    if is_comment or route[:2] == ("metadata", "annotations"):
        assert new == set()
    elif new:
        assert all(value in text or value.lower() in text or "-" in text for text in new), (value, new)
        assert any(value in text or value.lower() in text for text in new)
    if bundle.files.keys() == BASE.files.keys():
        return
    write_bundle(folder / "out", bundle.name, {path: text.encode() for path, text in bundle.files.items()})
    assert names_in(folder) == ["out"]
    assert all(len(Path(name).parts) <= 4 for name in snapshot(folder))


def _name(position: tuple[Route, bool]) -> str:
    route, is_key = position
    return ".".join(str(step) for step in route) + ("=" if is_key else "")


@pytest.mark.parametrize("position", POSITIONS, ids=_name)
def test_a_hostile_value_is_refused_or_read_back(position: tuple[Route, bool], tmp_path: Path) -> None:
    route, is_key = position
    for number, value in enumerate(EVERYWHERE + (HERE_AND_THERE if _name(position) in SAMPLES else [])):
        text = json.dumps(_with(route, is_key, value), ensure_ascii=False, indent=1)
        lines = text.splitlines() if "\u2028" not in text and "\x85" not in text else []
        try:
            bundle = render(_request(text))
        except InvalidInput as refused:
            findings = refused.findings
        else:
            findings = ()
            folder = tmp_path / str(number)
            folder.mkdir()
            _check_accepted(bundle, route, is_key, value, folder)
        for finding in findings:
            assert finding.place is not None
            assert finding.place.file == "<stdin>" or route == ("environment",)
            assert not lines or 1 <= finding.place.line <= len(lines)


_RAW = [value for value in EVERYWHERE + HERE_AND_THERE if value.strip() and value.isprintable() and len(value) < 50]


@pytest.mark.parametrize("marker", ["namespace: everything", "app: ledger", "from: api"])
def test_the_same_without_quotes(marker: str, tmp_path: Path) -> None:
    """Written plain, a value is what YAML makes of it: it may be refused as YAML, as a type, or as a value."""
    key, _, _ = marker.partition(": ")
    for number, value in enumerate(_RAW):
        try:
            bundle = render(_request(FULL.replace(marker, f"{key}: {value}", 1)))
        except InvalidInput as refused:
            findings = refused.findings
        else:
            findings = ()
            assert _leaves(_data(bundle))[1] <= BASE_OTHERS
            write_bundle(tmp_path / str(number), "x", {path: text.encode() for path, text in bundle.files.items()})
        assert all(finding.place is not None and finding.place.file == "<stdin>" for finding in findings)
    assert set(names_in(tmp_path)) <= {str(number) for number in range(len(_RAW))}


@pytest.mark.parametrize("value", EVERYWHERE + HERE_AND_THERE)
def test_the_command_writes_nothing_for_a_hostile_namespace(
    value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "profile.yaml").write_text(json.dumps(_with(("spec", "namespace"), False, value)))
    before = snapshot(tmp_path)
    run = meshgen("render", "profile.yaml", "-o", "out")
    assert run.code in (0, 2)
    assert not any(letter in run.out + run.err for letter in "\x00\x07\x1b\u202e\u2028\ufeff\x85")
    if run.code == 2:
        assert snapshot(tmp_path) == before
        assert "profile.yaml:1:" in run.err
    else:
        assert set(names_in(tmp_path)) == {"out", "profile.yaml"}
        assert value in names_in(tmp_path / "out")


def test_the_table_reaches_every_sort_of_position() -> None:
    names = {_name(position) for position in POSITIONS}
    assert len(names) > 60
    assert {
        "metadata.name",
        "spec.namespace",
        "spec.workloads.web=",
        "spec.flows.2.headers.X-Tenant=",
        *SAMPLES,
    } <= names
    assert {"spec.flows.0.purpose", "spec.egress.stripe.host", "spec.peers.ledger.labels.app="} <= names


def test_every_value_at_once_where_any_text_is_right() -> None:
    data = copy.deepcopy(_PROFILE)
    values = [value for value in EVERYWHERE + HERE_AND_THERE if value]
    data["spec"]["flows"][2]["headers"]["X-Tenant"] = values
    data["spec"]["flows"] += [
        {"from": "ui", "to": "web", "port": "http", "purpose": value[:200]} for value in EVERYWHERE if value
    ]
    bundle = render(_request(flow(data)))
    texts, others = _leaves(_data(bundle))
    assert others <= BASE_OTHERS
    assert set(values) - {"*"} <= texts, "a header with any value is asked for by a presence match"


def test_some_are_refused_and_some_accepted() -> None:
    for value, position in (
        ("on", ("spec", "namespace")),
        ("{{ 7*7 }}", ("spec", "flows", 2, "headers", "X-Tenant", 0)),
    ):
        texts, _ = _leaves(_data(render(_request(json.dumps(_with(position, False, value))))))
        assert value in texts
    with pytest.raises(InvalidInput):
        render(_request(json.dumps(_with(("spec", "namespace"), False, "web\n"))))
