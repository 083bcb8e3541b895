"""A gateway's own facts follow from how it was installed: labels, ServiceAccount and pod ports (istio 1.30.3).

istioctl: manifests/charts/gateways/istio-ingress and samples/multicluster; helm: the chart
istio/gateway, `_helpers.tpl`; gateway-api: pilot/pkg/config/kube/gateway, where the classes
istio-waypoint and istio-east-west add nothing to the name. What is stated wins over what follows.
"""

from __future__ import annotations

from collections.abc import Mapping

from generator.core.findings import Finding
from generator.core.places import Document, Json
from generator.environment.model import Environment, Gateway

INGRESS, EAST_WEST, EGRESS = "ingress", "east-west", "egress"
"""What a gateway is for; the default is ingress."""

GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"
"""The label of the pods that serve a Gateway of the Gateway API."""

SNI_PORT = 15443
"""Where an east-west gateway takes mutual TLS of other networks and passes it on by its SNI, unopened."""

_SNI_PORTS = {INGRESS: None, EGRESS: None, EAST_WEST: [SNI_PORT, 15012, 15017]}
"""Pods of an east-west gateway: services by SNI, and istiod for remote clusters (samples/multicluster)."""

_NEEDED = ("namespace", "labels", "serviceAccount", "ports")
_CURES = {
    "istioctl": "state it",
    "helm": "name the Helm release (release: NAME), from which the chart makes labels and ServiceAccount, or state it",
    "gateway-api": "state it: pods of a Gateway listen on the ports of its listeners",
}


_FIRST_TARGET_REFS = (1, 22)
"""The first Istio that reads ``targetRefs`` (istio api security/v1 and networking/v1alpha3, 1.22)."""


def is_named_by_policies(gateway: Gateway, environment: Environment) -> bool:
    """Tell whether policies are attached to *gateway* by its Gateway, with ``targetRefs``, and not by its labels.

    Labels of the pods that istiod makes are its own affair, and a setting of istiod may end that
    policies find them so (ENABLE_SELECTOR_BASED_K8S_GATEWAY_POLICY, analyzer IST0166). Where the
    version of Istio is not known, labels still work.
    """
    version = environment.istio.version
    return gateway.install == "gateway-api" and version is not None and version >= _FIRST_TARGET_REFS


def completed(found: Document) -> list[Finding]:
    """Fill in what follows from each gateway's installation; MG013 for what neither follows nor is stated."""
    gateways = found.data["spec"].get("gateways")
    findings = []
    for name, said in gateways.items() if isinstance(gateways, dict) else ():
        for fact, value in _derived(name, said).items():
            said.setdefault(fact, value)
        if said["role"] == EGRESS and "namespace" in said and "ports" in said:
            said.update(_service(said))
        findings += _unlike_ports(found, name, said)
        for fact in _NEEDED:
            if fact not in said:
                message = f"the gateway {name!r} (install: {said['install']}) does not say its {fact}"
                place = found.place(("spec", "gateways", name))
                findings.append(Finding("MG013", message, place, _cure(fact, said["install"])))
    return findings


def _unlike_ports(found: Document, name: str, said: Mapping[str, Json]) -> list[Finding]:
    """MG012 where a gateway's Service is said to lead to a port that its pods do not have."""
    target = said.get("service", {}).get("targetPort")
    if target is None or target in said.get("ports", (target,)):
        return []
    message = f"the Service of the gateway {name!r} leads to port {target}, which is none of the ports of its pods"
    place = found.place(("spec", "gateways", name, "service", "targetPort"))
    return [Finding("MG012", message, place, "ports are those of the pods: add it there, or mend targetPort")]


def _service(said: Mapping[str, Json]) -> dict[str, Json]:
    """Return how workloads reach an egress gateway; nothing where it is stated, or the chart's ports do not tell.

    istioctl: manifests/charts/gateways/istio-egress (443 to 8443); helm: the chart's Service is
    named as the release. The cluster's domain is the default one unless the fact is stated.
    """
    names = {"istioctl": "istio-egressgateway", "helm": said.get("release")}
    name, target = names.get(said["install"]), {"istioctl": 8443, "helm": 443}.get(said["install"])
    if "service" in said or name is None or target not in said["ports"]:
        return {}
    return {"service": {"host": f"{name}.{said['namespace']}.svc.cluster.local", "port": 443, "targetPort": target}}


def _cure(fact: str, install: str) -> str:
    if fact == "namespace":
        return "state it: the installation may be in any namespace"
    return _CURES[install]


def _derived(name: str, said: Mapping[str, Json]) -> dict[str, Json]:
    role = said.get("role", INGRESS)
    match said["install"]:
        case "istioctl":
            facts = _istioctl(role)
        case "helm":
            facts = _helm(said, role)
        case _:
            facts = _gateway_api(name, said, role)
    facts |= {"role": role, "routes": "gateway-api" if said["install"] == "gateway-api" else "istio"}
    return {fact: value for fact, value in facts.items() if value is not None}


def _istioctl(role: str) -> dict[str, Json]:
    word = {INGRESS: "ingressgateway", EGRESS: "egressgateway", EAST_WEST: "eastwestgateway"}[role]
    return {
        "namespace": "istio-system",
        "labels": {"app": f"istio-{word}", "istio": word},
        "serviceAccount": f"istio-{word}-service-account",
        "ports": _SNI_PORTS[role] or [8080, 8443],
    }


def _helm(said: Mapping[str, Json], role: str) -> dict[str, Json]:
    release = said.get("release")
    if release is None:
        return {"ports": _SNI_PORTS[role] or [80, 443]}
    return {
        "labels": {"app": release, "istio": release.removeprefix("istio-")},
        "serviceAccount": release,
        "ports": _SNI_PORTS[role] or [80, 443],
    }


def _gateway_api(name: str, said: Mapping[str, Json], role: str) -> dict[str, Json]:
    gateway = said.get("gateway", name)
    gateway_class = said.get("class", "istio-east-west" if role == EAST_WEST else "istio")
    is_bare = gateway_class == "istio-east-west"
    return {
        "gateway": gateway,
        "class": gateway_class,
        "labels": {GATEWAY_NAME: gateway},
        "serviceAccount": gateway if is_bare else f"{gateway}-{gateway_class}",
        "ports": [15008] if is_bare else None,
    }
