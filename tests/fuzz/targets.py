"""What is fed with damaged input, and what each of these must do whatever it is given.

Every target ends in a result or in findings: no traceback, no exit code beside 0, 1 and 2,
nothing on the terminal that could rewrite it. What is accepted means the same when it is
spelt in another way.
"""

from __future__ import annotations

import os
import re
import shlex
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from generator.cli.app import app
from generator.core.cel import NotCel, attributes
from generator.core.yaml_quick import read_quickly
from generator.core.yaml_reader import read_documents
from generator.templating.quoting import flow
from tests.core.test_cel import INVALID, VALID
from tests.core.test_yaml_quick import ODD
from tests.support import MINIMAL, ROOT, Run, meshgen

_REWRITES = re.compile("[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u202a-\u202e\u2066-\u2069]")
_LONGEST_SEED = 30_000
_NOT_TO_RUN = ("fn",)
"""Verbs that a random command line does not name: they read standard input first."""


@dataclass(frozen=True)
class Target:
    """Something that takes a text from anybody. ``seeds`` are patterns of files that it takes, and texts."""

    name: str
    feed: Callable[[str], None]
    patterns: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()

    @cached_property
    def seeds(self) -> tuple[str, ...]:
        """Texts to damage, in an order that is the same everywhere."""
        patterns = (*self.patterns, f"tests/fuzz/regressions/{self.name}/*")
        files = sorted({path for pattern in patterns for path in ROOT.glob(pattern)})
        found = [path.read_text("utf-8", "replace") for path in files if path.stat().st_size < _LONGEST_SEED]
        return (*self.texts, *dict.fromkeys(found))


def _fine(run: Run, codes: Iterable[int] = (0, 1, 2)) -> Run:
    assert run.code in codes, f"exit {run.code}: {run.out[-500:]}{run.err[-3000:]}"
    assert "Traceback" not in run.err
    for stream in (run.err, run.out):
        found = _REWRITES.search(stream)
        assert found is None, f"printed {found.group()!r}"
    if run.code == 2:
        assert run.out + run.err, "a refusal says why"
    return run


def _yaml(text: str) -> None:
    """Both readers agree, and what they read is read again from our own spelling."""
    documents, findings = read_documents(text, "x.yaml", allow_ambiguous=True)
    quick, theirs = read_quickly(text, "x.yaml", allow_ambiguous=True)
    assert findings == theirs
    assert [repr(one.data) for one in quick] == [repr(one.data) for one in documents]
    assert [dict(one.values) for one in quick] == [dict(one.values) for one in documents]
    for one in () if findings else documents:
        with suppress(TypeError, ValueError):  # a number that JSON has no word for
            again, mistakes = read_documents(flow(one.data), "x.yaml")
            assert not mistakes
            assert repr(again[0].data) == repr(one.data)


def _profile(text: str) -> None:
    """What renders does so twice, and in the spelling of JSON, to the same bytes."""
    run = _fine(meshgen("render", "-", "-o", "-", stdin=text.encode("utf-8", "surrogatepass")), (0, 2))
    if run.code:
        assert not run.out
        return
    documents, _ = read_documents(text, "x.yaml")
    assert meshgen("render", "-", "-o", "-", stdin=text.encode()) == run
    respelt = "".join(f"--- {flow(one.data)}\n" for one in documents)
    assert meshgen("render", "-", "-o", "-", stdin=respelt.encode()) == run


def _environment(text: str) -> None:
    with _folder({"env.yaml": text, "shop.yaml": MINIMAL}):
        shown = _fine(meshgen("env", "env.yaml"), (0, 2))
        if shown.code == 0:
            Path("again.yaml").write_text(shown.out, "utf-8")
            _fine(meshgen("env", "again.yaml"), (0,))
        _fine(meshgen("render", "shop.yaml", "--env", "env.yaml", "-o", "-"), (0, 2))


def _cel(text: str) -> None:
    with suppress(NotCel):
        attributes(text)


def _manifests(text: str) -> None:
    """Somebody's YAML, read by everything that reads such; a text differs from itself in nothing."""
    with _folder({"m.yaml": text}):
        for output_format in ("text", "sarif"):
            _fine(meshgen("check", "m.yaml", "--env", "kind", "--format", output_format))
        _fine(meshgen("graph", "m.yaml", "--format", "json"))
        same = _fine(meshgen("diff", "m.yaml", "m.yaml"))
        assert same.code in (0, 2), same.out
        _fine(meshgen("why", "web", "api:8080", "GET", "/", "-f", "m.yaml"))
        _fine(meshgen("init", "--from", "m.yaml", "-o", "-"))


def _function(text: str) -> None:
    _fine(meshgen("fn", stdin=text.encode("utf-8", "surrogatepass")))


def _cluster(text: str) -> None:
    """What is found in a cluster is an environment file."""
    run = _fine(meshgen("env", "detect", "-", stdin=text.encode("utf-8", "surrogatepass")), (0, 2))
    if run.code == 0:
        with _folder({"found.yaml": run.out}):
            _fine(meshgen("env", "found.yaml"), (0,))


def _answers(text: str) -> None:
    _fine(meshgen("recommend", "-", stdin=text.encode("utf-8", "surrogatepass")), (0, 2))


