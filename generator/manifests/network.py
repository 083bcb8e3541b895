"""NetworkPolicy (networking.k8s.io/v1) as the API reads it: defaults applied, absent told from empty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field

from generator.core.frozen import dataclass
from generator.core.places import Json, Place, Route
from generator.manifests.objects import Manifest, mapping, sequence, strings, texts

Expression = tuple[str, str, tuple[str, ...]]
"""One of ``matchExpressions``: key, operator and values."""


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """Labels that must match and expressions that must hold; empty matches everything."""

    labels: tuple[tuple[str, str], ...] = ()
    expressions: tuple[Expression, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Tell whether an object with *labels* is selected (apimachinery labels.Selector)."""
        for key, value in self.labels:
            if labels.get(key) != value:
                return False
        return all(is_met(one, labels) for one in self.expressions)

    @property
    def is_empty(self) -> bool:
        """Whether it selects everything."""
        return not self.labels and not self.expressions


def is_met(expression: Expression, labels: Mapping[str, str]) -> bool:
    """Tell whether *expression* is true of an object with *labels*."""
    key, operator, values = expression
    value = labels.get(key)
    match operator:
        case "In":
            return value in values
        case "NotIn":
            return value not in values  # an absent key counts: NotIn is no statement that the key is there
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case _:
            return False  # the API server refuses others; whoever wrote one selects nothing


def read_selector(data: Json) -> LabelSelector:
    """Read a LabelSelector."""
    expressions = tuple(
        (str(one.get("key")), str(one.get("operator")), strings(one.get("values")))
        for one in map(mapping, sequence(mapping(data).get("matchExpressions")))
    )
    return LabelSelector(tuple(sorted(texts(mapping(data).get("matchLabels")).items())), expressions)


@dataclass(frozen=True, slots=True)
class NetworkPeer:
    """One item of ``from``/``to``. Selectors that are None were absent, which is not the same as empty."""

    namespaces: LabelSelector | None
    pods: LabelSelector | None
    cidr: str
    excluded: tuple[str, ...]
    manifest: Manifest = field(compare=False, repr=False)
    route: Route = field(compare=False, repr=False)

    @property
    def place(self) -> Place:
        """Where it is written; looked up when asked for, because most peers are never spoken of."""
        return self.manifest.place(*self.route)


@dataclass(frozen=True, slots=True)
class NetworkPort:
    """A range of ports of one protocol, every port of it, or a port by the name the pod gives it."""

    protocol: str
    first: int
    last: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class NetworkRule:
    """Peers None: everyone. Ports None: every port of every protocol. Both follow the API's reading of empty."""

    peers: tuple[NetworkPeer, ...] | None
    ports: tuple[NetworkPort, ...] | None
    manifest: Manifest = field(compare=False, repr=False)
    route: Route = field(compare=False, repr=False)

    @property
    def place(self) -> Place:
        """Where it is written."""
        return self.manifest.place(*self.route)


@dataclass(frozen=True, slots=True)
class NetworkPolicy:
    """One policy: whom it isolates, in which directions, and what it lets through."""

    manifest: Manifest
    namespace: str
    name: str
    pods: LabelSelector
    types: tuple[str, ...]
    ingress: tuple[NetworkRule, ...]
    egress: tuple[NetworkRule, ...]

    def rules(self, direction: str) -> tuple[NetworkRule, ...]:
        """Return the rules of ``Ingress`` or ``Egress``."""
        return self.ingress if direction == "Ingress" else self.egress


def read_network_policy(manifest: Manifest) -> NetworkPolicy:
    """Read *manifest*. Absent ``policyTypes`` mean Ingress, and Egress if there is an egress section."""
    spec = manifest.spec
    types = strings(spec.get("policyTypes"))
    if not types:
        types = ("Ingress", "Egress") if spec.get("egress") else ("Ingress",)
    return NetworkPolicy(
        manifest=manifest,
        namespace=manifest.namespace,
        name=manifest.name,
        pods=read_selector(spec.get("podSelector")),
        types=types,
        ingress=tuple(_rules(manifest, "ingress", "from")),
        egress=tuple(_rules(manifest, "egress", "to")),
    )


def _rules(manifest: Manifest, direction: str, side: str) -> Iterator[NetworkRule]:
    for index, data in enumerate(map(mapping, sequence(manifest.spec.get(direction)))):
        route = ("spec", direction, index)
        peers = [
            _peer(mapping(peer), manifest, (*route, side, position))
            for position, peer in enumerate(sequence(data.get(side)))
        ]
        ports = [_port(mapping(port)) for port in sequence(data.get("ports"))]
        yield NetworkRule(tuple(peers) or None, tuple(ports) or None, manifest, route)


def _peer(data: dict[str, Json], manifest: Manifest, route: Route) -> NetworkPeer:
    block = mapping(data.get("ipBlock"))
    return NetworkPeer(
        namespaces=read_selector(data["namespaceSelector"]) if data.get("namespaceSelector") is not None else None,
        pods=read_selector(data["podSelector"]) if data.get("podSelector") is not None else None,
        cidr=str(block.get("cidr") or ""),
        excluded=strings(block.get("except")),
        manifest=manifest,
        route=route,
    )


def _port(data: dict[str, Json]) -> NetworkPort:
    protocol, port, end = str(data.get("protocol") or "TCP"), data.get("port"), data.get("endPort")
    if port is None:
        return NetworkPort(protocol, 1, 65535)
    if isinstance(port, int):
        return NetworkPort(protocol, port, end if isinstance(end, int) else port)
    return NetworkPort(protocol, 0, -1, str(port))
