"""That peers do the same work: a port that makes another document must not be timed."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from generator.pipeline import Request, render
from tests.bench import kubeconform
from tests.bench.clock import Failed, Fresh
from tests.bench.equal import Unequal, must_be_equal
from tests.bench.peers import install
from tests.bench.peers.peer import Peer
from tests.bench.peers.registry import PEERS
from tests.bench.tenants import (
    OBJECTS,
    Documents,
    Values,
    read_documents,
    values,
    write_documents,
    write_profiles,
)
from tests.judges.installed import find

TENANTS = 3
GIVEN = [values(number, "tenants") for number in range(TENANTS)]


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> Documents:
    """What meshgen makes of the tenants."""
    work = tmp_path_factory.mktemp("meshgen")
    bundle = render(Request((str(write_profiles(work / "tenants", TENANTS)),)))
    (work / "out").mkdir()
    (work / "out" / "stream.yaml").write_text(bundle.stream, "utf-8")
    return read_documents(work / "out")


def test_a_tenant_has_as_many_objects_as_the_tables_say(wanted: Documents) -> None:
    assert len(wanted) == TENANTS * OBJECTS


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_a_port_makes_the_documents_of_meshgen(peer: Peer, wanted: Documents, tmp_path: Path) -> None:
    if not peer.is_installed:
        pytest.skip(f"{peer.requirement} is not installed: python -m tests.bench.peers.install {peer.name}")
    cost = must_be_equal(peer, GIVEN, wanted, Fresh(tmp_path))()
    assert cost.seconds > 0
    assert cost.megabytes > 0


def _fake(script: str) -> Peer:
    """Return a peer that prints what it was given, after *script* had its way with the list `documents`."""

    def prepare(folder: Path, tenants: Sequence[Values]) -> None:
        one = tenants[0]
        made = {"kind": "Sidecar", "metadata": {"name": "default", "namespace": one["tenant"]}, "port": one["port"]}
        (folder / "given.json").write_text(json.dumps(made), "utf-8")

    def command(given: Path, output: Path) -> list[str]:
        text = (
            f"import json, pathlib\ndocuments = [json.loads(pathlib.Path({str(given / 'given.json')!r}).read_text())]\n"
        )
        text += f"{script}\nfor number, one in enumerate(documents):\n"
        text += f"    pathlib.Path({str(output)!r}, f'{{number}}.yaml').write_text(json.dumps(one))"
        return [sys.executable, "-c", text]

    return Peer("fake", "Fake", "fake==1", prepare, command, is_slow=False, note="")


FAKED: Documents = {
    "tenant-00000/Sidecar/default": {
        "kind": "Sidecar",
        "metadata": {"name": "default", "namespace": "tenant-00000"},
        "port": 9000,
    }
}


def test_an_equal_port_is_timed(tmp_path: Path) -> None:
    assert must_be_equal(_fake(""), GIVEN[:1], FAKED, Fresh(tmp_path))().seconds > 0


@pytest.mark.parametrize(
    "script",
    [
        "documents[0]['port'] = 9001",
        "documents[0]['port'] = '9000'",
        "documents[0]['more'] = None",
        "documents.clear()",
        "documents.append({**documents[0], 'kind': 'Gateway'})",
    ],
    ids=["another value", "another type", "a field more", "a document less", "a document more"],
)
def test_a_port_that_differs_is_refused(script: str, tmp_path: Path) -> None:
    with pytest.raises(Unequal, match=r"^Fake: 1 of 1 documents are not those of meshgen: tenant-00000/"):
        must_be_equal(_fake(script), GIVEN[:1], FAKED, Fresh(tmp_path))


def test_a_port_that_makes_one_object_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there are two of tenant-00000/Sidecar/default"):
        must_be_equal(_fake("documents *= 2"), GIVEN[:1], FAKED, Fresh(tmp_path))


def test_a_peer_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="status 1\nno licence"):
        must_be_equal(_fake("raise SystemExit('no licence')"), GIVEN[:1], FAKED, Fresh(tmp_path))


def test_kubeconform_reads_our_schemas_and_can_fail(wanted: Documents, tmp_path: Path) -> None:
    if not find(kubeconform.KUBECONFORM):
        pytest.skip("kubeconform is not installed: python -m tests.bench.peers.install kubeconform")
    fresh = Fresh(tmp_path)
    kubeconform.validate(fresh, write_documents(tmp_path / "right", wanted))["kubeconform"]()
    name, document = next(iter(wanted.items()))
    wrong = {**document, "spec": {**document["spec"], "podSelektor": {}}}
    with pytest.raises(Failed):
        kubeconform.validate(fresh, write_documents(tmp_path / "wrong", {**wanted, name: wrong}))["kubeconform"]()


def test_documents_survive_being_written(wanted: Documents, tmp_path: Path) -> None:
    folder = write_documents(tmp_path / "written", wanted)
    assert len(list(folder.iterdir())) == TENANTS
    assert read_documents(folder) == wanted
    assert all(one["kind"] for path in folder.iterdir() for one in yaml.safe_load_all(path.read_text("utf-8")))


def test_what_cannot_be_installed_is_skipped_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tests.bench.peers.peer.HOME", tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    impossible = replace(_fake(""), name="impossible", requirement="there-is-no-such-package==1")
    monkeypatch.setattr(install, "PEERS", (impossible,))
    assert install.main(["impossible"]) == 0
    assert "impossible: skipped: pip cannot install there-is-no-such-package==1" in capsys.readouterr().out
    assert not impossible.is_installed


def test_nobody_unknown_is_installed(capsys: pytest.CaptureFixture[str]) -> None:
    assert install.main(["kubectl"]) == 1
    assert "nobody is called kubectl; there are jsonnet, helm" in capsys.readouterr().out
