"""How AuthorizationPolicies name callers: by ServiceAccount, by namespace, or by their full identity."""

from __future__ import annotations

from generator.core.findings import Finding
from generator.core.places import Place
from generator.environment.model import Environment
from generator.model.intent import Intent
from generator.model.peers import GatewayPeer, NamespacesPeer, Peer, PrometheusPeer, RemotePeer, WorkloadPeer

# CVE-2026-39350: these versions read a dot in a serviceAccounts entry as "any character".
_DOT_BUG = (((1, 25, 0), (1, 27, 8)), ((1, 28, 0), (1, 28, 5)), ((1, 29, 0), (1, 29, 1)))
_SERVICE_ACCOUNTS_SINCE = (1, 25)


class Identities:
    """Names callers by the facts of the environment; what it lacks collects in ``findings`` (MG029)."""

    def __init__(self, intent: Intent, environment: Environment) -> None:
        """Name the callers of *intent* on the cluster *environment*."""
        self._intent = intent
        self._environment = environment
        self.findings: list[Finding] = []

    def of(self, client: Peer, place: Place) -> list[tuple[str, str]]:
        """Return the caller's identities as (field of ``source``, value)."""
        if isinstance(client, WorkloadPeer):
            workload = self._intent.workloads[client.namespace, client.workload]
            return [self.account(client.namespace, account, place) for account in workload.service_accounts]
        if isinstance(client, RemotePeer):
            # Of this mesh's own trust domain also where the other's differs: istiod expands it to all that it accepts.
            return [self.account(client.namespace, account, place) for account in client.service_accounts]
        if isinstance(client, NamespacesPeer):
            return [("namespaces", name) for name in client.names]
        if isinstance(client, GatewayPeer):
            gateway = (self._environment.gateways or {})[client.gateway]
            return [self.account(gateway.pods.namespace, gateway.service_account, place)]
        if isinstance(client, PrometheusPeer) and self._environment.prometheus is not None:
            prometheus = self._environment.prometheus
            return [self.account(prometheus.pods.namespace, prometheus.service_account, place)]
        return []

    def account(self, namespace: str, account: str, place: Place) -> tuple[str, str]:
        """Return one ServiceAccount as (field of ``source``, value)."""
        if self._has_service_accounts(account):
            return ("serviceAccounts", f"{namespace}/{account}")
        trust_domain = self._environment.istio.trust_domain
        if trust_domain is None:
            message = (
                f"the environment {self._environment.name!r} does not say istio.trustDomain: callers are named by it"
            )
            fix = "write istio.trustDomain, or an istio.version of 1.25 or newer, into an environment file of your own"
            self.findings.append(Finding("MG029", message, place, fix))
        return ("principals", f"{trust_domain}/ns/{namespace}/sa/{account}")

    def _has_service_accounts(self, account: str) -> bool:
        """Tell whether Istio can name this caller without its trust domain, and does so safely."""
        version = self._environment.istio.version
        if version is None or version[:2] < _SERVICE_ACCOUNTS_SINCE:
            return False
        padded = (*version, 0, 0)[:3]
        return "." not in account or not any(first <= padded <= last for first, last in _DOT_BUG)
