"""Whether a peer's port makes the documents that meshgen makes: one by one, as data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from tests.bench.clock import Cost, Fresh, run
from tests.bench.peers.peer import Peer
from tests.bench.tenants import Documents, Values, read_documents

_SHOWN = 5


class Unequal(Exception):
    """A port does not do the same work, so its time means nothing; the message names the documents."""


def must_be_equal(peer: Peer, given: Sequence[Values], wanted: Documents, fresh: Fresh) -> Callable[[], Cost]:
    """Let *peer* render the tenants *given* once and compare; return what times it doing so again.

    Raises:
        Unequal: there are other documents than *wanted*.
        Failed: it could not.
    """
    folder = fresh()
    folder.mkdir()
    peer.prepare(folder, given)
    output = fresh()
    _render(peer, folder, output)
    different = differences(read_documents(output), wanted)
    if different:
        shown = ", ".join(different[:_SHOWN])
        raise Unequal(f"{peer.title}: {len(different)} of {len(wanted)} documents are not those of meshgen: {shown}")
    return lambda: _render(peer, folder, fresh())


def differences(found: Documents, wanted: Documents) -> list[str]:
    """Return the names of documents that are not the same in both, or in one of them alone."""
    return sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))


def _render(peer: Peer, folder: Path, output: Path) -> Cost:
    output.mkdir()
    return run(peer.command(folder, output))


def only_of(documents: Documents, tenants: Sequence[Values]) -> Documents:
    """Return those of *documents* that belong to *tenants*."""
    spaces = {one["tenant"] for one in tenants}
    return {name: one for name, one in documents.items() if name.partition("/")[0] in spaces}
