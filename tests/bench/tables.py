"""Results as Markdown tables: those of `README.md` and of `docs/speed.md`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tests.bench.cluster import size
from tests.bench.goals import goals
from tests.bench.kubeconform import KUBECONFORM
from tests.bench.peers.registry import PEERS
from tests.bench.results import Plan, Results
from tests.bench.tenants import OBJECTS

_TITLES = {peer.name: peer.title for peer in PEERS} | {KUBECONFORM: "kubeconform, with the same schemas"}
_NOTES = {peer.name: peer.note for peer in PEERS if peer.note}
_COLD = {
    "bare": "`python -c pass`",
    "version": "`meshgen --version`",
    "help": "`meshgen --help`",
    "render": "`meshgen render`, one profile",
    "unchanged": "the same, nothing changed",
    "first": "the same, no template compiled yet",
}
_BULK = {
    "render": "`meshgen render`, checked and proven",
    "unlike": "`meshgen render`, no two tenants of one shape",
    "check": "`meshgen render --check`, nothing changed",
    "naive": "a naive render in Python, checked",
}
_CLUSTER = {
    "parse": "parsing alone (PyYAML with libyaml)",
    "check": "`meshgen check`, every rule",
    "graph": "`meshgen graph`, who reaches whom",
    "diff same": "`meshgen diff`, both sides the same",
    "diff changed": "`meshgen diff`, one policy changed",
}
STAGES = {
    "help": "`meshgen --help`",
    "cold": "one cold render",
    "unchanged": "the same, nothing changed",
    "bulk": "{tenants:,} tenants in one render",
    "bulk check": "the same with `--check`, nothing changed",
    "check": "`check` of {documents:,} foreign documents",
}


def machine(results: Results) -> str:
    """Return what was measured, and where."""
    quick = (
        "\n\n**A quick look**: few rounds and tenants, on a busy machine perhaps; `make bench` measures."
        if results.plan.is_quick
        else ""
    )
    return f"{results.machine}{quick}\n"


def goal_table(results: Results) -> str:
    """Return every goal, what was measured, and whether that meets it."""
    rows = []
    for goal in goals(results):
        measured = "" if goal.measured is None else f"{_short(goal.measured)}{goal.unit}"
        rows.append((goal.text, f"≤ {_short(goal.limit)}{goal.unit}", measured, goal.verdict))
    return _table(("goal", "limit", "measured", "verdict"), rows)


def cold(results: Results) -> str:
    """Return what single commands take, over a bare interpreter."""
    bare = results.cold["bare"].seconds
    rows = [
        (
            _title(name, _COLD),
            f"{one.seconds * 1000:.0f} ms",
            f"{one.seconds / bare:.1f}x",
            f"{one.processor * 1000:.0f} ms",
            f"{one.megabytes:.0f} MB",
        )
        for name, one in results.cold.items()
    ]
    title = f"One process, one bundle of {OBJECTS} documents; median of {results.plan.cold_rounds} rounds"
    return _table(
        (title, "time", "over the interpreter", "processor time", "peak memory"),
        [*rows, *_missing(results, {KUBECONFORM})],
    )


def bulk(results: Results) -> str:
    """Return what very many tenants take, over our own render."""
    plan, costs = results.plan, dict(results.bulk)
    checked = costs.pop(KUBECONFORM, None)
    if checked and "helm" in costs:
        costs["helm checked"] = costs["helm"] + checked
    titles = {**_BULK, "helm checked": "the Helm engine, and kubeconform on its output"}
    own = costs["render"].seconds
    rows = []
    for name, one in sorted(costs.items(), key=lambda item: item[1].seconds):
        note = f"; scaled up from {results.scaled[name]} tenants" if name in results.scaled else ""
        memory = "" if note else f"{one.megabytes:.0f} MB"
        rows.append(
            (
                _title(name, titles) + note,
                f"{one.seconds:.2f} s",
                f"{one.seconds / own:.2f}x",
                f"{one.processor:.2f} s",
                memory,
            )
        )
    title = f"{plan.tenants:,} tenants, {plan.tenants * OBJECTS:,} documents in one call; {_rounds(plan)}"
    return _table(
        (title, "time", "over `meshgen render`", "processor time", "peak memory"), [*rows, *_missing(results)]
    )


def foreign(results: Results) -> str:
    """Return what the check of other people's documents takes."""
    own = results.foreign["check"].seconds
    titles = {"check": "`meshgen check`, every rule"}
    rows = [
        (
            _title(name, titles),
            f"{one.seconds:.2f} s",
            f"{one.seconds / own:.2f}x",
            f"{one.processor:.2f} s",
            f"{one.megabytes:.0f} MB",
        )
        for name, one in results.foreign.items()
    ]
    title = f"{results.plan.tenants * OBJECTS:,} documents that somebody else wrote; {_rounds(results.plan)}"
    return _table((title, "time", "over `meshgen check`", "processor time", "peak memory"), rows)


