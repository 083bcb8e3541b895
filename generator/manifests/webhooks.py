"""What the Kubernetes API server itself dials: admission webhooks, aggregated APIs, conversion of custom resources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from generator.core.places import Json, Place
from generator.manifests.objects import Manifest, mapping, sequence

WEBHOOK_KINDS = frozenset(
    {"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "APIService", "CustomResourceDefinition"}
)
_HTTPS = 443
"""The Service's port when nothing else is said (admissionregistration/v1, apiregistration/v1 types.go)."""

_CONVERSION = ("spec", "conversion", "webhook", "clientConfig", "service")


@dataclass(frozen=True, slots=True)
class Webhook:
    """A Service that the API server calls, on one of the Service's ports."""

    manifest: Manifest
    name: str
    namespace: str
    service: str
    port: int
    place: Place


def webhooks(manifests: Iterable[Manifest]) -> Iterator[Webhook]:
    """Yield the Services that the API server calls because of *manifests*; those behind a URL are no pods of ours."""
    for one in manifests:
        if one.kind in ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"):
            for index, hook in enumerate(map(mapping, sequence(one.data.get("webhooks")))):
                name = f"the webhook {hook.get('name') or one.name}"
                yield from _webhook(
                    one,
                    name,
                    mapping(hook.get("clientConfig")).get("service"),
                    ("webhooks", index, "clientConfig", "service"),
                )
        elif one.kind == "APIService":
            yield from _webhook(one, f"the APIService {one.name}", one.spec.get("service"), ("spec", "service"))
        elif one.kind == "CustomResourceDefinition":
            client = mapping(mapping(mapping(one.spec.get("conversion")).get("webhook")).get("clientConfig"))
            yield from _webhook(one, f"the conversion of {one.name}", client.get("service"), _CONVERSION)


def _webhook(manifest: Manifest, name: str, data: Json, route: tuple[str | int, ...]) -> Iterator[Webhook]:
    service = mapping(data)
    if service.get("name") and service.get("namespace"):
        port = service.get("port")
        number = port if isinstance(port, int) else _HTTPS
        place = manifest.place(*route)
        yield Webhook(manifest, name, str(service["namespace"]), str(service["name"]), number, place)
