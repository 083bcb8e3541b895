"""A list is written and empty where the API reads "empty" as "all": ports of a rule, identities of a source.

Why:
    A template whose value is an empty list prints `ports: []` or `principals: []`. Both APIs
    treat that as if nothing had been said: every port is open, and every caller is meant.

Bad:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {matchLabels: {app: web}}
          ports: []

Good:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {matchLabels: {app: web}}
          ports: [{protocol: TCP, port: 8080}]
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.core.places import Json, Route
from generator.manifests.objects import Manifest, mapping, sequence
from generator.rules.base import Context, Rule

RULE = Rule("MG507", "empty-tpl", "an empty list that means everything", Severity.ERROR)

_FIX = "leave the whole rule out where nothing is left to name, or name what is meant"


def check(context: Context) -> Iterator[Finding]:
    """Yield the lists that are written and empty."""
    for policy in context.cluster.bundle.network_policies:
        for direction in policy.types:
            for index, rule in enumerate(map(mapping, sequence(policy.manifest.spec.get(direction.lower())))):
                if _is_empty(rule, "ports"):
                    at: Route = ("spec", direction.lower(), index, "ports")
                    yield _finding(policy.manifest, at, "opens every port")
    for allow in context.cluster.bundle.authorization_policies:
        if allow.action == "ALLOW":
            for route, what in _of_rules(sequence(allow.manifest.spec.get("rules"))):
                yield _finding(allow.manifest, route, f"means every {what}")


def _of_rules(rules: list[Json]) -> Iterator[tuple[Route, str]]:
    """Yield the empty lists of ALLOW rules: each leaves out a limit that somebody meant to write."""
    for index, rule in enumerate(map(mapping, rules)):
        for side, inner, what in (("from", "source", "caller"), ("to", "operation", "request")):
            for position, item in enumerate(map(mapping, sequence(rule.get(side)))):
                fields = mapping(item.get(inner))
                for field in fields:
                    if not field.startswith("not") and _is_empty(fields, field):
                        yield ("spec", "rules", index, side, position, inner, field), what


def _is_empty(data: dict[str, Json], key: str) -> bool:
    return key in data and (data[key] is None or data[key] == [])


def _finding(manifest: Manifest, route: Route, effect: str) -> Finding:
    message = (
        f"{manifest.kind} {manifest.namespace}/{manifest.name} says `{route[-1]}` and then nothing, which is read as "
        f"if the field were not there: it {effect}"
    )
    return RULE.finding(message, manifest.place(*route), _FIX)
