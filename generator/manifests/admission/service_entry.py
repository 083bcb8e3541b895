"""ServiceEntry: CEL of the CRD, and ValidateServiceEntry of istiod."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.core.findings import Finding
from generator.manifests.admission import istio
from generator.manifests.admission.spot import Spot
from generator.manifests.admission.texts import is_address, is_address_or_network, is_domain, is_wildcard_domain

_UNIX = "unix://"
_PORT_NAME = re.compile(r"[a-zA-Z0-9]([-a-zA-Z0-9]{0,60}[a-zA-Z0-9])?")
_WITH_A_HOST_NAME = frozenset({"HTTP", "HTTP2", "HTTP_PROXY", "GRPC", "GRPC-WEB", "HTTPS", "TLS"})
_WITH_A_DYNAMIC_NAME = frozenset({"HTTP", "HTTP2", "GRPC", "TLS"})
_PROTOCOLS = _WITH_A_HOST_NAME | {"TCP", "UDP", "MONGO", "REDIS", "MYSQL", "HBONE", "DOUBLE-HBONE"}


def rules(root: Spot) -> Iterator[Finding]:
    """Yield what istiod or the API server refuses about a ServiceEntry."""
    spec = root.child("spec")
    resolution = spec.child("resolution").text or "NONE"
    yield from spec.only_one("workloadSelector", "endpoints")
    yield from istio.selector_labels(spec.at("workloadSelector", "labels"))
    yield from istio.exports(spec, root.at("metadata", "namespace").text or ".", may_hide=True)
    yield from _hosts(spec, resolution)
    yield from _addresses(spec.child("addresses"), resolution)
    yield from _ports(spec.child("ports"))
    yield from _resolution(spec, resolution)
    for endpoint in spec.child("endpoints").items():
        yield from _endpoint(endpoint, resolution)
        yield from _endpoint_ports(endpoint, spec)


def _hosts(spec: Spot, resolution: str) -> Iterator[Finding]:
    by_dns = resolution in ("DNS", "DNS_ROUND_ROBIN") and not spec.child("endpoints").value
    for host in spec.child("hosts").texts():
        if host.text == "*" or not is_wildcard_domain(host.text):
            yield host.refuse(f"is {host.text!r}, which is no host name", "write a name such as api.example.com")
        elif by_dns and not is_domain(host.text):
            fix = "write whole host names, add endpoints, or use another resolution"
            yield host.refuse(f"is {host.text!r}, which {resolution} cannot look up", fix)


def _addresses(addresses: Spot, resolution: str) -> Iterator[Finding]:
    for address in addresses.texts():
        if not is_address_or_network(address.text):
            yield address.refuse(f"is {address.text!r}, which is neither an IP address nor a CIDR", "")
        elif "/" in address.text and resolution not in ("NONE", "STATIC"):
            fix = "write single addresses, or the resolution NONE or STATIC"
            yield address.refuse(f"is a CIDR, which does not go with the resolution {resolution}", fix)


def _ports(ports: Spot) -> Iterator[Finding]:
    numbers: set[int] = set()
    names: set[str] = set()
    for port in ports.items():
        number, name, protocol = port.child("number"), port.child("name"), port.child("protocol")
        if isinstance(number.value, int):
            if number.value in numbers:
                yield number.refuse(f"is {number.value} a second time", "give each port another number")
            numbers.add(number.value)
        if isinstance(name.value, str):
            if name.text in names:
                yield name.refuse(f"is {name.text!r} a second time", "give each port another name")
            elif not _PORT_NAME.fullmatch(name.text):
                yield name.refuse(f"is {name.text!r}, which is no port name", "use letters, digits and '-'")
            names.add(name.text)
        if protocol.text and protocol.text.upper() not in _PROTOCOLS:
            yield protocol.refuse(f"is {protocol.text!r}", f"known: {', '.join(sorted(_PROTOCOLS))}")


def _resolution(spec: Spot, resolution: str) -> Iterator[Finding]:
    endpoints = spec.child("endpoints")
    if resolution == "DYNAMIC_DNS":
        yield from _dynamic(spec)
    if resolution == "NONE" and endpoints.is_set:
        yield endpoints.refuse_key("does not go with the resolution NONE", "write `resolution: STATIC` or DNS")
    if resolution == "DNS_ROUND_ROBIN" and len(endpoints.items()) > 1:
        yield endpoints.refuse_key("may have one item with DNS_ROUND_ROBIN", "write `resolution: DNS`")
    if resolution != "NONE" and len(spec.child("hosts").items()) > 1:
        for port in spec.child("ports").items():
            protocol = port.child("protocol")
            if protocol.text.upper() not in _WITH_A_HOST_NAME:
                fix = "write one ServiceEntry per host, or a protocol that carries the host name"
                yield port.refuse("cannot tell several hosts apart", fix)


def _dynamic(spec: Spot) -> Iterator[Finding]:
    """The proxy looks up whatever host a request names, so nothing else may say where to go."""
    for host in spec.child("hosts").texts():
        if not host.text.startswith("*"):
            yield host.refuse(
                "must be a wildcard with DYNAMIC_DNS", "write `resolution: DNS`, or a name such as *.example.com"
            )
    for name in spec.set_among("addresses", "endpoints"):
        yield spec.child(name).refuse_key("does not go with the resolution DYNAMIC_DNS", "remove it")
    for port in spec.child("ports").items():
        protocol = port.child("protocol")
        if protocol.text.upper() not in _WITH_A_DYNAMIC_NAME:
            yield protocol.refuse(
                f"is {protocol.text!r}, which does not go with DYNAMIC_DNS", "write HTTP, HTTP2, GRPC or TLS"
            )


def _endpoint(endpoint: Spot, resolution: str) -> Iterator[Finding]:
    address = endpoint.child("address")
    if isinstance(endpoint.value, dict) and not endpoint.set_among("address", "network"):
        yield endpoint.refuse("must have `address` or `network`", "add the address")
    if address.text.startswith(_UNIX):
        path = address.text.removeprefix(_UNIX)
        if not path.startswith(("/", "@")) or path.endswith("/"):
            yield address.refuse("is no socket file", "write unix:///path/to/socket or unix://@name")
        if endpoint.child("ports").is_set:
            yield endpoint.child("ports").refuse_key("cannot be set for a unix socket", "remove it")
    elif address.text and not is_address(address.text):
        if resolution == "STATIC":
            fix = "write the IP address, or `resolution: DNS`"
            yield address.refuse(f"is {address.text!r}, which is no IP address", fix)
        elif not is_domain(address.text):
            yield address.refuse(f"is {address.text!r}, which is neither an IP address nor a host name", "")


def _endpoint_ports(endpoint: Spot, spec: Spot) -> Iterator[Finding]:
    declared = {port.child("name").text for port in spec.child("ports").items()}
    for name, port in endpoint.child("ports").fields().items():
        if not _PORT_NAME.fullmatch(name):
            yield port.refuse_key(f"has {name!r} as its key, which is no port name", "use letters, digits and '-'")
        elif name not in declared:
            fix = f"known: {', '.join(sorted(declared))}" if declared else "add the port to `spec.ports`"
            yield port.refuse_key("names a port that `spec.ports` does not have", fix)
