"""The engine of Helm: no Helm binary can be had from a package index."""

from tests.bench.peers.peer import Peer, from_python, write_values

PEER = Peer(
    name="helm",
    title="the Helm engine (called from Python)",
    requirement="helm-python-sdk==0.2.2",
    prepare=write_values,
    command=from_python("helm"),
    is_slow=False,
    note="",
)
