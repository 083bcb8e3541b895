"""Flows between clusters of a mesh: what their gateways and networks carry, and whom identities cannot tell apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from generator.core.findings import Finding
from generator.environment.model import Environment
from generator.model.crossings import is_flat, other_cluster, own_doors
from generator.model.flows import Flow
from generator.model.intent import Intent
from generator.model.membership import modes
from generator.model.peers import GatewayPeer, NamespacesPeer, Peer, PrometheusPeer, RemotePeer, WorkloadPeer, describe
from generator.model.terms import Authorization, Mesh

_DEFAULT = "default"


def check_crossings(intent: Intent, environment: Environment) -> list[Finding]:
    """Return what is wrong with flows from and to other clusters.

    MG027 weaker than asked, MG028 impossible, MG029 a fact of the environment is unknown,
    MG030 an identity that every pod has.
    """
    findings: list[Finding] = []
    for flow in intent.flows:
        for remote, other in ((flow.client, flow.server), (flow.server, flow.client)):
            if isinstance(remote, RemotePeer):
                findings += _Crossing(intent, environment, flow, remote, other).findings()
    return findings + list(_same_identities(intent, environment))


class _Crossing:
    """One flow, with its end in another cluster and the one in this."""

    def __init__(self, intent: Intent, environment: Environment, flow: Flow, remote: RemotePeer, own: Peer) -> None:
        self._intent = intent
        self._environment = environment
        self._flow = flow
        self._remote = remote
        self._own = own
        self._other = other_cluster(remote, environment)

    def findings(self) -> Iterator[Finding]:
        if not isinstance(self._own, WorkloadPeer | NamespacesPeer):
            message = f"the flow joins {describe(self._own)} and {describe(self._remote)}"
            yield self._impossible(message, "between clusters, name a workload at both ends")
            return
        mesh = {self._remote.mesh, *modes(self._own, self._intent, self._environment)}
        if Mesh.AMBIENT in mesh:
            message = f"{describe(self._remote)}: between clusters, ambient is not rendered"
            fix = "give both ends sidecars: Istio keeps this behind AMBIENT_ENABLE_MULTI_NETWORK, off by default"
            yield self._impossible(message, fix)
            return
        flat = is_flat(self._remote, self._environment)
        if flat is None:
            yield self._unknown_network()
        elif flat:
            yield from self._by_address(mesh)
        else:
            yield from self._through_gateways(mesh)
        if Mesh.NONE not in mesh:
            yield from self._trust()
            yield from self._account()

    def _unknown_network(self) -> Finding:
        own = self._environment.cluster.network is None
        fact = "cluster.network" if own else f"clusters.{self._remote.cluster}.network"
        return self._unknown(fact, "it decides whether connections come by address or through east-west gateways")

    def _by_address(self, mesh: set[Mesh]) -> Iterator[Finding]:
        name, matches = self._remote.cluster, self._environment.cni.ip_block_matches_pods
        if self._other.pods is None:
            yield self._unknown(f"clusters.{name}.pods", "on one network, policies know its pods by address alone")
        if matches is None:
            yield self._unknown("cni.ipBlockMatchesPods", "it decides whether a policy can admit those addresses")
        elif not matches:
            message = f"the pods of {name!r} are known by address alone, and policies of this network plugin match no "
            message += "pod by its address"
            yield self._impossible(message, "give the clusters different networks, joined by east-west gateways")
        if Mesh.NONE in mesh:
            yield from self._whole_cluster("one end is outside the mesh, so no identity is asked for")
        elif self._is_unguarded():
            yield from self._whole_cluster("identity rules are not enforced there")

    def _through_gateways(self, mesh: set[Mesh]) -> Iterator[Finding]:
        name = self._remote.cluster
        if Mesh.NONE in mesh or self._flow.plaintext or self._flow.tolerated:
            message = f"the flow between {describe(self._own)} and {describe(self._remote)} is not mutual TLS, "
            message += "which is all that the gateways between networks pass on"
            fix = "take both ends into the mesh; a workload outside of it is an address outside the cluster (cidrs)"
            yield self._impossible(message, fix)
            return
        if any(port.transport != "TCP" for port in self._flow.ports or ()):
            yield self._impossible("the gateways between networks pass on TCP alone", "drop the port from this flow")
        if isinstance(self._flow.client, RemotePeer):
            if not own_doors(self._environment):
                because = "connections of other networks come from its east-west gateway, on 15443"
                yield self._unknown("gateways (one with role: east-west)", because)
            if self._is_unguarded():
                yield from self._whole_cluster("identity rules are not enforced there")
        elif self._other.door is None:
            yield self._unknown(f"clusters.{name}.gateway", "connections to other networks go to its east-west gateway")

    def _is_unguarded(self) -> bool:
        """Tell whether the flow's server is ours, and no identity rule of this bundle decides at it."""
        server = self._flow.server
        names = (server.namespace,) if isinstance(server, WorkloadPeer) else getattr(server, "names", ())
        homes = [self._intent.namespaces[name] for name in names if name in self._intent.namespaces]
        return any(one.authorization is not Authorization.ENFORCED for one in homes)

    def _whole_cluster(self, because: str) -> Iterator[Finding]:
        if self._intent.accepts("whole-cluster", self._flow.origin.profile):
            return
        far = "may be called from" if isinstance(self._flow.client, RemotePeer) else "may call"
        message = f"{describe(self._own)} {far} every pod of {self._remote.cluster!r}: {because}, "
        message += "and the network layer cannot tell the pods of another cluster apart"
        fix = "enforce identities at both ends, or accept the caveat whole-cluster with a reason"
        yield Finding("MG027", message, self._flow.origin.place, fix)

    def _trust(self) -> Iterator[Finding]:
        """Proxies take certificates of their own trust domain and its aliases alone, as servers and as clients.

        Istio 1.30.3 pilot/pkg/networking/plugin/authn/util.go TrustDomainsForValidation,
        pilot/pkg/model/push_context.go (ExpandWithTrustDomains).
        """
        istio, theirs, name = self._environment.istio, self._other.trust_domain, self._remote.cluster
        if istio.trust_domain is None:
            yield self._unknown("istio.trustDomain", "proxies take certificates of known trust domains alone")
        if theirs is None:
            because = "proxies take certificates of known trust domains alone"
            yield self._unknown(f"clusters.{name}.trustDomain", because)
        elif istio.trust_domain is not None and theirs not in (istio.trust_domain, *istio.trust_domain_aliases):
            message = f"proxies of this cluster take no certificate of {theirs!r}, the trust domain of {name!r}"
            fix = "add it to meshConfig.trustDomainAliases in both clusters and to istio.trustDomainAliases here"
            yield self._impossible(message, fix)

    def _account(self) -> Iterator[Finding]:
        is_accepted = self._intent.accepts("default-service-account", self._flow.origin.profile)
        if self._flow.client == self._remote and _DEFAULT in self._remote.service_accounts and not is_accepted:
            message = f"{describe(self._remote)} calls as the ServiceAccount 'default', which every pod without one of "
            message += "its own has"
            fix = "give it a ServiceAccount, or accept the caveat default-service-account with a reason"
            yield Finding("MG030", message, self._flow.origin.place, fix)

    def _impossible(self, message: str, fix: str) -> Finding:
        return Finding("MG028", message, self._flow.origin.place, fix)

    def _unknown(self, fact: str, because: str) -> Finding:
        message = f"the environment {self._environment.name!r} does not say {fact}: {because}"
        fix = f"write {fact} into an environment file of your own (`meshgen env --help`)"
        return Finding("MG029", message, self._flow.origin.place, fix)


