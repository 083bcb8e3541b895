"""Compiled JSON Schemas. The one place that builds a validator, and only when one is needed."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from generator.core.places import Json
from generator.core.predicate_words import Test, python_pattern
from generator.core.predicates import compile_predicate

if TYPE_CHECKING:
    from jsonschema import ValidationError

DEEPEST = 60
"""Levels of a schema; holding a value against more of them might need more stack than there is."""
_IN_PLACE = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "then", "else"})


class Validator:
    """Holds values against one schema; jsonschema is asked only about those that are not plainly right."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        """Take a *schema* of draft 2020-12."""
        self._schema = schema

    def iter_errors(self, value: Json) -> Iterator[ValidationError]:
        """Yield what is wrong with *value*, as jsonschema tells it."""
        return iter(()) if self._is_right(value) else self._in_full.iter_errors(value)

    def is_valid(self, value: Json) -> bool:
        """Whether *value* keeps the schema."""
        return next(self.iter_errors(value), None) is None

    def _is_right(self, value: Json) -> bool:
        try:
            return self._predicate(value)
        except Exception:  # beyond the predicate; jsonschema knows what to say
            return False

    @cached_property
    def _predicate(self) -> Test:
        try:
            return compile_predicate(self._schema, {"cidr": _is_cidr})
        except Exception:  # the same, or a broken schema
            return lambda _: False

    @cached_property
    def _in_full(self) -> Any:
        from jsonschema import FormatChecker  # noqa: PLC0415  (slow to import)
        from referencing import Registry  # noqa: PLC0415

        formats = FormatChecker(formats=())
        formats.checks("cidr")(_is_cidr)
        return _dialect()(self._schema, format_checker=formats, registry=Registry())


def compile_schema(schema: Mapping[str, Any]) -> Validator:
    """Return a validator for *schema* (draft 2020-12), with the format ``cidr`` checked.

    ``cidr`` means canonical notation: Kubernetes 1.36 refuses addresses with host bits. A
    reference out of the schema is an error; jsonschema would fetch it from the network.
    """
    return Validator(schema)


def schema_problem(schema: Json) -> str:
    """Return why *schema* is no JSON Schema that stands for itself, or the empty text when it is one."""
    from jsonschema import Draft202012Validator, SchemaError  # noqa: PLC0415  (slow to import)

    if _is_deeper(schema, DEEPEST):
        return f"nested more than {DEEPEST} levels deep"
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return error.message
    return next(_problems(schema, schema), "")


@cache
def _dialect() -> Any:
    """Return draft 2020-12 with patterns that mean in Python what they mean in the standard."""
    from jsonschema import Draft202012Validator, ValidationError, validators  # noqa: PLC0415  (slow to import)

    def pattern(validator: Any, wanted: str, value: Json, schema: Json) -> Iterator[ValidationError]:  # noqa: ARG001
        if validator.is_type(value, "string") and not re.search(python_pattern(wanted), value):
            yield ValidationError(f"{value!r} does not match {wanted!r}")

    extend: Any = validators.extend  # carries no types
    return extend(Draft202012Validator, {"pattern": pattern})


def _problems(node: Json, root: Json) -> Iterator[str]:
    """Yield the references of *node* that lead nowhere in *root*."""
    reference = node.get("$ref") if isinstance(node, dict) else None
    if isinstance(reference, str) and not _leads_somewhere(reference, root):
        yield f"the reference {reference!r} leads to nothing in this schema"
    elif isinstance(reference, str) and _is_circular(node, root):
        yield f"the reference {reference!r} leads back to itself"
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _problems(child, root)


def _is_deeper(node: Json, levels: int) -> bool:
    if not isinstance(node, dict | list):
        return False
    children = node.values() if isinstance(node, dict) else node
    return levels == 0 or any(_is_deeper(child, levels - 1) for child in children)


def _is_circular(node: Json, root: Json) -> bool:
    """Tell whether a value held against the reference *node* would be held against it again, for ever."""
    waiting, seen = list(_for_the_same_value(node, root)), set()
    while waiting:
        one = waiting.pop()
        if one is node:
            return True
        if id(one) not in seen:
            seen.add(id(one))
            waiting += _for_the_same_value(one, root)
    return False


def _for_the_same_value(node: Json, root: Json) -> Iterator[Json]:
    """Yield the schemas that *node* holds its own value against, not a part of it."""
    if not isinstance(node, dict):
        return
    if "$ref" in node:
        yield _target(node["$ref"], root)
    for key in _IN_PLACE & node.keys():
        yield from node[key] if isinstance(node[key], list) else [node[key]]
    yield from node.get("dependentSchemas", {}).values()


def _leads_somewhere(reference: str, root: Json) -> bool:
    return reference.startswith("#") and _target(reference, root) is not None


def _target(reference: str, root: Json) -> Json:
    """Return what *reference* stands for within *root*, None when that is nothing."""
    at = root
    for step in reference.removeprefix("#").split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(at, dict) or key not in at:
            return None
        at = at[key]
    return at


def _is_cidr(value: object) -> bool:
    if not isinstance(value, str):
        return True
    try:
        # Python knows IPv6 zones (fe80::%eth0/64), which no cluster does.
        return "/" in value and "%" not in value and str(ipaddress.ip_network(value)) == value
    except ValueError:  # also when host bits are set
        return False
