"""Identity and layer 7: whom the proxy of a server admits, and to what, if it does what the intent says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from generator.environment.model import Environment
from generator.model.externals import ExternalTls
from generator.model.flows import Flow, Request, TokenIssuer
from generator.model.intent import GatewayLockdown, Intent
from generator.model.peers import (
    AnyonePeer,
    GatewayPeer,
    NamespacesPeer,
    Peer,
    PrometheusPeer,
    RemotePeer,
    WorkloadPeer,
)
from generator.model.terms import Authorization
from tests.judges.grants import ALL, EVERYTHING, TCP, Conditions, Grant, Grants, canonical, tcp
from tests.judges.intended.network import HEALTH, METRICS, ports_of
from tests.judges.intended.peers import Peers
from tests.judges.topology import Address, Endpoint, Pod

NOT_CAPTURED = (METRICS, HEALTH, 15090)
"""Ports that never pass the proxy's filters, so no identity rule decides there (Istio injection template)."""

CLAIM = "request.auth.claims"


class Mesh:
    """The answers for proxies."""

    def __init__(self, intent: Intent, environment: Environment, peers: Peers) -> None:
        self._intent = intent
        self._environment = environment
        self._peers = peers
        self._gateways = environment.gateways or {}

    def admitted(self, source: Endpoint, target: Pod) -> Grants:
        if not self._asks_identity(target):
            return EVERYTHING
        flows = [flow for flow in self._intent.flows if self._serves(target, flow.server)]
        welcome = [flow for flow in flows if self._comes_as(source, flow)]
        allowed = [grant for flow in welcome for needed in self._conditions(flow) for grant in _requests(flow, needed)]
        allowed += [*self._open_doors(target), *self._ways_out(source, target)]
        return frozenset((Grant(ALL - TCP), *allowed))

    def _asks_identity(self, pod: Pod) -> bool:
        if self._intent.mesh_wide is not None and self._intent.mesh_wide.deny_by_default:
            return True
        if any(self._is_held(pod, lockdown) for lockdown in self._intent.gateways):
            return True
        if any(one.through and self._peers.is_gateway(pod, one.through) for one in self._intent.externals):
            return True
        namespace = self._intent.namespaces.get(pod.namespace)
        if namespace is None or namespace.authorization is not Authorization.ENFORCED:
            return False
        return self._peers.is_closed(pod, "Ingress")

    def _serves(self, pod: Pod, server: Peer) -> bool:
        namespace = self._intent.namespaces.get(pod.namespace)
        enforced = namespace is not None and namespace.authorization is Authorization.ENFORCED
        return enforced and not isinstance(server, GatewayPeer) and self._peers.is_at(pod, server)

    def _comes_as(self, source: Endpoint, flow: Flow) -> bool:
        """Whether a proxy sees *source* as the client of *flow*: by its certificate, unless none is asked for."""
        client = flow.client
        if flow.plaintext or isinstance(client, AnyonePeer):
            return True
        if isinstance(source, Address):
            return False
        if isinstance(client, NamespacesPeer):
            return self._peers.is_at(source, client)
        return (source.namespace, source.account) in self._identities(client)

    def _identities(self, client: Peer) -> list[tuple[str, str]]:
        """Return namespace and ServiceAccount of everybody that *client* stands for."""
        if isinstance(client, WorkloadPeer):
            workload = self._intent.workloads[client.namespace, client.workload]
            return [(client.namespace, account) for account in workload.service_accounts]
        if isinstance(client, RemotePeer):
            return [(client.namespace, account) for account in client.service_accounts]
        if isinstance(client, GatewayPeer):
            gateway = self._gateways[client.gateway]
            return [(gateway.pods.namespace, gateway.service_account)]
        prometheus = self._environment.prometheus
        if isinstance(client, PrometheusPeer) and prometheus is not None:
            return [(prometheus.pods.namespace, prometheus.service_account)]
        return []

    def _conditions(self, flow: Flow) -> list[Conditions]:
        """Return what requests of *flow* must carry: its headers, and a token of one of its issuers."""
        request = flow.request or Request()
        headers = [(f"request.headers[{name.lower()}]", values) for name, values in request.headers]
        if not flow.token:
            return [canonical(headers)]
        claims = [(f"{CLAIM}{_in_brackets(name)}", values) for name, values in request.claims]
        return [
            canonical([*headers, *claims, (f"{CLAIM}[iss]", (token.issuer,)), *_audiences(token)])
            for token in self._intent.tokens
            if WorkloadPeer(token.namespace, token.workload) == flow.server and token.name == flow.token
        ]

    def _is_held(self, pod: Pod, lockdown: GatewayLockdown) -> bool:
        """Tell whether *pod* is of a gateway that answers for the hosts of its flows alone."""
        return lockdown.is_routed_only and self._peers.is_gateway(pod, lockdown.gateway)

    def _ways_out(self, source: Endpoint, target: Pod) -> Iterator[Grant]:
        """Yield what *source* may reach through *target*, if that is the gateway of a service outside."""
        for one in self._intent.externals:
            if not one.through or not self._peers.is_gateway(target, one.through) or isinstance(source, Address):
                continue
            callers = {who for name in one.clients for who in self._identities(WorkloadPeer(one.namespace, name))}
            service = self._gateways[one.through].service
            if service is not None and (source.namespace, source.account) in callers:
                hosts = None if one.tls is ExternalTls.APPLICATION else (one.host, f"{one.host}:*")
                named = canonical([("connection.sni", (one.host,))])
                yield replace(tcp(service.target), hosts=hosts, conditions=named)

    def _open_doors(self, target: Pod) -> Iterator[Grant]:
        """Yield the hosts of gateways that are held to them, and ports that a mesh-wide default deny leaves open."""
        for lockdown in self._intent.gateways:
            if self._is_held(target, lockdown):
                flows = (one for one in self._intent.flows if one.client == GatewayPeer(lockdown.gateway))
                hosts = sorted({host for one in flows if one.request for host in one.request.hosts})
                spelled = tuple(text for host in hosts for text in (host, f"{host}:*"))
                yield from (replace(tcp(port), hosts=spelled) for port in self._gateways[lockdown.gateway].ports)
        wanted = self._intent.mesh_wide
        for name in wanted.gateways if wanted and wanted.deny_by_default else ():
            gateway = self._gateways[name]
            # In the root namespace a selector chooses pods of every namespace; a person has to accept that.
            is_root = gateway.pods.namespace == self._environment.istio.root_namespace
            if self._peers.is_gateway(target, name) or (is_root and target.carries(gateway.pods.labels)):
                yield from map(tcp, gateway.ports)


def _in_brackets(claim: str) -> str:
    """Return the claim ``a[b]`` as Istio writes it: ``[a][b]``."""
    first, _, rest = claim.partition("[")
    return f"[{first}][{rest}" if rest else f"[{first}]"


def _audiences(token: TokenIssuer) -> Conditions:
    return ((f"{CLAIM}[aud]", token.audiences),) if token.audiences else ()


def _requests(flow: Flow, conditions: Conditions) -> list[Grant]:
    """Return what the proxy of the server lets this flow do, if its requests fulfil the *conditions*."""
    request = flow.request or Request()
    spelled = tuple(text for host in request.hosts for text in (host, f"{host}:*"))
    ports = [Grant(TCP)] if flow.ports is None else [grant for grant in ports_of(flow) if grant.protocols == TCP]
    fields = (request.methods or None, request.paths or None, spelled or None)
    return [Grant(TCP, grant.ports, *fields, conditions) for grant in ports]
