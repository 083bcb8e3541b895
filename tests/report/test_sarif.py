"""SARIF 2.1.0, held against the parts of the standard that readers rely on."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from generator.core.findings import Finding, Severity
from generator.core.places import Place
from generator.report.sarif import as_sarif
from generator.rules import registry
from tests.support import meshgen

MESSAGE = {
    "type": "object",
    "required": ["text"],
    "properties": {"text": {"type": "string", "minLength": 1}, "markdown": {"type": "string"}},
    "additionalProperties": False,
}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
PHYSICAL = {
    "type": "object",
    "required": ["artifactLocation", "region"],
    "additionalProperties": False,
    "properties": {
        "artifactLocation": {
            "type": "object",
            "required": ["uri"],
            "additionalProperties": False,
            "properties": {
                "uri": {"type": "string", "pattern": r"^[A-Za-z0-9._~!$&'()*+,;=:@/%-]+$"},
                "uriBaseId": {"const": "%SRCROOT%"},
            },
        },
        "region": {
            "type": "object",
            "required": ["startLine", "startColumn"],
            "additionalProperties": False,
            "properties": {
                "startLine": {"type": "integer", "minimum": 1},
                "startColumn": {"type": "integer", "minimum": 1},
            },
        },
    },
}
RULE = {
    "type": "object",
    "required": ["id", "shortDescription", "fullDescription", "help", "defaultConfiguration"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string", "pattern": r"^MG\d{3}$"},
        "name": {"type": "string", "minLength": 1},
        "shortDescription": MESSAGE,
        "fullDescription": MESSAGE,
        "help": MESSAGE,
        "defaultConfiguration": {"type": "object", "required": ["level"], "properties": {"level": LEVEL}},
    },
}
RESULT = {
    "type": "object",
    "required": ["ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints"],
    "additionalProperties": False,
    "properties": {
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": LEVEL,
        "message": MESSAGE,
        "locations": {
            "type": "array",
            "maxItems": 1,
            "items": {
                "type": "object",
                "required": ["physicalLocation"],
                "additionalProperties": False,
                "properties": {"physicalLocation": PHYSICAL},
            },
        },
        "relatedLocations": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["id", "physicalLocation", "message"],
                "additionalProperties": False,
                "properties": {"id": {"type": "integer"}, "physicalLocation": PHYSICAL, "message": MESSAGE},
            },
        },
        "partialFingerprints": {"type": "object", "minProperties": 1, "additionalProperties": {"type": "string"}},
    },
}
LOG = {
    "type": "object",
    "required": ["$schema", "version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "pattern": "sarif-schema-2.1.0.json$"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "additionalProperties": False,
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name", "version", "rules"],
                                "additionalProperties": False,
                                "properties": {
                                    "name": {"const": "meshgen"},
                                    "version": {"type": "string"},
                                    "semanticVersion": {"type": "string"},
                                    "rules": {"type": "array", "items": RULE},
                                },
                            }
                        },
                    },
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "results": {"type": "array", "items": RESULT},
                },
            },
        },
    },
}
"""The objects of the standard (sections 3.13 to 3.52) that we write, closed: what is not listed is not written."""

OPEN = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress]
  ingress:
    - from: []
    - from: []
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _run(text: str) -> dict[str, Any]:
    log = json.loads(text)
    Draft202012Validator.check_schema(LOG)
    assert [error.message for error in Draft202012Validator(LOG).iter_errors(log)] == []
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    assert all(rules[one["ruleIndex"]]["id"] == one["ruleId"] for one in run["results"])
    return dict(run)


def _uri(file: str) -> dict[str, str]:
    finding = Finding("MG101", "m", Place(file, 1, 1))
    location = _run(as_sarif([finding], False))["results"][0]["locations"][0]["physicalLocation"]
    return dict(location["artifactLocation"])


def test_the_log_of_a_check(here: Path) -> None:
    (here / "policy.yaml").write_text(OPEN)
    run = _run(meshgen("check", "policy.yaml", "--format", "sarif").out)
    first = run["results"][0]
    assert (first["ruleId"], first["level"]) == ("MG101", "error")
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "policy.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 8, "startColumn": 13},
    }


def test_every_rule_is_described_with_its_page(here: Path) -> None:
    rules = {rule["id"]: rule for rule in _run(as_sarif([], False))["tool"]["driver"]["rules"]}
    assert list(rules) == [module.RULE.code for module in registry()]
    for module in registry():
        assert rules[module.RULE.code]["defaultConfiguration"]["level"] == module.RULE.severity.value.replace(
            "info", "note"
        )
        assert "Why:" in rules[module.RULE.code]["help"]["text"]


def test_codes_without_a_rule_are_described_too() -> None:
    findings = [
        Finding("MG002", "no YAML", Place("a.yaml", 3, 1), severity=Severity.ERROR),
        Finding("MG044", "nothing", None, severity=Severity.INFO, related=((Place("b.yaml", 1, 2), "here"),)),
    ]
    run = _run(as_sarif(findings, False))
    assert {"MG002", "MG044"} <= {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert run["results"][1]["locations"] == []
    assert run["results"][1]["level"] == "note"
    assert run["results"][1]["relatedLocations"][0]["message"] == {"text": "here"}


def test_files_are_named_from_the_root_of_the_repository(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = here / "repository"
    (repository / "k8s" / "deep").mkdir(parents=True)
    subprocess.run(["git", "init", "--quiet", str(repository)], check=True)
    monkeypatch.chdir(repository / "k8s")
    assert _uri("a.yaml") == {"uri": "k8s/a.yaml", "uriBaseId": "%SRCROOT%"}
    assert _uri("../b.yaml") == {"uri": "b.yaml", "uriBaseId": "%SRCROOT%"}
    assert _uri(str(repository / "c.yaml")) == {"uri": "c.yaml", "uriBaseId": "%SRCROOT%"}
    assert _uri("deep/ü #%.yaml")["uri"] == "k8s/deep/%C3%BC%20%23%25.yaml"
    assert _uri("<stdin>") == {"uri": "%3Cstdin%3E"}
    assert _uri(str(here / "outside.yaml"))["uri"].startswith("file:///")


def test_fingerprints_survive_moved_lines_and_tell_equal_findings_apart(here: Path) -> None:
    def prints(text: str) -> list[str]:
        (here / "policy.yaml").write_text(text)
        results = _run(meshgen("check", "policy.yaml", "--format", "sarif").out)["results"]
        return [one["partialFingerprints"]["meshgenFinding/v1"] for one in results]

    before = prints(OPEN)
    assert len(set(before)) == len(before) > 1
    assert prints(f"# one\n# two\n{OPEN}") == before
    assert set(prints(OPEN.replace("name: api", "name: web"))).isdisjoint(before)
