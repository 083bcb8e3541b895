"""Where each object is written: a Kustomize base with one kustomization per namespace and layer.

No kustomization sets ``namespace:``: over several namespaces it would move every object
into one, and turn a mesh-wide policy into a namespace's own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from generator.plan.resources import Layer, Resource
from generator.plan.views.kubernetes import KustomizationView

KUSTOMIZATION = "kustomization.yaml"
_API_VERSION = "kustomize.config.k8s.io/v1beta1"
_LABELS_HINT = (
    "To add labels use `labels:` (without includeSelectors), not commonLabels: selectors must keep matching the pods."
)


def lay_out(resources: Iterable[Resource], bundle: str) -> dict[str, Resource]:
    """Return every file of the bundle by its path (relative, with forward slashes), kustomizations included."""
    files = {path_of(resource): resource for resource in resources}
    children: dict[str, set[str]] = defaultdict(set)
    for path in files:
        namespace, layer, file = path.split("/")
        children[""].add(namespace)
        children[namespace].add(layer)
        children[f"{namespace}/{layer}"].add(file)
    for folder, names in children.items():
        path = f"{folder}/{KUSTOMIZATION}" if folder else KUSTOMIZATION
        files[path] = _kustomization(folder, bundle, tuple(sorted(names)))
    return dict(sorted(files.items()))


def path_of(resource: Resource) -> str:
    """Return the path of *resource*, unique because kind, namespace and name are."""
    return f"{resource.namespace}/{resource.layer}/{resource.kind.lower()}-{resource.name}.yaml"


def _kustomization(folder: str, bundle: str, resources: tuple[str, ...]) -> Resource:
    what = f"{bundle}/{folder}" if folder else bundle
    purpose = f"{what}: include this folder, or one below it, as a base. {_LABELS_HINT}"
    view = KustomizationView(resources)
    return Resource("Kustomization", _API_VERSION, folder or bundle, "", Layer.NAMESPACE, view, purpose, ())
