"""Every way to damage a bundle a little: can the proof tell? `make mutants` prints the score.

A mutant deletes or widens one thing of one rendered document: a policy, a rule, a peer, a
port, a label of a selector, a method, a mode. A mutant that lets the same connections
through as before is *equivalent*; each such kind is listed with the reason.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from generator.core.places import Document, Json, Route
from generator.core.yaml_reader import read_documents
from generator.intent.profile_types import profile_types
from generator.pipeline import Bundle, Request, render
from generator.verify.proof import prove

POLICIES = ("NetworkPolicy", "AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication")


@dataclass(frozen=True)
class Mutant:
    """One damage: what was done where, and the documents after it."""

    description: str
    documents: list[Document]


def mutants(documents: list[Document]) -> Iterator[Mutant]:
    """Yield every mutant of *documents*."""
    for index, document in enumerate(documents):
        if document.data["kind"] not in POLICIES:
            continue
        name = f"{document.data['kind']} {document.data['metadata']['namespace']}/{document.data['metadata']['name']}"
        yield Mutant(f"{name}: deleted", documents[:index] + documents[index + 1 :])
        for what, data in _damages(document.data):
            changed = Document(data, document.file, {}, {})
            yield Mutant(f"{name}: {what}", [*documents[:index], changed, *documents[index + 1 :]])


def _damages(data: Json) -> Iterator[tuple[str, Json]]:
    for route, value in _walk(data["spec"], ("spec",)):
        shown = ".".join(str(step) for step in route[1:])
        yield f"without {shown}", _without(data, route)
        for word, other in _others(route, value):
            yield f"{shown} {word}", _with(data, route, other)
    if data["kind"] == "AuthorizationPolicy":
        dry = copy.deepcopy(data)
        dry["metadata"].setdefault("annotations", {})["istio.io/dry-run"] = "true"
        yield "as a dry run", dry


def _walk(data: Json, route: Route) -> Iterator[tuple[Route, Json]]:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield (*route, key), value
        yield from _walk(value, (*route, key))


def _others(route: Route, value: Json) -> Iterator[tuple[str, Json]]:
    key = route[-1]
    if key == "podSelector" and value:
        yield "emptied", {}
    elif key == "mode":
        yield from ((f"-> {mode}", mode) for mode in ("STRICT", "PERMISSIVE", "DISABLE") if mode != value)
    elif key == "action":
        yield "-> DENY", "DENY"
    elif key == "port" and isinstance(value, int):
        yield "+ 1", value + 1
    elif key == "protocol":
        yield "-> the other", "UDP" if value == "TCP" else "TCP"
    elif key == "operator":
        yield "-> NotIn", "NotIn" if value == "In" else "In"
    elif isinstance(key, int) and isinstance(value, str):
        yield "-> *", "*"


def _with(data: Json, route: Route, value: Json) -> Json:
    changed = copy.deepcopy(data)
    at = changed
    for step in route[:-1]:
        at = at[step]
    at[route[-1]] = value
    return changed


def _without(data: Json, route: Route) -> Json:
    changed = copy.deepcopy(data)
    at = changed
    for step in route[:-1]:
        at = at[step]
    del at[route[-1]]
    return changed


EQUIVALENT = {
    "spec of a policy that isolates no direction of its own": (),
}


def survivors(bundle: Bundle) -> tuple[int, list[str]]:
    """Return how many mutants *bundle* has, and those that the proof does not tell from it."""
    documents, findings = read_documents(bundle.stream, "stream")
    assert not findings
    assert prove(bundle.intent, bundle.environment, documents).holds
    total, alive = 0, []
    for mutant in mutants(documents):
        total += 1
        if prove(bundle.intent, bundle.environment, mutant.documents).holds:
            alive.append(mutant.description)
    return total, alive


def main() -> int:
    """Print the score of every example; exit 1 when a mutant survives that is not known to be equivalent."""
    total = caught = 0
    for kind in profile_types().values():
        for example in kind.examples():
            count, alive = survivors(render(Request((str(example),))))
            total, caught = total + count, caught + count - len(alive)
            print(f"{kind.name}/{example.stem}: {count - len(alive)} of {count} caught")
            for one in alive:
                print(f"  survived: {one}")
    print(f"{caught} of {total} mutants caught ({100 * caught / total:.1f} %)")
    return 0 if caught == total else 1


if __name__ == "__main__":
    sys.exit(main())
