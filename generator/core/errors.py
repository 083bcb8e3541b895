"""Exceptions are for giving up; each one owns the exit code it ends the command with."""

from __future__ import annotations

from collections.abc import Iterable

from generator.core.findings import Finding, in_order

EXIT_OK = 0
EXIT_DIFFERENT = 1
EXIT_FINDINGS = 1
EXIT_WRONG_INPUT = 2
EXIT_OUR_BUG = 3
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141
"""Whoever read our output went away; what a shell makes of SIGPIPE."""


class MeshgenError(Exception):
    """The command cannot go on. The text is for the user: what is wrong and how to go on."""

    exit_code = EXIT_WRONG_INPUT


class InvalidInput(MeshgenError):
    """The input holds mistakes; nothing may be written. Carries all of them."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = in_order(findings)
        super().__init__(f"{len(self.findings)} errors in the input")


class OutputRefused(MeshgenError):
    """The output folder must not be touched: hand-edited, foreign or unwritable files."""


class OurBug(MeshgenError):
    """meshgen itself went wrong: what it rendered is not what its own rules allow."""

    exit_code = EXIT_OUR_BUG
