"""The facts of a cluster in plain words: a short, flat file, read as one of our environment files.

serviceCIDRs: [10.96.0.0/12]
cni: {policyPoint: post-dnat}
istioVersion: 1.30.3
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from generator.core.findings import Finding
from generator.core.names import suggestion
from generator.core.places import Document, Json, Place, Route

_Path = tuple[str, ...]

_FACTS: Mapping[_Path, _Path] = {
    ("serviceCIDRs",): ("addresses", "services"),
    ("podCIDRs",): ("addresses", "pods"),
    ("nodeCIDRs",): ("addresses", "nodes"),
    ("metadataCIDRs",): ("addresses", "metadata"),
    ("apiServer", "cidrs"): ("addresses", "apiServer"),
    ("apiServer", "ports"): ("addresses", "apiServerPorts"),
    ("trustDomain",): ("istio", "trustDomain"),
    ("trustDomainAliases",): ("istio", "trustDomainAliases"),
    ("rootNamespace",): ("istio", "rootNamespace"),
    ("ambientDryRun",): ("istio", "ambientDryRun"),
    ("istioVersion",): ("istio", "version"),
    ("kubernetesVersion",): ("kubernetes", "version"),
    ("cni", "name"): ("cni", "name"),
    ("cni", "policyPoint"): ("cni", "policyPoint"),
    ("cni", "kubeletExempt"): ("cni", "kubeletExempt"),
    ("cni", "ipBlockMatchesPods"): ("cni", "ipBlockMatchesPods"),
    ("dns", "namespace"): ("dns", "namespace"),
    ("dns", "labels"): ("dns", "labels"),
    ("dns", "podPorts"): ("dns", "ports"),
    ("dns", "nodeLocal"): ("dns", "nodeLocalAddresses"),
    ("dns", "nodeLocalAddresses"): ("dns", "nodeLocalAddresses"),
    ("dns", "nodeLocalPods"): ("dns", "nodeLocalPods"),
    ("ipFamilies",): ("ipFamilies",),
    ("cluster", "name"): ("cluster", "name"),
    ("cluster", "network"): ("cluster", "network"),
    ("clusters",): ("clusters",),
    ("mesh",): ("mesh",),
    ("gateways",): ("gateways",),
    ("prometheus",): ("prometheus",),
    ("cloudCredentials",): ("cloudCredentials",),
    ("loadBalancer",): ("loadBalancer",),
}
"""Every fact by its plain words, and where our own form has it below ``spec``."""

_WORDS = {"pre-dnat": "before-dnat", "post-dnat": "after-dnat"}
_GROUPS = frozenset(route[0] for route in _FACTS if len(route) > 1)


def is_plain(data: Json) -> bool:
    """Tell whether *data* is such a file and not one of our own form, which says its ``kind``."""
    return isinstance(data, dict) and not data.keys() & {"apiVersion", "kind", "metadata", "spec", "extends"}


def in_our_form(found: Document) -> tuple[Document, list[Finding]]:
    """Return *found* as an environment file, every value with its old place, and MG011 for words nobody knows."""
    spec: dict[str, Json] = {}
    values: dict[Route, Place] = {(): found.place()}
    keys: dict[Route, Place] = {}
    findings: list[Finding] = []
    for route, value in _said(found.data):
        target = _FACTS.get(route)
        if target is None:
            findings.append(_unknown(found, route))
            continue
        at = spec
        for step in target[:-1]:
            at = at.setdefault(step, {})
        at[target[-1]] = _translated(target, value)
        for known, place in found.values.items():
            if known[: len(route)] == route:
                values["spec", *target, *known[len(route) :]] = place
        keys["spec", *target] = found.key_place(route)
    data = {
        "apiVersion": "meshgen.dev/v1alpha1",
        "kind": "Environment",
        "metadata": {"name": "plain-words"},
        "spec": spec,
    }
    return Document(data, found.file, values, keys), findings


def _said(data: dict[str, Json]) -> Iterator[tuple[_Path, Json]]:
    for key, value in data.items():
        if key in _GROUPS and isinstance(value, dict):
            yield from (((key, inner), one) for inner, one in value.items())
        else:
            yield (key,), value


def _unknown(found: Document, route: _Path) -> Finding:
    siblings = {known[-1] for known in _FACTS if known[:-1] == route[:-1]}
    if len(route) == 1:
        siblings |= _GROUPS
    if route[0] in _GROUPS and len(route) == 1:
        inner = ", ".join(known[1] for known in _FACTS if known[0] == route[0] and len(known) > 1)
        return Finding("MG012", f"`{route[0]}` must be a mapping", found.place(route), f"it takes: {inner}")
    message = f"{'.'.join(route)} is not a known fact"
    return Finding("MG011", message, found.key_place(route), suggestion(route[-1], siblings))


def _translated(target: _Path, value: Json) -> Json:
    if target == ("cni", "policyPoint"):
        return _WORDS.get(str(value), value)
    if target == ("dns", "nodeLocalAddresses"):
        listed = value if isinstance(value, list) else [value]
        return [_as_cidr(one) for one in listed if one not in (None, False, "")]
    return value


def _as_cidr(address: Json) -> Json:
    if not isinstance(address, str) or "/" in address:
        return address
    return f"{address}/{128 if ':' in address else 32}"
