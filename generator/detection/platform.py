"""Whose cluster it is, and which network plugin enforces policies there."""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.places import Json
from generator.detection.cluster import Claim, Cluster, arguments, claim, containers
from generator.manifests.objects import mapping

_NODE_LABELS = {
    "cloud.google.com/gke-nodepool": "gke",
    "eks.amazonaws.com/nodegroup": "eks",
    "eks.amazonaws.com/compute-type": "eks",
    "kubernetes.azure.com/cluster": "aks",
    "node.openshift.io/os_id": "openshift",
    "worker.gardener.cloud/pool": "gardener",
}
"""Labels that only one platform puts on its nodes."""

_AFTER, _BEFORE = "after-dnat", "before-dnat"

_PLUGINS: dict[str, tuple[str, str, bool | None]] = {
    "anetd": ("dataplane-v2", _AFTER, False),
    "cilium": ("cilium", _AFTER, False),
    "calico-node": ("calico", _AFTER, None),
    "ovnkube-node": ("ovn-kubernetes", _AFTER, None),
    "kindnet": ("kindnet", _AFTER, None),
    "kube-router": ("kube-router", _AFTER, None),
    "antrea-agent": ("antrea", _AFTER, None),
}
"""Agents that enforce policies, by the name of their DaemonSet: plugin, where it looks, whether ipBlocks admit pods."""

_POLICY_AGENT = "aws-eks-nodeagent"


def find_platform(cluster: Cluster) -> Iterator[Claim]:
    """Yield the preset that fits, the version, and the network plugin."""
    seen: set[str] = set()
    for node in cluster.of("Node"):
        for preset, *route in _presets(node.labels, mapping(node.data.get("status")), node.spec):
            if preset not in seen:
                seen.add(preset)
                yield claim("extends", preset, node, *route)
    yield from _version(cluster)
    yield from _plugin(cluster)


def _presets(labels: dict[str, str], status: dict[str, Json], spec: dict[str, Json]) -> Iterator[tuple[str, ...]]:
    for label, preset in _NODE_LABELS.items():
        if label in labels:
            yield preset, "metadata", "labels", label
    if "+k3s" in str(mapping(status.get("nodeInfo")).get("kubeletVersion")):
        yield "k3s", "status", "nodeInfo", "kubeletVersion"
    if str(spec.get("providerID")).startswith("kind://"):
        yield "kind", "spec", "providerID"


def _version(cluster: Cluster) -> Iterator[Claim]:
    """Yield the newest kubelet's version: the API server is at least as new."""
    found = []
    for node in cluster.of("Node"):
        text = str(mapping(mapping(node.data.get("status")).get("nodeInfo")).get("kubeletVersion") or "")
        major, _, rest = text.removeprefix("v").partition(".")
        minor = rest.partition(".")[0].rstrip("+")
        if major.isdecimal() and minor.isdecimal():
            found.append(((int(major), int(minor)), node))
    if found:
        version, node = max(found, key=lambda one: (one[0], one[1].name))
        yield claim("kubernetes.version", ".".join(map(str, version)), node, "status", "nodeInfo", "kubeletVersion")


def _plugin(cluster: Cluster) -> Iterator[Claim]:
    for daemon in cluster.daemons:
        if daemon.name in _PLUGINS:
            name, point, matches_pods = _PLUGINS[daemon.name]
            yield claim("cni.name", name, daemon.manifest, "metadata", "name")
            yield claim("cni.policyPoint", point, daemon.manifest, "metadata", "name")
            if matches_pods is not None:
                yield claim("cni.ipBlockMatchesPods", matches_pods, daemon.manifest, "metadata", "name")
        elif daemon.name == "aws-node":
            for route, container in containers(daemon):
                if container.get("name") == _POLICY_AGENT and "--enable-network-policy=true" in arguments(container):
                    yield claim("cni.name", "aws-vpc-cni", daemon.manifest, *route, "args")
                    yield claim("cni.policyPoint", _BEFORE, daemon.manifest, *route, "args")
