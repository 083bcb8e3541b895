"""NetworkPolicy and Namespace: what the Kubernetes API validates beyond structure (1.36)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.core.findings import Finding
from generator.manifests.admission.spot import Spot
from generator.manifests.admission.texts import network

_PORT_NAME = re.compile(r"(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?")


def namespace(root: Spot) -> Iterator[Finding]:
    """The name of a Namespace is a DNS label, shorter and without the dots of other names."""
    name = root.at("metadata", "name")
    if "." in name.text or len(name.text) > 63:
        fix = "use at most 63 lower-case letters, digits and '-'"
        yield name.refuse(f"is {name.text!r}, which is no name of a Namespace", fix)


def network_policy(root: Spot) -> Iterator[Finding]:
    """Yield what the API server refuses about a NetworkPolicy."""
    spec = root.child("spec")
    yield from _selector(spec.child("podSelector"))
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for rule in spec.child(direction).items():
            for port in rule.child("ports").items():
                yield from _port(port)
            for peer in rule.child(peers).items():
                yield from _peer(peer)


def _peer(peer: Spot) -> Iterator[Finding]:
    kinds = peer.set_among("ipBlock", "podSelector", "namespaceSelector")
    if isinstance(peer.value, dict) and not kinds:
        fix = "name the peer; `podSelector: {}` stands for every pod of the namespace"
        yield peer.refuse("must have `podSelector`, `namespaceSelector` or `ipBlock`", fix)
    if kinds[:1] == ["ipBlock"] and len(kinds) > 1:
        fix = "write the ipBlock and the selectors as two items"
        yield peer.child("ipBlock").refuse_key("cannot stand beside selectors in one item", fix)
    yield from _selector(peer.child("podSelector"))
    yield from _selector(peer.child("namespaceSelector"))
    yield from _ip_block(peer.child("ipBlock"))


def _ip_block(block: Spot) -> Iterator[Finding]:
    cidr = block.child("cidr")
    yield from _cidr(cidr)
    outer = network(cidr.text)
    for exception in block.child("except").texts():
        yield from _cidr(exception)
        inner = network(exception.text)
        if outer is None or inner is None:
            continue
        # Networks of different IP versions are no subsets of each other, and not comparable.
        is_inside = inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]
        if not is_inside or inner == outer:
            fix = f"write a smaller range inside {outer}, or remove it"
            yield exception.refuse(f"is {exception.text}, which is not a part of {cidr.text}", fix)


def _cidr(cidr: Spot) -> Iterator[Finding]:
    if not isinstance(cidr.value, str):
        return
    found = network(cidr.text)
    if found is None:
        fix = f"write {cidr.text}/32 or /128 for one address" if "/" not in cidr.text else ""
        yield cidr.refuse(f"is {cidr.text!r}, which is no CIDR", fix)
    elif str(found) != cidr.text:
        yield cidr.refuse(f"is {cidr.text}, which is not written in its shortest form", f"write {found}")


def _port(port: Spot) -> Iterator[Finding]:
    number, end = port.child("port"), port.child("endPort")
    if isinstance(number.value, str) and not _PORT_NAME.fullmatch(number.text):
        fix = f"write {number.text} without quotes" if number.text.isdecimal() else "use the number"
        yield number.refuse(f"is {number.text!r}, which is no name of a port", fix)
    if not isinstance(end.value, int):
        return
    if not isinstance(number.value, int):
        yield end.refuse_key("needs a number as `port`", "write the first port of the range as `port`")
    elif end.value < number.value:
        yield end.refuse(f"is {end.value}, less than the port {number.value}", "write the last port of the range")


def _selector(selector: Spot) -> Iterator[Finding]:
    for term in selector.child("matchExpressions").items():
        operator, values = term.child("operator").text, term.child("values")
        if operator in ("In", "NotIn") and not values.value:
            yield term.refuse(f"must have `values` with the operator {operator}", "add the values")
        if operator in ("Exists", "DoesNotExist") and values.value:
            yield values.refuse_key(f"cannot be set with the operator {operator}", "remove it")
