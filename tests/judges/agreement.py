"""Do independent analyzers agree with us about random bundles? `make fuzz` asks about thousands.

Each bundle is drawn by hypothesis (`random_bundles`), shown to a judge, and compared with our
own answers to the same questions (`questions`), decision by decision. What a judge cannot
read is left out and counted (`limits`). A disagreement is made as small as possible and
printed as YAML: it belongs into `disagreements/`, once it is known who is right.
"""

from __future__ import annotations

import argparse
import random
import secrets
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings

from generator.algebra.ternary import Ternary, members
from tests.judges.limits import Limit, Object, asks_for_addresses, readable
from tests.judges.questions import MESH, NETWORK, Asked, Question, our_answers, questions, whole_answers
from tests.judges.random_bundles import bundles
from tests.judges.readers import netpol_analyzer, network_config_analyzer
from tests.judges.readers.netpol_analyzer import NetpolAnalyzer
from tests.judges.readers.network_config_analyzer import Analyzer

JUDGES = (network_config_analyzer.NAME, netpol_analyzer.NAME)
PICKED = 6
"""Requests of each bundle about which `why` is asked from end to end."""
SHOWN = 10
_WORDS = ("no", "yes")


class Judge(Protocol):
    """Somebody else's reading of the same YAML."""

    @property
    def name(self) -> str:
        """Whose reading it is."""

    @property
    def limits(self) -> tuple[Limit, ...]:
        """What it is not asked about."""

    @property
    def layers(self) -> tuple[str, ...]:
        """What it can judge."""

    def answers(self, objects: Sequence[Object], asked: Asked) -> list[int]:
        """Return who gets through, for each question."""

    def is_heard(self, objects: Sequence[Object], layer: str, server: str, client: str) -> bool:
        """Tell whether the judge's word on *client* and *server* counts."""


class _Disagreed(Exception):
    """Tells hypothesis to look for a smaller bundle."""


@dataclass
class Agreement:
    """What was compared with one judge. ``undecided`` is what manifests do not say, so that we do not either."""

    judge: str
    bundles: int = 0
    policies: int = 0
    decisions: int = 0
    allowed: int = 0
    undecided: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    disagreements: tuple[str, ...] = ()
    example: str = ""

    def __str__(self) -> str:
        lines = [
            f"{self.judge}: {self.bundles:,} bundles, {self.policies:,} policies,"
            f" {self.decisions:,} decisions ({self.allowed:,} yes), {len(self.disagreements)} disagreements",
            f"  undecided: {self.undecided:,} about rules on addresses, of pods whose address no manifest shows",
            *(f"  left out: {count:,} policies with {what}" for what, count in sorted(self.left_out.items())),
        ]
        return "\n".join(lines)


@contextmanager
def judge_called(name: str) -> Iterator[Judge | None]:
    """Yield the judge of that name; None if its command is not installed."""
    with tempfile.TemporaryDirectory() as folder:
        if name == network_config_analyzer.NAME:
            yield Analyzer(Path(folder))
        else:
            command = netpol_analyzer.found()
            yield NetpolAnalyzer(Path(folder), command) if command else None


def run(judge: Judge, number: int, start: int | None = None, *, shrinks: bool = True) -> Agreement:
    """Compare *number* bundles with *judge*: the same ones each time, or those that follow from the seed *start*.

    The first on which they differ ends it; if *shrinks*, after smaller ones were looked for.
    """
    total = Agreement(judge.name)

    @settings(
        max_examples=number,
        derandomize=start is None,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink) if shrinks else (Phase.generate,),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(bundles(most_mesh=4 if MESH in judge.layers else 0))
    def agree(drawn: list[Object]) -> None:
        counted = total if not total.disagreements else Agreement(judge.name)
        found = compare(judge, drawn, counted)
        if found:
            total.disagreements, total.example = tuple(found), dump(drawn)
            raise _Disagreed

    with suppress(_Disagreed):
        (agree if start is None else seed(start)(agree))()
    return total


