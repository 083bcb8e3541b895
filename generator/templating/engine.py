"""The Jinja environment: strict about undefined names, quoting by default, a sandbox for templates of a user's own."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from jinja2.environment import Environment
from jinja2.exceptions import TemplateError, TemplateNotFound
from jinja2.loaders import ChoiceLoader, FileSystemLoader
from jinja2.runtime import StrictUndefined
from markupsafe import Markup

from generator.core.errors import MeshgenError
from generator.core.places import Place
from generator.core.resources import bundled
from generator.templating.compiled import compiled_templates
from generator.templating.quoting import comment, nested

_OURS = frozenset({bundled("templates"), bundled("profiles")})
"""Folders whose templates come with meshgen and are tested: they need neither the sandbox nor bounds, which cost time.

A value is never a template, so nothing that a user writes runs there.
"""


class TemplateFailure(MeshgenError):
    """A template did not render. Carries the place in the template."""

    def __init__(self, message: str, place: Place) -> None:
        self.place = place
        self.message = message
        super().__init__(f"{place}: {message}")


class TemplateEngine:
    """Renders templates from several folders; the first folder that has a template wins."""

    def __init__(self, folders: Sequence[Path], finalize: Callable[[Any], Markup]) -> None:
        """Take templates from *folders* and print their values with *finalize*."""
        kind = Environment if _OURS.issuperset(folders) else _bounded()
        self._environment = kind(
            loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
            undefined=StrictUndefined,
            autoescape=True,
            finalize=finalize,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,
            cache_size=-1,
            bytecode_cache=compiled_templates(finalize, kind.__name__),
        )
        self._environment.filters.update(comment=comment, nested=nested)

    def render(self, name: str, values: Mapping[str, Any]) -> str:
        """Render the template *name*.

        Raises:
            TemplateFailure: it is missing, does not parse, uses something undefined, or does
                what fails in Python (a template may divide by zero, or call itself for ever), or
                takes too much time or memory.
        """
        try:
            with self._bounds():
                return self._environment.get_template(name).render(values)
        except TemplateNotFound as error:
            raise TemplateFailure(f"there is no template {error.name}", _place(error, name)) from error
        except Exception as error:
            raise TemplateFailure(_words(error), _place(error, name)) from error

    def _bounds(self) -> AbstractContextManager[None]:
        bounded: Callable[[], AbstractContextManager[None]] = getattr(self._environment, "bounded", nullcontext)
        return bounded()


def _bounded() -> type[Environment]:
    from generator.templating.bounds import BoundedEnvironment  # noqa: PLC0415  (start-up: only what a run needs)

    return BoundedEnvironment


def _words(error: Exception) -> str:
    from generator.templating.bounds import TooMuch  # noqa: PLC0415  (start-up: only what a run needs)

    if isinstance(error, MemoryError):
        return "MemoryError: the template makes a value that does not fit into memory"
    if isinstance(error, TemplateError | TypeError | TooMuch):
        return str(error)
    return f"{type(error).__name__}: {error}"


def _place(error: Exception, name: str) -> Place:
    line = getattr(error, "lineno", None)
    file = getattr(error, "filename", None) or name
    if line is None:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(".j2")]
        file, line = (frames[-1].filename, frames[-1].lineno) if frames else (name, 1)
    return Place(file, line or 1, 1)
