"""DestinationRule: CEL of the CRD, and the TLS settings that ValidateDestinationRule of istiod demands."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.core.findings import Finding
from generator.manifests.admission import istio
from generator.manifests.admission.spot import Spot

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_FILES = ("clientCertificate", "privateKey", "caCertificates")


def rules(root: Spot) -> Iterator[Finding]:
    """Yield what istiod or the API server refuses about a DestinationRule."""
    spec = root.child("spec")
    yield from istio.selector_labels(spec.at("workloadSelector", "matchLabels"))
    yield from istio.durations(spec)
    if spec.child("host").value == "":
        yield spec.child("host").refuse("must not be empty", "name the Service or ServiceEntry host")
    only_here = bool(spec.child("workloadSelector").value)
    yield from istio.exports(spec, root.at("metadata", "namespace").text or ".", only_here=only_here)
    yield from _subsets(spec)
    for policy in (spec.child("trafficPolicy"), *_of_subsets(spec)):
        if policy.value == {}:
            yield policy.refuse("must not be empty", "say something in it, or leave it out")
        yield from policy.only_one("tunnel", "proxyProtocol")
        yield from policy.at("loadBalancer", "localityLbSetting").only_one("distribute", "failover")
        for settings in (policy, *policy.child("portLevelSettings").items()):
            yield from _tls(settings.child("tls"))


def _subsets(spec: Spot) -> Iterator[Finding]:
    seen = set()
    for name in (subset.child("name") for subset in spec.child("subsets").items()):
        if isinstance(name.value, str) and not _NAME.fullmatch(name.text):
            yield name.refuse(
                f"is {name.text!r}, which is no name of a subset", "use lower-case letters, digits and '-'"
            )
        elif name.text in seen:
            yield name.refuse(f"is {name.text!r} a second time", "give each subset another name")
        seen.add(name.text)


def _of_subsets(spec: Spot) -> list[Spot]:
    return [subset.child("trafficPolicy") for subset in spec.child("subsets").items()]


def _tls(tls: Spot) -> Iterator[Finding]:
    mode = tls.child("mode").text
    if mode in ("SIMPLE", "MUTUAL") and tls.child("credentialName").text:
        for name in tls.set_among(*_FILES):
            fix = "keep the Secret or the files"
            yield tls.child(name).refuse_key("cannot stand beside `credentialName`", fix)
    elif mode == "MUTUAL":
        for name in ("clientCertificate", "privateKey"):
            if not tls.child(name).text:
                fix = f"add `{name}`, or `credentialName`"
                yield tls.refuse(f"must have `{name}` with the mode MUTUAL", fix)
