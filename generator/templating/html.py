"""Pages: HTML from a template of our own, every value escaped."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup


def html_page(template: Path, values: Mapping[str, Any]) -> str:
    """Render *template*; what is no `markup` is text, whatever characters it has."""
    environment = Environment(
        loader=FileSystemLoader(template.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template.name).render(values)


def markup(text: str) -> Markup:
    """Vouch for *text*: it is HTML that we wrote ourselves."""
    return Markup(text)  # noqa: S704  (style, script and picture, whose texts are escaped where they are made)
