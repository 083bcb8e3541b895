"""Files that belong to a bundle but not to its kustomization: for whoever installs the mesh, and for other manifests.

Their folders start with an underscore, which no namespace does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from generator.core.frozen import dataclass
from generator.core.places import Json
from generator.environment.model import Environment
from generator.model.intent import Intent
from generator.model.traffic import Installation, Proxy

INSTALL, WORKLOADS = "_install", "_workloads"
_PREFIX = "sidecar.istio.io/"
_ANNOTATIONS = {"cpu": "proxyCPU", "memory": "proxyMemory"}


@dataclass(frozen=True, slots=True)
class Extra:
    """One file: its path, the template that prints it, and what the template prints."""

    path: str
    template: str
    purpose: str
    values: Mapping[str, Json]


def plan_extras(intent: Intent, environment: Environment) -> list[Extra]:
    """Return the values that the mesh is installed with, and the patches for pods whose manifests are elsewhere."""
    extras = [extra for one in intent.traffic.installations for extra in _installation(one, environment)]
    by_namespace: dict[str, list[Proxy]] = {}
    for proxy in intent.traffic.proxies:
        by_namespace.setdefault(proxy.namespace, []).append(proxy)
    extras += [_component(namespace, proxies) for namespace, proxies in sorted(by_namespace.items())]
    return sorted(extras, key=lambda one: one.path)


def _component(namespace: str, proxies: list[Proxy]) -> Extra:
    purpose = f"Sidecars of {namespace}: name this folder under `components:` of the kustomization that holds the pods."
    patches = [
        {"kind": one.kind, "name": one.workload, "annotations": dict(sorted(_annotations(one)))} for one in proxies
    ]
    values = {"namespace": namespace, "patches": patches}
    return Extra(f"{WORKLOADS}/{namespace}/kustomization.yaml", "extras/component.yaml.j2", purpose, values)


def _annotations(proxy: Proxy) -> Iterator[tuple[str, str]]:
    """Yield the annotations of a pod template; Istio drops its defaults for all four sizes when it sees one."""
    for name, annotation in _ANNOTATIONS.items():
        if proxy.requests:
            yield f"{_PREFIX}{annotation}", proxy.requests[name]
            yield f"{_PREFIX}{annotation}Limit", proxy.limits[name]
    if proxy.mounts:
        volumes = [{"name": name, "secret": {"secretName": name}} for name, _ in proxy.mounts]
        mounts = [{"name": name, "mountPath": path, "readOnly": True} for name, path in proxy.mounts]
        yield f"{_PREFIX}userVolume", json.dumps(volumes)
        yield f"{_PREFIX}userVolumeMount", json.dumps(mounts)


def _installation(one: Installation, environment: Environment) -> Iterator[Extra]:
    values = {
        "revision": "" if environment.istio.revision == "default" else environment.istio.revision,
        "namespace": environment.istio.control_plane.namespace,
        "config": _mesh_config(one, environment),
        "resources": {"requests": one.requests, "limits": one.limits},
        "cni": one.cni,
    }
    facts = f"facts from the environment {environment.name}"
    yield Extra(
        f"{INSTALL}/istioctl.yaml",
        "extras/istioctl.yaml.j2",
        f"For `istioctl install -f`; {facts}. A file of that command, not an object: no cluster serves its kind.",
        values,
    )
    yield Extra(
        f"{INSTALL}/istiod-values.yaml",
        "extras/istiod.yaml.j2",
        f"For `helm install istiod istio/istiod --values`; {facts}.",
        values,
    )


def _mesh_config(one: Installation, environment: Environment) -> dict[str, Json]:
    """Return meshConfig; what the environment does not know is left to Istio's defaults."""
    istio, balancer = environment.istio, environment.load_balancer
    config: dict[str, Json] = {"rootNamespace": istio.root_namespace}
    if istio.trust_domain:
        config["trustDomain"] = istio.trust_domain
    if istio.trust_domain_aliases:
        config["trustDomainAliases"] = list(istio.trust_domain_aliases)
    if one.access_log_encoding:
        config |= {"accessLogFile": "/dev/stdout", "accessLogEncoding": one.access_log_encoding}
    config["outboundTrafficPolicy"] = {"mode": one.outbound}
    config["pathNormalization"] = {"normalization": one.normalization}
    proxy: dict[str, Json] = {"holdApplicationUntilProxyStarts": True} if one.hold_application else {}
    if balancer.proxy_protocol:
        proxy["gatewayTopology"] = {"proxyProtocol": {}}
    elif balancer.trusted_proxies:
        proxy["gatewayTopology"] = {"numTrustedProxies": balancer.trusted_proxies}
    if proxy:
        config["defaultConfig"] = proxy
    return config
