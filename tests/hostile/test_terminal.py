"""Hostile texts in YAML of anybody's: no verb prints a character that could rewrite a screen or a log."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from generator.core.places import Json
from tests.support import meshgen, put, walk

_NASTY = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
VALUES = {
    "colour": "\x1b[31mred\x1b[0m",
    "title": "\x1b]0;owned\x07",
    "right to left": "\u202ederevo\u202c",
    "isolates": "\u2066a\u2069\u200f",
    "lines": "a\n::error ::b\r\n\u2028c\x85d",
    "nul": "a\x00b",
    "markup": "</script><img src=x onerror=alert(1)>|`@user`",
    "very long": "x" * 5_000,
    "surrogate pair": "\U0001f600",
}
MANIFESTS: Json = [
    {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "np", "namespace": "shop", "annotations": {"a": "b"}, "labels": {"c": "d"}},
        "spec": {
            "podSelector": {"matchLabels": {"app": "web"}},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"port": "http"}]}],
        },
    },
    {
        "apiVersion": "security.istio.io/v1",
        "kind": "AuthorizationPolicy",
        "metadata": {"name": "ap", "namespace": "shop"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "action": "ALLOW",
            "rules": [
                {
                    "from": [{"source": {"principals": ["cluster.local/ns/shop/sa/api"]}}],
                    "to": [{"operation": {"hosts": ["h.example.com"], "paths": ["/p*"], "methods": ["GET"]}}],
                    "when": [{"key": "request.headers[x]", "values": ["v"]}],
                }
            ],
        },
    },
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}, "annotations": {"sidecar.istio.io/inject": "true"}},
                "spec": {"containers": [{"name": "c", "ports": [{"name": "http", "containerPort": 80}]}]},
            },
        },
    },
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]},
    },
]  # fmt: skip
POSITIONS = [
    route for route, value in walk(MANIFESTS) if isinstance(value, str) and route[1] not in ("apiVersion", "kind")
]


def _with(value: str, routes: list[tuple[str | int, ...]]) -> str:
    data = json.loads(json.dumps(MANIFESTS))
    for route in routes:
        put(data, route, value)
    return "".join(f"---\n{json.dumps(one, indent=1)}\n" for one in data)


def _commands() -> list[tuple[str, ...]]:
    return [
        *(("check", "m.yaml", "--fail-on", "never", "--format", name) for name in ("text", "json", "sarif", "github")),
        *(("graph", "m.yaml", "--format", name) for name in ("mermaid", "dot", "svg", "html", "json")),
        *(("diff", "old.yaml", "m.yaml", "--format", name) for name in ("text", "markdown", "json")),
        ("why", "shop/web", "shop/web:80", "-f", "m.yaml"),
    ]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.yaml").write_text(_with("", []))
    return tmp_path


@pytest.mark.parametrize("name", VALUES)
def test_every_position_alone(name: str, here: Path) -> None:
    for route in POSITIONS:
        (here / "m.yaml").write_text(_with(VALUES[name], [route]))
        run = meshgen("check", "m.yaml", "--fail-on", "never")
        assert run.code == 0, route
        assert not _NASTY.search(run.out + run.err), route


@pytest.mark.parametrize("name", VALUES)
def test_all_names_and_values_at_once(name: str, here: Path) -> None:
    (here / "m.yaml").write_text(_with(VALUES[name], POSITIONS))
    for command in _commands():
        run = meshgen(*command)
        assert run.code in (0, 1, 2), command
        assert not _NASTY.search(run.out + run.err), command
        assert not run.out.startswith("::error ::")
        assert "\n::error ::b" not in run.out
        assert "<img" not in run.out or "html" not in command


@pytest.mark.parametrize("name", [one for one in VALUES if one not in ("nul", "very long", "markup")])
def test_names_of_files(name: str, here: Path) -> None:
    file = f"{VALUES[name].replace('/', '_')}.yaml"
    (here / file).write_text("apiVersion: v1\nkind: [\n")
    for arguments in (("check", "."), ("check", file), ("render", file), ("graph", file), ("diff", file, "old.yaml")):
        run = meshgen(*arguments)
        assert run.code in (1, 2)
        assert not _NASTY.search(run.out + run.err), arguments


@pytest.mark.parametrize("value", [VALUES["colour"], VALUES["right to left"], VALUES["lines"]])
def test_arguments(value: str, here: Path) -> None:
    for arguments in (
        ("render", value),
        ("render", "old.yaml", "--env", value),
        ("render", "old.yaml", "--format", value),
        ("render", "old.yaml", "--set", value),
        ("render", "old.yaml", "--name", value),
        ("check", value, "--env", value),
        ("check", "old.yaml", "--baseline", value),
        ("why", value, value, "-f", "old.yaml"),
        ("diff", value, value),
        ("graph", value),
        ("init", value),
        ("explain", value),
        ("schema", value),
        ("env", value),
    ):
        run = meshgen(*arguments)
        assert run.code in (1, 2), arguments
        assert not _NASTY.search(run.out + run.err), arguments