def growth(results: Results) -> str:
    """Return how time and memory grow with the number of tenants."""
    rows, before, had = [], 0, 0.0
    for count, one in sorted(results.growth.items()):
        more = f"{(one.megabytes - had) / (count - before) * 1024:.0f} KB" if before else ""
        each, busy = f"{one.seconds / count * 1000:.1f} ms", f"{one.processor / count * 1000:.1f} ms"
        rows.append((f"{count:,}", f"{one.seconds:.2f} s", each, busy, f"{one.megabytes:.0f} MB", more))
        before, had = count, one.megabytes
    head = (
        "tenants in one render",
        "time",
        "time of a tenant",
        "processor time of a tenant",
        "peak memory",
        "memory of one more tenant",
    )
    return _table(head, rows)


def cluster(results: Results) -> str:
    """Return what the analysis of a large cluster takes, over parsing it."""
    parsing = results.cluster["parse"].seconds
    rows = [
        (_CLUSTER[name], f"{one.seconds:.1f} s", f"{one.seconds / parsing:.1f}x", f"{one.megabytes:.0f} MB")
        for name, one in results.cluster.items()
    ]
    workloads, network, mesh = size(results.plan.namespaces)
    title = f"{workloads:,} workloads, {network:,} NetworkPolicies, {mesh:,} AuthorizationPolicies"
    return _table((f"{title}; {_rounds(results.plan)}", "time", "over parsing", "peak memory"), rows)


def stages(plan: Plan, found: Mapping[str, Mapping[str, float]]) -> str:
    """Return a table of seconds by stage for each command that was sampled, and of its imports where it is short."""
    made = []
    for name, words in STAGES.items():
        title = words.format(tenants=plan.tenants, documents=plan.tenants * OBJECTS)
        made.append(_shares(f"{title}, on one core", found[name]))
        if found.get(f"{name} imports"):
            made.append(_shares(f"{title}: imports", found[f"{name} imports"]))
    return "\n".join(made)


def _shares(title: str, seconds: Mapping[str, float]) -> str:
    """Return seconds by stage, the largest first; what is less than a hundredth is left out."""
    whole = sum(seconds.values())
    largest = sorted(seconds.items(), key=lambda item: -item[1])
    rows = [(stage, _time(taken, whole), f"{taken / whole:.0%}") for stage, taken in largest if taken >= whole / 100]
    return _table((title, "processor time", "share"), [*rows, ("all", _time(whole, whole), "100%")])


def _time(seconds: float, whole: float) -> str:
    return f"{seconds:.2f} s" if whole >= 1 else f"{seconds * 1000:.1f} ms"


def _missing(results: Results, beside: Iterable[str] = ()) -> Iterator[tuple[str, ...]]:
    """Yield a row for everybody who could not be asked, but not for those *beside* the point."""
    for name in sorted(results.skipped.keys() - set(beside)):
        yield f"{_title(name, {})}: skipped, {results.skipped[name]}", "", "", "", ""


def _title(name: str, own: Mapping[str, str]) -> str:
    title = own.get(name) or _TITLES[name]
    return f"{title} ({_NOTES[name]})" if name in _NOTES else title


def _rounds(plan: Plan) -> str:
    return f"median of {plan.bulk_rounds} rounds" if plan.bulk_rounds > 1 else "one round"


def _short(number: float) -> str:
    return f"{number:,.2f}".rstrip("0").rstrip(".") if number < 100 else f"{number:,.0f}"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a Markdown table, numbers to the right."""
    lines = [head, *(tuple(cell.replace("|", "\\|") for cell in row) for row in rows)]
    printed = [f"| {' | '.join(line)} |\n" for line in lines]
    printed.insert(1, f"|---|{'---:|' * (len(head) - 1)}\n")
    return "".join(printed)
