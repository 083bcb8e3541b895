"""A name or label that the API server refuses: too long, or with characters that are not allowed.

Why:
    The object is refused, and where it is a policy, what it was meant to protect is open.
    Names of Namespaces and Services are at most 63 characters, since they become parts of
    host names; labels' values are, too. Generated names run over these limits first.

Bad:
    apiVersion: v1
    kind: Service
    metadata: {name: Shop_API, namespace: shop}
    spec: {selector: {app: api}, ports: [{port: 80}]}

Good:
    apiVersion: v1
    kind: Service
    metadata: {name: shop-api, namespace: shop}
    spec: {selector: {app: api}, ports: [{port: 80}]}
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from generator.core.findings import Finding, Severity
from generator.core.places import Json, Route
from generator.manifests.objects import Manifest, mapping
from generator.manifests.workloads import WORKLOAD_KINDS
from generator.rules.base import Context, Rule

RULE = Rule("MG506", "names", "a name or label that is refused", Severity.ERROR)

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
_KEY = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")

_PLACEHOLDER = re.compile(r"\$[({]|\{\{")
"""Something is filled in later: what, nobody can say here."""

_SHORT, _LONG = 63, 253
_LIMITS = {"CronJob": 52}
"""The controller adds eleven characters to the names of its Jobs, which are labels' values too."""

_OF_ANY_NAME = ("rbac.authorization.k8s.io",)
"""Groups whose names are parts of paths, in which nearly everything is allowed."""


def check(context: Context) -> Iterator[Finding]:
    """Yield names, namespaces, and labels of objects and their pods that break the API's rules."""
    for manifest in context.manifests:
        if manifest.group in _OF_ANY_NAME or manifest.group.startswith("kustomize."):
            continue
        yield from _name(manifest)
        for route in _label_routes(manifest):
            yield from _labels(manifest, route)


def _name(manifest: Manifest) -> Iterator[Finding]:
    name = manifest.metadata.get("name")
    if not isinstance(name, str) or not name or _PLACEHOLDER.search(name):
        return
    is_label = not manifest.group and manifest.kind in ("Namespace", "Service")
    most = _LIMITS.get(manifest.kind, _SHORT if is_label else _LONG)
    allowed = "lower-case letters, digits and '-'" + ("" if is_label else " and '.'")
    if not (_LABEL if is_label else _SUBDOMAIN).fullmatch(name):
        message = f"{name!r} is no name that a {manifest.kind} can have"
        fix = f"use {allowed}, starting and ending with a letter or digit"
    elif len(name) > most:
        message = f"the name of this {manifest.kind} has {len(name)} characters; {most} are allowed"
        fix = "shorten it; end it with a few characters of a digest if it must stay unique"
    else:
        return
    yield RULE.finding(message, manifest.place("metadata", "name"), fix)


def _label_routes(manifest: Manifest) -> Iterator[Route]:
    yield ("metadata", "labels")
    if manifest.kind in WORKLOAD_KINDS - {"Pod"}:
        steps = ("spec", "jobTemplate", "spec") if manifest.kind == "CronJob" else ("spec",)
        yield (*steps, "template", "metadata", "labels")


def _labels(manifest: Manifest, route: Route) -> Iterator[Finding]:
    data: Json = manifest.data
    for step in route:
        data = mapping(data).get(str(step))
    for key, value in mapping(data).items():
        if not _is_key(key):
            message = f"{key!r} is no key that a label can have"
            fix = "use at most 63 letters, digits, '-', '_' and '.', after an optional domain and a slash"
            yield RULE.finding(message, manifest.document.key_place((*manifest.route, *route, key)), fix)
        if isinstance(value, str) and not _is_value(value):
            shown = f"has {len(value)} characters" if len(value) > _SHORT else f"is {value!r}"
            message = f"the label {key} {shown}, which is not allowed"
            fix = "use at most 63 letters, digits, '-', '_' and '.', starting and ending with a letter or digit"
            yield RULE.finding(message, manifest.place(*route, key), fix)


@lru_cache(maxsize=2_000)
def _is_key(key: str) -> bool:
    prefix, _, name = key.rpartition("/")
    is_key = _KEY.fullmatch(name) and len(name) <= _SHORT and (not prefix or _SUBDOMAIN.fullmatch(prefix))
    return bool(is_key and len(prefix) <= _LONG) or _PLACEHOLDER.search(key) is not None


@lru_cache(maxsize=2_000)
def _is_value(value: str) -> bool:
    is_value = len(value) <= _SHORT and _VALUE.fullmatch(value)
    return bool(is_value) or _PLACEHOLDER.search(value) is not None
