"""The one folder outside of the user's project: what may be kept there between runs, and when not.

What lies in it is believed by later runs: compiled templates are code, and a remembered
proof stands for one. So it belongs to the user alone, or is not used at all.
"""

from __future__ import annotations

import os
import stat

SWITCH = "MESHGEN_NO_CACHE"
"""Set to anything, this variable keeps every run from reading or writing there."""


def private_folder(*below: str) -> str | None:
    """Return the user's folder for what meshgen keeps, or one *below* it; it is made where there is none.

    None where it is switched off, cannot be made, is a link, or where anybody else owns it
    or may enter it. Without `pathlib`, which takes longer to load than a remembered run.
    """
    if not hasattr(os, "geteuid") or os.environ.get(SWITCH):  # Windows: ownership is not to be told this way
        return None
    folder = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")  # noqa: PTH111, PTH118
    if not os.path.isabs(folder):  # noqa: PTH117  (pathlib fails where there is no home)
        return None
    for name in ("meshgen", *below):
        folder = os.path.join(folder, name)  # noqa: PTH118
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)  # noqa: PTH103
            found = os.lstat(folder)
        except OSError:
            return None
        if not stat.S_ISDIR(found.st_mode) or not is_private(found):
            return None
    return folder


def is_private(found: os.stat_result) -> bool:
    """Whether nobody but the user owns, reads or changes what *found* tells of."""
    return found.st_uid == os.geteuid() and not found.st_mode & 0o077
