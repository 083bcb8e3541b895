"""Selectors that mean an ingress gateway by the labels of Istio's installers, held against the gateways there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from generator.manifests.network import LabelSelector
from generator.rules.base import Context
from generator.semantics.admission import selects

_ROLES = ("ingress", "ingressgateway")


def is_ingress_gateway(selector: LabelSelector) -> bool:
    """Tell whether *selector* asks for labels that Istio's charts give their ingress gateways."""
    labels = dict(selector.labels)
    return labels.get("istio") in _ROLES or labels.get("app", "").startswith("istio-ingress")


def is_no_gateway(context: Context, pods: LabelSelector, namespaces: Sequence[LabelSelector] = ()) -> bool:
    """Tell whether *pods*, in a namespace that meets *namespaces*, surely means no gateway of the environment.

    Nobody can say so where the environment does not know its gateways.
    """
    known = list((context.environment.gateways or {}).values())
    return bool(known) and all(
        selects(pods, one.pods.labels, is_partial=True) is False
        or any(_is_elsewhere(context, each, one.pods.namespace) for each in namespaces)
        for one in known
    )


def gateway_words(context: Context) -> str:
    """Return the namespaces and labels of the gateways that the environment knows, for a cure."""
    known = (context.environment.gateways or {}).values()
    return " or ".join(sorted({f"{one.pods.namespace}, {_words(one.pods.labels)}" for one in known}))


def is_account_of_gateway(account: str) -> bool:
    """Tell whether Istio's charts give *account* to an ingress gateway."""
    return account.startswith("istio-ingress")


def gateway_accounts(context: Context) -> str:
    """Return the accounts of the gateways that the environment knows, for a cure."""
    known = (context.environment.gateways or {}).values()
    return " or ".join(sorted({f"{one.pods.namespace}/{one.service_account}" for one in known}))


def _is_elsewhere(context: Context, namespaces: LabelSelector, namespace: str) -> bool:
    labels = context.cluster.namespace_labels(namespace)
    is_partial = namespace not in context.cluster.namespaces
    return selects(namespaces, labels, is_partial=is_partial) is False


def _words(labels: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(labels.items()))