_Caller = tuple[str, str]
"""Namespace and ServiceAccount; ``*`` for every one of the namespace."""


def _same_identities(intent: Intent, environment: Environment) -> Iterator[Finding]:
    """Yield a finding where a caller of one cluster opens a server to its namesake in another.

    Where a server takes connections from another cluster, its network layer cannot tell who
    in that cluster sends them; its identity rules can, but hold for callers of the same
    namespace and ServiceAccount in every cluster. istiod compares accounts in any trust
    domain, and expands a principal of a trust domain that it accepts to all of them (istio
    1.30.3 pilot/pkg/security/authz/model/generator.go, pilot/pkg/security/trustdomain/bundle.go).
    """
    for server, flows in _by_server(intent).items():
        arriving = {flow.client.cluster for flow in flows if isinstance(flow.client, RemotePeer)}
        uninvited: dict[tuple[_Caller, ...], list[str]] = defaultdict(list)
        first: dict[tuple[_Caller, ...], Flow] = {}
        for cluster in sorted(_knocking(arriving, environment)):
            found = _uninvited(cluster, flows, intent, environment)
            if found:
                names = tuple(sorted(found))
                uninvited[names].append(cluster)
                first[names] = min(found.values(), key=lambda one: one.origin.place)
        for names, clusters in uninvited.items():
            if not intent.accepts("same-identity-elsewhere", first[names].origin.profile):
                callers, where = ", ".join("/".join(who) for who in names), " and ".join(map(repr, clusters))
                message = (
                    f"{describe(server)} also lets in who is {callers} in {where}: identities of one name are one "
                )
                message += "caller in all clusters of a mesh, and connections from there are let in"
                fix = "name them there as well, or accept the caveat same-identity-elsewhere with a reason"
                yield Finding("MG027", message, first[names].origin.place, fix, is_absence=True)


