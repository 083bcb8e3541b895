"""Expressions against another reader of the language: both take the same ones, and both find the same names."""

from __future__ import annotations

import celpy
import pytest
from celpy.celparser import CELParseError

from generator.core.cel import NotCel, attributes

VALID = {
    "response.code": {("response", "code")},
    'response.code == 403 ? "true" : "false"': {("response", "code")},
    'has(connection.mtls) ? (connection.mtls ? "mtls" : "plaintext") : "unknown"': {("connection", "mtls")},
    'source.address.startsWith("10.") || !(response.code >= 500)': {("source", "address"), ("response", "code")},
    'request.headers["x-id"] in ["a", "b"] && true': {("request", "headers")},
    "request.headers.exists(name, name == request.id)": {("request", "headers"), ("request", "id")},
    "size(request.path) - -1 * 2 % 3 / 4.5 < 1": {("request", "path")},
    "filter_state.downstream_peer.workload": {("filter_state", "downstream_peer", "workload")},
    '{"a": 1}["a"] == 1': set(),
    "a ? b : c ? d : e": {("a",), ("b",), ("c",), ("d",), ("e",)},
    r'"a \" b" + "c"': set(),
    "\n  request.host\n": {("request", "host")},
}
INVALID = [
    "",
    "response.code = 403",
    'source.ip | startsWith("10.")',
    "has(connection.mtls",
    "connection.mtls)",
    "a b",
    "a ? b",
    "a ? b : ",
    '"open',
    "a..b",
    "a.1",
    "[1, 2",
    "a && ",
    "&& a",
    "request.headers[",
    "1 ++",
    "a; b",
    "`a`",
]


@pytest.mark.parametrize("text", VALID)
def test_what_others_read_is_read(text: str) -> None:
    celpy.Environment().compile(text)
    assert set(attributes(text)) == VALID[text]


@pytest.mark.parametrize("text", INVALID)
def test_what_others_refuse_is_refused(text: str) -> None:
    with pytest.raises(CELParseError):
        celpy.Environment().compile(text)
    with pytest.raises(NotCel):
        attributes(text)


@pytest.mark.parametrize("text", ["(" * 31 + "a" + ")" * 31, "a ? b : " * 31 + "c", "[" * 31 + "]" * 31])
def test_nesting_has_a_bound(text: str) -> None:
    celpy.Environment().compile(text)
    attributes(text)
    with pytest.raises(NotCel, match="nested more than 32 levels deep"):
        attributes(f"(({text}))")


@pytest.mark.parametrize("sign", ["(", "[", "{", "a ? ", "a ? b : ", "a[", "a(", "a.b(", "{a: "])
def test_no_nesting_exhausts_the_stack(sign: str) -> None:
    with pytest.raises(NotCel):
        attributes(sign * 5000)
