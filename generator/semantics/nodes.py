"""What the ends of an edge are: workloads, crowds of them, the platform, the world outside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from generator.semantics.strangers import ELSEWHERE
from generator.topology import Endpoint

_CROWDS = ("every pod of", "every workload of", "other pods of")
_STRANGE = ("an unknown pod of ", "a pod like ")


class NodeKind(StrEnum):
    """What a node stands for."""

    WORKLOAD = "workload"
    CROWD = "crowd"
    GATEWAY = "gateway"
    PLUMBING = "plumbing"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Node:
    """One end of edges, by its name; ``namespace`` is empty where it belongs to none, or to several."""

    name: str
    kind: NodeKind
    namespace: str = ""

    @property
    def label(self) -> str:
        """The name as it is said inside its namespace."""
        return self.name.removeprefix(f"{self.namespace}/") if self.kind is NodeKind.WORKLOAD else self.name


class Nodes:
    """Tells what a name stands for, among *everybody*."""

    def __init__(self, everybody: Iterable[Endpoint]) -> None:
        """Know the names of workloads and of the platform, and how crowds of a namespace are called."""
        self._known: dict[str, Node] = {}
        self._crowds: dict[str, str] = {}
        self._others: dict[str, Node] = {}
        for one in everybody:
            if not one.is_pod or one.cluster or one.name.startswith(_STRANGE):
                continue
            if one.name.startswith(f"{one.namespace}/"):
                self._known[one.name] = Node(one.name, NodeKind.WORKLOAD, one.namespace)
                for word in _CROWDS:
                    self._crowds[f"{word} {one.namespace}"] = one.namespace
            else:
                kind = NodeKind.GATEWAY if one.is_gateway else NodeKind.PLUMBING
                self._known[one.name] = Node(one.name, kind)
        self._crowds.pop(ELSEWHERE, None)

    def of(self, name: str) -> Node:
        """Return the node *name*; what is neither workload nor platform is a crowd, at home or outside."""
        if name in self._known:
            return self._known[name]
        if name not in self._others:
            self._others[name] = self._other(name)
        return self._others[name]

    def _other(self, name: str) -> Node:
        if name.startswith(_CROWDS):
            for word, namespace in self._crowds.items():
                if name == word or name.startswith(f"{word} "):
                    return Node(name, NodeKind.CROWD, namespace)
        return Node(name, NodeKind.OUTSIDE)

    def workloads(self) -> list[Node]:
        """Return every workload."""
        return [one for _, one in sorted(self._known.items()) if one.kind is NodeKind.WORKLOAD]
