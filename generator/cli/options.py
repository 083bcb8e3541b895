"""How verbs declare their parameters, and the options that several of them share.

A verb's signature is the one table of its options, which Typer reads through `generator.cli.app`.
`render` is read by `generator.cli.quick`, too, without loading Typer.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from generator.cli import completion


class Parameter:
    """What a user reads about a parameter, and the words that introduce it; without any it is an argument."""

    def __init__(
        self,
        *flags: str,
        help: str,
        metavar: str | None = None,
        complete: Callable[[str], list[tuple[str, str]]] | None = None,
    ) -> None:
        self.flags = flags
        self.complete = complete
        self.help = help
        self.metavar = metavar


ProfileFolders = Annotated[
    list[Path] | None,
    Parameter("--profiles", metavar="DIR", help="Folder with profile types of your own (wins over the bundled)."),
]
TemplateFolders = Annotated[
    list[Path] | None,
    Parameter("--templates", metavar="DIR", help="Folder with templates of your own (win over the bundled)."),
]
Schemas = Annotated[
    list[Path] | None,
    Parameter("--schemas", metavar="DIR", help="Check against imported schemas too (meshgen schema import)."),
]
Environment = Annotated[
    str | None,
    Parameter("--env", metavar="NAME|FILE", help="The cluster's environment.", complete=completion.environment),
]
Force = Annotated[bool, Parameter("--force", help="Overwrite what is in the way.")]
