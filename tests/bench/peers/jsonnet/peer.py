"""Jsonnet, by its fastest implementation."""

from tests.bench.peers.peer import Peer, from_python, write_values

PEER = Peer(
    name="jsonnet",
    title="Jsonnet (jrsonnet, called from Python)",
    requirement="rjsonnet==0.5.6",
    prepare=write_values,
    command=from_python("jsonnet"),
    is_slow=False,
    note="",
)
