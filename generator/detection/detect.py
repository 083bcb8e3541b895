"""From the output of kubectl to an environment file: what was found, by what evidence, and what was not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from generator.core import schema_errors
from generator.core.errors import InvalidInput
from generator.core.findings import Finding
from generator.core.json_schema import compile_schema
from generator.core.places import Document, Json, Place, Route
from generator.core.yaml_reader import Limits, read_documents
from generator.detection.cluster import Claim, Cluster, Fact, place_of
from generator.detection.mesh import find_mesh
from generator.detection.network import find_network
from generator.detection.platform import find_platform
from generator.environment.families import RANGES, family_of
from generator.environment.load import environment_schema
from generator.manifests.objects import manifests
from generator.templating.quoting import comment, flow

COMMAND = (
    "kubectl get nodes,namespaces,services,endpointslices,pods,daemonsets,configmaps -A -o yaml | meshgen env detect -"
)
"""What to type; every object that it prints is looked at, none is needed."""

UNKNOWN = "unknown"
_LIMITS = Limits(characters=200_000_000, values=20_000_000)
_PODS, _NODES = "kubectl get pods -A -o yaml", "kubectl get nodes -o yaml"
_DAEMONS, _SERVICES = "kubectl get daemonsets -A -o yaml", "kubectl get services -A -o yaml"
_MESH_CONFIG = "kubectl get configmaps -n istio-system -o yaml"

_SHOWN_BY: Mapping[str, tuple[str, bool]] = {
    "kubernetes.version": (_NODES, True),
    "cni.name": (_DAEMONS, True),
    "cni.policyPoint": (_DAEMONS, True),
    "cni.ipBlockMatchesPods": ("the network plugin's documentation", True),
    "dns.namespace": (_SERVICES, False),
    "dns.labels": (_SERVICES, False),
    "dns.ports": (f"{_SERVICES}, and {_PODS}", False),
    "dns.nodeLocalAddresses": (_DAEMONS, False),
    "dns.nodeLocalPods": (_DAEMONS, False),
    "addresses.pods": ("kubectl cluster-info dump | grep -m1 cluster-cidr, or your cloud's description", True),
    "addresses.nodes": ("your network's plan; nodes of today: kubectl get nodes -o wide", True),
    "addresses.services": ("kubectl get servicecidrs -o yaml", True),
    "addresses.apiServer": ("kubectl get endpointslices -n default -o yaml", True),
    "addresses.apiServerPorts": ("kubectl get endpointslices -n default -o yaml", True),
    "ipFamilies": (_PODS, False),
    "istio.version": (_PODS, True),
    "istio.rootNamespace": (_MESH_CONFIG, False),
    "istio.controlPlane": (_PODS, False),
    "istio.revision": (_PODS, False),
    "istio.trustDomain": (_MESH_CONFIG, True),
    "istio.trustDomainAliases": (_MESH_CONFIG, False),
    "istio.ambientDryRun": (_PODS, True),
    "cluster.name": (_PODS, True),
    "cluster.network": ("kubectl get namespaces -o yaml", True),
    "clusters": ("kubectl get secrets -n istio-system -l istio/multiCluster=true -o name", True),
    "mesh.namespaces": ("kubectl get namespaces -o yaml", False),
    "gateways": (f"{_PODS}, and {_SERVICES}", True),
    "prometheus": (_PODS, True),
    "cloudCredentials": (_DAEMONS, True),
    "loadBalancer.externalTrafficPolicy": (_SERVICES, True),
    "loadBalancer.trustedProxies": (_MESH_CONFIG, True),
    "loadBalancer.proxyProtocol": (_MESH_CONFIG, True),
}
"""Every fact that is looked for: what would show it, and whether it may be unknown (else the preset's stands)."""

_MAPS = ("mesh.namespaces", "gateways")
"""Facts with many entries, each of which is found or contradicted on its own."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A fact with all that was said about it; several values contradict each other.

    ``doubt`` says why even one value alone is not to be taken.
    """

    claims: tuple[Claim, ...]
    doubt: str = ""

    @property
    def is_sure(self) -> bool:
        return not self.doubt and all(one.value == self.claims[0].value for one in self.claims)


def detect(content: bytes, file: str) -> str:
    """Return the environment file for the cluster whose objects are in *content*.

    Raises:
        InvalidInput: it is no YAML or JSON, holds no object, or an object says what cannot be.
    """
    documents, findings = read_documents(content, file, limits=_LIMITS, allow_ambiguous=True)
    objects = list(manifests(documents))
    if not findings and not any(one.kind and one.name for one in objects):
        message = "there is no Kubernetes object in the input"
        findings = [Finding("MG007", message, place_of(documents, file), f"pipe one in: {COMMAND}")]
    if findings:
        raise InvalidInput(findings)
    cluster = Cluster(objects)
    found: dict[Fact, _Found] = {}
    for finder in (find_platform, find_network, find_mesh):
        for one in finder(cluster):
            known = found[one.fact].claims if one.fact in found else ()
            found[one.fact] = _Found((*known, one))
    _check(found, file)
    _doubt_halves(found)
    return "\n".join(_lines(found, cluster)) + "\n"


def _check(found: Mapping[Fact, _Found], file: str) -> None:
    """Refuse what no environment file could say, at the object that says it."""
    data: dict[str, Json] = {
        "apiVersion": "meshgen.dev/v1alpha1",
        "kind": "Environment",
        "metadata": {"name": "cluster"},
    }
    data["spec"] = {}
    places: dict[Route, Place] = {(): Place(file, 1, 1)}
    for fact, one in found.items():
        at, route = (data, fact) if fact == ("extends",) else (data["spec"], ("spec", *fact))
        for step in fact[:-1]:
            at = at.setdefault(step, {})
        at[fact[-1]] = one.claims[0].value
        places[route] = one.claims[0].place
    document = Document(data, file, places, {})
    mistakes = schema_errors.findings(document, compile_schema(environment_schema()), wrong="MG012")
    if mistakes:
        raise InvalidInput(mistakes)


def _doubt_halves(found: dict[Fact, _Found]) -> None:
    """Leave ranges open that are not of the families which the pods have: an environment file must have both alike."""
    families = found.get(("ipFamilies",))
    if families is None or not families.is_sure:
        return
    pods = set(families.claims[0].value)
    for name in RANGES:
        ranges = found.get(("addresses", name))
        known = {family_of(one) for one in ranges.claims[0].value} if ranges and ranges.is_sure else pods
        if ranges and known != pods:
            doubt = f"found for {' and '.join(sorted(known))}, where pods have {' and '.join(sorted(pods))}"
            found["addresses", name] = _Found(ranges.claims, doubt)


def _lines(found: Mapping[Fact, _Found], cluster: Cluster) -> Iterator[str]:
    yield "# Read from the output of kubectl. Beside each fact stands the object and field that it was read from;"
    yield "# what was not found, or found in two ways, is unknown until you write it."
    yield "apiVersion: meshgen.dev/v1alpha1"
    yield "kind: Environment"
    yield "metadata: {name: cluster}"
    preset = found.get(("extends",))
    if preset is not None and preset.is_sure:
        yield from _fact("extends", preset, 0, UNKNOWN)
    elif preset is not None:
        yield from _contradiction("extends", preset, 0)
    yield "spec:"
    groups: dict[str, list[str]] = {}
    for name in _SHOWN_BY:
        group, _, key = name.rpartition(".")
        lines = groups.setdefault(group or name, [])
        lines += _stated(name, key or name, 4 if group else 2, found, cluster)
    for group, lines in groups.items():
        has_facts = any(not line.lstrip().startswith("#") for line in lines)
        if group in _SHOWN_BY:
            yield from lines
        elif has_facts:
            yield from [f"  {group}:", *lines]
        else:  # no key, so the remarks stand where it would
            yield from (line.removeprefix("  ") for line in lines)


def _stated(name: str, key: str, indent: int, found: Mapping[Fact, _Found], cluster: Cluster) -> Iterator[str]:
    path = tuple(name.split("."))
    if name in _MAPS:
        entries = {fact[-1]: one for fact, one in found.items() if fact[:-1] == path}
        if entries:
            is_empty = not any(one.is_sure for one in entries.values())
            yield f"{' ' * indent}{key}:{' {}' if is_empty else ''}"
            for entry, one in sorted(entries.items()):
                yield from _fact(entry, one, indent + 2, "")
            return
    elif path in found:
        yield from _fact(key, found[path], indent, UNKNOWN if _SHOWN_BY[name][1] else "")
        return
    how, may_be_unknown = _SHOWN_BY[name]
    if name == "gateways" and cluster.pods:
        yield str(comment("no pod runs a gateway of Istio", indent)).rstrip()
        yield f"{' ' * indent}{key}: {{}}"
        return
    if name == "prometheus" and cluster.pods:
        yield str(
            comment("no pod carries app.kubernetes.io/name: prometheus; if there is none at all, write none", indent)
        )
    yield str(comment(f"{name}: not found; what would show it: {how}", indent)).rstrip()
    if may_be_unknown:
        yield f"{' ' * indent}{key}: {UNKNOWN}"


def _fact(key: str, found: _Found, indent: int, otherwise: str) -> Iterator[str]:
    """Yield the lines of one fact; *otherwise* is what to write when it is contradicted, empty to write nothing."""
    if found.is_sure:
        yield str(comment(found.claims[0].evidence, indent)).rstrip()
        yield f"{' ' * indent}{flow(key)}: {flow(found.claims[0].value)}"
        return
    yield from _contradiction(key, found, indent)
    if otherwise:
        yield f"{' ' * indent}{flow(key)}: {otherwise}"


def _contradiction(key: str, found: _Found, indent: int) -> Iterator[str]:
    yield str(comment(f"{key}: {found.doubt or 'the evidence contradicts itself; choose one'}", indent)).rstrip()
    told: dict[str, str] = {}
    for one in found.claims:
        told.setdefault(str(flow(one.value)), one.evidence)
    for value, evidence in told.items():
        yield str(comment(f"  {value} ({evidence})", indent)).rstrip()
