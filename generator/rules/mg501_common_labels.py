"""A Kustomization writes labels into selectors, and a NetworkPolicy's peer no longer matches the pods it names.

Why:
    `commonLabels`, and `labels` with `includeSelectors: true`, add their labels to the
    `matchLabels` of a NetworkPolicy's podSelectors, those of `from` and `to` included. Pods
    that this Kustomization does not make (DNS, gateways, another team's) do not carry them:
    the peer stops matching. What stands in `matchExpressions` is left alone. Where nothing
    shows the policies' own pods, as in an overlay of a rendered base, it is information.

Bad:
    apiVersion: kustomize.config.k8s.io/v1beta1
    kind: Kustomization
    commonLabels: {team: shop}
    resources: [policies.yaml]
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-dns, namespace: shop}
    spec:
      podSelector: {}
      policyTypes: [Egress]
      egress:
        - to:
            - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
              podSelector: {matchLabels: {k8s-app: kube-dns}}
          ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]

Good:
    apiVersion: kustomize.config.k8s.io/v1beta1
    kind: Kustomization
    labels:
      - pairs: {team: shop}
        includeSelectors: false
    resources: [policies.yaml]
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow-dns, namespace: shop}
    spec:
      podSelector: {}
      policyTypes: [Egress]
      egress:
        - to:
            - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
              podSelector: {matchLabels: {k8s-app: kube-dns}}
          ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from generator.core.findings import Finding, Severity
from generator.core.places import Json, Place
from generator.manifests.kustomize import SelectorLabels
from generator.manifests.network import NetworkPeer, NetworkPolicy
from generator.manifests.objects import mapping, sequence
from generator.manifests.workloads import WORKLOAD_KINDS
from generator.rules.base import Context, Rule
from generator.rules.kustomized import Kustomized, kustomized
from generator.rules.subjects import everyone, some
from generator.semantics.cluster import NAMESPACE_NAME
from generator.topology import Endpoint

RULE = Rule("MG501", "common-labels", "labels of a Kustomization in selectors of other pods", Severity.ERROR)

_FIX = "use `labels` with `includeSelectors: false`, or write these peers as matchExpressions"


@dataclass(frozen=True, slots=True)
class _Labelled:
    """A selector that labels are written into: ``peer`` None means the policy's own pods."""

    policy: NetworkPolicy
    peer: NetworkPeer | None
    place: Place

    @property
    def namespace(self) -> str | None:
        """The namespace that it speaks of, None if it may be several."""
        if self.peer is None or self.peer.namespaces is None:
            return self.policy.namespace
        return dict(self.peer.namespaces.labels).get(NAMESPACE_NAME)


def check(context: Context) -> Iterator[Finding]:
    """Yield the peers, and the policies' own pods, that lose their pods to added labels."""
    for one in kustomized(context):
        if one.kustomization.selector_labels and not one.kustomization.may_rewrite("NetworkPolicy"):
            own = {id(each.data) for each in one.objects}
            made = {f"{each.namespace}/{each.name}" for each in one.objects if each.kind in WORKLOAD_KINDS}
            policies = [each for each in context.cluster.bundle.network_policies if id(each.manifest.data) in own]
            for labelled in (each for policy in policies for each in _labelled(policy)):
                yield from _lost(context, one, labelled, made)
            yield from _unknown(context, one, policies)


def _labelled(policy: NetworkPolicy) -> Iterator[_Labelled]:
    """Yield the selectors with ``matchLabels``: kustomize adds to those that are there and creates none."""
    manifest = policy.manifest
    if _has_labels(manifest.spec):
        yield _Labelled(policy, None, manifest.place("spec", "podSelector", "matchLabels"))
    for direction, side in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(policy.ingress if direction == "ingress" else policy.egress):
            peers = sequence(mapping(sequence(manifest.spec.get(direction))[index]).get(side))
            for position, peer in enumerate(rule.peers or ()):
                if _has_labels(peers[position]):
                    route = ("spec", direction, index, side, position, "podSelector", "matchLabels")
                    yield _Labelled(policy, peer, manifest.place(*route))


def _has_labels(holder: Json) -> bool:
    return isinstance(mapping(mapping(holder).get("podSelector")).get("matchLabels"), dict)


def _lost(context: Context, one: Kustomized, labelled: _Labelled, made: set[str]) -> Iterator[Finding]:
    """Yield a finding for each set of labels that takes from a selector the pods which it means now."""
    policy, peer = labelled.policy, labelled.peer
    meant = list(_meant(context, labelled))
    for added in one.kustomization.selector_labels:
        lost = [pod for pod in meant if pod.name not in made and not added.labels.items() <= pod.labels.items()]
        kept = len(lost) < len(meant)
        is_foreign = labelled.namespace != policy.namespace
        if (lost and not kept) or (lost and peer is not None):
            yield _finding(one, labelled, added, some(pod.name for pod in lost), Severity.ERROR)
        elif not meant and peer is not None and is_foreign and not _is_made_here(one, labelled.namespace):
            where = labelled.namespace or "other namespaces"
            yield _finding(one, labelled, added, f"pods of {where}", Severity.WARNING)


def _unknown(context: Context, one: Kustomized, policies: Sequence[NetworkPolicy]) -> Iterator[Finding]:
    """Yield that nobody can tell, once for each set of labels: selectors of pods that nothing here shows."""
    unseen = [
        policy
        for policy in policies
        if _has_labels(policy.manifest.spec)
        and not _is_made_here(one, policy.namespace)
        and not any(_meant(context, _Labelled(policy, None, one.kustomization.manifest.place())))
    ]
    for added in one.kustomization.selector_labels if unseen else ():
        words = ", ".join(f"{key}={value}" for key, value in sorted(added.labels.items()))
        names = some(f"{policy.namespace}/{policy.name}" for policy in unseen)
        message = (
            f"cannot tell: `{added.field}` writes {words} into the podSelectors of {names},"
            f" and nothing here shows whether their pods carry that label"
        )
        fix = "use `labels` with `includeSelectors: false`, or add the objects that show the pods"
        yield RULE.finding(message, added.place, fix, severity=Severity.INFO)


def _meant(context: Context, labelled: _Labelled) -> Iterator[Endpoint]:
    policy, peer = labelled.policy, labelled.peer
    for pod in everyone(context).values():
        if peer is None:
            is_meant = pod.namespace == policy.namespace and policy.pods.matches(pod.labels)
        else:
            is_meant = context.cluster.admission.peer(peer, policy.namespace, pod) is True
        if is_meant:
            yield pod


def _is_made_here(one: Kustomized, namespace: str | None) -> bool:
    """Tell whether the Kustomization makes workloads of *namespace*, which then carry the labels."""
    return any(each.kind in WORKLOAD_KINDS and namespace in (None, each.namespace) for each in one.objects)


def _finding(one: Kustomized, labelled: _Labelled, added: SelectorLabels, pods: str, severity: Severity) -> Finding:
    policy = labelled.policy
    words = ", ".join(f"{key}={value}" for key, value in sorted(added.labels.items()))
    what = "its own podSelector" if labelled.peer is None else "this peer"
    message = (
        f"`{added.field}` in {one.kustomization.manifest.document.file} writes {words} into {policy.namespace}/"
        f"{policy.name}, {what} included: that label is not on {pods}, which it then no longer selects"
    )
    related = [(added.place, "the labels come from here")]
    return RULE.finding(message, labelled.place, _FIX, severity=severity, related=related)
