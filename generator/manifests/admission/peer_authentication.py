"""PeerAuthentication: CEL of the CRD, and ValidatePeerAuthentication of istiod."""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding
from generator.manifests.admission import istio
from generator.manifests.admission.spot import Spot


def rules(root: Spot) -> Iterator[Finding]:
    """Yield what istiod or the API server refuses about a PeerAuthentication."""
    spec = root.child("spec")
    labels, ports = spec.at("selector", "matchLabels"), spec.child("portLevelMtls")
    yield from istio.selector_labels(labels)
    if ports.is_set and not labels.value:
        fix = "add `selector.matchLabels`, or move the mode into `mtls`"
        yield ports.refuse_key("needs a selector with labels", fix)
    for port, mode in ports.fields().items():
        if not (port.isdecimal() and 1 <= int(port) <= 65535):
            yield mode.refuse_key(f"is for {port!r}, which is no port", "write a number between 1 and 65535")
