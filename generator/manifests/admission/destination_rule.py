"""DestinationRule: CEL of the CRD, and the TLS settings that ValidateDestinationRule of istiod demands."""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding
from generator.manifests.admission import istio
from generator.manifests.admission.spot import Spot

_FILES = ("clientCertificate", "privateKey", "caCertificates")


def rules(root: Spot) -> Iterator[Finding]:
    """Yield what istiod or the API server refuses about a DestinationRule."""
    spec = root.child("spec")
    yield from istio.selector_labels(spec.at("workloadSelector", "matchLabels"))
    yield from istio.durations(spec)
    if spec.child("host").value == "":
        yield spec.child("host").refuse("must not be empty", "name the Service or ServiceEntry host")
    for policy in (spec.child("trafficPolicy"), *_of_subsets(spec)):
        for settings in (policy, *policy.child("portLevelSettings").items()):
            yield from _tls(settings.child("tls"))


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
