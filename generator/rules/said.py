"""What an AuthorizationPolicy says, value by value, each with the place where it is written.

A ``when`` entry is the long form of a field for most keys (``source.principal`` is
``principals``): rules look at one name for both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from generator.core.places import Place, Route
from generator.manifests.security import AuthorizationPolicy, AuthorizationRule, Condition

IDENTITY = frozenset({"principals", "namespaces", "serviceAccounts", "trustDomains"})
"""Fields that read the client's certificate: without mutual TLS they are empty."""

REQUEST = frozenset({"hosts", "methods", "paths", "requestPrincipals"})
"""Fields that read an HTTP request."""

_PUBLIC = (
    "health",
    "ready",
    "live",
    "ping",
    "status",
    "startup",
    "metrics",
    "public",
    "static",
    "favicon",
    "well-known",
)
"""What paths that are open to everybody on purpose begin with, in practice."""

_FIELD_OF_KEY = {
    "source.principal": "principals",
    "source.namespace": "namespaces",
    "source.serviceAccount": "serviceAccounts",
    "source.trustDomain": "trustDomains",
    "source.ip": "ipBlocks",
    "remote.ip": "remoteIpBlocks",
    "request.auth.principal": "requestPrincipals",
    "destination.port": "ports",
}


@dataclass(frozen=True, slots=True)
class Said:
    """One value. ``field`` is its positive name; ``part`` is ``from``, ``to`` or ``when``, and which entry.

    Its place is worked out when somebody asks: of nearly all values nobody does.
    """

    field: str
    is_negative: bool
    value: str
    rule: int
    part: tuple[str, int]
    policy: AuthorizationPolicy
    written: Route
    """The route to it."""
    key: str = ""

    @property
    def place(self) -> Place:
        """Where it is written."""
        return self.policy.manifest.place(*self.written)

    @property
    def is_http(self) -> bool:
        """Whether only a proxy that reads HTTP can decide it."""
        return self.field in REQUEST or self.field.startswith("request.")

    @property
    def name(self) -> str:
        """The field as it is written."""
        return self.key or (f"not{self.field[0].upper()}{self.field[1:]}" if self.is_negative else self.field)


def said(policy: AuthorizationPolicy) -> Iterator[Said]:
    """Yield every value of every rule of *policy*, in the order they are written."""
    for number, rule in enumerate(policy.rules):
        yield from said_by(policy, number, rule)


def said_by(policy: AuthorizationPolicy, number: int, rule: AuthorizationRule) -> Sequence[Said]:
    """Return every value of *rule*, which is *policy*'s rule *number*; a dozen rules of ours ask for them."""
    key = id(policy), number
    known = _known.get(key)
    if known is None or known[0] is not rule:  # kept beside it, a rule is no other of the same identity
        if len(_known) >= _MOST:
            _known.clear()
        known = _known[key] = rule, policy, tuple(_said_by(policy, number, rule))
    return known[2]


_MOST = 50_000
_known: dict[tuple[int, int], tuple[AuthorizationRule, AuthorizationPolicy, tuple[Said, ...]]] = {}


def _said_by(policy: AuthorizationPolicy, number: int, rule: AuthorizationRule) -> Iterator[Said]:
    for part, inner, items in (("from", "source", rule.sources), ("to", "operation", rule.operations)):
        for index, fields in enumerate(items or ()):
            yield from _fields(policy, number, (part, index), inner, fields)
    for index, condition in enumerate(rule.conditions):
        yield from _condition(policy, number, index, condition)


def _fields(
    policy: AuthorizationPolicy, number: int, part: tuple[str, int], inner: str, fields: Mapping[str, tuple[str, ...]]
) -> Iterator[Said]:
    for name, values in fields.items():
        is_negative = name.startswith("not")
        field = name[3].lower() + name[4:] if is_negative and len(name) > len("not") else name
        for index, value in enumerate(values):
            written = ("spec", "rules", number, *part, inner, name, index)
            yield Said(field, is_negative, value, number, part, policy, written)


def _condition(policy: AuthorizationPolicy, number: int, index: int, condition: Condition) -> Iterator[Said]:
    field = _FIELD_OF_KEY.get(condition.key, condition.key)
    for name, values in (("values", condition.values), ("notValues", condition.not_values)):
        for position, value in enumerate(values):
            written = ("spec", "rules", number, "when", index, name, position)
            yield Said(field, name == "notValues", value, number, ("when", index), policy, written, condition.key)


def title(policy: AuthorizationPolicy) -> str:
    """Name *policy* as messages do."""
    return f"{policy.manifest.namespace}/{policy.manifest.name}"


def is_public(rule: AuthorizationRule) -> bool:
    """Tell whether *rule* is only about paths that everybody may ask for: probes, metrics, public files."""
    operations = rule.operations or ()
    paths = [path for operation in operations for path in operation.get("paths", ())]
    return bool(paths) and all("paths" in operation for operation in operations) and all(map(_is_public_path, paths))


def _is_public_path(path: str) -> bool:
    return any(part.lstrip(".").startswith(_PUBLIC) for part in path.strip("/*").lower().split("/"))
