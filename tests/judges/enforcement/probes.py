"""What is tried: which clients, and which requests at which server."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from generator.manifests.objects import mapping, sequence
from generator.semantics.requests import CLAIM, HEADER, HOST, METHOD, PATH, PRINCIPAL, Request, patterns_of, requests_of
from generator.topology import Endpoint
from tests.judges.enforcement.cases import Case

OTHER = "~other~"
"""How the engine writes what nobody named; on the wire it has to be something that HTTP allows."""
METHODS = ("PUT", "PATCH", "OPTIONS", "DELETE", "GET")
MOST = 160
"""Requests per client and port; of more, every n-th is taken, with every value of each property."""
SUBJECT = "somebody"
FOREVER = 4102444800


@dataclass(frozen=True, slots=True)
class Client:
    """Endpoints that no proxy tells apart: one identity, or one address without any."""

    identity: str
    address: str
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as the engine sees it (None: no HTTP), and its token, to be signed: how, and in which header."""

    request: Request | None
    claims: Mapping[str, object] = field(default_factory=dict)
    header: tuple[str, str] = ("Authorization", "Bearer ")
    is_forged: bool = False


def clients(case: Case) -> list[Client]:
    """Return everybody of *case*, by what a proxy can see of them."""
    found: dict[tuple[str, str], list[int]] = {}
    judges_addresses = any("lock" in field for field in _source_fields(case))
    for number, one in enumerate(case.universe):
        if one.has_identity:
            found.setdefault((spiffe(case, one), ""), []).append(number)
        elif one.is_pod or not judges_addresses:
            found.setdefault(("", ""), []).append(number)
        elif one.address and ":" not in one.address:
            found.setdefault(("", one.address), []).append(number)
    rests = [address.partition(".")[2] for _, address in found if address]
    assert len(set(rests)) == len(rests), "two addresses would be one on the loopback interface"
    return [Client(identity, address, tuple(members)) for (identity, address), members in found.items()]


def spiffe(case: Case, one: Endpoint) -> str:
    """Return the identity that istiod gives to *one*."""
    environment, (namespace, account) = case.cluster.environment, one.identity
    elsewhere = (environment.clusters or {}).get(one.cluster)
    domain = elsewhere.trust_domain if elsewhere else environment.istio.trust_domain
    return f"spiffe://{domain}/ns/{namespace}/sa/{account or 'default'}"


def _source_fields(case: Case) -> set[str]:
    rules = (rule for policy in case.cluster.bundle.authorization_policies for rule in policy.rules)
    return {name for rule in rules for source in rule.sources or () for name in source}


def requests(case: Case, server: int, port: int) -> list[Sent]:
    """Return what is tried at *port*: requests where it speaks HTTP, a bare connection where it does not, else both."""
    declared = case.universe[server].port(port)
    speaks = declared.is_http if declared else None
    plain = [] if speaks else [Sent(None)]
    if speaks is False:
        return plain
    patterns = _named(case, server)
    of_token = {name: known for name, known in patterns.items() if name.startswith(CLAIM) or name == PRINCIPAL}
    rest = {name: known for name, known in patterns.items() if name not in of_token}
    tokens = list(_tokens(case, server, of_token))
    shapes = [_on_the_wire(one, rest) for one in requests_of(rest)]
    return [*plain, *(_joined(shape, token) for shape, token in _some(shapes, tokens))]


def _named(case: Case, server: int) -> dict[str, set[str]]:
    """Return every pattern that the policies for *server* name, or the flows to it."""
    found = patterns_of(case.verdicts.policies(server))
    for flow in case.flows_to(server):
        if flow.request:
            for dimension, values in ((METHOD, flow.request.methods), (PATH, flow.request.paths)):
                found.setdefault(dimension, set()).update(values)
            for name, values in flow.request.headers:
                found.setdefault(HEADER + name.lower(), set()).update(values)
            found.setdefault(HOST, set()).update(host.lower() for host in flow.request.hosts)
    return {dimension: values for dimension, values in found.items() if values}


def _some(shapes: list[Request], tokens: list[Sent]) -> list[tuple[Request, Sent]]:
    """Return every pair, or of too many a part in which each shape and each token is."""
    pairs = list(itertools.product(shapes, tokens))
    step = len(pairs) // MOST + 1
    while step > 1 and len(tokens) % step == 0:
        step += 1  # a step that divides the row would skip whole columns
    return pairs[::step]


