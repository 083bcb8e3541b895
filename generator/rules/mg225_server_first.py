"""A server that speaks first, on a port where the proxy waits for the client.

Why:
    MySQL, SMTP and others send the first bytes. Under PERMISSIVE, and where the protocol of
    a port is not stated, the proxy waits for the client to speak, to see what it is: both
    sides wait until a timeout, and connections are slow or hang.

Bad:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio-injection: enabled}}
    ---
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: db, namespace: shop}
    spec:
      selector: {matchLabels: {app: db}}
      template:
        metadata: {labels: {app: db}}
        spec: {containers: [{name: db, image: mysql, ports: [{containerPort: 3306}]}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: db, namespace: shop}
    spec: {selector: {app: db}, ports: [{name: db, port: 3306}]}
    ---
    apiVersion: security.istio.io/v1
    kind: PeerAuthentication
    metadata: {name: default, namespace: shop}
    spec: {mtls: {mode: PERMISSIVE}}

Good:
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop, labels: {istio-injection: enabled}}
    ---
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: db, namespace: shop}
    spec:
      selector: {matchLabels: {app: db}}
      template:
        metadata: {labels: {app: db}}
        spec: {containers: [{name: db, image: mysql, ports: [{containerPort: 3306}]}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: db, namespace: shop}
    spec: {selector: {app: db}, ports: [{name: mysql-db, port: 3306}]}
    ---
    apiVersion: security.istio.io/v1
    kind: PeerAuthentication
    metadata: {name: default, namespace: shop}
    spec: {mtls: {mode: STRICT}}
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding, Severity
from generator.manifests.objects import mapping, sequence
from generator.manifests.workloads import Service, ServicePort
from generator.rules.base import Context, Rule
from generator.rules.servers import mutual_tls, server
from generator.semantics.mtls import PERMISSIVE

RULE = Rule("MG225", "server-first", "a server that speaks first under PERMISSIVE", Severity.WARNING)

_PORTS = {25: "tcp", 53: "tcp", 3306: "mysql", 27017: "mongo"}
_FIX = "name the port {protocol}-… (or set appProtocol), and set it to STRICT or DISABLE in a PeerAuthentication"


def check(context: Context) -> Iterator[Finding]:
    """Yield Service ports of such servers without a stated protocol, where PERMISSIVE is sure."""
    for service in context.cluster.services:
        for port in service.ports:
            is_meant = port.number in _PORTS or port.target in _PORTS or isinstance(port.target, str)
            if is_meant and port.transport == "TCP" and not _is_stated(port):
                yield from _of_port(context, service, port)


def _is_stated(port: ServicePort) -> bool:
    return bool(port.application) or port.name.partition("-")[0].lower() in ("tcp", "tls", "mysql", "mongo", "redis")


def _of_port(context: Context, service: Service, port: ServicePort) -> Iterator[Finding]:
    for workload in context.cluster.behind(service):
        one, target = server(context, workload), context.cluster.target(port, workload)
        protocol = _PORTS.get(target or 0) or _PORTS.get(port.number)
        if protocol is None or target is None or one.mesh != "sidecar":
            continue
        if mutual_tls(context, one, target) == PERMISSIVE:
            message = (
                f"Service {service.namespace}/{service.name} does not say what port {port.number} speaks, and "
                f"{one.name} takes plaintext and mutual TLS there: the proxy waits for a client that waits too"
            )
            numbers = [mapping(each).get("port") for each in sequence(service.manifest.spec.get("ports"))]
            place = service.manifest.place("spec", "ports", numbers.index(port.number))
            yield RULE.finding(message, place, _FIX.format(protocol=protocol))
            return
