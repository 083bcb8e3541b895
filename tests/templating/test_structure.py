"""The shape of every template that comes with meshgen, and that none is missing or idle."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from generator.core.resources import bundled, package_file
from generator.plan.build import KIND_ORDER

TEMPLATES = sorted(bundled("templates").rglob("*.j2"))
ALL = [*TEMPLATES, *sorted(bundled("profiles").rglob("*.j2"))]
_FORBIDDEN_FILTERS = {"safe", "e", "escape", "forceescape", "tojson", "striptags", "format", "xmlattr"}


def _faults(source: str) -> list[str]:
    """Return what could let text through unquoted, or print what nobody quoted."""
    tree = Environment(autoescape=True).parse(source)
    found = [f"{node.lineno}: |{node.name}" for node in tree.find_all(nodes.Filter) if node.name in _FORBIDDEN_FILTERS]
    found += [f"{node.lineno}: Markup" for node in tree.find_all(nodes.Name) if node.name == "Markup"]
    found += [f"{node.lineno}: autoescape" for node in tree.find_all(nodes.ScopedEvalContextModifier)]
    found += [f"{node.lineno}: autoescape" for node in tree.find_all(nodes.EvalContextModifier)]
    found += [f"{node.lineno}: MarkSafe" for node in tree.find_all((nodes.MarkSafe, nodes.MarkSafeIfAutoescape))]
    for output in tree.find_all(nodes.Output):
        for child in output.nodes:
            if isinstance(child, nodes.Const) or (isinstance(child, nodes.Literal) and _is_constant(child)):
                found.append(f"{child.lineno}: a constant")
    found += [f"{node.lineno}: `if` without `else`" for node in tree.find_all(nodes.CondExpr) if node.expr2 is None]
    return found


def _is_constant(node: nodes.Node) -> bool:
    return not isinstance(node, nodes.TemplateData) and not list(node.find_all(nodes.Name))


@pytest.mark.parametrize("path", ALL, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_templates_leave_quoting_alone(path: Path) -> None:
    assert _faults(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        *(
            "{{ x|safe }}",
            "{{ x|e }}",
            "{{ x|escape }}",
            "{{ Markup(x) }}",
            "{{ 'x' }}",
            "{{ true }}",
            "{{ [1, 'a'] }}",
        ),
        *("{% autoescape false %}{{ x }}{% endautoescape %}", "{{ x|tojson }}", "{{ 'a' if x }}", "{{ {'a': 1} }}"),
    ],
)
def test_the_rules_find_what_they_look_for(source: str) -> None:
    assert _faults(source)


def test_there_are_templates_of_both_sorts() -> None:
    assert {path.name for path in ALL} >= {"_macros.j2", "_words.j2", "networkpolicy.yaml.j2", "intent.yaml.j2"}


def _planned_kinds() -> set[str]:
    """Return every kind that the planning code speaks of, read from its source."""
    found: set[str] = set()
    for path in sorted(package_file("plan").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                first = node.args[0]
                if node.func.id in ("Resource", "mesh_object") and isinstance(first, ast.Constant):
                    found.add(str(first.value))
    return found


def test_every_kind_has_a_template_and_every_template_a_kind() -> None:
    kinds = {*KIND_ORDER, "Kustomization"}
    assert _planned_kinds() <= kinds
    assert _planned_kinds() >= {"PeerAuthentication", "NetworkPolicy", "Kustomization"}
    objects = [path for path in TEMPLATES if not path.name.startswith("_") and path.parent.name != "extras"]
    own = {path.name.removesuffix(".yaml.j2") for path in objects}
    assert own == {kind.lower() for kind in kinds}


def test_every_macro_is_used() -> None:
    for folder in (bundled("templates"), bundled("profiles")):
        sources = {path: path.read_text("utf-8") for path in folder.rglob("*.j2")}
        for path, source in sources.items():
            for macro in Environment(autoescape=True).parse(source).find_all(nodes.Macro):
                uses = sum(text.count(macro.name) for text in sources.values())
                assert uses > 1, f"{path.name}: nobody uses the macro {macro.name}"