def _baseline(text: str) -> None:
    with _folder({"baseline.json": text, "m.yaml": _OPEN}):
        _fine(meshgen("check", "m.yaml", "--baseline", "baseline.json"))


def _definitions(text: str) -> None:
    with _folder({"crds.yaml": text, "shop.yaml": MINIMAL}):
        if _fine(meshgen("schema", "import", "crds.yaml", "-o", "schemas"), (0, 2)).code == 0:
            _fine(meshgen("render", "shop.yaml", "-o", "-", "--schemas", "schemas"), (0, 2))


def _override(text: str) -> None:
    if "\x00" in text:  # no operating system hands that over
        return
    with _folder({"shop.yaml": MINIMAL}):
        _fine(meshgen("render", "shop.yaml", "-o", "-", "--set", text), (0, 2))


def _profile_type(text: str) -> None:
    """A template of the user's own, run in the sandbox."""
    schema = '{"type": "object", "properties": {"namespace": {"type": "string"}}}'
    profile = MINIMAL[: MINIMAL.index("spec:")].replace("profile: app", "profile: own") + "spec: {namespace: shop}\n"
    files = {"types/own/intent.yaml.j2": text, "types/own/schema.json": schema, "own.yaml": profile}
    with _folder({**files, "types/own/README.md": "# own\n\nA type of its own.\n"}):
        _fine(meshgen("render", "own.yaml", "-o", "-", "--profiles", "types"), (0, 2))


def _arguments(text: str) -> None:
    """Any words after `meshgen`, in a folder where some of them are files."""
    try:
        words = shlex.split(text)
    except ValueError:
        return
    if "\x00" in text or any(word in _NOT_TO_RUN or _leaves(word) for word in words):
        return
    with _folder({"shop.yaml": MINIMAL, "m.yaml": _OPEN}):
        _fine(meshgen(*words, stdin=b""))


def _leaves(word: str) -> bool:
    """Tell whether *word* could name a place outside of the folder, where nothing is to be written."""
    return "/" in word or ".." in word


@contextmanager
def _folder(files: dict[str, str]) -> Iterator[None]:
    """Stand in a folder that holds *files*, and nothing else."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode("utf-8", "surrogatepass"))
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


_OPEN = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: open, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{}]}
"""
_LIST = """\
apiVersion: config.kubernetes.io/v1
kind: ResourceList
items: []
functionConfig:
"""
_CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: sidecars.networking.istio.io}
spec:
  group: networking.istio.io
  names: {kind: Sidecar}
  versions:
    - name: v1
      served: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: {type: object, properties: {egress: {type: array, items: {type: object, pattern: "a+"}}}}
            metadata: {type: object, x-kubernetes-preserve-unknown-fields: true}
"""
_ANSWERS = """\
mesh: none
http: no
traffic: no
compliance: true
subject: tenants
"""
_KNOWN = """\
{"schemaVersion": 1, "findings": [{"code": "MG101", "file": "m.yaml", "object": "NetworkPolicy shop/open",
 "digest": "0123456789abcdef", "count": 2}]}
"""


def _command_lines() -> tuple[str, ...]:
    """Return a command line for each verb, and one for each of its options."""
    given = {
        "render": "shop.yaml",
        "verify": "shop.yaml",
        "check": "m.yaml",
        "diff": "m.yaml m.yaml",
        "graph": "m.yaml",
    }
    given |= {"why": "web api:8080 -f m.yaml", "init": "app x", "explain": "app.flows", "schema": "app", "env": "kind"}
    lines = ["--version", "--help", "", "check -", "render - -o -", "env detect -", "schema import m.yaml -o s"]
    for command in app.registered_commands:
        assert command.callback is not None
        verb = command.callback.__name__
        start = f"{verb} {given.get(verb, '')}".strip()
        for name in command.callback.__annotations__:
            lines.append(f"{start} --{name.replace('_', '-')} x")
        lines += [start, f"{verb} --help", f"{start} --format json", f"{start} -o o"]
    return tuple(dict.fromkeys(lines))


TARGETS = {
    one.name: one
    for one in (
        Target("yaml", _yaml, ("profiles/*/examples/*.yaml", "tests/rules/cases/*/*.yaml"), tuple(ODD[:60])),
        Target("profile", _profile, ("profiles/*/examples/*.yaml",), (MINIMAL,)),
        Target(
            "environment", _environment, ("profiles/*/examples/environments/*.yaml", "tests/detection/*/*/env*.yaml")
        ),
        Target("cel", _cel, (), (*VALID, *INVALID)),
        Target("manifests", _manifests, ("tests/rules/cases/*/*.yaml", "tests/adopt/*/existing.yaml"), (_OPEN,)),
        Target("function", _function, ("tests/fn/*/*.yaml",), (_LIST + "  " + MINIMAL.replace("\n", "\n  "),)),
        Target("cluster", _cluster, ("tests/detection/clusters/*/*.yaml",), (_OPEN,)),
        Target("answers", _answers, (), (_ANSWERS,)),
        Target("baseline", _baseline, (), (_KNOWN,)),
        Target("definitions", _definitions, (), (_CRD,)),
        Target("override", _override, (), ("spec.namespace=x", "shop:spec.workloads.web.port=80", "environment=eks")),
        Target("profile-type", _profile_type, ("profiles/*/intent.yaml.j2",)),
        Target("arguments", _arguments, (), _command_lines()),
    )
}
