"""What `tests.bench` compares with: rendering as a first version would, everything set up anew for every document.

python -m tests.bench.naive PROFILES OUT    plan, then render, check and write each document
python -m tests.bench.naive PROFILES -      plan alone: the difference is the cost of the rest
"""

from __future__ import annotations

import sys
from pathlib import Path

import jinja2
import jsonschema
from ruamel.yaml import YAML

from generator.core.resources import bundled
from generator.manifests.schema import schema_of
from generator.pipeline import Request, render
from generator.plan.resources import Resource
from generator.render.render import template_name
from generator.templating.quoting import comment, finalize, nested


def document(resource: Resource, path: Path) -> None:
    """Render *resource* with an environment of its own, and check and write it with the obvious calls."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(bundled("templates")),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(comment=comment, nested=nested)
    template = environment.get_template(template_name(resource))
    yaml = YAML()
    data = yaml.load(template.render(r=resource, labels={"app": "naive"}, annotations={"from": "naive"}))
    jsonschema.validate(data, schema_of(resource.kind, resource.api_version))
    with path.open("w") as file:
        yaml.dump(data, file)


def main(profiles: str, output: str) -> None:
    """Plan with the product's own code, then do the rest the naive way."""
    bundle = render(Request((profiles,)))
    if output != "-":
        Path(output).mkdir()
        for number, resource in enumerate(bundle.resources):
            document(resource, Path(output, f"{number}.yaml"))


if __name__ == "__main__":
    main(*sys.argv[1:])
