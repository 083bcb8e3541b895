"""Every rule finds what its page, its cases and the examples say, and nothing in what meshgen renders."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache, partial
from pathlib import Path

import pytest
import yaml

from generator import rules
from generator.checking.check import DECIDING, TRANSFORMERS, CheckRequest, check, ignorable
from generator.checking.ignores import apply_ignores, read_ignores
from generator.core.codes import CODES
from generator.core.findings import Finding, Severity
from generator.core.places import Document, Json, Route
from generator.core.yaml_reader import read_documents
from generator.environment.load import load_environment
from generator.environment.model import Environment
from generator.intent.profile_types import profile_types
from generator.pipeline import Request, render
from generator.rules import run
from generator.rules.base import RuleModule
from generator.rules.run import run_rules
from tests.rules.pages import Page, read_page
from tests.support import ROOT, put, walk

RULES = {module.RULE.code: module for module in rules.registry()}
MODULES = pytest.mark.parametrize("module", RULES.values(), ids=RULES)
FOLDER = Path(rules.__file__).parent
CASES = sorted((Path(__file__).parent / "cases").glob("MG*/*.yaml"))
EXPECTED = re.compile(r"^# expect: (MG\d{3} @ \d+:\d+(?: (?:error|warning|info))?)\s*$", re.MULTILINE)
SAYS = re.compile(r"^# says: (.+?)\s*$", re.MULTILINE)
FACT = re.compile(r"^# (environment|complete|before): (\S+)\s*$", re.MULTILINE)
SHARED = ROOT.parent / "shared" / "examples" / "checks"
PAIRS = sorted(path.name.removesuffix("-bad.yaml") for path in SHARED.glob("MG*-bad.yaml"))
BUNDLES = [path for kind in profile_types().values() for path in kind.examples()]
ODD: tuple[Json, ...] = (None, True, 7, -1, 1.5, "", "x", "*", "a/b/c", "\u00e9", [], [None], {}, {"x": [None]}, [[]])
HIGH = (Severity.ERROR, Severity.WARNING)


def _page(module: RuleModule) -> Page:
    return read_page(module.__doc__ or "")


@cache
def _generic() -> Environment:
    return load_environment("generic", Path())


def _documents(text: str, file: str = "page.yaml") -> list[Document]:
    documents, findings = read_documents(text, file, allow_ambiguous=True)
    assert findings == []
    return documents


def _found(text: str, code: str, before: str, *, complete: bool = False) -> list[Finding]:
    old = _documents(before, "before.yaml") if before.strip() else None
    found = run_rules(_documents(text), _generic(), is_complete=complete, codes={code}, before=old)
    return [one for one in found if one.code == code]


def _told(findings: Sequence[Finding]) -> list[str]:
    return [f"{one.place}: {one.severity} {one.code} {one.message}" for one in findings]


# --- every module --------------------------------------------------------------------------------------


@MODULES
def test_module_is_named_after_its_rule(module: RuleModule) -> None:
    rule = module.RULE
    assert re.fullmatch(r"MG[1-5]\d\d", rule.code)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.slug)
    name = f"{rule.code.lower()}_{rule.slug.replace('-', '_')}"
    assert getattr(module, "__name__") == f"generator.rules.{name}"  # noqa: B009  (a module, typed as a protocol)
    assert rule.summary
    assert not rule.summary.endswith(".")


def test_codes_and_slugs_are_unique() -> None:
    modules = rules.registry()
    assert len(RULES) == len(modules) == len(list(FOLDER.glob("mg*.py")))
    assert len({module.RULE.slug for module in modules}) == len(modules)
    assert not RULES.keys() & CODES.keys()
    assert {code for code in RULES if "MG501" <= code <= "MG505"} <= TRANSFORMERS


@MODULES
def test_page_has_its_sections(module: RuleModule) -> None:
    page = _page(module)
    assert tuple(one for one in page.sections if one != "Before") == ("Why", "Bad", "Good")
    assert page.sections.index("Bad") == len(page.sections) - 2, "what was before stands ahead of both examples"
    assert page.summary.endswith(".")
    assert page.why.strip()


@MODULES
def test_bad_example_of_the_page_is_found_and_good_is_not(module: RuleModule) -> None:
    page, code = _page(module), module.RULE.code
    bad = [*_found(page.bad, code, page.before), *_found(page.bad, code, page.before, complete=True)]
    severe = {*HIGH, module.RULE.severity}  # a few rules only ever inform
    assert [one for one in bad if one.severity in severe], f"{code} does not find its own bad example: {_told(bad)}"
    for complete in (False, True):
        good = _found(page.good, code, page.before, complete=complete)
        assert [one for one in good if one.severity in severe] == [], _told(good)


def test_kinds_that_rules_look_at_are_not_counted_as_undecided() -> None:
    asked = {name for path in FOLDER.glob("*.py") for name in _kinds_asked_for(path)}
    assert asked, "the pattern below still fits how rules ask for kinds"
    few = {"ConfigMap", "Secret"}  # of the many, one holds the settings of the mesh, and one its CA
    assert asked - few <= DECIDING


def _kinds_asked_for(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("of_kind", "others")
        ):
            yield from (str(one.value) for one in node.args if isinstance(one, ast.Constant))


# --- cases ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", CASES, ids=[f"{path.parent.name}/{path.stem}" for path in CASES])
def test_case(path: Path) -> None:
    """Findings of the folder's code are those that the case expects, at their places.

    A severity stands behind the place where it is not the rule's own. Where a finding names somebody and could
    name somebody else, a line ``# says: TEXT`` gives a part of its message; with such lines there is one for each.
    Lines ``# environment: NAME|FILE``, ``# complete: true`` and ``# before: FILE`` say what the case stands in.
    """
    text = path.read_text("utf-8")
    facts = dict(FACT.findall(text))
    request = CheckRequest(
        paths=(str(path),),
        environment=facts.get("environment") and _beside(path, facts["environment"]),
        before=_before(path.parent / facts["before"]) if "before" in facts else None,
        is_complete=facts.get("complete") == "true",
    )
    own = RULES[path.parent.name].RULE.severity
    findings = [one for one in check(request).findings if one.place and one.code == path.parent.name]
    found = [
        f"{one.code} @ {one.place.line}:{one.place.column}" + ("" if one.severity is own else f" {one.severity}")
        for one in findings
        if one.place
    ]
    assert found == EXPECTED.findall(text)
    if says := SAYS.findall(text):
        assert [(part, one.message) for part, one in zip(says, findings, strict=True) if part not in one.message] == []


def _before(path: Path) -> tuple[Document, ...]:
    return tuple(_documents(path.read_text("utf-8"), str(path)))


def _beside(path: Path, name: str) -> str:
    return str(path.parent / name) if (path.parent / name).is_file() else name


# --- the shared examples -------------------------------------------------------------------------------


def _judged(name: str) -> list[Finding]:
    if not SHARED.is_dir():
        pytest.skip("the shared examples are not beside this checkout")
    paths = (str(SHARED / "context.yaml"), str(SHARED / name))
    return [
        one
        for one in check(CheckRequest(paths=paths, environment=str(SHARED / "env.yaml"))).findings
        if one.severity in HIGH
    ]


@pytest.mark.skipif(not PAIRS, reason="the shared examples are not beside this checkout")
@pytest.mark.parametrize("code", PAIRS or [""])
def test_bad_half_is_found(code: str) -> None:
    found = _judged(f"{code}-bad.yaml")
    assert [one for one in found if one.code == code], f"only found: {_told(found)}"


@pytest.mark.skipif(not PAIRS, reason="the shared examples are not beside this checkout")
@pytest.mark.parametrize("code", PAIRS or [""])
def test_good_half_raises_nothing_but_what_is_known_to_be_true(code: str) -> None:
    name = f"{code}-good.yaml"
    listed = yaml.safe_load((Path(__file__).parent / "allowed.yaml").read_text("utf-8"))
    known = {(one["code"], one["line"]) for one in listed if one["example"] == name and one["reason"]}
    assert code not in {one for one, _ in known}
    found = [one for one in _judged(name) if one.place and (one.code, one.place.line) not in known]
    assert found == [], "\n".join(_told(found))


# --- what we render ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", BUNDLES, ids=[f"{path.parent.parent.name}/{path.stem}" for path in BUNDLES])
def test_nothing_is_found_in_what_meshgen_renders(path: Path) -> None:
    bundle = render(Request((str(path),)))
    documents = [one for name, text in bundle.files.items() for one in _documents(text, name)]
    ignores, mistakes = read_ignores(bundle.files, ignorable())
    found = apply_ignores(run_rules(documents, bundle.environment), ignores, date.max)
    assert [*found, *mistakes] == [], "\n".join(_told([*found, *mistakes]))


# --- hostile objects -----------------------------------------------------------------------------------


@MODULES
def test_no_rule_stumbles_over_odd_values(module: RuleModule) -> None:
    """A schema check reports what has the wrong type; a rule must not fall over it."""
    page = _page(module)
    before = _documents(page.before) if page.before.strip() else None
    for text in (page.bad, page.good):
        originals = [document.data for document in _documents(text)]
        routes: list[tuple[int, Route]] = [
            (number, route) for number, data in enumerate(originals) for route, _ in walk(data) if route
        ]
        for position, (number, route) in enumerate(routes):
            value = ODD[position % len(ODD)]
            for odd in {json.dumps(value): value, "null": None, '"x"': "x"}.values():
                copies = json.loads(json.dumps(originals))
                put(copies[number], route, odd)
                documents = [Document(data, "odd.yaml", {}, {}) for data in copies]
                run_rules(documents, _generic(), before=before)
                if before is not None:
                    run_rules(before, _generic(), before=documents, codes={module.RULE.code})


def test_the_rules_said_to_be_slowest_exist() -> None:
    assert set(run._SLOWEST) <= {module.RULE.code for module in rules.registry()}


def test_what_looks_beside_the_rules_finds_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    documents = _documents("\n---\n".join(["apiVersion: v1\nkind: Namespace\nmetadata: {name: _}"] * 4))
    found = [Finding("MG601", f"look {number}") for number in range(5)]
    looks: list[run.Look] = [partial(iter, found[:2]), partial(iter, ()), partial(iter, found[2:])]
    alone = run_rules(documents, _generic())
    for many in (1_000, 1):
        monkeypatch.setattr(run, "_MANY_OBJECTS", many)
        assert run.run_beside(looks, documents, _generic()) == (found, alone)
    assert alone