def _uninvited(cluster: str, flows: list[Flow], intent: Intent, environment: Environment) -> dict[_Caller, Flow]:
    """Return who of *cluster* is let in by *flows* though none of them asks for it, with the flow that does so."""
    asked = _callers((one for one in flows if _is_of(one.client, cluster)), intent, environment)
    others = (one for one in flows if not _is_of(one.client, cluster) and _is_beside(one, flows))
    namesakes = _callers(others, intent, environment)
    return {who: flow for who, flow in namesakes.items() if who not in asked and (who[0], "*") not in asked}


def _by_server(intent: Intent) -> dict[Peer, list[Flow]]:
    """Return the flows to each server of this bundle that takes any from other clusters."""
    found: dict[Peer, list[Flow]] = defaultdict(list)
    for flow in intent.flows:
        found[flow.server].append(flow)
    return {
        server: flows
        for server, flows in found.items()
        if any(isinstance(one.client, RemotePeer) and one.client.mesh.is_member for one in flows)
    }


def _knocking(arriving: set[str], environment: Environment) -> set[str]:
    """Return the clusters that can reach a server open to *arriving*: a gateway passes on for all other networks.

    Those of a trust domain that this cluster does not accept are turned away by its proxies.
    """
    others, own = environment.clusters or {}, environment.cluster.network
    taken = {None, environment.istio.trust_domain, *environment.istio.trust_domain_aliases}
    through = {
        name
        for name, one in others.items()
        if (one.network is None or one.network != own) and one.trust_domain in taken
    }
    return arriving | through if arriving & through else arriving


def _is_of(peer: Peer, cluster: str) -> bool:
    return isinstance(peer, RemotePeer) and peer.cluster == cluster


def _is_beside(flow: Flow, flows: list[Flow]) -> bool:
    """Tell whether *flow* is for a port that some other cluster may connect to: elsewhere its network layer decides."""
    open_ports = [one.ports for one in flows if isinstance(one.client, RemotePeer)]
    if flow.ports is None or None in open_ports:
        return True
    known = [(one.number, one.end or one.number) for ports in open_ports for one in ports or ()]
    return any(one.number <= last and (one.end or one.number) >= first for one in flow.ports for first, last in known)


def _callers(flows: Iterator[Flow], intent: Intent, environment: Environment) -> dict[_Caller, Flow]:
    """Return the identities that *flows* admit, each with a flow that does."""
    return {who: flow for flow in flows for who in _identities(flow.client, intent, environment)}


def _identities(client: Peer, intent: Intent, environment: Environment) -> Iterator[_Caller]:
    if isinstance(client, RemotePeer):
        yield from ((client.namespace, account) for account in client.service_accounts)
    elif isinstance(client, WorkloadPeer):
        workload = intent.workloads[client.key]
        yield from ((client.namespace, account) for account in workload.service_accounts if workload.in_mesh)
    elif isinstance(client, NamespacesPeer):
        yield from ((name, "*") for name in client.names)
    elif isinstance(client, GatewayPeer):
        gateway = (environment.gateways or {})[client.gateway]
        yield gateway.pods.namespace, gateway.service_account
    elif isinstance(client, PrometheusPeer) and environment.prometheus and environment.prometheus.in_mesh:
        yield environment.prometheus.pods.namespace, environment.prometheus.service_account
