"""`docs/JUDGED.md` and the table in the README: made from what the judges said, and from what was settled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from tests.judges.results import Result, load

SETTLED = Path(__file__).with_name("settled.yaml")
TITLES = {
    "admission": "The API server: what it takes and refuses",
    "schemas": "The schemas of every Kubernetes release in use",
    "conformance": "kubeconform, with schemas that take no unknown field",
    "istiod": "istiod's webhook and analyzers",
    "envoy": "Envoy, configured by istiod's own code",
    "network": "Another reading of the policies",
    "kustomize": "Two releases of Kustomize, and the others again",
}
ABOUT = {
    "admission": """Every document of every bundle is sent to it as a dry run with strict fields, and must be taken.
Every wrong document on file is sent too: what it refuses, we must refuse.""",
    "schemas": "Every Kubernetes object of every bundle is held against each release, strict about fields.",
    "conformance": """Every document of every bundle is held against JSON schemas made of the CRDs of Istio and the
Gateway API and of the OpenAPI definitions of Kubernetes, each closed against unknown fields: kubeconform's
`-strict` does nothing for CRDs. Every wrong document on file is shown too: what it refuses, we must refuse.
It says no more than the API server; it is what many run before they ask one.""",
    "istiod": """Every document goes to the webhook, every bundle with the workloads that it is for to the analyzers.
For each rule of the webhook about a kind that we write there is one wrong document, in
`tests/judges/webhook.yaml`: istiod must refuse it for just that reason, and so must we.

`istioctl analyze` without a cluster silently leaves out a third of the analyzers, so a program of ours
runs all of them, as istiod's own tests do. For each of their messages about a kind that we write there is
a wrong bundle, in `tests/judges/analyzers/`: they must bring up that message, and `meshgen check` the rule
that the file names, or nothing where the file says why it is no rule of ours.""",
    "envoy": """Each workload is a listener with what istiod's configuration generator makes of the bundle's
AuthorizationPolicies, PeerAuthentications and RequestAuthentications. Clients hold certificates with
SPIFFE identities, or none, and tokens, also forged and expired ones. Every client knocks at every port
with every class of request, and what comes of it must be what `meshgen why` says.""",
    "network": """network-config-analyzer reads NetworkPolicy and AuthorizationPolicy together, netpol-analyzer
NetworkPolicy alone, and both say who reaches whom. For every bundle that must be the intent, at both ends
and at each alone; for random bundles it must be what we make of the same YAML.""",
    "kustomize": """Every bundle is the base of overlays that put in labels, annotations, patches and prefixes. Both
releases must make the same of them, the API server and istiod must have as little against it as
before, and every spec must be the one that the other judges have seen.""",
}
INTRODUCTION = """# Judged

<!-- Made by `make judged`; do not edit. -->

Schemas, semantics and proof are one opinion: ours. This page holds it against those who decide in a cluster.
`make judges` installs them below `.judges/`, `make judged` lets them sit and writes this page.
The settings of Envoy are committed under `tests/judges/expected/`, so that CI can ask it without building istiod.
Istio judges as its branch 1.30 was on 26 August 2026, after release 1.30.3: that one itself is no module that
Go can load (`tests/judges/istiod/go.mod` says what was tried). The CRDs are the same.

"""


def table(results: dict[str, Result]) -> str:
    """Return one row for each judge."""
    rows = [
        f"| {TITLES[name]} | {one.version} | {one.decisions:,} | {len(one.open)} |\n"
        for name, one in _sorted(results)
        if not one.skipped
    ]
    total = sum(one.decisions for one in results.values())
    rows.append(f"| all | | {total:,} | {sum(len(one.open) for one in results.values())} |\n")
    return "| judge | version | decisions | open disagreements |\n|---|---|---:|---:|\n" + "".join(rows)


def page(results: dict[str, Result]) -> str:
    """Return the whole page."""
    parts = [INTRODUCTION + table(results)]
    parts += [_section(name, one) for name, one in _sorted(results)]
    return "\n".join([*parts, "## Disagreements that were settled\n", *_settled()])


def _sorted(results: dict[str, Result]) -> list[tuple[str, Result]]:
    return sorted(results.items(), key=lambda one: list(TITLES).index(one[0]))


def _section(name: str, result: Result) -> str:
    lines = [f"## {TITLES[name]}\n", ABOUT[name] + "\n"]
    if result.skipped:
        return "\n".join([*lines, f"It did not sit: {result.skipped}.\n"])
    lines.append(f"{result.version}; {result.decisions:,} decisions:\n")
    lines += [f"- {count:,} {what}" for what, count in result.counts.items()]
    lines += ["", *(f"{one}\n" for one in result.remarks)]
    if result.open:
        lines += ["Open disagreements:\n", *(f"- {one}" for one in result.open), ""]
    return "\n".join(lines)


def _settled() -> Iterator[str]:
    for one in yaml.safe_load(SETTLED.read_text("utf-8")):
        who = f"({TITLES[one['judge']]}) **Right: {one['right']}.**"
        yield f"- {one['what'].strip()}. {who} {one['why'].strip()} Case: `{one['case']}`."
    yield ""


def load_page() -> str:
    """Return the page of the last results."""
    return page(load())
