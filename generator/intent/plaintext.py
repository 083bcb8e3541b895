"""Exceptions from mutual TLS that would be needless, or would not work."""

from __future__ import annotations

from generator.core.findings import Finding
from generator.model.flows import Flow
from generator.model.peers import AnyonePeer, describe


def check_needless_plaintext(flow: Flow) -> list[Finding]:
    """Return MG027 when *flow*, whose client has an identity, would open its port to those without one."""
    if not flow.plaintext:
        return []
    message = f"{describe(flow.client)} has a mesh identity, so `plaintext` would open the port to others for nothing"
    fix = "drop `plaintext`, or say mesh: none where that client is described"
    return [Finding("MG027", message, flow.origin.place, fix)]


def check_every_port(flow: Flow) -> list[Finding]:
    """Return MG027 when *flow* would open all ports to callers without an identity, of which no policy knows any."""
    if not flow.plaintext or flow.ports is not None or isinstance(flow.client, AnyonePeer):
        return []  # everybody on every port is refused as too wide already
    message = f"{describe(flow.client)} comes in plaintext, on every port: all of them would be open to everybody"
    return [Finding("MG027", message, flow.origin.place, "name the ports that it needs")]


def check_server_first(flow: Flow) -> list[Finding]:
    """Return MG028 when a sidecar could not tell whether *flow* is plaintext.

    It tells so by the client's first bytes, and a MySQL client waits for the server's.
    """
    if not (flow.plaintext or flow.tolerated) or all(port.protocol != "mysql" for port in flow.ports or ()):
        return []
    message = f"plaintext connections of {describe(flow.client)} would hang: in MySQL the server speaks first, "
    message += "and a sidecar that takes plaintext beside TLS waits for the client"
    fix = "give the client a sidecar, or keep the server outside the mesh (mesh: none)"
    return [Finding("MG028", message, flow.origin.place, fix)]
