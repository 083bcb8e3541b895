"""A value whose YAML type is not the one that the API reads: a port in quotes, a number as a label, a bare `1.10`.

Why:
    A NetworkPolicy port in quotes is a port *name*, and no container calls its port "8080":
    the rule opens nothing. Ports of an AuthorizationPolicy are texts, labels and annotations
    too: the API server refuses numbers and booleans, and a version such as 1.10 has become 1.1
    before anybody could see it. kubectl reads YAML 1.1, where a bare `on`, `no` or `0777` is
    no text either.

Bad:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api, tier: 2}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {matchLabels: {app: web}}
          ports: [{protocol: TCP, port: "8080"}]

Good:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api, tier: "2"}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {matchLabels: {app: web}}
          ports: [{protocol: TCP, port: 8080}]
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.core.places import Json, Route
from generator.manifests.objects import Manifest, mapping, sequence
from generator.manifests.workloads import WORKLOAD_KINDS
from generator.rules.base import Context, Rule
from generator.rules.selectors import asked_labels

RULE = Rule("MG510", "typing", "a value of the wrong YAML type", Severity.ERROR)

_QUOTE = "put quotes around it"
_KEPT = re.compile("[:=<]")
"""Ambiguous scalars that kubectl leaves alone: 12:30:45 is base 60 to others (sigs.k8s.io/yaml, goyaml.v2 README)."""

_SELECTED = frozenset({"Service", "ReplicationController"})


def check(context: Context) -> Iterator[Finding]:
    """Yield ports, labels and texts that the API reads as something else, or refuses."""
    for manifest in context.manifests:
        for route in _label_routes(manifest):
            yield from _labels(manifest, route)
        if (manifest.group, manifest.kind) == ("networking.k8s.io", "NetworkPolicy"):
            yield from _ports(manifest)
        if (manifest.group, manifest.kind) == ("security.istio.io", "AuthorizationPolicy"):
            yield from _texts(manifest, manifest.spec.get("rules"), ("spec", "rules"), is_text=False)
    for label in asked_labels(context):
        for value in label.values:
            if _is_fine(label.manifest, value):
                continue
            what = f"the label {label.key} that {_title(label.manifest)} selects by"
            yield from _text(label.manifest, what, value, label.written)


def _label_routes(manifest: Manifest) -> Iterator[Route]:
    """Yield where labels and annotations stand: the object's, its pod template's, and what a Service selects by."""
    template: tuple[str, ...] = ("spec", "template")
    if manifest.kind == "CronJob":
        template = ("spec", "jobTemplate", "spec", "template")
    for field in ("labels", "annotations"):
        yield ("metadata", field)
        if manifest.kind in WORKLOAD_KINDS and manifest.kind != "Pod":
            yield (*template, "metadata", field)
    if manifest.kind in WORKLOAD_KINDS - {"Pod", "ReplicationController"}:
        yield ("spec", "selector", "matchLabels")
    if manifest.kind in _SELECTED and not manifest.group:
        yield ("spec", "selector")


def _labels(manifest: Manifest, route: Route) -> Iterator[Finding]:
    data: Json = manifest.data
    for step in route:
        data = mapping(data).get(str(step))
    for key, value in mapping(data).items():
        if _is_fine(manifest, value):
            continue
        kind = "annotation" if route[-1] == "annotations" else "label"
        yield from _text(manifest, f"the {kind} {key} of {_title(manifest)}", value, (*route, key))


def _ports(manifest: Manifest) -> Iterator[Finding]:
    for direction in ("ingress", "egress"):
        for index, rule in enumerate(map(mapping, sequence(manifest.spec.get(direction)))):
            for position, port in enumerate(map(mapping, sequence(rule.get("ports")))):
                value = port.get("port")
                if isinstance(value, str) and value.isdigit():
                    message = (
                        f"{_title(manifest)} names the port {value!r} as a text, which means a port of that *name*: no "
                        "container has one, and the rule opens nothing"
                    )
                    place = manifest.place("spec", direction, index, "ports", position, "port")
                    yield RULE.finding(message, place, f"write {value} without quotes")


def _texts(manifest: Manifest, data: Json, route: Route, *, is_text: bool) -> Iterator[Finding]:
    """Yield what stands in the lists of a rule of an AuthorizationPolicy and is no text."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _texts(manifest, value, (*route, key), is_text=key not in ("from", "to", "when"))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            if isinstance(value, dict | list) or not _is_fine(manifest, value):
                yield from _texts(manifest, value, (*route, index), is_text=is_text)
    elif is_text and not _is_fine(manifest, data):
        field = next((str(step) for step in reversed(route) if isinstance(step, str)), "")
        yield from _text(manifest, f"a value of `{field}` in {_title(manifest)}", data, route)


def _is_fine(manifest: Manifest, value: Json) -> bool:
    """Tell at a glance that *value* is a text to every reader: most documents hold none of which they disagree."""
    return value is None or (isinstance(value, str) and not manifest.document.ambiguous)


def _text(manifest: Manifest, what: str, value: Json, route: Route) -> Iterator[Finding]:
    """Yield a finding if *value*, which must be a text, is none: to everybody, or to kubectl's YAML 1.1."""
    if value is not None and not isinstance(value, str):
        yield RULE.finding(_not_text(what, value), manifest.place(*route), _QUOTE)
    elif isinstance(value, str) and _is_ambiguous(manifest, route) and not _KEPT.search(value):
        place = manifest.place(*route)
        reading = "a boolean" if value.isalpha() else "a number"
        if value.lower() in ("y", "n"):
            message = f"{what} is a bare {value}, which some readers of YAML take for {reading}"
            yield RULE.finding(message, place, _QUOTE, severity=Severity.WARNING)
        else:
            message = f"{what} is a bare {value}, which kubectl takes for {reading}: the API server refuses the object"
            yield RULE.finding(message, place, _QUOTE)


def _is_ambiguous(manifest: Manifest, route: Route) -> bool:
    """Tell whether other readers take the text at *route* for something else."""
    return manifest.place(*route) in manifest.document.ambiguous


def _not_text(what: str, value: Json) -> str:
    if isinstance(value, bool | int | float):
        kind = "a boolean" if isinstance(value, bool) else "a number"
        return f"{what} is {kind} ({str(value).lower()}), and must be a text: the API server refuses the object"
    return f"{what} is a list or mapping, and must be a text: the API server refuses the object"


def _title(manifest: Manifest) -> str:
    where = f"{manifest.namespace}/" if manifest.metadata.get("namespace") else ""
    return f"{manifest.kind} {where}{manifest.name}"
