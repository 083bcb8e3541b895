"""A namespaceSelector that matches no namespace.

Why:
    Kubernetes labels every namespace with `kubernetes.io/metadata.name`, and with nothing
    else. A selector on `name: kube-system`, or on a label that nobody ever set, matches no
    namespace: the rule admits nobody, or whoever may label a namespace decides whom it admits.

Bad:
    apiVersion: v1
    kind: Namespace
    metadata: {name: ingress}
    ---
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - namespaceSelector: {matchLabels: {name: ingress}}
          ports: [{protocol: TCP, port: 8080}]

Good:
    apiVersion: v1
    kind: Namespace
    metadata: {name: ingress}
    ---
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: api, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: api}}
      policyTypes: [Ingress]
      ingress:
        - from:
            - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress}}
          ports: [{protocol: TCP, port: 8080}]
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from generator.core.findings import Finding, Severity
from generator.core.places import Place
from generator.manifests.network import LabelSelector
from generator.rules.base import Context, Rule
from generator.rules.roster import platform
from generator.rules.slips import slip
from generator.rules.written import WrittenRule, written_rules
from generator.semantics.admission import selects
from generator.semantics.cluster import NAMESPACE_NAME, Cluster

RULE = Rule("MG103", "ns-label", "a namespaceSelector that matches no namespace", Severity.ERROR)

_LOOK_LIKE_NAMES = ("name", "namespace")
_ALWAYS_THERE = ("default", "kube-system", "kube-public", "kube-node-lease")


def check(context: Context) -> Iterator[Finding]:
    """Yield namespaceSelectors that surely, or probably, match nothing."""
    near, far = _known(context)
    verdicts: dict[LabelSelector, tuple[set[bool | None], set[bool | None]]] = {}
    for rule in written_rules(context):
        for position, peer in enumerate(rule.peers):
            selector = peer.namespaces
            if selector is None or selector.is_empty:
                continue
            if selector not in verdicts:
                verdicts[selector] = _verdicts(context, selector, near), _verdicts(context, selector, far)
            here, at_platform = verdicts[selector]
            if True not in here | at_platform:
                yield from _of_selector(context, rule, position, selector, None in here, None in at_platform)


def _known(context: Context) -> tuple[set[str], set[str]]:
    """Return the namespaces that the manifests speak of, and those of the platform.

    The labels of one without an object are not known: the namespace may be what is meant.
    """
    cluster = context.cluster
    near = {*cluster.namespaces, *(one.namespace for one in cluster.workloads), *context.environment.mesh_namespaces}
    near |= {policy.namespace for policy in cluster.bundle.network_policies}
    far = {*_ALWAYS_THERE, *(one.namespace for one in platform(context).values())}
    return near, (far | {context.environment.istio.root_namespace}) - near


def _verdicts(context: Context, selector: LabelSelector, names: set[str]) -> set[bool | None]:
    cluster, stated = context.cluster, dict(selector.labels).get(NAMESPACE_NAME)
    return {
        selects(selector, cluster.namespace_labels(name), is_partial=name not in cluster.namespaces)
        for name in (names if stated is None else names & {stated})
    }


def _of_selector(
    context: Context, rule: WrittenRule, position: int, selector: LabelSelector, is_open: bool, is_open_far: bool
) -> Iterator[Finding]:
    key = _name_key(context, selector)
    hint = _hint(context, selector, key)
    # Policies alone, with a namespace or two, are never all that a cluster holds, whatever was declared.
    is_proof = context.is_complete and bool(context.cluster.namespaces and context.cluster.workloads)
    if (not is_proof and not hint) or (is_open and not key):
        return
    severity = Severity.ERROR if is_proof and not is_open and not is_open_far else Severity.WARNING
    message = f"{rule}: no namespace has {_words(selector)}, so this peer admits nobody"
    if severity is Severity.WARNING and key:
        message = f"{rule}: Kubernetes sets no label {key!r} on namespaces, so this peer admits nobody"
        message += " unless somebody labels them by hand"
    yield RULE.finding(message, _place(rule, position, selector), hint or _FIX, severity=severity)


_FIX = f"select the namespace by {NAMESPACE_NAME}, which every namespace has"


def _name_key(context: Context, selector: LabelSelector) -> str:
    """Return the label that is taken for the namespace's name, unless somebody here does label namespaces with it."""
    for key, _ in selector.labels:
        if key in _LOOK_LIKE_NAMES and not _values_of(context.cluster, key):
            return key
    return ""


def _hint(context: Context, selector: LabelSelector, name_key: str) -> str:
    """Return the cure if the selector shows what was meant."""
    values = dict(selector.labels)
    if name_key:
        return f"write {NAMESPACE_NAME}: {values[name_key]}"
    for key, value in values.items():
        if near := slip(value, _values_of(context.cluster, key)):
            return f"did you mean {key}: {near}?"
    return ""


@lru_cache(maxsize=64)
def _values_of(cluster: Cluster, label: str) -> frozenset[str]:
    return frozenset(labels[label] for labels in cluster.namespaces.values() if label in labels)


def _place(rule: WrittenRule, position: int, selector: LabelSelector) -> Place:
    side = ("matchLabels", selector.labels[0][0]) if len(selector.labels) == 1 and not selector.expressions else ()
    return rule.at_peer(position, "namespaceSelector", *side)


def _words(selector: LabelSelector) -> str:
    words = [f"{key}={value}" for key, value in selector.labels]
    words += [f"{key} {operator} {', '.join(values)}".rstrip() for key, operator, values in selector.expressions]
    return ", ".join(words)
