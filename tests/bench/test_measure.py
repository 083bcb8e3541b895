"""That a run measures everything it has tables for: with three tenants, and without peers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import generator
from tests.bench import page, stages
from tests.bench.__main__ import measure
from tests.bench.bulk import scaled_up
from tests.bench.clock import Cost, Fresh, medians
from tests.bench.goals import goals
from tests.bench.peers.registry import PEERS
from tests.bench.results import QUICK, Results
from tests.bench.tenants import write_profiles

SMALL = replace(
    QUICK, cold_rounds=1, tenants=3, naive_tenants=1, slow_tenants=2, growth=(1, 3), namespaces=8, sampled=1
)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Results:
    skipped = {peer.name: "this is a test" for peer in PEERS}
    return measure(SMALL, tmp_path_factory.mktemp("bench"), skipped)


def test_everything_is_measured(found: Results) -> None:
    assert set(found.cold) == {"bare", "version", "help", "render", "unchanged", "first"}
    assert set(found.bulk) - {"kubeconform"} == {"render", "unlike", "check", "naive"}
    assert set(found.growth) == {1, 3}
    assert all(cost.megabytes > 1 for cost in (*found.cold.values(), *found.growth.values(), *found.cluster.values()))


def test_every_goal_finds_its_numbers(found: Results) -> None:
    assert all(goal.verdict in {"met", "**missed**", "not measured"} for goal in goals(found))


def test_every_table_can_be_printed(found: Results) -> None:
    text = "".join(page.speed(found).values())
    assert "Kapitan: skipped, this is a test" in text
    assert "A quick look" in text


def test_the_stages_of_a_render_are_seen(found: Results) -> None:
    """Which ones a look meets is chance where so little is done; that most of the time is a stage's is not."""
    assert found.stages["cold"]["imports"] > 0
    known = {stage for stage, _ in stages.ROWS}
    bulk = found.stages["bulk"]
    assert sum(seconds for stage, seconds in bulk.items() if stage in known) > sum(bulk.values()) / 2
    assert sum(found.stages["cold imports"].values()) > 0


def test_medians_are_those_of_the_rounds() -> None:
    costs = iter([Cost(3, 5, 10), Cost(1, 6, 30), Cost(2, 4, 20)])
    assert medians(3, {"one": lambda: next(costs)}) == {"one": Cost(2, 5, 30)}


def test_starting_up_is_not_scaled() -> None:
    assert scaled_up(Cost(3, 4, 90), 11, 1001, Cost(1, 2, 50)) == Cost(1 + 200, 2 + 200, 90)
    assert scaled_up(Cost(3, 4, 90), 10, 1000, None) == Cost(300, 400, 90)


def test_rounds_give_everybody_a_turn() -> None:
    order: list[str] = []

    def turn(name: str) -> Cost:
        order.append(name)
        return Cost(1, 1, 1)

    medians(2, {"a": lambda: turn("a"), "b": lambda: turn("b")})
    assert order == ["a", "b", "a", "b"]


@pytest.mark.parametrize(
    ("stack", "stage"),
    [
        ("__main__;generator.pipeline;generator.intent.load;import jinja2;jinja2", "imports"),
        ("__main__;generator.pipeline;generator.intent.profile;generator.core.yaml_reader", "profiles read"),
        ("__main__;generator.pipeline;generator.intent.load;generator.intent.expand", "intent checked and merged"),
        ("__main__;generator.pipeline;generator.render.verify;generator.core.yaml_quick", "rendered text read back"),
        ("__main__;generator.pipeline;generator.render.verify;generator.manifests.admission", "admission rules"),
        ("__main__;generator.pipeline;generator.verify.proof;generator.semantics.mtls", "proof: what the YAML means"),
        ("__main__;generator.cli.render;generator.output.writer;pathlib", "written, or compared with the disk"),
        ("__main__;generator.__main__;typer.core;rich.console", "the command line"),
        ("__main__;generator.__main__;generator.cli.quick;re", "`generator.cli`"),
        ("__main__;runpy", stages.START),
    ],
)
def test_a_stack_belongs_to_its_stage(stack: str, stage: str) -> None:
    assert stages.stage_of(stack) == stage


def test_stages_name_modules_that_exist() -> None:
    root = Path(generator.__file__).parent
    modules = {".".join(path.relative_to(root.parent).with_suffix("").parts) for path in root.rglob("*.py")}
    for _, row in stages.ROWS:
        for wanted in row:
            assert wanted in {"import ", "typer"} or any(name.startswith(wanted) for name in modules), wanted


@pytest.mark.parametrize(
    ("stack", "package"),
    [
        ("a;import generator.cli.app;import typer;import typer.core;click", "typer"),
        ("a;import generator.core;generator.core", "generator"),
        ("a;import generator.core;generator.core;dataclasses", "generator: dataclasses"),
    ],
)
def test_an_import_is_put_down_to_who_is_imported(stack: str, package: str) -> None:
    assert stages.imported(stack) == package


def test_sampling_changes_nothing(tmp_path: Path) -> None:
    profile = write_profiles(tmp_path / "one", 1) / "tenant-00000.yaml"
    found = stages.sampled(["render", str(profile), "-o", str(tmp_path / "out")], Fresh(tmp_path))
    assert sum(found.values()) > 0
    assert (tmp_path / "out" / "kustomization.yaml").exists()
