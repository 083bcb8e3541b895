"""Checked facts as plain data become the model of an environment; ``unknown`` becomes None."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from generator.core.places import Json
from generator.environment import model
from generator.environment.families import of_families
from generator.environment.gateways import SNI_PORT

UNKNOWN = "unknown"
NONE = "none"
_T = TypeVar("_T")


def _known(value: Json) -> Any:
    return None if value == UNKNOWN else value


def _tuple(value: Json) -> tuple[Any, ...] | None:
    return None if value == UNKNOWN else tuple(value)


def _version(value: Json) -> tuple[int, ...] | None:
    return None if value == UNKNOWN else tuple(int(part) for part in value.split("."))


def _pods(data: dict[str, Json]) -> model.Pods:
    return model.Pods(data["namespace"], data["labels"])


def _facts_of(value: Json, read: Callable[[Json], _T]) -> _T | None:
    """Return what *read* makes of facts; None where there is nothing, or nothing known."""
    return None if isinstance(value, str) else read(value)


def _is_there(value: Json) -> bool | None:
    return None if value == UNKNOWN else value != NONE


def _prometheus(data: dict[str, Json]) -> model.Prometheus:
    return model.Prometheus(_pods(data), data["serviceAccount"], data.get("mesh") == "sidecar")


def _dns(data: dict[str, Json], families: list[str]) -> model.Dns:
    return model.Dns(
        _pods(data),
        tuple(data["ports"]),
        of_families(data["nodeLocalAddresses"], families),
        _facts_of(data["nodeLocalPods"], _pods),
    )


def _credentials(data: Json, families: list[str]) -> model.CloudCredentials | None:
    if isinstance(data, str):
        return None
    addresses = of_families(data["addresses"], families)
    return model.CloudCredentials(addresses, tuple(data["ports"])) if addresses else None


def _gateway(name: str, data: dict[str, Json]) -> model.Gateway:
    health = data.get("healthPort", 15021)
    return model.Gateway(
        name,
        data["install"],
        _pods(data),
        data["serviceAccount"],
        tuple(data["ports"]),
        None if health == NONE else health,
        data["role"],
        data["routes"],
        data.get("gateway", ""),
        _service(data.get("service")),
    )


def _service(data: dict[str, Json] | None) -> model.GatewayService | None:
    return model.GatewayService(data["host"], data["port"], data["targetPort"]) if data else None


def _cni(data: dict[str, Json]) -> model.Cni:
    return model.Cni(
        _known(data["name"]),
        _known(data["policyPoint"]),
        _known(data["ipBlockMatchesPods"]),
        _known(data["kubeletExempt"]),
        data["matchExpressions"],
    )


def _addresses(data: dict[str, Json]) -> model.Addresses:
    return model.Addresses(
        pods=_tuple(data["pods"]),
        nodes=_tuple(data["nodes"]),
        services=_tuple(data["services"]),
        metadata=tuple(data["metadata"]),
        api_server=_tuple(data["apiServer"]),
        api_server_ports=_tuple(data["apiServerPorts"]),
    )


def _istio(data: dict[str, Json]) -> model.Istio:
    return model.Istio(
        _version(data["version"]),
        data["rootNamespace"],
        _pods(data["controlPlane"]),
        data["revision"],
        _known(data["trustDomain"]),
        tuple(data["trustDomainAliases"]),
        _known(data["ambientDryRun"]),
    )


def _other_cluster(name: str, data: dict[str, Json]) -> model.OtherCluster:
    door = data.get("gateway", UNKNOWN)
    return model.OtherCluster(
        name,
        _known(data.get("network", UNKNOWN)),
        _known(data.get("trustDomain", UNKNOWN)),
        _tuple(data.get("pods", UNKNOWN)),
        None if door == UNKNOWN else model.EastWestDoor(tuple(door["addresses"]), door.get("port", SNI_PORT)),
    )


def to_model(spec: dict[str, Json], name: str) -> model.Environment:
    """Return the complete, checked facts *spec* as the environment *name*."""
    families, balancer = spec["ipFamilies"], spec["loadBalancer"]
    prometheus, entrances = spec["prometheus"], _known(spec["gateways"])
    own, others = spec["cluster"], _known(spec["clusters"])
    return model.Environment(
        name=name,
        kubernetes_version=_version(spec["kubernetes"]["version"]),
        cni=_cni(spec["cni"]),
        dns=_dns(spec["dns"], families),
        addresses=_addresses(spec["addresses"]),
        ip_families=tuple(families),
        istio=_istio(spec["istio"]),
        mesh_namespaces=spec["mesh"]["namespaces"],
        gateways=None if entrances is None else {key: _gateway(key, value) for key, value in entrances.items()},
        prometheus=_facts_of(prometheus, _prometheus),
        has_prometheus=_is_there(prometheus),
        cloud_credentials=_credentials(spec["cloudCredentials"], families),
        has_cloud_credentials=_is_there(spec["cloudCredentials"]),
        load_balancer=model.LoadBalancer(
            _known(balancer["externalTrafficPolicy"]),
            _known(balancer["trustedProxies"]),
            _known(balancer["proxyProtocol"]),
        ),
        cluster=model.OwnCluster(_known(own["name"]), _known(own["network"])),
        clusters=None if others is None else {name: _other_cluster(name, data) for name, data in others.items()},
    )
