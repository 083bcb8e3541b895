"""Sidecar: CEL of the CRD, and ValidateSidecar of istiod."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.core.findings import Finding
from generator.manifests.admission import istio
from generator.manifests.admission.spot import Spot
from generator.manifests.admission.texts import is_wildcard_domain

_NAMESPACE = re.compile(r"[*.~]|[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def rules(root: Spot) -> Iterator[Finding]:
    """Yield what istiod or the API server refuses about a Sidecar."""
    spec = root.child("spec")
    yield from istio.selector_labels(spec.at("workloadSelector", "labels"))
    yield from istio.durations(spec)
    for listener in spec.child("ingress").items():
        tls = listener.child("tls")
        yield from tls.only_one("credentialName", "credentialNames")
        yield from tls.only_one("credentialNames", "tlsCertificates")
    for listener in spec.child("egress").items():
        yield from _hosts(listener.child("hosts"))


def _hosts(hosts: Spot) -> Iterator[Finding]:
    fix = "write `namespace/name`, such as ./*, */* or istio-system/*"
    if hosts.value == []:
        yield hosts.refuse("must not be empty", fix)
    for host in hosts.texts():
        namespace, slash, name = host.text.partition("/")
        if not slash or not _NAMESPACE.fullmatch(namespace) or not is_wildcard_domain(name):
            yield host.refuse(f"is {host.text!r}, which names no host", fix)
