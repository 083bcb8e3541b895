"""`meshgen diff OLD..NEW PATH`: revisions are read from the repository, and nothing is checked out."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support import MINIMAL, meshgen, snapshot

POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress]}
"""
WORKLOAD = """\
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api}}
spec: {containers: [{name: api, image: api}]}
"""


def git(*arguments: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], check=True, capture_output=True)


def commit(message: str) -> None:
    git("add", "--all")
    git("commit", "--quiet", "--message", message)


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """First nothing of ours, then a policy, then none."""
    monkeypatch.chdir(tmp_path)
    git("init", "--quiet", "--initial-branch=main")
    (tmp_path / "README").write_text("nothing yet")
    commit("start")
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy/pod.yaml").write_text(WORKLOAD)
    (tmp_path / "deploy/policy.yaml").write_text(POLICY)
    commit("policy")
    (tmp_path / "deploy/policy.yaml").unlink()
    commit("no policy")
    return tmp_path


def test_the_last_policy_taken_away_opens(repository: Path) -> None:
    before = snapshot(repository)
    run = meshgen("diff", "HEAD~1..HEAD", "deploy")
    assert (run.code, run.out.splitlines()[0].split()[0]) == (1, "opened"), run
    assert "every address -> every pod of shop every port (network ingress)" in run.out
    assert run.out.splitlines()[-1].startswith("HEAD~1:deploy -> HEAD:deploy: ")
    assert snapshot(repository) == before
    assert meshgen("diff", "HEAD~1..", "--", "deploy").code == 1
    assert meshgen("diff", "HEAD~1...HEAD", "deploy").code == 1
    assert meshgen("diff", "HEAD~1:deploy", "HEAD:deploy").code == 1


def test_a_base_without_files_is_empty() -> None:
    run = meshgen("diff", "HEAD~2..HEAD~1", "deploy")
    assert run.code == 1, run
    assert [line.split()[0] for line in run.out.splitlines() if " shop/api" in line.partition("->")[2]] == ["opened"]


def test_a_path_is_relative_to_where_we_are(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository / "deploy")
    assert meshgen("diff", "HEAD~1..HEAD", ".").code == 1
    assert meshgen("diff", "HEAD~1:policy.yaml", repository / "deploy").code == 1
    assert "outside of the repository" in meshgen("diff", "HEAD~1..HEAD", "../..").err


def test_the_work_tree_can_be_one_side(repository: Path) -> None:
    (repository / "deploy/policy.yaml").write_text(POLICY)
    assert meshgen("diff", "HEAD~1:deploy", "deploy").code == 0
    assert meshgen("diff", "deploy", "HEAD:deploy").code == 1


def test_profiles_are_rendered_as_they_were(repository: Path) -> None:
    (repository / "shop.yaml").write_text(MINIMAL)
    commit("profile")
    (repository / "shop.yaml").write_text(MINIMAL.replace("    - {from: api, to: db}\n", ""))
    commit("less")
    run = meshgen("diff", "HEAD~1..HEAD", "shop.yaml")
    assert (run.code, run.out.splitlines()[0].startswith("closed ")) == (0, True), run
    assert "shop/api -> shop/db 5432/TCP" in run.out


def test_mistakes_are_named_by_revision(repository: Path) -> None:
    (repository / "deploy/policy.yaml").write_text("a: [")
    commit("broken")
    run = meshgen("diff", "HEAD~1..HEAD", "deploy")
    assert (run.code, run.err.splitlines()[0].partition(": ")[0]) == (2, "HEAD:deploy/policy.yaml:2:1"), run


def test_a_link_does_not_lead_out_of_the_revision(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.yaml"
    secret.write_text(POLICY)
    (repository / "deploy/link.yaml").symlink_to(secret)
    commit("link")
    assert meshgen("diff", "HEAD~1..HEAD", "deploy").code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere..HEAD", "deploy"], "git does not know the revision 'nowhere'"),
        (["--", "--output=x..HEAD", "deploy"], "git does not know the revision '--output=x'"),
        (["HEAD..HEAD", "nothing"], "neither at HEAD nor at HEAD"),
        (["HEAD:nothing", "deploy"], "HEAD:nothing: nothing is there"),
        (["HEAD~1..HEAD", "a", "b"], "takes one path; here are 2"),
    ],
)
def test_what_is_no_revision(repository: Path, arguments: list[str], words: str) -> None:
    before = snapshot(repository)
    run = meshgen("diff", *arguments)
    assert (run.code, words in run.err) == (2, True), run
    assert snapshot(repository) == before


def test_outside_of_a_repository(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path_factory.mktemp("plain")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(folder.parent))
    run = meshgen("diff", "HEAD~1..HEAD", "deploy")
    assert (run.code, run.err.count("\n")) == (2, 1), run
