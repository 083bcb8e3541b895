"""Golden bundles: one small profile of each type, in every mode of the mesh, on every kind of cluster.

``TYPE/profile.yaml.in`` is the profile for all modes: a line that ends in ``# in: MODE …`` is
there in these modes alone. ``TYPE/MODE.yaml`` is what comes out on kind, or ``TYPE/MODE.txt``
the refusal; ``TYPE/clusters.yaml`` has the documents that other clusters get instead, each once.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from generator.core.errors import InvalidInput
from generator.environment.load import facts, preset_names
from generator.intent.profile_types import profile_types
from generator.pipeline import Bundle, Request, render

FOLDER = Path(__file__).parent
INDEX = FOLDER / "README.md"
CLUSTERS: dict[str, Any] = yaml.safe_load((FOLDER / "clusters.yaml").read_text("utf-8"))
BASE = "kind"
NAMES = (BASE, *(name for name in (*preset_names(), *CLUSTERS["variants"]) if name != BASE))
MODES = ("sidecar", "ambient", "waypoint", "none")
ANY = "any"
"""The only mode of a profile that no mode changes."""

_MARKED = re.compile(r"^(?P<line>.*?)\s+# in: (?P<modes>[a-z ]+)$")
_HEADER = "# Made by `make refresh`; see tests/golden/README.md.\n"


@dataclass(frozen=True, slots=True)
class Golden:
    """What one profile becomes in one mode on one cluster: a bundle, or why not."""

    mode: str
    cluster: str
    environment: str
    bundle: Bundle | None
    refusal: str

    @property
    def documents(self) -> dict[str, str]:
        """The text of each document by its path, without the lines that every file starts with."""
        if self.bundle is None:
            return {}
        texts = {path: text for path, text in self.bundle.files.items() if not path.endswith("kustomization.yaml")}
        return {path: _body(text) for path, text in {**texts, **self.bundle.extras}.items()}


def _body(text: str) -> str:
    """Return *text* without the comment on its first line, which tells who made it."""
    return text.partition("\n")[2]


def profile(kind: str, mode: str) -> str:
    """Return the profile of the type *kind* in *mode*; a line that is not in it stays as an empty one."""
    return _in_mode(FOLDER / kind / "profile.yaml.in", mode)


def _in_mode(path: Path, mode: str) -> str:
    lines = []
    for line in path.read_text("utf-8").splitlines():
        match = _MARKED.match(line)
        lines.append(line if match is None else match["line"] if mode in match["modes"].split() else "")
    return "\n".join(lines) + "\n"


def modes(kind: str) -> tuple[str, ...]:
    """Return the modes that change what the type *kind* makes."""
    return MODES if "# in: " in (FOLDER / kind / "profile.yaml.in").read_text("utf-8") else (ANY,)


def cluster(name: str) -> dict[str, Any]:
    """Return the environment file of the cluster *name*: a preset or a variant of kind, with the rest filled in."""
    preset = name if name in preset_names() else BASE
    spec = _filled(CLUSTERS["unknown-to-presets"], facts(preset, Path()))
    for key, value in CLUSTERS["variants"].get(name, {}).items():
        spec[key] = {**spec.get(key, {}), **value} if isinstance(value, dict) and key != "gateways" else value
    about = {"apiVersion": "meshgen.dev/v1alpha1", "kind": "Environment", "metadata": {"name": name}}
    return {**about, "extends": preset, "spec": spec}


def _filled(wanted: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """Return what of *wanted* the facts *known* leave open."""
    found = {}
    for key, value in wanted.items():
        fact = known.get(key, "unknown")
        if fact == "unknown":
            found[key] = value
        elif isinstance(fact, dict) and (rest := _filled(value, fact)):
            found[key] = rest
    return found


@cache
def goldens(kind: str) -> tuple[Golden, ...]:
    """Return the bundles of the type *kind*, every mode on every cluster, kind first."""
    with tempfile.TemporaryDirectory() as folder:
        return tuple(_goldens(kind, Path(folder)))


def _goldens(kind: str, folder: Path) -> Iterator[Golden]:
    for mode in modes(kind):
        (folder / "moved.yaml").write_text(_in_mode(FOLDER / "moved.yaml.in", mode), "utf-8")
        path = folder / "profile.yaml"
        path.write_text(profile(kind, mode), "utf-8")
        for name in NAMES:
            environment = yaml.safe_dump(cluster(name), sort_keys=False)
            (folder / f"{name}.yaml").write_text(environment, "utf-8")
            request = Request((str(path),), environment=str(folder / f"{name}.yaml"), name=kind)
            try:
                yield Golden(mode, name, environment, render(request), "")
            except InvalidInput as refused:
                yield Golden(mode, name, environment, None, _refusal(refused))


def _refusal(refused: InvalidInput) -> str:
    """Return what is wrong, a finding after the other, as code @ place: message, and the cure."""
    return "".join(
        f"{one.code} @ {one.place.line}:{one.place.column}: {one.message}\n  fix: {one.fix}\n"
        for one in refused.findings
        if one.place
    )


def files(kind: str) -> dict[str, str]:
    """Return the golden files of the type *kind* by name."""
    found: dict[str, str] = {}
    for one in goldens(kind):
        if one.cluster == BASE:
            name = f"{one.mode}.txt" if one.bundle is None else f"{one.mode}.yaml"
            found[name] = one.refusal if one.bundle is None else _HEADER + _listed(one.documents)
    if differing := _differences(kind):
        found["clusters.yaml"] = _HEADER + differing
    return found


def stale(kind: str) -> list[str]:
    """Return the names of the golden files of the type *kind* that are wrong, missing, or there for nothing."""
    wanted = files(kind)
    found = {path.name: path.read_text("utf-8") for path in (FOLDER / kind).iterdir() if path.suffix != ".in"}
    return sorted(name for name in {*wanted, *found} if wanted.get(name) != found.get(name))


def put(kind: str) -> None:
    """Write the golden files of the type *kind*, and remove what is none any more."""
    wanted = files(kind)
    for name in stale(kind):
        path = FOLDER / kind / name
        if name in wanted:
            path.write_text(wanted[name], "utf-8")
        else:
            path.unlink()


def _listed(documents: dict[str, str]) -> str:
    return "".join(f"---\n# {path}\n{text}" for path, text in sorted(documents.items()))


def _differences(kind: str) -> str:
    """Return the documents that are not those of kind, each once, with the clusters and modes that get them."""
    base = {one.mode: one for one in goldens(kind) if one.cluster == BASE}
    found: dict[tuple[str, str], dict[str, list[str]]] = {}
    for one in goldens(kind):
        usual = base[one.mode]
        if one.refusal != usual.refusal:
            found.setdefault(("refused", one.refusal), {}).setdefault(one.mode, []).append(one.cluster)
            continue
        for path in sorted({*one.documents, *usual.documents}):
            text = one.documents.get(path, "")
            if text != usual.documents.get(path, ""):
                found.setdefault((path, text), {}).setdefault(one.mode, []).append(one.cluster)
    return "".join(_difference(path, text, who) for (path, text), who in sorted(found.items()))


def _difference(path: str, text: str, who: dict[str, list[str]]) -> str:
    """Return one document, headed by its path and by the clusters that get it in each mode."""
    by_clusters: dict[str, list[str]] = {}
    for mode, clusters in who.items():
        by_clusters.setdefault(", ".join(clusters), []).append(mode)
    heads = "".join(f"# {'/'.join(modes)}: {clusters}\n" for clusters, modes in by_clusters.items())
    if path == "refused":
        text = "".join(f"# {line}\n" for line in text.splitlines())
    return f"---\n# {path}{'' if text else ' is not there'}\n{heads}{text}"


def index() -> str:
    """Return the table of what lies where: a row for each type, a column for each mode. It reads the files."""
    rows = "| type | " + " | ".join(MODES) + " | other clusters |\n|---|" + "---|" * (len(MODES) + 1) + "\n"
    for kind in profile_types():
        cells = [_cell(kind, mode) for mode in MODES]
        rest = f"[differ]({kind}/clusters.yaml)" if (FOLDER / kind / "clusters.yaml").exists() else "the same"
        rows += f"| [{kind}]({kind}/profile.yaml.in) | {' | '.join(cells)} | {rest} |\n"
    return rows


def _cell(kind: str, mode: str) -> str:
    refusal = FOLDER / kind / f"{mode}.txt"
    if refusal.exists():
        return f"[{refusal.read_text('utf-8').split()[0]}]({kind}/{mode}.txt)"
    name = mode if (FOLDER / kind / f"{mode}.yaml").exists() else ANY
    count = (FOLDER / kind / f"{name}.yaml").read_text("utf-8").count("\n---\n")
    return f"[{count} documents]({kind}/{name}.yaml)"