def compare(judge: Judge, drawn: Sequence[Object], total: Agreement) -> list[str]:
    """Count the decisions about *drawn* in *total*, and return those on which *judge* and we differ."""
    objects = readable(drawn, judge.limits, total.left_out)
    asked = questions(objects)
    asked = Asked(asked.clients, tuple(one for one in asked.questions if one.layer in judge.layers))
    text, theirs = dump(objects), judge.answers(objects, asked)
    has_addresses = any(map(asks_for_addresses, objects))
    heard = _heard(judge, objects, asked)
    found = []
    for reading, ours in our_answers(text, asked).items():
        for one, their, our in zip(asked.questions, theirs, ours, strict=False):
            known = heard[one.layer, one.server]
            if has_addresses and one.layer == MESH:
                total.undecided += (our.unknown & known).bit_count()
                known &= ~our.unknown | ~asked.pods
            total.decisions += known.bit_count()
            total.allowed += (their & known).bit_count()
            wrong = ((our.sure ^ their) | our.unknown) & known
            found += [_told(reading, one, asked, client, our, their) for client in members(wrong)]
    total.bundles += 1
    total.policies += sum("spec" in one and one["kind"] != "Pod" for one in drawn)
    return [*found, *_whole(text, asked, theirs, heard, total)]


def _heard(judge: Judge, objects: Sequence[Object], asked: Asked) -> dict[tuple[str, str], int]:
    """Return the clients on whom the judge's word counts, by layer and server.

    Nobody is asked about the way to itself, nor about that between two addresses.
    """
    pairs = {(one.layer, one.server) for one in asked.questions}
    return {
        (layer, server): asked.mask(
            {
                client
                for client in asked.clients
                if client != server and "/" in client + server and judge.is_heard(objects, layer, server, client)
            }
        )
        for layer, server in pairs
    }


def _whole(
    text: str, asked: Asked, theirs: Sequence[int], heard: dict[tuple[str, str], int], total: Agreement
) -> Iterator[str]:
    """Yield where `why` says something else of a few requests, all layers together."""
    reached = {
        (one.server, one.point): mask for one, mask in zip(asked.questions, theirs, strict=True) if one.layer == NETWORK
    }
    at_proxies = [(one, mask) for one, mask in zip(asked.questions, theirs, strict=True) if one.layer == MESH]
    if not at_proxies:
        return
    dice = random.Random(text)  # noqa: S311  (the same choice for the same bundle)
    picked = [(*dice.choice(at_proxies), dice.randrange(len(asked.clients))) for _ in range(PICKED)]
    picked = [one for one in picked if one[0].point.transport == "TCP" and heard[MESH, one[0].server] >> one[2] & 1]
    answers = whole_answers(text, asked, [(question, client) for question, _, client in picked])
    for (question, mask, client), our in zip(picked, answers, strict=True):
        their = mask & reached[question.server, question.point]
        if our.unknown and "/" in asked.clients[client]:
            total.undecided += 1
            continue
        total.decisions += 1
        ours = type(our)(our.sure << client, our.possible << client)
        if bool(our.sure) != bool(their >> client & 1):
            yield _told("why, in the end", question, asked, client, ours, their)


def _told(reading: str, question: Question, asked: Asked, client: int, our: Ternary, their: int) -> str:
    said = "unknown" if our.unknown >> client & 1 else _WORDS[our.sure >> client & 1]
    return f"{reading}: {asked.clients[client]} -> {question}: we say {said}, the judge {_WORDS[their >> client & 1]}"


def dump(objects: Sequence[Object]) -> str:
    """Return *objects* as YAML."""
    return yaml.dump_all(objects, Dumper=yaml.CSafeDumper, sort_keys=False)


def main() -> int:
    """Compare as many bundles as asked for with each judge that is there; exit 1 on a disagreement."""
    parser = argparse.ArgumentParser(prog="python -m tests.judges.agreement", description=__doc__)
    parser.add_argument("--number", type=int, default=3000, help="bundles for each judge")
    parser.add_argument("--seed", type=int, default=None, help="what the bundles follow from; another one every time")
    parser.add_argument("--judge", choices=JUDGES, default=None, help="one judge alone")
    options = parser.parse_args()
    start = secrets.randbelow(10**6) if options.seed is None else options.seed
    print(f"seed {start}")
    differ = False
    for name in [options.judge] if options.judge else JUDGES:
        with judge_called(name) as judge:
            if judge is None:
                print(f"{name}: not installed, skipped")
                continue
            done = run(judge, options.number, start)
        print(done)
        if done.disagreements:
            differ = True
            print("\n".join(done.disagreements[:SHOWN]), done.example, sep="\n---\n")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
