"""PeerAuthentication, every combination of scopes and modes, as a table: `python -m tests.refresh` renews it.

Sources: istio 1.30.3 pilot/pkg/security/authn/policy_applier.go (sidecar), and for ambient
pilot/pkg/serviceregistry/ambient/authorization.go, of which `ztunnel` here follows the two halves step by step.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

from generator.core.places import Document
from generator.manifests.objects import Manifest
from generator.manifests.security import PeerAuthentication, read_peer_authentication
from generator.semantics.mtls import MutualTls
from generator.topology import Endpoint

TABLE = Path(__file__).with_name("peer-authentication.txt")
MODES = (None, "UNSET", "PERMISSIVE", "STRICT", "DISABLE")
ROOT, PORT = "istio-system", 5432
COMBINATIONS = list(itertools.product(MODES, repeat=4))
_HEAD = """\
# What a workload accepts on a port, by the modes that PeerAuthentications state for the mesh, its
# namespace, itself and the port (-: there is none). "?": istiod contradicts itself.
"""


def policy(namespace: str, spec: dict[str, Any], name: str = "default", created: str = "") -> PeerAuthentication:
    """Return a policy of *namespace*."""
    metadata = {"name": name, "namespace": namespace, **({"creationTimestamp": created} if created else {})}
    data = {"apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication", "metadata": metadata, "spec": spec}
    return read_peer_authentication(Manifest(Document(data, "test", {}, {}), (), data))


def policies(
    mesh: str | None, namespace: str | None, workload: str | None, port: str | None
) -> list[PeerAuthentication]:
    """Return the policies of one combination."""
    found = []
    if mesh:
        found.append(policy(ROOT, {"mtls": {"mode": mesh}}))
    if namespace:
        found.append(policy("shop", {"mtls": {"mode": namespace}}))
    if workload or port:
        spec: dict[str, Any] = {"selector": {"matchLabels": {"app": "db"}}}
        if workload:
            spec["mtls"] = {"mode": workload}
        if port:
            spec["portLevelMtls"] = {str(PORT): {"mode": port}}
        found.append(policy("shop", spec, "db"))
    return found


def server(mesh: str) -> Endpoint:
    """Return the workload that is asked about."""
    return Endpoint("shop/db", "shop", {"app": "db"}, mesh=mesh)


def table() -> str:
    """Return the table."""
    rows = [("mesh", "namespace", "workload", "port", "sidecar", "ambient")]
    for one in COMBINATIONS:
        about = MutualTls(policies(*one), ROOT)
        answers = (about.mode(server(mesh), PORT) or "?" for mesh in ("sidecar", "ambient"))
        rows.append((*(mode or "-" for mode in one), *answers))  # type: ignore[arg-type]
    return _HEAD + "".join("".join(f"{cell:<12}" for cell in row).rstrip() + "\n" for row in rows)


def ztunnel(mesh: str | None, namespace: str | None, workload: str | None, port: str | None) -> bool | None:
    """Tell whether plaintext is refused at the port, by what istiod attaches to the workload and what that says.

    None where a policy is attached that istiod does not make.
    """
    is_strict = mesh == "STRICT"
    if namespace not in (None, "UNSET"):
        is_strict = namespace == "STRICT"
    is_parent_strict, is_attached = is_strict, False
    if workload is None and port is None:
        return is_strict
    if workload == "STRICT":
        is_strict = True
    if workload in ("PERMISSIVE", "DISABLE"):
        is_strict = False
    if port is not None:
        if workload == "STRICT":
            is_attached = port in ("PERMISSIVE", "DISABLE")
        elif workload in ("PERMISSIVE", "DISABLE"):
            is_attached = port == "STRICT"
        else:
            is_attached = port == ("PERMISSIVE" if is_parent_strict else "STRICT")
        is_strict = is_strict and not (is_attached and workload in (None, "UNSET", "STRICT"))
    return True if is_strict else is_attached and _converted(mesh, namespace, workload, port)


def _converted(mesh: str | None, namespace: str | None, workload: str | None, port: str | None) -> bool | None:
    """Tell whether the policy made of the workload's refuses plaintext at the port: DENY, groups or, rules and."""
    is_unset = workload in (None, "UNSET")
    is_under_mesh = namespace in (None, "UNSET") and mesh == "STRICT"
    rules: list[bool] = [True] if workload == "STRICT" else []
    groups: list[bool] = []
    if port == "STRICT" and not (workload == "STRICT" or (is_unset and namespace == "STRICT") or is_under_mesh):
        groups.append(True)
    is_lenient = port in ("PERMISSIVE", "DISABLE") and workload not in ("PERMISSIVE", "DISABLE")
    if is_lenient and is_unset:
        is_lenient = not (
            (namespace is not None and namespace != "STRICT")
            or (namespace is None and mesh is not None and mesh != "STRICT")
            or (namespace is None and mesh is None)
        )
    if is_lenient:
        rules.append(False)  # notDestinationPorts: this port
        if namespace == "STRICT" or is_under_mesh:
            rules.append(True)
    if rules:
        groups.append(all(rules))
    return any(groups) if groups else None
