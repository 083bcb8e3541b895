"""A port that cannot be what was meant: a name that no container declares, or a range that is none.

Why:
    A named port is looked up in each pod; where no container has it, the rule opens nothing,
    without a word. `endPort` goes with a number, and must not be below it; the API server
    refuses the object otherwise.

Bad:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api}}
        spec: {containers: [{name: api, image: api, ports: [{name: http, containerPort: 8080}]}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {matchLabels: {app: web}}
          ports: [{protocol: TCP, port: web}]

Good:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api}}
        spec: {containers: [{name: api, image: api, ports: [{name: http, containerPort: 8080}]}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - podSelector: {matchLabels: {app: web}}
          ports: [{protocol: TCP, port: http}]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from generator.core.findings import Finding, Severity
from generator.manifests.network import NetworkPort
from generator.manifests.objects import mapping, sequence
from generator.manifests.workloads import WorkloadTemplate
from generator.rules.base import Context, Rule
from generator.rules.roster import is_everything_shown, roster
from generator.rules.written import INGRESS, WrittenRule, written_rules

RULE = Rule("MG118", "port-ref", "a port that no pod has", Severity.ERROR)

_ADDED_BY_ISTIO = ("http-envoy-prom", "http-envoy-metrics", "status-port")
"""Names that the sidecar's container brings along (istio manifests/charts injection template)."""


def check(context: Context) -> Iterator[Finding]:
    """Yield ranges that are none, and names that no pod declares."""
    for rule in written_rules(context):
        yield from _of_ranges(rule)
        if not any(port.name for port in rule.rule.ports or ()):
            continue
        servers = _servers(context, rule)
        for position, port in enumerate(rule.rule.ports or ()):
            if servers and port.name and not port.name.isdigit() and port.name not in _ADDED_BY_ISTIO:
                yield from _of_name(context, rule, position, port, servers)


def _of_ranges(rule: WrittenRule) -> Iterator[Finding]:
    data = sequence(rule.policy.manifest.spec.get(rule.direction.lower()))
    for position, port in enumerate(map(mapping, sequence(mapping(data[rule.index]).get("ports")))):
        first, last = port.get("port"), port.get("endPort")
        if last is None:
            continue
        place = rule.at_port(position, "endPort")
        if not isinstance(first, int):
            what = "no port" if first is None else f"the name {first!r}"
            yield RULE.finding(f"{rule} has an endPort with {what}: a range starts at a number", place, "write numbers")
        elif isinstance(last, int) and last < first:
            fix = "swap the two, or remove endPort"
            yield RULE.finding(f"{rule} has a range that ends before it starts: {first} to {last}", place, fix)


def _servers(context: Context, rule: WrittenRule) -> Sequence[WorkloadTemplate]:
    """Return the workloads in which the rule looks its names up; none if it may mean pods that nobody shows."""
    known = roster(context)
    if rule.direction == INGRESS:
        return known.subjects(rule.policy)
    each = [known.meant(peer, rule.policy.namespace) for peer in rule.peers]
    return [one for found in each for one in found] if all(each) else ()


def _of_name(
    context: Context, rule: WrittenRule, position: int, port: NetworkPort, servers: Sequence[WorkloadTemplate]
) -> Iterator[Finding]:
    severity = (
        Severity.ERROR if all(is_everything_shown(context, one.namespace) for one in servers) else Severity.WARNING
    )
    declared = [one for workload in servers for one in workload.ports]
    fitting = [one for one in declared if one.name == port.name]
    if any(one.transport == port.protocol for one in fitting):
        return
    names = sorted({one.name for one in declared if one.name and one.transport == port.protocol})
    pods = f"{servers[0].namespace}/{servers[0].name}" + (" and others" if len(servers) > 1 else "")
    if fitting:
        message = f"{rule} names the {port.protocol} port {port.name!r}, which is {fitting[0].transport} in {pods}"
        yield RULE.finding(
            f"{message}: the rule opens nothing", rule.at_port(position), "correct the protocol", severity=severity
        )
        return
    message = f"{rule} names the port {port.name!r}, which no container of {pods} declares: the rule opens nothing"
    cure = f"declare it, or name one of {', '.join(names)}" if names else "declare it, or write the port's number"
    yield RULE.finding(message, rule.at_port(position, "port"), cure, severity=severity)
