"""The one door for YAML: every mistake at its place, all of them at once, and no way to exhaust it."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from generator.core.findings import in_order
from generator.core.places import Place
from generator.core.yaml_reader import Limits, read_documents
from tests.support import told


def _told(text: str | bytes, **options: int) -> list[str]:
    limits = Limits(**options) if options else Limits()
    return told(in_order(read_documents(text, "file.yaml", limits=limits)[1]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a: [1, 2\nb: 3\n", ["MG002 2:2"], id="unclosed list"),
        pytest.param("a: 1\n b: 2\n", ["MG002 2:3"], id="indentation"),
        pytest.param("a:\n\tb: 1\n", ["MG002 2:1"], id="tab"),
        pytest.param("a: *nobody\n", ["MG002 1:4"], id="alias without anchor"),
        pytest.param("a: &a [1, *a]\n", ["MG002 1:11"], id="alias within its own anchor"),
        pytest.param("%YAML 2.0\n---\na: 1\n", ["MG002 1:1"], id="YAML 2"),
        pytest.param("a: 1\nb:\n  c: 2\n  d: 3\n  c: 4\n", ["MG003 5:3"], id="duplicate key"),
        pytest.param('8080: a\n"8080": b\n', ["MG003 2:1"], id="duplicate after typing"),
        pytest.param("a: &x {b: 1}\nc: {<<: *x, <<: *x}\n", ["MG003 2:13"], id="two merge keys"),
        pytest.param("a: [x, on, 'on', 0777]\n", ["MG004 1:8", "MG004 1:18"], id="ambiguous values"),
        pytest.param("yes: 1\n", ["MG004 1:1"], id="ambiguous key"),
        pytest.param("a: <<\n", ["MG004 1:4"], id="merge word as a value"),
        pytest.param("a: b\x07c\n", ["MG006 1:5"], id="control character"),
        pytest.param("ä: 1\nb: ü\x00\n", ["MG006 2:5"], id="NUL"),
        pytest.param("a: b # c\u2028d: e\n", ["MG006 1:9"], id="line separator"),
        pytest.param("a: 'b\x85c'\n", ["MG006 1:6"], id="next line"),
        pytest.param("a: b\ud800\n", ["MG006 1:5"], id="surrogate"),
        pytest.param(b"a: 1\nb: \xc3\xa4\xff\n", ["MG006 2:5"], id="not UTF-8"),
        pytest.param("a: 1\n".encode("utf-16"), ["MG006 1:1"], id="UTF-16"),
        pytest.param("a: 1\n".encode("utf-16-le"), ["MG006 1:2"], id="UTF-16 without mark"),
        pytest.param("a: !!int '1'\nb: !secret x\n", ["MG008 1:4", "MG008 2:4"], id="tags"),
        pytest.param("a: !!python/object/apply:os.system [ls]\n", ["MG008 1:4"], id="Python tag"),
        pytest.param("a: !!set {x, z}\n", ["MG008 1:4"], id="set"),
        pytest.param("? [a, b]\n: 1\n", ["MG008 1:3"], id="list as key"),
        pytest.param("? {a: b}\n: 1\n", ["MG008 1:3"], id="mapping as key"),
        pytest.param("a: {<<: [{b: 1}, 5]}\n", ["MG008 1:18"], id="merge of a scalar"),
    ],
)
def test_each_mistake_has_its_place(text: str | bytes, expected: list[str]) -> None:
    assert _told(text) == expected


def test_all_mistakes_are_found_in_one_run() -> None:
    text = "a: on\nb: !x 1\nc: 1\nc: 2\n? [k]\n: 1\nd: {<<: 5}\n--- yes\n---\nf: [\n"
    assert _told(text) == ["MG004 1:4", "MG008 2:4", "MG003 4:1", "MG008 5:3", "MG008 7:9", "MG004 8:5", "MG002 11:1"]


def test_a_duplicate_key_names_both_places() -> None:
    (finding,) = read_documents("a: 1\nb: 2\na: 3\n", "file.yaml")[1]
    assert (finding.place, finding.related[0][0]) == (Place("file.yaml", 3, 1), Place("file.yaml", 1, 1))


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "---\n---\n", "\ufeff", "~\n", "--- ~"])
def test_nothing_is_no_document(text: str) -> None:
    assert read_documents(text, "file.yaml") == ([], [])


@pytest.mark.parametrize("text", ["\ufeffa: b\nc: d\n", "a: b\r\nc: d\r\n", "a: b\rc: d\r"])
def test_marks_and_line_ends_do_not_matter(text: str) -> None:
    for given_as in (text, text.encode()):
        (document,), findings = read_documents(given_as, "file.yaml")
        assert (document.data, findings) == ({"a": "b", "c": "d"}, [])
        assert document.place(("c",)) == Place("file.yaml", 2, 4)
        assert document.key_place(("c",)) == Place("file.yaml", 2, 1)


def test_every_value_and_key_has_its_place() -> None:
    (document,), _ = read_documents("a:\n  - b: 1\n    c: [x,  y]\n", "f")
    assert document.place(("a", 0, "c", 1)) == Place("f", 3, 13)
    assert document.key_place(("a", 0, "c")) == Place("f", 3, 5)
    assert document.key_place(("a", 0)) == Place("f", 2, 5)
    assert document.place(("a", 0, "c", 1, "deeper")) == Place("f", 3, 13), "the nearest ancestor that is written"
    assert document.place() == Place("f", 1, 1)


def test_aliases_and_merge_keys_mean_what_yaml_1_1_says() -> None:
    text = """\
    one: &one {a: 1, b: 1}
    two: &two {b: 2, c: 2}
    plain: *one
    both: {c: own, <<: [*one, *two], d: own}
    after: {b: own, <<: *one}
    chain: &chain {<<: *two, d: 3}
    chained: {<<: *chain}
    quoted: {"<<": text}
    """
    (document,), findings = read_documents(text, "file.yaml")
    expected = yaml.safe_load(text.replace('{"<<": text}', "{}"))
    assert findings == []
    assert document.data == {**expected, "quoted": {"<<": "text"}}
    assert document.place(("after", "b")).line == 5, "what is written here hides what is merged, before or behind"
    assert document.place(("both", "b")).line == 1, "the first source that has the key gives its place"


@pytest.mark.parametrize(
    "text",
    ["{a: https://example.com/k}", "[spiffe://x/y, nginx:1.25]", "{a: b:c, d: [e:f]}", "- {a: b:c}\n- d\n", "{a:1}"],
)
def test_colons_within_words_in_flow_style(text: str) -> None:
    (document,), findings = read_documents(text, "f")
    assert (document.data, findings) == (yaml.safe_load(text), [])
    assert document.place().column == 1


def test_mistakes_beside_colons_within_words_have_their_places() -> None:
    text = "a: on\n---\nb: {c: d:e, c: yes}\nf: !x [g:h]\n"
    assert _told(text) == ["MG004 1:4", "MG003 3:13", "MG004 3:16", "MG008 4:4"]
    assert _told("{a: b:c") == ["MG002 1:8"]
    assert _told("{a: b:c, d: " + "[" * 100 + "]" * 100 + "}") == ["MG005 1:73"]


def test_strings_stay_strings() -> None:
    text = 'a: !!str 5\nb: ! 5\nc: "5"\nd: |\n  5\ne: "\\0\\u202e"\n'
    assert read_documents(text, "f")[0][0].data == {"a": "5", "b": "5", "c": "5", "d": "5\n", "e": "\0\u202e"}


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_a_hundred_thousand_levels_are_a_finding(opening: str) -> None:
    (finding,) = read_documents(opening * 100_000, "f")[1]
    assert finding.code == "MG005"


def _levels(first: str, inner: str, count: int) -> str:
    return f"a0: &a0 {first}\n" + "".join(f"a{n}: &a{n} {inner.format(n - 1)}\n" for n in range(1, count))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(_levels("[x, x]", "[*a{0}, *a{0}, *a{0}, *a{0}, *a{0}, *a{0}, *a{0}, *a{0}]", 12), id="lists"),
        pytest.param(_levels("{x: z}", "{{a: *a{0}, b: *a{0}, c: *a{0}, d: *a{0}}}", 20), id="mappings"),
        pytest.param(_levels("{x: z}", "{{<<: [*a{0}, *a{0}, *a{0}, *a{0}]}}", 20), id="merges"),
        pytest.param(_levels("{}", "{{<<: [*a{0}, *a{0}, *a{0}, *a{0}]}}", 20), id="merges of nothing"),
    ],
)
def test_a_billion_laughs_end_at_the_limit(text: str) -> None:
    documents, findings = read_documents(text, "f", limits=Limits(values=20_000))
    assert documents == []
    assert told(findings)[0].startswith("MG005")


@pytest.mark.parametrize("inner", ["[*a{0}]", "{{a: *a{0}}}", "{{<<: *a{0}}}", "{{a: *a{0}, <<: *a{0}}}"])
def test_nesting_by_aliases_is_nesting(inner: str) -> None:
    documents, findings = read_documents(_levels("{}", inner, 3_000), "f")
    assert documents == []
    assert told(findings)[0].startswith("MG005")


def test_limits() -> None:
    assert _told("a: b", characters=3) == ["MG005 1:1"]
    assert _told("x" * 10_000_000) == ["MG005 1:1"], "ten megabytes"
    assert _told("- 1\n- 2\n- 3\n", values=3) == ["MG005 3:3"]
    assert _told("a\n--- b\n--- c\n", documents=2) == ["MG005 3:5"]
    assert _told("a: {b: {c: 1}}", depth=2) == ["MG005 1:9"]
    assert _told("a: {b: {c: 1}}", depth=3) == []


def test_what_was_found_before_a_breach_is_kept() -> None:
    assert _told("a: on\nb: [[[[1]]]]\n", depth=3) == ["MG005 2:7"], "nothing is built before it is composed"
    assert _told("a: on\n--- \nb: [[[[1]]]]\n", depth=3) == ["MG004 1:4", "MG005 3:7"]


@given(st.text(max_size=60) | st.text("[]{}:,&*!|>'\"%@`#-? \n\tab<", max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    findings = read_documents(text, "f")[1]
    assert all(one.place is not None and one.place.line >= 1 and one.place.column >= 1 for one in findings)


@given(st.binary(max_size=60))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    read_documents(content, "f")
