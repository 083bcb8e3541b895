"""A baseline: findings that were there when somebody began to check, and are not to stop anybody today.

An entry names code, file, object and a digest of the message, but no line: what moves
within a file stays known. Two equal findings need two.
"""

from __future__ import annotations

import hashlib
import json
import os
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from generator.core.errors import InvalidInput
from generator.core.files import read_file
from generator.core.findings import Finding, Severity
from generator.core.places import Document, Place
from generator.core.yaml_reader import Limits, read_documents
from generator.manifests.objects import Manifest

GONE = "MG045"
BROKEN = "MG046"
SCHEMA_VERSION = 1

Key = tuple[str, str, str, str]
"""Code, file, object, digest of the message."""

_FIELDS = ("code", "file", "object", "digest")


class Keys:
    """Gives findings their keys: what they are about, told without lines."""

    def __init__(self, documents: Sequence[Document], folder: Path) -> None:
        """Take the objects that places may lie in; file names are told from *folder*."""
        self._folder = folder.resolve()
        self._starts: dict[str, list[tuple[Place, str]]] = {}
        for document in sorted(documents, key=Document.place):
            one = Manifest(document, (), document.data)
            namespace = str(one.metadata.get("namespace") or "")
            identity = f"{one.kind} {namespace}/{one.name}" if namespace else f"{one.kind} {one.name}"
            self._starts.setdefault(document.file, []).append((document.place(), identity))

    def file(self, name: str) -> str:
        """Return *name* as it is written in a baseline: from the folder of the baseline, with slashes."""
        name = name.encode("utf-8", "backslashreplace").decode()  # a file's name may be no text
        if name.startswith("<"):
            return name
        try:
            return Path(os.path.relpath(name, self._folder)).as_posix()
        except ValueError:  # another drive
            return Path(name).as_posix()

    def key(self, finding: Finding) -> Key:
        """Return the key of *finding*."""
        place = finding.place or Place("", 0, 0)
        digest = hashlib.sha256(finding.message.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        return finding.code, self.file(place.file), self._object(place), digest

    def _object(self, place: Place) -> str:
        starts = self._starts.get(place.file, [])
        index = bisect_right(starts, place, key=lambda one: one[0]) - 1
        return starts[index][1] if index >= 0 else ""


def baseline_text(findings: Sequence[Finding], keys: Keys) -> str:
    """Return the baseline of *findings* as a file."""
    counted = Counter(map(keys.key, findings))
    entries = [
        dict(zip(_FIELDS, key, strict=True)) | ({"count": count} if count > 1 else {})
        for key, count in sorted(counted.items())
    ]
    return json.dumps({"schemaVersion": SCHEMA_VERSION, "findings": entries}, indent=2, ensure_ascii=False) + "\n"


def read_baseline(path: Path) -> tuple[Counter[Key], dict[Key, Place]]:
    """Return the entries of the baseline at *path*, each with how often it is known and where it is written.

    Raises:
        InvalidInput: MG046, the file cannot be read or is no baseline.
    """
    start = Place(str(path), 1, 1)
    try:
        content = read_file(path)
    except OSError as error:
        fix = "write it with --write-baseline"
        raise InvalidInput([Finding(BROKEN, f"cannot be read: {error.strerror}", start, fix)]) from error
    documents, findings = read_documents(content, str(path), limits=Limits(50_000_000, 2_000_000))
    if findings:
        raise InvalidInput(findings)
    counted: Counter[Key] = Counter()
    places: dict[Key, Place] = {}
    data = documents[0].data if len(documents) == 1 else None
    if not isinstance(data, dict) or data.get("schemaVersion") != SCHEMA_VERSION:
        raise _broken("this is no baseline that this version of meshgen wrote", start)
    entries = data.get("findings")
    if not isinstance(entries, list):
        raise _broken("`findings` must be a list", documents[0].place(("findings",)))
    for index, entry in enumerate(entries):
        place = documents[0].place(("findings", index))
        count = entry.get("count", 1) if isinstance(entry, dict) else 0
        if not isinstance(entry, dict) or not all(isinstance(entry.get(one), str) for one in _FIELDS):
            raise _broken("an entry has the texts code, file, object and digest", place)
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise _broken("`count` says how often the finding occurs: 1 or more", place)
        key = (entry["code"], entry["file"], entry["object"], entry["digest"])
        counted[key] += count
        places.setdefault(key, place)
    return counted, places


def _broken(message: str, place: Place) -> InvalidInput:
    return InvalidInput([Finding(BROKEN, message, place, "write it anew with --write-baseline")])


def apply_baseline(
    findings: Sequence[Finding], path: Path, keys: Keys, files: Sequence[str], lasting: frozenset[str]
) -> tuple[list[Finding], int]:
    """Return the *findings* that the baseline at *path* does not know, and how many it hid.

    Entries that no longer occur are told as information (MG045): those of *files*, which
    were read in this run, and of files that are gone. Findings with *lasting* codes are never hidden.
    """
    known, places = read_baseline(path)
    shown: list[Finding] = []
    for finding in findings:
        key = keys.key(finding)
        if finding.code not in lasting and known[key] > 0:
            known[key] -= 1
        else:
            shown.append(finding)
    read = {keys.file(name) for name in files}
    for key, count in known.items():
        code, file, name, _ = key
        if count > 0 and (file in read or not (path.parent / file).exists()):
            message = f"{code} of {name or file} is known here, and no longer found"
            shown.append(Finding(GONE, message, places[key], "write the baseline anew", Severity.INFO))
    return shown, len(findings) - sum(1 for one in shown if one.code != GONE)
