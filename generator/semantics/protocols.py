"""What a Service's port speaks, by its appProtocol or its name.

Source: istio 1.30.3 pkg/config/kube/conversion.go, pkg/config/protocol/instance.go.
"""

from __future__ import annotations

from generator.manifests.workloads import ServicePort

KNOWN = frozenset({"http", "http2", "grpc", "grpc-web", "tcp", "tls", "https", "mongo", "redis", "mysql", "udp"})
"""The protocols that a port's name may say."""
_LONGEST_FIRST = sorted(KNOWN, key=len, reverse=True)
_KUBERNETES = {"kubernetes.io/h2c": "http2", "kubernetes.io/ws": "http", "kubernetes.io/wss": "tcp"}
_WELL_KNOWN_TCP = frozenset({25, 53, 3306, 27017})
"""Server-first and other ports that are never sniffed."""


def application_protocol(port: ServicePort) -> str:
    """Return the protocol that Istio takes *port* for; empty when it would be sniffed."""
    if port.transport != "TCP":
        return "udp" if port.transport == "UDP" else ""
    if port.application:
        stated = _KUBERNETES.get(port.application.lower(), port.application.lower())
        return stated if stated in KNOWN else ""
    name = port.name.lower()
    for known in _LONGEST_FIRST if name else ():
        if name == known or name.startswith(f"{known}-"):
            return known
    return "tcp" if port.number in _WELL_KNOWN_TCP else ""
