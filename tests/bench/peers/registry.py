"""Every peer, in the order of the tables."""

from __future__ import annotations

from tests.bench.peers.helm.peer import PEER as HELM
from tests.bench.peers.jsonnet.peer import PEER as JSONNET
from tests.bench.peers.kapitan.peer import PEER as KAPITAN
from tests.bench.peers.kcl.peer import PEER as KCL
from tests.bench.peers.kustomize.peer import PEER as KUSTOMIZE

PEERS = (JSONNET, HELM, KCL, KUSTOMIZE, KAPITAN)
