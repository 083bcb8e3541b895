"""Judges an object by its CRD as an API server does: the OpenAPI schema and every CEL rule in it.

Independent of the product: it reads the published CRDs and evaluates with celpy.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import celpy
from celpy.adapter import json_to_cel
from celpy.celtypes import BoolType, StringType
from celpy.evaluation import CELEvalError
from jsonschema import Draft4Validator

Json = Any

# The functions of the Kubernetes CEL libraries that the rules of the kinds we emit use.
_FUNCTIONS: dict[str, Any] = {
    "substring": lambda text, start, end: StringType(text[start:end]),
    "url": lambda text: text,
    "getScheme": lambda url: StringType(url.partition("://")[0]),
}
# Not evaluated: it is in rules of WasmPlugin only, which is not emitted.
_SKIPPED_FUNCTION = "isURL("


def violations(crd_schema: dict[str, Any], instance: Json) -> list[str]:
    """Return what the API server would refuse about *instance*, an object of the kind of *crd_schema*."""
    # CRD schemas are OpenAPI 3.0, whose bounds mean what they mean in draft 4.
    structural = [
        f"{'.'.join(map(str, error.absolute_path))}: {error.message}"
        for error in Draft4Validator(_nullable(crd_schema)).iter_errors(instance)
    ]
    # The API server evaluates rules only on objects whose structure is right.
    return structural or list(_rules(crd_schema, instance, "$"))


def is_evaluated(rule: str) -> bool:
    """Whether *rule* is evaluated here; the others count as kept."""
    return _SKIPPED_FUNCTION not in rule


def rules_in(schema: Json) -> Iterator[str]:
    """Yield every CEL rule below *schema*, those of `status` left out."""
    if isinstance(schema, dict):
        for validation in schema.get("x-kubernetes-validations", ()):
            yield validation["rule"]
        yield from (rule for key, value in schema.items() if key != "status" for rule in rules_in(value))
    elif isinstance(schema, list):
        yield from (rule for value in schema for rule in rules_in(value))


def _rules(schema: dict[str, Any], value: Json, where: str) -> Iterator[str]:
    for validation in schema.get("x-kubernetes-validations", ()):
        if is_evaluated(validation["rule"]) and not _holds(validation["rule"], value):
            yield f"{where}: {validation.get('message', validation['rule'])}"
    if isinstance(value, dict):
        rest = schema.get("additionalProperties")
        for key, child in value.items():
            below = schema.get("properties", {}).get(key, rest)
            if isinstance(below, dict):
                yield from _rules(below, child, f"{where}.{key}")
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        for index, child in enumerate(value):
            yield from _rules(schema["items"], child, f"{where}[{index}]")


def _holds(rule: str, value: Json) -> bool:
    """Evaluate *rule* on *value*; a rule that cannot be evaluated on it is broken by it, as in Kubernetes."""
    try:
        return _program(rule).evaluate({"self": json_to_cel(value)}) == BoolType(True)
    except CELEvalError:
        return False


@cache
def _program(rule: str) -> celpy.Runner:
    environment = celpy.Environment()
    return environment.program(environment.compile(rule), functions=_FUNCTIONS)


def _nullable(schema: Json) -> Json:
    """Translate OpenAPI's `nullable` and int-or-string, the only words of it that draft 4 does not know."""
    if isinstance(schema, list):
        return [_nullable(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    translated = {key: _nullable(value) for key, value in schema.items()}
    if schema.get("nullable") is True and isinstance(schema.get("type"), str):
        translated["type"] = [schema["type"], "null"]
    return translated
