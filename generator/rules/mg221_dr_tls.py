"""A DestinationRule whose TLS does not fit what the server accepts.

Why:
    Without TLS settings, proxies use mutual TLS wherever the server has a proxy. A
    DestinationRule that says DISABLE or SIMPLE makes clients speak plaintext or another TLS
    to a server that is STRICT, which resets the connection; it does not relax the server.
    ISTIO_MUTUAL forces mutual TLS also to servers that have no proxy to answer it.

Bad:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio-injection: enabled}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api}}
        spec:
          containers: [{name: api, image: api, ports: [{containerPort: 8080}]}]
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: api, namespace: shop}
    spec: {selector: {app: api}, ports: [{name: http, port: 8080}]}
    ---
    apiVersion: security.istio.io/v1
    kind: PeerAuthentication
    metadata: {name: default, namespace: shop}
    spec: {mtls: {mode: STRICT}}
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata: {name: api, namespace: shop}
    spec:
      host: api.shop.svc.cluster.local
      trafficPolicy:
        tls: {mode: DISABLE}

Good:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio-injection: enabled}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api}}
        spec:
          containers: [{name: api, image: api, ports: [{containerPort: 8080}]}]
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: api, namespace: shop}
    spec: {selector: {app: api}, ports: [{name: http, port: 8080}]}
    ---
    apiVersion: security.istio.io/v1
    kind: PeerAuthentication
    metadata: {name: default, namespace: shop}
    spec: {mtls: {mode: STRICT}}
    ---
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata: {name: api, namespace: shop}
    spec:
      host: api.shop.svc.cluster.local
      trafficPolicy:
        tls: {mode: ISTIO_MUTUAL}
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.destinations import DestinationRule, TlsBlock, read_destination_rule
from generator.manifests.objects import strings
from generator.manifests.workloads import Service
from generator.rules.base import Context, Rule
from generator.rules.mesh_config import mesh_config
from generator.rules.servers import Server, mutual_tls, server
from generator.semantics.mtls import STRICT

RULE = Rule("MG221", "dr-tls", "client TLS that the server does not accept", Severity.ERROR)

_PLAIN = ("DISABLE", "SIMPLE")
_FIX = "write ISTIO_MUTUAL, or remove `tls` and let the proxies agree"
_AUTO_OFF = re.compile(r"^\s*enableAutoMtls:\s*false\b", re.MULTILINE)


def check(context: Context) -> Iterator[Finding]:
    """Yield TLS settings that break the connection, where the server is shown."""
    is_manual = bool(_AUTO_OFF.search(mesh_config(context)))
    for manifest in context.of_kind("DestinationRule"):
        rule = read_destination_rule(manifest)
        services = [one for one in context.cluster.services if rule.names(one.name, one.namespace)]
        for block in rule.blocks:
            if block.mode in _PLAIN or (is_manual and not block.mode):
                yield from _plaintext(context, rule, block, services)
            elif block.mode == "ISTIO_MUTUAL":
                yield from _forced(context, rule, block, services)


def _plaintext(context: Context, rule: DestinationRule, block: TlsBlock, services: list[Service]) -> Iterator[Finding]:
    for service in services:
        for one, port in _reached(context, rule, block, service):
            if one.mesh in ("sidecar", "ambient") and mutual_tls(context, one, port) == STRICT:
                how = f"TLS mode {block.mode}" if block.mode else "no TLS settings (automatic mutual TLS is off)"
                message = f"{_title(rule)} reaches {one.name}:{port} with {how}, which is STRICT there and refuses it"
                yield RULE.finding(message, block.place, _FIX)
                return


def _reached(
    context: Context, rule: DestinationRule, block: TlsBlock, service: Service
) -> Iterator[tuple[Server, int]]:
    """Yield the workloads and pod ports behind *service* that *block* is about, without ports that have their own."""
    own = {each.port for each in rule.blocks if each.port is not None and each.mode}
    for workload in context.cluster.behind(service):
        for port in service.ports:
            is_meant = port.number == block.port if block.port is not None else port.number not in own
            target = context.cluster.target(port, workload)
            if is_meant and target is not None and port.transport == "TCP":
                yield server(context, workload), target


def _forced(context: Context, rule: DestinationRule, block: TlsBlock, services: list[Service]) -> Iterator[Finding]:
    if rule.host == "*":
        what = "every host, also those outside the mesh, which have no proxy to answer"
    elif outside := _outside(context, rule, services):
        what = f"{outside}, which has no proxy to answer"
    else:
        return
    message = f"{_title(rule)} forces mutual TLS to {what}"
    yield RULE.finding(message, block.place, "limit the rule to hosts of the mesh, or remove `tls`: it is automatic")


def _outside(context: Context, rule: DestinationRule, services: list[Service]) -> str:
    """Return the name of a server of *rule* that is surely not in the mesh."""
    for service in services:
        modes = {server(context, one).mesh for one in context.cluster.behind(service)}
        if modes == {"none"}:
            return f"{service.namespace}/{service.name}"
    for entry in context.of_kind("ServiceEntry"):
        is_external = entry.spec.get("location", "MESH_EXTERNAL") == "MESH_EXTERNAL"
        if is_external and rule.host in [host.lower() for host in strings(entry.spec.get("hosts"))]:
            return rule.host
    return ""


def _title(rule: DestinationRule) -> str:
    return f"DestinationRule {rule.manifest.namespace}/{rule.manifest.name}"
