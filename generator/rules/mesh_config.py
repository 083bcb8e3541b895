"""The mesh's own configuration, where somebody shows the ConfigMap that holds it."""

from __future__ import annotations

from generator.manifests.objects import mapping
from generator.rules.base import Context


def mesh_config(context: Context) -> str:
    """Return the text of ``meshConfig`` of every revision that is shown; empty if none is."""
    root = context.environment.istio.root_namespace
    maps = [
        one
        for one in context.manifests
        if one.kind == "ConfigMap" and one.namespace == root and (one.name == "istio" or one.name.startswith("istio-"))
    ]
    return "\n".join(str(mapping(one.data.get("data")).get("mesh") or "") for one in maps)
