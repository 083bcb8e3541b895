"""Sidecar: CEL of the CRD, and ValidateSidecar of istiod."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.core.findings import Finding
from generator.manifests.admission import istio
from generator.manifests.admission.spot import Spot
from generator.manifests.admission.texts import is_wildcard_domain

_CONTENT = ("egress", "ingress", "outboundTrafficPolicy", "inboundConnectionPool")
_NOT_IN_A_SIDECAR = ("credentialName", "credentialNames", "tlsCertificates", "subjectAltNames", "httpsRedirect")
_PORT = re.compile(r":[0-9]+$")
_NAMESPACE = re.compile(r"[*.~]|[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def rules(root: Spot) -> Iterator[Finding]:
    """Yield what istiod or the API server refuses about a Sidecar."""
    spec = root.child("spec")
    yield from istio.selector_labels(spec.at("workloadSelector", "labels"))
    yield from istio.durations(spec)
    if isinstance(spec.value, dict) and not any(spec.child(name).value for name in _CONTENT):
        yield spec.refuse("says nothing", f"set one of {', '.join(_CONTENT)}")
    yield from _ingress_ports(spec)
    yield from _egress_order(spec)
    for listener in spec.child("ingress").items():
        yield from _tls(listener)
    for listener in (*spec.child("ingress").items(), *spec.child("egress").items()):
        target = listener.at("port", "targetPort")
        if target.value:
            yield target.refuse_key("has no effect in a Sidecar", "remove it")
    policy = spec.child("outboundTrafficPolicy")
    if policy.child("egressProxy").is_set and policy.child("mode").text != "ALLOW_ANY":
        yield policy.child("egressProxy").refuse_key("goes with `mode: ALLOW_ANY` alone", "write that, or remove it")
    for listener in spec.child("egress").items():
        yield from _hosts(listener.child("hosts"))


def _tls(listener: Spot) -> Iterator[Finding]:
    tls, protocol = listener.child("tls"), listener.at("port", "protocol").text.upper()
    if tls.is_set and protocol and protocol not in ("HTTPS", "TLS"):
        yield tls.refuse_key(f"does not go with the protocol {protocol}", "write HTTPS or TLS")
    if tls.child("mode").text in ("ISTIO_MUTUAL", "AUTO_PASSTHROUGH"):
        yield tls.child("mode").refuse(f"is {tls.child('mode').text}, which is for gateways", "write SIMPLE or MUTUAL")
    for name in tls.set_among(*_NOT_IN_A_SIDECAR):
        if tls.child(name).value:
            yield tls.child(name).refuse_key("is not supported in a Sidecar", "name files of the proxy's container")


def _ingress_ports(spec: Spot) -> Iterator[Finding]:
    seen: set[int] = set()
    for listener in spec.child("ingress").items():
        number, endpoint = listener.at("port", "number"), listener.child("defaultEndpoint")
        if isinstance(number.value, int):
            if number.value in seen:
                yield number.refuse(f"is {number.value} a second time", "give each listener another port")
            seen.add(number.value)
        if endpoint.text and not endpoint.text.startswith("unix://") and not _PORT.search(endpoint.text):
            yield endpoint.refuse(
                f"is {endpoint.text!r}, without a port's number", "write an address such as 127.0.0.1:8080"
            )


def _egress_order(spec: Spot) -> Iterator[Finding]:
    """The listener without a port takes the rest, so there is one, and it comes last."""
    for listener in spec.child("egress").items()[:-1]:
        if isinstance(listener.value, dict) and not listener.child("port").value:
            yield listener.refuse(
                "has no port, and is not the last", "move it to the end, and keep only one such listener"
            )


def _hosts(hosts: Spot) -> Iterator[Finding]:
    fix = "write `namespace/name`, such as ./*, */* or istio-system/*"
    if hosts.value == []:
        yield hosts.refuse("must not be empty", fix)
    for host in hosts.texts():
        namespace, slash, name = host.text.partition("/")
        if not slash or not _NAMESPACE.fullmatch(namespace) or not is_wildcard_domain(name):
            yield host.refuse(f"is {host.text!r}, which names no host", fix)
