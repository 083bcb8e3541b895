"""Pods whose egress is isolated, that may connect to somebody, and that cannot resolve a name.

Why:
    DNS is a connection like any other: once a policy isolates a pod's egress, its queries to
    the cluster's resolvers need a rule, for UDP and, for answers that do not fit into one
    packet, for TCP. Without it every rule that lets the pod out leads nowhere, because the
    pod never learns an address.

Bad:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api}}
        spec: {containers: [{name: api, image: api}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Egress]
      egress:
        - to:
            - podSelector: {matchLabels: {app: db}}
          ports: [{protocol: TCP, port: 5432}]

Good:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api}}
        spec: {containers: [{name: api, image: api}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Egress]
      egress:
        - to:
            - podSelector: {matchLabels: {app: db}}
          ports: [{protocol: TCP, port: 5432}]
        - to:
            - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
              podSelector: {matchLabels: {k8s-app: kube-dns}}
          ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from generator.algebra.addresses import networks
from generator.core.findings import Finding, Severity
from generator.core.places import Place
from generator.manifests.network import NetworkPolicy
from generator.manifests.objects import mapping
from generator.rules.base import Context, Rule
from generator.rules.resolvers import DNS, dns_ports, resolvers
from generator.rules.subjects import policy_names, some, subjects, workloads
from generator.topology import Endpoint, Point

RULE = Rule("MG109", "no-dns", "isolated pods that cannot resolve a name", Severity.ERROR)

_FIX = "allow egress to the resolvers on UDP and TCP, for every pod of the namespace"


def check(context: Context) -> Iterator[Finding]:
    """Yield one finding for each set of policies that lets pods out and keeps them from the resolvers."""
    exempt, targets = _exempt(context), _resolvers(context)
    found: dict[tuple[tuple[int, ...], str], list[Endpoint]] = {}
    known: dict[tuple[int, ...], list[NetworkPolicy]] = {}
    verdicts: dict[tuple[int, ...], str] = {}
    for pod in subjects(context):
        policies = context.cluster.admission.policies(pod, "Egress")
        if pod.name in exempt or not any(policy.egress for policy in policies):
            continue  # open, or meant to connect to nobody: such a pod needs no names
        key = tuple(id(policy) for policy in policies)
        known[key] = policies
        if key not in verdicts:
            verdicts[key] = _missing(context, pod, targets)
        if verdicts[key]:
            found.setdefault((key, verdicts[key]), []).append(pod)
    for (key, missing), pods in found.items():
        yield _finding(context, known[key], pods, missing)


def _exempt(context: Context) -> set[str]:
    """Return the workloads that ask no resolver of the cluster, or that no policy applies to."""
    return {
        endpoint.name
        for workload, endpoint in workloads(context)
        if workload.is_host_network
        or _dns_policy(workload.manifest.data, workload.template_route) in ("Default", "None")
    }


def _dns_policy(data: Mapping[str, object], route: Sequence[str | int]) -> str:
    for step in route:
        data = mapping(data.get(str(step)))
    return str(mapping(data.get("spec")).get("dnsPolicy") or "")


def _missing(context: Context, pod: Endpoint, targets: list[Endpoint]) -> str:
    """Return the transports that surely do not reach a resolver: ``UDP and TCP``, ``UDP``, ``TCP`` or none."""
    return " and ".join(transport for transport in ("UDP", "TCP") if not _may_ask(context, pod, targets, transport))


def _resolvers(context: Context) -> list[Endpoint]:
    """Return whom pods ask: the cache on their node where there is one, else the resolvers."""
    caches = networks(context.environment.dns.node_local_addresses)
    return [Endpoint("NodeLocal DNSCache", address=str(one[0])) for one in caches] or resolvers(context)


def _may_ask(context: Context, pod: Endpoint, targets: list[Endpoint], transport: str) -> bool:
    """Tell whether *pod* may reach a resolver, for all that is known.

    The Service's port counts too: naming it where the pods listen elsewhere is a mistake of its own.
    """
    admission = context.cluster.admission
    points = [Point(transport, number) for number in {*dns_ports(context), DNS}]
    others = () if context.environment.dns.node_local_addresses else _anywhere(context, pod, transport)
    return any(
        admission.admits(pod, "Egress", one, point) is not False for one in (*targets, *others) for point in points
    )


def _anywhere(context: Context, pod: Endpoint, transport: str) -> Iterator[Endpoint]:
    """Yield the addresses that the pod's own policies name on the port of DNS: any of them may be a resolver's."""
    for policy in context.cluster.admission.policies(pod, "Egress"):
        for rule in policy.egress:
            is_dns = any(port.protocol == transport and port.first <= DNS <= port.last for port in rule.ports or ())
            if is_dns:
                blocks = networks(peer.cidr for peer in rule.peers or () if peer.cidr)
                yield from (Endpoint("an address", address=str(one[0])) for one in blocks)


def _finding(context: Context, policies: list[NetworkPolicy], pods: list[Endpoint], missing: str) -> Finding:
    names, one_of = some(one.name for one in pods), policy_names(policies)
    dns = context.environment.dns
    where = ", ".join(dns.node_local_addresses) or f"the resolvers in {dns.pods.namespace}"
    message = f"nothing in {one_of} lets {names} reach {where} on {missing} {_ports(context)}"
    if missing == "TCP":
        message += ": answers that do not fit into one packet are lost"
        return RULE.finding(message, _place(policies), _FIX, severity=Severity.WARNING)
    message += ": no name resolves, so the rest of what they may reach is out of reach too"
    return RULE.finding(message, _place(policies), _FIX, severity=_severity(context, policies))


def _severity(context: Context, policies: Sequence[NetworkPolicy]) -> Severity:
    """Return how sure it is.

    Where manifests are not all there is, the rule may stand in one of the others; and who is let
    out to addresses alone may know them without asking.
    """
    rules = [rule for policy in policies for rule in policy.egress]
    is_by_name = any(rule.peers is None or any(not peer.cidr for peer in rule.peers) for rule in rules)
    return Severity.ERROR if context.is_complete and is_by_name else Severity.WARNING


def _ports(context: Context) -> str:
    return "/".join(str(port) for port in dns_ports(context))


def _place(policies: Sequence[NetworkPolicy]) -> Place:
    policy = max(policies, key=lambda one: len(one.egress))
    return policy.manifest.document.key_place((*policy.manifest.route, "spec", "egress"))
