"""Changed connections put together into as few rows as say the same: ports, then clients, then servers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from generator.algebra.intervals import Intervals
from generator.semantics.crowds import Crowds
from generator.semantics.network import TRANSPORTS
from generator.topology import Point

_WHOLE = Intervals(((1, 65535),))
_MOST = 4
"""Names that are listed; of more, how many there are."""


class Kind(StrEnum):
    """What happened to a connection; widened and narrowed where some requests got through all the time."""

    OPENED = "opened"
    WIDENED = "widened"
    NARROWED = "narrowed"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Cell:
    """One change at one server and port, of a mask of clients. ``certain`` is false where a fact is missing."""

    kind: Kind
    certain: bool
    clients: int
    server: int
    point: Point
    requests: str
    layers: tuple[str, ...]

    def at(self, point: Point) -> Cell:
        """Return the same change at another port."""
        return replace(self, point=point)


Ports = tuple[tuple[str, Intervals], ...]
"""Transports, each with its ports."""


@dataclass(frozen=True, slots=True)
class Change:
    """One row: who got or lost the way to whom, at which ports, with which requests, and by which layers.

    Both ends are there twice: in few words for a reader, and name by name.
    """

    kind: Kind
    certain: bool
    client_words: tuple[str, ...]
    server_words: tuple[str, ...]
    open_ports: Ports
    requests: str
    layers: tuple[str, ...]
    clients: tuple[str, ...]
    servers: tuple[str, ...]

    @property
    def client(self) -> str:
        """Who connects."""
        return _cut(self.client_words)

    @property
    def server(self) -> str:
        """Who is connected to."""
        return _cut(self.server_words)

    @property
    def ports(self) -> str:
        """The ports in words."""
        return spell_ports(dict(self.open_ports))


def _cut(names: tuple[str, ...]) -> str:
    shown = names if len(names) <= _MOST + 1 else (*names[:_MOST], f"{len(names) - _MOST} more")
    return ", ".join(shown)


_Text = tuple[Kind, bool, str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Box:
    """Cells put together: the same of every client in one mask to every server in the other, at all these ports."""

    text: _Text
    clients: int
    servers: int
    ports: Ports


def rows_of(cells: Iterable[Cell], crowds: Crowds, ports: Mapping[Point, Intervals]) -> list[Change]:
    """Return *cells* as rows, what was opened first, each in the order of names."""
    rows = [row_of(one, crowds) for one in boxes_of(cells, ports)]
    order = list(Kind)
    return sorted(rows, key=lambda row: (order.index(row.kind), row.server, row.ports, row.client, row.requests))


def boxes_of(cells: Iterable[Cell], ports: Mapping[Point, Intervals]) -> list[Box]:
    """Return *cells* in as few boxes as say the same; each cell is in exactly one."""
    by_pair: dict[tuple[_Text, int, int], dict[str, Intervals]] = {}
    for cell in cells:
        text = (cell.kind, cell.certain, cell.requests, cell.layers)
        open_ports = by_pair.setdefault((text, cell.server, cell.clients), {})
        open_ports[cell.point.transport] = open_ports.get(cell.point.transport, Intervals()) | ports[cell.point]
    by_server: dict[tuple[_Text, int, Ports], int] = {}
    for (text, server, clients), open_ports in by_pair.items():
        key = (text, server, tuple(sorted(open_ports.items(), key=lambda one: TRANSPORTS.index(one[0]))))
        by_server[key] = by_server.get(key, 0) | clients
    by_clients: dict[tuple[_Text, int, Ports], int] = {}
    for (text, server, port), clients in by_server.items():
        by_clients[text, clients, port] = by_clients.get((text, clients, port), 0) | 1 << server
    return [Box(text, clients, servers, port) for (text, clients, port), servers in by_clients.items()]


def row_of(box: Box, crowds: Crowds) -> Change:
    """Return *box* with its masks in words."""
    kind, certain, requests, layers = box.text
    words = tuple(crowds.parts(box.clients)), tuple(crowds.parts(box.servers))
    names = tuple(crowds.names(box.clients)), tuple(crowds.names(box.servers))
    return Change(kind, certain, *words, box.ports, requests, layers, *names)


def spell_ports(ports: Mapping[str, Intervals]) -> str:
    """Return ports in words: ``8080/TCP``, ``every TCP port but 15008``."""
    if all(ports.get(transport) == _WHOLE for transport in TRANSPORTS):
        return "every port"
    return ", ".join(_of_transport(transport, ports[transport]) for transport in TRANSPORTS if transport in ports)


def _of_transport(transport: str, ports: Intervals) -> str:
    if ports == _WHOLE:
        return f"every {transport} port"
    if len(ports.parts) > len((_WHOLE - ports).parts):
        return f"every {transport} port but {_listed(_WHOLE - ports)}"
    return f"{_listed(ports)}/{transport}"


def _listed(ports: Intervals) -> str:
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ports.parts)
