"""An AuthorizationPolicy under construction, and the spelling of what stands in its rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import field

from generator.core.frozen import dataclass
from generator.model.flows import Request, TokenIssuer
from generator.model.terms import Origin
from generator.plan.resources import Resource, mesh_object
from generator.plan.views.security import AuthorizationPolicyView, AuthorizationRule
from generator.plan.views.selection import Target

_MAX_SERVICE_ACCOUNTS = 16

DRY_RUN = " Dry run: proxies decide nothing by it, they only log what it would decide."
"""What is added to the purpose of a policy that only logs."""

Conditions = tuple[tuple[str, tuple[str, ...]], ...]
"""The ``when`` of a rule: keys, each with the values that it may have."""


@dataclass(frozen=True, slots=True)
class PolicyDraft:
    """One AuthorizationPolicy under construction: sources gathered per kind of request."""

    namespace: str
    name: str
    labels: Mapping[str, str]
    purpose: str
    dry_run: bool
    target: Target | None = None
    origins: set[Origin] = field(default_factory=set)
    rules: dict[tuple[tuple[str, ...], Request, Conditions, str], dict[tuple[str, str], dict[str, None]]] = field(
        default_factory=lambda: defaultdict(dict)
    )

    def resource(self) -> Resource:
        """Return the policy as it is now; without rules it allows nothing."""
        spec = AuthorizationPolicyView(self.labels, tuple(self._rules()), target=self.target)
        origins = tuple(sorted(self.origins, key=repr))
        purpose = self.purpose + (DRY_RUN if self.dry_run else "")
        return mesh_object(
            "AuthorizationPolicy", self.namespace, self.name, spec, purpose, origins, dry_run=self.dry_run
        )

    def _rules(self) -> Iterator[AuthorizationRule]:
        for (ports, request, conditions, _), callers in sorted(self.rules.items(), key=repr):
            sources: dict[str, list[str]] = defaultdict(list)
            for kind, value in sorted(callers):
                if value:
                    sources[kind].append(value)
            for part in in_parts(sources):
                yield AuthorizationRule(
                    comment="; ".join(
                        dict.fromkeys(words for key in sorted(callers) for words in sorted(callers[key]))
                    ),
                    sources=part,
                    ports=ports,
                    methods=request.methods,
                    paths=request.paths,
                    hosts=with_ports(request.hosts),
                    conditions=conditions,
                )


def in_parts(sources: Mapping[str, list[str]]) -> Iterator[dict[str, tuple[str, ...]]]:
    """Yield *sources* in parts of one kind each: kinds beside each other in one source mean AND.

    A source holds at most 16 service accounts (CRD limit).
    """
    if not sources:
        yield {}
    for kind, values in sorted(sources.items()):
        size = _MAX_SERVICE_ACCOUNTS if kind == "serviceAccounts" else len(values)
        for start in range(0, len(values), size):
            yield {kind: tuple(values[start : start + size])}


def with_ports(hosts: tuple[str, ...]) -> tuple[str, ...]:
    """Return each host as clients send it: bare, and with any port behind it."""
    return tuple(spelling for host in hosts for spelling in (host, f"{host}:*"))


def token_conditions(token: TokenIssuer) -> Conditions:
    """Return what makes a valid token mandatory: its issuer, and one of its audiences where it has some.

    ``requestPrincipals`` would ask for a subject as well, which tokens of machines may lack.
    """
    audiences = ((claim_key("aud"), token.audiences),) if token.audiences else ()
    return ((claim_key("iss"), (token.issuer,)), *audiences)


def claim_key(name: str) -> str:
    """Return the key of a claim; ``a[b]`` is the claim b within the claim a."""
    outer, bracket, inner = name.partition("[")
    return f"request.auth.claims[{outer}]{bracket}{inner}"