def _on_the_wire(request: Request, named: Mapping[str, set[str]]) -> Request:
    """Return *request* with something sendable in place of what nobody named."""
    free = next(method for method in METHODS if method not in named.get(METHOD, ()))
    values = dict(request.values)
    values[METHOD] = values[METHOD].replace(OTHER, free) or free
    values[PATH] = values[PATH] or "/"
    values[HOST] = re.sub(f":.*{OTHER}.*", ":4711", values.get(HOST) or "").replace(OTHER, "other") or "other.example"
    return Request(tuple(sorted(values.items())))


def _joined(shape: Request, token: Sent) -> Sent:
    known = token.request.values if token.request else ()
    return Sent(Request(tuple(sorted((*shape.values, *known)))), token.claims, token.header, token.is_forged)


def _tokens(case: Case, server: int, patterns: Mapping[str, set[str]]) -> Iterator[Sent]:
    """Yield no token, then, if *server* looks at them, tokens of every class, valid or not."""
    yield Sent(None)
    trusted = case.verdicts.trusted(server)
    headers = _headers(case)
    for issuer, audiences in trusted.items():
        subjects = {SUBJECT, *(one[len(issuer) + 1 :] for one in patterns.get(PRINCIPAL, ()) if one.startswith(issuer))}
        of_claims = {name: known for name, known in patterns.items() if name not in (f"{CLAIM}iss", f"{CLAIM}aud")}
        of_claims.pop(PRINCIPAL, None)
        extras = [one.values for one in requests_of(of_claims)] if of_claims else [()]
        for subject, audience in itertools.product(sorted(s for s in subjects if "*" not in s), (*audiences, "nobody")):
            for extra in dict.fromkeys(tuple(v for v in one if v[0].startswith(CLAIM)) for one in extras):
                yield _token({"iss": issuer, "sub": subject, "aud": audience}, extra, headers[issuer])
        first = {"iss": issuer, "sub": SUBJECT, "aud": audiences[0] if audiences else "nobody"}
        yield _token(first, (), headers[issuer], is_forged=True)
        yield _token({**first, "exp": 1}, (), headers[issuer])
    if trusted:
        own = next(iter(trusted))
        yield _token({"iss": "https://stranger.example", "sub": SUBJECT, "aud": "nobody"}, (), headers[own])


def _token(
    claims: Mapping[str, object],
    extra: tuple[tuple[str, str], ...],
    header: tuple[str, str],
    *,
    is_forged: bool = False,
) -> Sent:
    """Return a token; what is forged or too old is, to the engine, of an issuer that nobody trusts."""
    said: dict[str, object] = {"exp": FOREVER, **claims}
    seen = {f"{CLAIM}iss": str(claims["iss"]), f"{CLAIM}aud": str(claims["aud"])}
    for name, value in extra:
        said |= _nested(name.removeprefix(CLAIM).split("."), value)
        seen[name] = value
    seen[PRINCIPAL] = f"{claims['iss']}/{claims['sub']}"
    if is_forged or said["exp"] != FOREVER:
        seen[f"{CLAIM}iss"] = "an issuer that nobody trusts"
    return Sent(Request(tuple(sorted(seen.items()))), said, header, is_forged)


def _nested(names: list[str], value: object) -> dict[str, object]:
    for name in reversed(names):
        value = {name: value}
    assert isinstance(value, dict)
    return value


def _headers(case: Case) -> dict[str, tuple[str, str]]:
    """Return where each issuer's tokens are looked for."""
    found = {}
    for one in case.cluster.bundle.request_authentications:
        for rule in map(mapping, sequence(one.manifest.spec.get("jwtRules"))):
            places = [mapping(place) for place in sequence(rule.get("fromHeaders"))]
            first = places[0] if places else {"name": "Authorization", "prefix": "Bearer "}
            found[str(rule["issuer"])] = str(first["name"]), str(first.get("prefix") or "")
    return found


def headers(request: Request) -> Iterator[tuple[str, str]]:
    """Yield the headers of *request*, its host among them."""
    for name, value in request.values:
        if name == HOST:
            yield "Host", value
        elif name.startswith(HEADER):
            yield name.removeprefix(HEADER), value
