"""Which files of a bundle's folder are ours: a record beside them, with a digest of each.

The digest tells a file that we wrote from one that a person has edited since.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from generator import __version__
from generator.core.errors import OutputRefused

RECORD = ".meshgen.json"


def digest(content: bytes) -> str:
    """Return the fingerprint by which a file's content is recognised."""
    return hashlib.sha256(content).hexdigest()


def read_record(folder: Path) -> dict[str, str] | None:
    """Return the digest of every file that we own in *folder*, None if we never wrote there.

    Raises:
        OutputRefused: the record cannot be understood, so nobody knows what is ours.
    """
    path = folder / RECORD
    try:
        data = json.loads(path.read_bytes())
        files = data["files"]
        if not all(isinstance(name, str) and isinstance(value, str) for name, value in files.items()):
            raise TypeError("a name or digest is no text")
        if not all(_lies_inside(name) for name in files):
            raise ValueError("a name leads out of the folder")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise OutputRefused(f"{path}: cannot be understood ({error}); delete it to start anew with --force") from error
    return dict(files)


def _lies_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and "\\" not in name and "\0" not in name


def record_text(bundle: str, files: Mapping[str, bytes]) -> bytes:
    """Return the record of *files*, to be written beside them."""
    data = {
        "about": "Files that meshgen wrote, with their SHA-256; it removes and replaces no others.",
        "bundle": bundle,
        "version": __version__,
        "files": {path: digest(content) for path, content in sorted(files.items())},
    }
    return (json.dumps(data, indent=2) + "\n").encode()
