"""Options that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ProfileFolders = Annotated[
    list[Path] | None,
    typer.Option("--profiles", metavar="DIR", help="Folder with profile types of your own (wins over the bundled)."),
]
TemplateFolders = Annotated[
    list[Path] | None,
    typer.Option("--templates", metavar="DIR", help="Folder with templates of your own (win over the bundled)."),
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite what is in the way.")]
