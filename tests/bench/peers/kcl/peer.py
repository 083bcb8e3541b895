"""KCL, by its own library."""

from tests.bench.peers.peer import Peer, from_python, write_values

PEER = Peer(
    name="kcl",
    title="KCL (called from Python)",
    requirement="kcl-lib==0.13.2",
    prepare=write_values,
    command=from_python("kcl"),
    is_slow=False,
    note="",
)
