"""Small mistakes put into a module, one at a time, by the operators of cosmic-ray."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cosmic_ray.ast import get_ast
from cosmic_ray.mutating import MutationVisitor
from cosmic_ray.plugins import get_operator

from tests.support import ROOT

OPERATORS = (
    *("AddNot", "ReplaceAndWithOr", "ReplaceOrWithAnd", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue"),
    *("ReplaceUnaryOperator_Delete_Not", "ReplaceUnaryOperator_Delete_Invert", "ReplaceUnaryOperator_Delete_USub"),
    *("ReplaceComparisonOperator_Eq_NotEq", "ReplaceComparisonOperator_NotEq_Eq", "ReplaceComparisonOperator_Is_IsNot"),
    *("ReplaceComparisonOperator_IsNot_Is", "ReplaceComparisonOperator_Lt_LtE", "ReplaceComparisonOperator_LtE_Lt"),
    *("ReplaceComparisonOperator_Gt_GtE", "ReplaceComparisonOperator_GtE_Gt"),
    *("ReplaceBinaryOperator_BitOr_BitAnd", "ReplaceBinaryOperator_BitAnd_BitOr", "ReplaceBinaryOperator_Add_Sub"),
    *("ReplaceBinaryOperator_Sub_Add", "ZeroIterationForLoop", "ReplaceBreakWithContinue"),
    "ReplaceContinueWithBreak",
)
"""Those whose mutants read like a slip; the others of cosmic-ray mostly yield what cannot run at all."""


@dataclass(frozen=True, order=True)
class Mutant:
    """One mistake in one module."""

    path: Path
    operator: str
    occurrence: int

    @property
    def module(self) -> str:
        """The dotted name of the module."""
        return ".".join(self.path.relative_to(ROOT).with_suffix("").parts)

    def text(self) -> str:
        """Return the module with the mistake in it."""
        operator = get_operator(f"core/{self.operator}")()
        mutated: str = MutationVisitor.mutate_code(self.path.read_text("utf-8"), operator, self.occurrence)
        return mutated

    def is_another_program(self) -> bool:
        """Tell whether it changes more than mypy watches (annotations, `frozen`) and where a class keeps its fields."""
        return _meaning(self.text()) != _meaning(self.path.read_text("utf-8"))

    def difference(self) -> tuple[int, str]:
        """Return the line of the mistake, and what it changes."""
        lines = difflib.unified_diff(
            self.path.read_text("utf-8").splitlines(), self.text().splitlines(), n=0, lineterm=""
        )
        _, _, place, *changed = lines
        return int(place.split()[1].lstrip("-").split(",")[0]), "\n".join(changed)


def mutants(path: Path) -> Iterator[Mutant]:
    """Yield every mutant of the module at *path*."""
    tree = get_ast(path.read_text("utf-8"))
    for name in OPERATORS:
        operator = get_operator(f"core/{name}")()
        count = sum(len(list(operator.mutation_positions(node))) for node in _nodes(tree))
        yield from (Mutant(path, name, occurrence) for occurrence in range(count))


def _nodes(node: object) -> Iterator[object]:
    yield node
    for child in getattr(node, "children", ()):
        yield from _nodes(child)


class _WithoutTypes(ast.NodeTransformer):
    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AnnAssign:
        node.annotation = ast.Constant(None)
        self.generic_visit(node)
        return node

    def visit_keyword(self, node: ast.keyword) -> ast.keyword:
        if node.arg in ("frozen", "slots"):
            node.value = ast.Constant(None)
        self.generic_visit(node)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.returns = None
        self.generic_visit(node)
        return node


def _meaning(source: str) -> str:
    return ast.dump(_WithoutTypes().visit(ast.parse(source)))
