"""Layer 7 and identity: AuthorizationPolicies that admit exactly the callers of the flows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from generator.core.findings import Finding
from generator.core.places import Place
from generator.environment.model import Environment
from generator.model.intent import (
    Flow,
    GatewayPeer,
    Intent,
    Namespace,
    NamespacesPeer,
    Peer,
    PrometheusPeer,
    Request,
    TokenIssuer,
    Workload,
    WorkloadPeer,
)
from generator.model.peers import describe
from generator.model.terms import Authorization, Isolation, Mesh, Origin
from generator.plan import naming
from generator.plan.resources import AuthorizationPolicyView, AuthorizationRule, Resource, mesh_object

# CVE-2026-39350: these versions read a dot in a serviceAccounts entry as "any character".
_DOT_BUG = (((1, 25, 0), (1, 27, 8)), ((1, 28, 0), (1, 28, 5)), ((1, 29, 0), (1, 29, 1)))
_SERVICE_ACCOUNTS_SINCE = (1, 25)
_MAX_SERVICE_ACCOUNTS = 16
_DRY_RUN = " Dry run: proxies decide nothing by it, they only log what it would decide."

Conditions = tuple[tuple[str, tuple[str, ...]], ...]


def plan_authorization(intent: Intent, environment: Environment) -> tuple[list[Resource], list[Finding]]:
    """Return every AuthorizationPolicy of the bundle, and MG029 when identities cannot be spelled."""
    planner = _AuthorizationPlanner(intent, environment)
    return planner.resources(), planner.findings


@dataclass(slots=True)
class _Policy:
    """One AuthorizationPolicy under construction: sources gathered per kind of request."""

    namespace: str
    name: str
    labels: Mapping[str, str]
    purpose: str
    dry_run: bool
    origins: set[Origin] = field(default_factory=set)
    rules: dict[tuple[tuple[str, ...], Request, Conditions, str], dict[tuple[str, str], dict[str, None]]] = field(
        default_factory=lambda: defaultdict(dict)
    )

    def resource(self) -> Resource:
        spec = AuthorizationPolicyView(self.labels, tuple(self._rules()))
        origins = tuple(sorted(self.origins, key=repr))
        purpose = self.purpose + (_DRY_RUN if self.dry_run else "")
        return mesh_object(
            "AuthorizationPolicy", self.namespace, self.name, spec, purpose, origins, dry_run=self.dry_run
        )

    def _rules(self) -> Iterator[AuthorizationRule]:
        for (ports, request, conditions, _), callers in sorted(self.rules.items(), key=repr):
            sources: dict[str, list[str]] = defaultdict(list)
            for kind, value in sorted(callers):
                if value:
                    sources[kind].append(value)
            for part in _in_parts(sources):
                yield AuthorizationRule(
                    comment="; ".join(
                        dict.fromkeys(words for key in sorted(callers) for words in sorted(callers[key]))
                    ),
                    sources=part,
                    ports=ports,
                    methods=request.methods,
                    paths=request.paths,
                    hosts=with_ports(request.hosts),
                    conditions=conditions,
                )


def _in_parts(sources: Mapping[str, list[str]]) -> Iterator[dict[str, tuple[str, ...]]]:
    """Yield *sources* in parts of one kind each: kinds beside each other in one source mean AND.

    A source holds at most 16 service accounts (CRD limit).
    """
    if not sources:
        yield {}
    for kind, values in sorted(sources.items()):
        size = _MAX_SERVICE_ACCOUNTS if kind == "serviceAccounts" else len(values)
        for start in range(0, len(values), size):
            yield {kind: tuple(values[start : start + size])}


def with_ports(hosts: tuple[str, ...]) -> tuple[str, ...]:
    """Return each host as clients send it: bare, and with any port behind it."""
    return tuple(spelling for host in hosts for spelling in (host, f"{host}:*"))


class _AuthorizationPlanner:
    def __init__(self, intent: Intent, environment: Environment) -> None:
        self._intent = intent
        self._environment = environment
        self._policies: dict[tuple[str, str], _Policy] = {}
        self.findings: list[Finding] = []

    def resources(self) -> list[Resource]:
        for flow in self._intent.flows:
            self._plan_flow(flow)
        self._close_workloads()
        denies = [self._default_deny(one) for one in self._intent.namespaces.values() if self._is_closed(one)]
        return denies + [policy.resource() for policy in self._policies.values()]

    def _close_workloads(self) -> None:
        """Give every isolated workload without callers a policy as well: without one, it would take everybody."""
        for workload in self._intent.workloads.values():
            namespace = self._intent.namespaces.get(workload.namespace)
            if namespace is None or namespace.isolation is Isolation.NAMESPACE or not workload.is_rendered:
                continue
            if workload.mesh is Mesh.SIDECAR and "Ingress" in workload.directions:
                name = naming.workload_policy_name(workload.name)
                purpose = f"{workload.name}: nobody may send it requests, unless another policy says so."
                for policy in self._policy(namespace, name, workload.labels, purpose):
                    policy.origins.add(workload.origin)

    def _is_closed(self, namespace: Namespace) -> bool:
        is_whole = namespace.isolation is Isolation.NAMESPACE and "Ingress" in namespace.directions
        return self._has_mesh(namespace) and is_whole and namespace.authorization is not Authorization.OFF

    def _has_mesh(self, namespace: Namespace) -> bool:
        own = self._intent.rendered_in(namespace.name)
        return namespace.mesh is Mesh.SIDECAR or any(one.mesh is Mesh.SIDECAR for one in own)

    def _default_deny(self, namespace: Namespace) -> Resource:
        purpose = "No request is let in by any sidecar of this namespace unless another policy allows it."
        is_dry = namespace.authorization is Authorization.DRY_RUN
        view = AuthorizationPolicyView({})
        return mesh_object(
            "AuthorizationPolicy",
            namespace.name,
            naming.DEFAULT_DENY,
            view,
            purpose + (_DRY_RUN if is_dry else ""),
            (namespace.origin,),
            dry_run=is_dry,
        )

    def _plan_flow(self, flow: Flow) -> None:
        ports = (
            None if flow.ports is None else tuple(str(port.number) for port in flow.ports if port.transport == "TCP")
        )
        if ports == ():
            return  # the proxy does not capture UDP and SCTP: the network layer alone decides
        for policy in self._subjects(flow):
            policy.origins.add(flow.origin)
            comment = f"{describe(flow.client)}: {flow.purpose}" if flow.purpose else describe(flow.client)
            for words in (flow.plaintext, flow.tolerated):
                comment = f"{comment} ({words})" if words else comment
            callers = (
                {("", ""): comment}
                if flow.plaintext
                else dict.fromkeys(self._sources(flow.client, flow.origin.place), comment)
            )
            if not callers:
                continue  # nobody who could be named: no rule, never a rule for everybody
            for issuer, conditions in self._conditions(flow):
                kind = "anyone" if flow.plaintext else "identity"
                rule = policy.rules[ports or (), flow.request or Request(), conditions, kind]
                for source, words in callers.items():
                    rule.setdefault(source, {})[f"{words}, with a token of {issuer}" if issuer else words] = None

    def _subjects(self, flow: Flow) -> Iterator[_Policy]:
        server = flow.server
        if isinstance(server, WorkloadPeer) and server.namespace in self._intent.namespaces:
            yield from self._workload_policy(self._intent.workloads[server.namespace, server.workload])
        elif isinstance(server, NamespacesPeer):
            for namespace in (self._intent.namespaces.get(name) for name in server.names):
                if namespace is None:
                    continue
                if namespace.isolation is Isolation.WORKLOADS:
                    for workload in self._intent.workloads.values():
                        if workload.namespace == namespace.name:
                            yield from self._workload_policy(workload)
                elif self._has_mesh(namespace):
                    words = flow.purpose or "flows"
                    purpose = f"Every sidecar of this namespace: {words}."
                    yield from self._policy(namespace, naming.namespace_policy_name(words), {}, purpose)

    def _workload_policy(self, workload: Workload) -> Iterator[_Policy]:
        if workload.is_rendered and workload.mesh is Mesh.SIDECAR:
            name = naming.workload_policy_name(workload.name)
            purpose = f"{workload.name}: which identities may send it which requests."
            yield from self._policy(self._intent.namespaces[workload.namespace], name, workload.labels, purpose)

    def _policy(self, namespace: Namespace, name: str, labels: Mapping[str, str], purpose: str) -> Iterator[_Policy]:
        if namespace.authorization is not Authorization.OFF:
            is_dry = namespace.authorization is Authorization.DRY_RUN
            fresh = _Policy(namespace.name, name, labels, purpose, is_dry)
            yield self._policies.setdefault((namespace.name, name), fresh)

    def _sources(self, client: Peer, place: Place) -> list[tuple[str, str]]:
        """Return the caller's identities as (field of ``source``, value)."""
        if isinstance(client, WorkloadPeer):
            workload = self._intent.workloads[client.namespace, client.workload]
            return [self._account(client.namespace, account, place) for account in workload.service_accounts]
        if isinstance(client, NamespacesPeer):
            return [("namespaces", name) for name in client.names]
        if isinstance(client, GatewayPeer):
            gateway = (self._environment.gateways or {})[client.gateway]
            return [self._account(gateway.pods.namespace, gateway.service_account, place)]
        if isinstance(client, PrometheusPeer) and self._environment.prometheus is not None:
            prometheus = self._environment.prometheus
            return [self._account(prometheus.pods.namespace, prometheus.service_account, place)]
        return []

    def _account(self, namespace: str, account: str, place: Place) -> tuple[str, str]:
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

    def _conditions(self, flow: Flow) -> list[tuple[str, Conditions]]:
        """Return what requests of the flow must carry, once for each issuer of tokens that may vouch for them."""
        request = flow.request or Request()
        plain = tuple((f"request.headers[{name.lower()}]", values) for name, values in request.headers)
        if not flow.token:
            return [("", plain)]
        claims = tuple((_claim(name), values) for name, values in request.claims)
        return [(token.issuer, (*_token_conditions(token), *claims, *plain)) for token in self._tokens(flow)]

    def _tokens(self, flow: Flow) -> list[TokenIssuer]:
        server = flow.server
        assert isinstance(server, WorkloadPeer)  # noqa: S101  (tokens are checked against workloads)
        return [
            token
            for token in self._intent.tokens
            if (token.namespace, token.workload, token.name) == (server.namespace, server.workload, flow.token)
        ]


def _token_conditions(token: TokenIssuer) -> Conditions:
    """Return what makes a valid token mandatory: its issuer, and one of its audiences where it has some.

    ``requestPrincipals`` would ask for a subject as well, which tokens of machines may lack.
    """
    audiences = ((_claim("aud"), token.audiences),) if token.audiences else ()
    return ((_claim("iss"), (token.issuer,)), *audiences)


def _claim(name: str) -> str:
    """Return the key of a claim; ``a[b]`` is the claim b within the claim a."""
    outer, bracket, inner = name.partition("[")
    return f"request.auth.claims[{outer}]{bracket}{inner}"
