"""Compiled JSON Schemas. The one place that builds a validator, and only when one is needed."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema.protocols import Validator


def compile_schema(schema: Mapping[str, Any]) -> Validator:
    """Return a validator for *schema* (draft 2020-12), with the format ``cidr`` checked.

    ``cidr`` means canonical notation: Kubernetes 1.36 refuses addresses with host bits.
    """
    from jsonschema import Draft202012Validator, FormatChecker  # noqa: PLC0415  (slow to import)

    formats = FormatChecker(formats=())
    formats.checks("cidr", raises=ValueError)(_is_cidr)
    return Draft202012Validator(schema, format_checker=formats)


def _is_cidr(value: object) -> bool:
    if isinstance(value, str):
        network = ipaddress.ip_network(value)  # ValueError when host bits are set
        return "/" in value and str(network) == value
    return True
