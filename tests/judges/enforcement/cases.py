"""The bundles that a real Envoy enforces: examples of ours, and YAML by hand for what no profile type emits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import yaml

from generator.core.places import Document
from generator.core.yaml_quick import read_quickly
from generator.environment.load import load_environment
from generator.manifests.bundle import read_bundle
from generator.model.flows import Flow
from generator.model.peers import WorkloadPeer
from generator.semantics.authorization import NOT_CAPTURED
from generator.semantics.cluster import Cluster
from generator.semantics.mesh import MeshVerdicts
from generator.semantics.strangers import STRANGER
from generator.semantics.union import unite
from generator.topology import SIDECAR, Endpoint
from generator.verify.universe import endpoints
from tests.judges.bundles import EXAMPLES, Object, rendered

BY_HAND = {f"by-hand/{path.stem}": path for path in sorted(Path(__file__).with_name("bundles").glob("*.yaml"))}
ISTIO = ("networking.istio.io/", "security.istio.io/")
GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"
"""The label of pods that a Gateway of the Gateway API makes."""

UNDECLARED = 9999
"""A port that no pod declares; its proxy still sees what arrives there."""


@dataclass(frozen=True)
class Case:
    """One cluster: what `meshgen why` makes of it, and the objects that istiod is given."""

    name: str
    cluster: Cluster
    universe: tuple[Endpoint, ...]
    objects: tuple[Object, ...]
    flows: tuple[Flow, ...] = ()

    @cached_property
    def verdicts(self) -> MeshVerdicts:
        """What `meshgen why` answers, between any two of the universe."""
        return MeshVerdicts(self.cluster, self.universe)

    @cached_property
    def servers(self) -> Mapping[int, tuple[int, ...]]:
        """The pods with a proxy, by number, and the ports to knock at: declared, named by a policy, neither."""
        return {number: self._ports(one) for number, one in enumerate(self.universe) if self._is_server(one)}

    def _is_server(self, one: Endpoint) -> bool:
        """Take workloads, and an unknown pod of each namespace that Istio's objects are in; gateways if configured."""
        if one.is_gateway and not self._is_routed:
            return False
        if GATEWAY_NAME in one.labels:  # istiod's own test generator has no controller for these, and falls over
            return False
        spaces = {found["metadata"]["namespace"] for found in self.objects}
        is_workload = one.name.startswith(f"{one.namespace}/") or bool(one.ports and not _is_twin(one))
        return one.mesh == SIDECAR and (is_workload or (one.labels == STRANGER and one.namespace in spaces))

    @cached_property
    def _is_routed(self) -> bool:
        """Tell whether gateways listen, without a certificate: a real one would read it from a Secret."""
        servers = [server for one in self.objects if one["kind"] == "Gateway" for server in one["spec"]["servers"]]
        return bool(servers) and not any("tls" in server for server in servers)

    def flows_to(self, server: int) -> Iterator[Flow]:
        """Yield what is intended to reach *server*: it is tried whatever the policies say."""
        name = self.universe[server].name
        for flow in self.flows:
            if isinstance(flow.server, WorkloadPeer) and name == f"{flow.server.namespace}/{flow.server.workload}":
                yield flow

    def _ports(self, server: Endpoint) -> tuple[int, ...]:
        named = {port.number for port in server.ports}
        if not server.is_gateway:  # a gateway listens only where a Gateway says so
            named |= {port for one in self.cluster.bundle.peer_authentications for port in one.ports}
            named |= {UNDECLARED}
        return tuple(sorted(named - NOT_CAPTURED))


def _is_twin(one: Endpoint) -> bool:
    """Tell whether *one* is made up to be nearly like a workload: as a server it says nothing new."""
    return one.name.startswith("a pod like ")


@cache
def case(name: str) -> Case:
    """Return the case of that name: TYPE/EXAMPLE, or ``by-hand/FILE``."""
    if name in BY_HAND:
        text = BY_HAND[name].read_text("utf-8")
        documents = _read({str(BY_HAND[name].name): text})
        cluster = Cluster(documents, load_environment("kind", Path()))
        return Case(name, cluster, unite(cluster, cluster).new.endpoints, _of_istio(yaml.safe_load_all(text)))
    return of_example(name, rendered(name).bundle.files)


def of_example(name: str, files: Mapping[str, str]) -> Case:
    """Return the example *name* as if its bundle were *files*."""
    bundle = rendered(name).bundle
    documents = _read(files)
    universe = tuple(endpoints(bundle.intent, bundle.environment, read_bundle(documents)))
    cluster = Cluster(documents, bundle.environment, universe)
    objects = _of_istio(yaml.safe_load(text) for text in files.values())
    return Case(name, cluster, universe, objects, bundle.intent.flows)


def names() -> list[str]:
    """Return every case in which a proxy has something to decide."""
    deciding = [name for name in EXAMPLES if _of_istio(rendered(name).objects) and case(name).servers]
    return [*deciding, *BY_HAND]


def _read(texts: Mapping[str, str]) -> list[Document]:
    return [document for path, text in texts.items() for document in read_quickly(text, path)[0]]


def _of_istio(objects: Iterable[Object]) -> tuple[Object, ...]:
    return tuple(one for one in objects if one and str(one["apiVersion"]).startswith(ISTIO))
