"""One run is one cluster's half of a mesh: what profiles declare for other clusters becomes their remote peers.

A workload with ``cluster`` runs in that other cluster; one with ``clusters`` runs in each of
them, and is this cluster's own where the environment's name is among them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from generator.core.findings import Finding
from generator.core.frozen import dataclass
from generator.core.names import suggestion
from generator.core.places import Place
from generator.environment.model import Environment
from generator.intent.declarations import Declaration, Declarations
from generator.intent.merge import merge_declarations
from generator.model.peers import RemotePeer
from generator.model.terms import Mesh, Port
from generator.model.workloads import WorkloadKey

RemoteKey = tuple[str, str, str]
"""Cluster, namespace and name."""


@dataclass(frozen=True, slots=True)
class RemoteWorkload:
    """A workload of another cluster, and the ports that its pods listen on."""

    peer: RemotePeer
    ports: tuple[Port, ...]


@dataclass(frozen=True, slots=True)
class Spread:
    """Where a workload of a profile runs: here or not, and in which other clusters."""

    profile: str
    is_here: bool
    elsewhere: tuple[RemoteKey, ...]


@dataclass(frozen=True, slots=True)
class Members:
    """The workloads of other clusters, and those of this run that are spread over clusters."""

    remotes: Mapping[RemoteKey, RemoteWorkload]
    spread: Mapping[WorkloadKey, Spread]


def distribute(
    declared: Sequence[Declarations], environment: Environment
) -> tuple[list[Declarations], Members, list[Finding]]:
    """Return what *declared* says of this cluster alone, the workloads elsewhere, and what is wrong with them.

    Findings: MG025 (two profiles differ), MG028 (this cluster named as another one), MG029
    (the environment does not say which cluster this is, or which others there are), MG034
    (no such cluster).
    """
    findings: list[Finding] = []
    own: list[Declarations] = []
    remote: list[tuple[str, Declaration]] = []
    spread: dict[WorkloadKey, Spread] = {}
    for one in declared:
        findings += [mistake for item in one.namespaces for mistake in _misplaced(item, environment)]
        here: list[Declaration] = []
        for item in one.workloads:
            findings += _unknown(item, environment)
            names = _clusters(item)
            others = [name for name in names if item.fields.get("cluster") or name != environment.cluster.name]
            remote += [(name, _with_mesh(item, one)) for name in others]
            is_here = not names or len(others) < len(names)
            if is_here:
                here.append(item)
            if "clusters" in item.fields:
                spread[item.key] = Spread(item.origin.profile, is_here, tuple((name, *item.key) for name in others))
        elsewhere = {key for key, known in spread.items() if not known.is_here}
        tokens = tuple(token for token in one.tokens if (token.namespace, token.workload) not in elsewhere)
        own.append(replace(one, workloads=tuple(here), tokens=tokens))
    remotes, conflicts = _merged(remote)
    return own, Members(remotes, spread), [*dict.fromkeys(findings), *conflicts]


def _clusters(item: Declaration) -> tuple[str, ...]:
    """Return the clusters that *item* is said to run in; none where it is this one's own."""
    if "cluster" in item.fields:
        return (item.fields["cluster"],)
    return tuple(item.fields.get("clusters", ()))


def _place(item: Declaration, name: str = "") -> Place:
    known = item.places
    return known.get("cluster") or known.get(f"clusters/{name}") or known.get("clusters") or item.origin.place


def _misplaced(item: Declaration, environment: Environment) -> Iterator[Finding]:
    """A profile for certain clusters is rendered for one of them."""
    names, own = item.fields.get("clusters", ()), environment.cluster.name
    if not names or own in names:
        return
    if own is None:
        yield _nameless(_place(item), environment)
        return
    message = f"this is for {', '.join(names)}, and the environment {environment.name!r} is the cluster {own!r}"
    yield Finding("MG034", message, _place(item), "choose the environment of one of them, or add the cluster")


def _unknown(item: Declaration, environment: Environment) -> Iterator[Finding]:
    """Yield what keeps the clusters of *item* from being known."""
    own = environment.cluster.name
    for name in _clusters(item):
        place = _place(item, name)
        if own is None:
            yield _nameless(_place(item), environment)
        elif name == own and "cluster" in item.fields:
            message = f"{name!r} is this cluster itself (environment {environment.name!r})"
            yield Finding("MG028", message, place, "drop `cluster`: its pods are selected by their labels")
        elif name != own and environment.clusters is None:
            message = f"the environment {environment.name!r} does not say clusters: the others of the mesh"
            fix = "write clusters into an environment file of your own (`meshgen env --help`)"
            yield Finding("MG029", message, place, fix)
        elif name != own and name not in (environment.clusters or {}):
            message = f"the environment {environment.name!r} knows no cluster {name!r} of the mesh"
            known = [*(environment.clusters or {}), *([own] if "clusters" in item.fields else [])]
            yield Finding("MG034", message, place, suggestion(name, known))


def _nameless(place: Place, environment: Environment) -> Finding:
    message = f"the environment {environment.name!r} does not say cluster.name: which cluster of the mesh this is"
    fix = "write cluster.name into an environment file of your own (`meshgen env --help`)"
    return Finding("MG029", message, place, fix)


def _with_mesh(item: Declaration, declared: Declarations) -> Declaration:
    """Return *item* with the mode of the namespace that its own profile declares, if it says none itself."""
    home = next((one for one in declared.namespaces if one.key[0] == item.fields["namespace"]), None)
    if home is None or "mesh" in item.fields or "mesh" not in home.fields:
        return item
    return replace(item, fields={**item.fields, "mesh": home.fields["mesh"]})


_REMOTE_FIELDS = frozenset({"serviceAccounts", "mesh", "ports"})
"""What counts of a workload in another cluster; its labels select nothing from here."""


def _merged(remote: Iterable[tuple[str, Declaration]]) -> tuple[dict[RemoteKey, RemoteWorkload], list[Finding]]:
    reduced = [
        replace(
            item,
            key=(f"{cluster}/{item.fields['namespace']}", item.fields["name"]),
            fields={name: value for name, value in item.fields.items() if name in _REMOTE_FIELDS} | {"rendered": False},
        )
        for cluster, item in remote
    ]
    merged, conflicts = merge_declarations(reduced, "workload")
    found = {}
    for (home, name), item in merged.items():
        cluster, _, namespace = home.partition("/")
        accounts = tuple(sorted(item.fields.get("serviceAccounts", (name,))))
        peer = RemotePeer(cluster, namespace, name, accounts, Mesh(item.fields.get("mesh", Mesh.SIDECAR)))
        ports = tuple(
            Port(port["number"], port["protocol"], port.get("name", ""), port.get("end"))
            for port in sorted(item.fields.get("ports", ()), key=lambda port: port["number"])
        )
        found[cluster, namespace, name] = RemoteWorkload(peer, ports)
    return found, conflicts
