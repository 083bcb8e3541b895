"""Bounds for templates that users bring: the sandbox keeps them from the machine, these from its time and memory.

Jinja can loop over loops, call macros again and again, and double a text until nothing
else fits into memory. Every pass of a loop, every macro, block and included template comes
by a check of the time here; memory is bounded for the whole process, where the system can.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

LONGEST_SECONDS = 20.0
"""Of the processor, for one template; those that come with meshgen take some thousandths."""
MOST_MEMORY = 1 << 30
"""Bytes that one template may take beside what the process has already."""
_LARGEST_EXPONENT = 10_000


class TooMuch(Exception):
    """A template was stopped."""


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """A sandbox in which no template runs for ever."""

    intercepted_binops = frozenset({"**"})
    _end = float("inf")

    def checkpoint(self) -> None:
        """Stop a template whose time is over.

        Raises:
            TooMuch: it is.
        """
        if time.process_time() > self._end:
            raise TooMuch(
                f"the template was stopped after {LONGEST_SECONDS:g} seconds of work; is there a loop without end?"
            )

    @contextmanager
    def bounded(self) -> Iterator[None]:
        """Start the clock, and bound the memory, for the rendering of one template."""
        self._end = time.process_time() + LONGEST_SECONDS
        with _bounded_memory():
            yield

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Work out ``left ** right``, which nothing could stop once it has begun."""
        if isinstance(right, int) and right > _LARGEST_EXPONENT:
            raise TooMuch(f"the template was stopped: the exponent {right} is larger than {_LARGEST_EXPONENT:,}")
        return super().call_binop(context, operator, left, right)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        repeatable: Iterator[Any] = tree.find_all((nodes.For, nodes.Macro, nodes.CallBlock, nodes.Block))
        for node in list(repeatable):
            node.body.insert(0, _check(node.lineno))
        tree.body.insert(0, _check(1))
        return tree


def _check(line: int) -> nodes.ExprStmt:
    method = nodes.EnvironmentAttribute("checkpoint", lineno=line)
    return nodes.ExprStmt(nodes.Call(method, [], [], None, None, lineno=line), lineno=line)


@contextmanager
def _bounded_memory() -> Iterator[None]:
    """Let the process grow by so much and no further: what would, fails with a `MemoryError`."""
    used = _address_space()
    if used is None:
        yield
        return
    import resource  # noqa: PLC0415  (not on Windows)

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = min([used + MOST_MEMORY, *(one for one in (soft, hard) if one != resource.RLIM_INFINITY)])
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _address_space() -> int | None:
    """Return how many bytes the process has mapped; None where the system does not say, or does not heed the bound."""
    if sys.platform != "linux":
        return None
    import resource  # noqa: PLC0415

    try:
        pages = int(Path("/proc/self/statm").read_bytes().split()[0])
    except (OSError, ValueError, IndexError):
        return None
    return pages * resource.getpagesize()
