"""A bundle among the items of a list: its old objects renewed or removed, all others left alone."""

from __future__ import annotations

from generator.core.errors import InvalidInput
from generator.core.findings import Finding
from generator.core.places import Json
from generator.krm.resource_list import ResourceList
from generator.manifests.objects import BUNDLE_LABEL, MANAGED_BY, mapping
from generator.pipeline import Bundle
from generator.plan.layout import path_of
from generator.plan.resources import Resource
from generator.render.render import HEADER

IN_THE_WAY = "MG049"
Identity = tuple[str, str, str, str]


def put_bundle(resources: ResourceList, bundle: Bundle) -> str:
    """Put the objects of *bundle* into *resources*; return what was done, in words.

    Kustomizations stay out: whoever runs a function has a list already.

    Raises:
        InvalidInput: MG049, an object of the same name is there that we did not make.
    """
    new = {_identity_of(one): path_of(one) for one in bundle.resources}
    old = {_identity(item.data): index for index, item in enumerate(resources.items)}
    _refuse_others(resources, bundle.name, [index for identity, index in old.items() if identity in new])
    own = {identity: index for identity, index in old.items() if _is_of(resources.items[index].data, bundle.name)}
    texts = {identity: _body(bundle.files[path]) for identity, path in new.items()}
    resources.change(
        renewed={index: texts[identity] for identity, index in own.items() if identity in new},
        removed=[index for identity, index in own.items() if identity not in new],
        added={f"{bundle.name}/{path}": texts[identity] for identity, path in new.items() if identity not in own},
    )
    return f"{bundle.name}: {len(new)} objects, proven"


def _body(text: str) -> str:
    """The list is nobody's file: it does not ask not to be edited."""
    return text.removeprefix(HEADER)


def _identity(data: Json) -> Identity:
    metadata = mapping(data.get("metadata"))
    group = str(data.get("apiVersion") or "").rpartition("/")[0]
    return group, str(data.get("kind")), str(metadata.get("namespace") or ""), str(metadata.get("name"))


def _identity_of(one: Resource) -> Identity:
    namespace = "" if one.kind == "Namespace" else one.namespace
    return one.api_version.rpartition("/")[0], one.kind, namespace, one.name


def _is_of(data: Json, bundle: str) -> bool:
    labels = mapping(mapping(data.get("metadata")).get("labels"))
    return labels.get(MANAGED_BY) == "meshgen" and labels.get(BUNDLE_LABEL) == bundle


def _refuse_others(resources: ResourceList, bundle: str, met: list[int]) -> None:
    items = resources.items
    raise_for = [
        Finding(
            IN_THE_WAY,
            f"the bundle {bundle!r} holds an object of this name, and the one that is there is not from it",
            items[index].place(("metadata", "name")),
            "rename it, or remove it from the items",
        )
        for index in met
        if not _is_of(items[index].data, bundle)
    ]
    if raise_for:
        raise InvalidInput(raise_for)
