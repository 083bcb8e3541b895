"""Each Kustomization of the input together with the objects that it changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from generator.manifests.kustomize import Kustomization, Tree, is_kustomization, read_kustomization
from generator.manifests.objects import Manifest
from generator.rules.base import Context
from generator.semantics.cluster import Cluster

CLUSTER_SCOPED = frozenset(
    {
        "Namespace",
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "PersistentVolume",
        "StorageClass",
        "PriorityClass",
        "IngressClass",
        "GatewayClass",
        "APIService",
        "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ClusterNetworkPolicy",
        "AdminNetworkPolicy",
        "BaselineAdminNetworkPolicy",
        "CiliumClusterwideNetworkPolicy",
        "GlobalNetworkPolicy",
    }
)


@dataclass(frozen=True, slots=True)
class Kustomized:
    """One Kustomization and the objects of its own files and of those below it."""

    kustomization: Kustomization
    objects: tuple[Manifest, ...]

    @property
    def namespaced(self) -> Iterator[Manifest]:
        """The objects that the ``namespace`` transformer moves and that say where they belong now."""
        return (one for one in self.objects if one.kind not in CLUSTER_SCOPED and one.metadata.get("namespace"))


_FOUND: WeakKeyDictionary[Cluster, tuple[Kustomized, ...]] = WeakKeyDictionary()


def kustomized(context: Context) -> tuple[Kustomized, ...]:
    """Return every Kustomization of the input with what it changes, in the order they were read."""
    if context.cluster not in _FOUND:
        read = [read_kustomization(one) for one in context.manifests if is_kustomization(one)]
        tree = Tree(read, context.manifests)
        _FOUND[context.cluster] = tuple(Kustomized(one, tuple(tree.covered(one))) for one in read)
    return _FOUND[context.cluster]
