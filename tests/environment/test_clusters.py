"""The clusters of a mesh in an environment file: what is read, and what contradicts itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from generator.core.errors import InvalidInput
from generator.environment.load import load_environment
from generator.environment.model import EastWestDoor, OtherCluster, OwnCluster
from tests.support import told

HEAD = "apiVersion: meshgen.dev/v1alpha1\nkind: Environment\nmetadata: {name: here}\nspec:\n"
KNOWN = """\
  cluster: {name: east, network: blue}
  addresses: {pods: [10.0.0.0/16]}
  clusters:
    west: {network: green, trustDomain: west.example.com, gateway: {addresses: [192.0.2.1/32], port: 31443}}
    north: {network: blue, pods: [10.1.0.0/16]}
    south: {gateway: unknown}
"""


def load(folder: Path, text: str) -> tuple[OwnCluster, Mapping[str, OtherCluster] | None]:
    """Return the clusters that a file with *text* states."""
    (folder / "here.yaml").write_text(text)
    found = load_environment("here.yaml", folder)
    return found.cluster, found.clusters


def test_what_is_not_said_stays_unknown(tmp_path: Path) -> None:
    own, others = load(tmp_path, HEAD + KNOWN)
    assert own == OwnCluster("east", "blue")
    assert others == {
        "west": OtherCluster("west", "green", "west.example.com", None, EastWestDoor(("192.0.2.1/32",), 31443)),
        "north": OtherCluster("north", "blue", None, ("10.1.0.0/16",), None),
        "south": OtherCluster("south", None, None, None, None),
    }
    assert load(tmp_path, HEAD + "  dns: {ports: [53]}\n") == (OwnCluster(None, None), None)
    assert load(tmp_path, HEAD + "  clusters: {}\n") == (OwnCluster(None, None), {}), "the only one of its mesh"


def test_the_same_in_plain_words(tmp_path: Path) -> None:
    plain = "cluster: {name: east, network: blue}\nclusters:\n  west: {network: green}\n"
    assert load(tmp_path, plain) == (
        OwnCluster("east", "blue"),
        {"west": OtherCluster("west", "green", None, None, None)},
    )


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            "  cluster: {name: east}\n  clusters: {west: {}, east: {network: blue}}\n",
            ["MG012 6:30 'east' is this cluster (cluster.name), and stands among the others"],
        ),
        (
            KNOWN.replace("10.1.0.0/16", "10.0.128.0/17"),
            [
                "MG012 9:34 the pods of 'north' (10.0.128.0/17) share addresses with this cluster's own "
                "(addresses.pods) (10.0.0.0/16), on one network"
            ],
        ),
        (KNOWN.replace("blue, pods: [10.1.0.0/16]", "red, pods: [10.0.0.0/16]"), []),
        (
            "  clusters: {west: {network: blue}, west: {network: green}}\n",
            ["MG003 5:37 the key 'west' stands twice"],
        ),
        ("  clusters: {west: {net: blue}}\n", ["MG011 5:21"]),
        ("  clusters: {west: {gateway: {port: 15443}}}\n", ["MG012 5:30 must be the gateway's addresses, or unknown"]),
        ("  clusters: {west: {pods: [10.0.0.1/8]}}\n", ["MG012 5:27"]),
        ("  clusters: [west]\n", ["MG012 5:13"]),
        ("  clusters: none\n", ["MG012 5:13"]),
    ],
)
def test_contradictions_are_told_at_their_place(lines: str, expected: list[str], tmp_path: Path) -> None:
    if not expected:
        load(tmp_path, HEAD + lines)
        return
    with pytest.raises(InvalidInput) as refused:
        load(tmp_path, HEAD + lines)
    found = [
        f"{one.code} {one.place.line}:{one.place.column} {one.message}" for one in refused.value.findings if one.place
    ]
    assert len(found) == len(expected), told(refused.value.findings)
    assert all(one.startswith(start) for one, start in zip(found, expected, strict=True)), found
