"""One request of each class, and no class without one."""

from __future__ import annotations

from collections.abc import Hashable

from generator.semantics.requests import CLAIM, HEADER, METHOD, PATH, SNI, Request, connections_of, requests_of

PATTERNS = {
    METHOD: {"GET"},
    PATH: {"/a/*"},
    f"{HEADER}x-id": {"*"},
    f"{CLAIM}iss": {"https://a", "https://b"},
    f"{CLAIM}aud": {"one", "two"},
    f"{CLAIM}role": {"admin"},
}


def _class(request: Request) -> Hashable:
    is_a = request.get(f"{CLAIM}iss") == "https://a" and request.get(f"{CLAIM}aud") == "one"
    return is_a, is_a and request.get(f"{CLAIM}role") == "admin"


def _split(request: Request) -> tuple[Hashable, Hashable]:
    token = tuple(one for one in request.values if one[0].startswith(CLAIM))
    return tuple(one for one in request.values if one not in token), _class(Request(token))


def test_one_token_of_each_class_stands_for_all_of_them() -> None:
    every, few = requests_of(PATTERNS), requests_of(PATTERNS, token_class=_class)
    assert len(few) < len(every) / 5
    assert {_split(one) for one in few} == {_split(one) for one in every}
    assert set(few) <= set(every)


def test_without_patterns_there_is_one_request() -> None:
    assert len(requests_of({})) == 1
    assert len(requests_of({}, token_class=_class)) == 1


def test_a_connection_without_http_is_known_by_its_name_alone() -> None:
    requests = requests_of({SNI: {"api.example.com", "*.example.org"}, METHOD: {"GET"}})
    names = {one.get(SNI) for one in requests}
    assert None not in names, "whoever opens TLS does so under some name, or under none that anybody named"
    assert len(names) == 3
    assert all(one.is_http for one in requests)
    assert {one.get(SNI) for one in connections_of(requests) if one and not one.is_http} == names
    assert connections_of(requests_of({METHOD: {"GET"}})) == (None,)
