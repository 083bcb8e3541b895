"""The catalogue of components, its schema and its examples speak of the same things."""

from __future__ import annotations

import json

from generator.intent.profile_types import profile_types
from tests.docs.components import catalogue, versions

KIND = profile_types()["component"]
SCHEMA = json.loads((KIND.folder / "schema.json").read_text("utf-8"))


def test_schema_and_catalogue_name_the_same_components_and_parts() -> None:
    known = catalogue(KIND)
    assert sorted(known) == SCHEMA["properties"]["component"]["enum"] == sorted(versions(KIND))
    names = {
        rule["if"]["properties"]["component"]["const"]: rule["then"]["properties"]["parts"]["propertyNames"]["enum"]
        for rule in SCHEMA["$defs"]["partNames"]["allOf"]
    }
    assert names == {name: sorted(one["parts"]) for name, one in known.items()}
    operators = SCHEMA["allOf"][0]["if"]["properties"]["component"]["enum"]
    assert operators == sorted(name for name, one in known.items() if "managed" in one)


def test_calls_and_ports_name_what_is_there() -> None:
    for name, one in catalogue(KIND).items():
        parts = one["parts"]
        for client, server, ports in one.get("calls", []):
            assert client in parts, (name, client)
            assert set(ports) <= set(parts[server]["ports"]), (name, server)
        for facts in parts.values():
            assert {*facts.get("metrics", []), *filter(None, [facts.get("webhook")])} <= set(facts["ports"])
        managed = one.get("managed")
        if managed:
            assert managed["operator"] in parts
            wanted = [*managed["by_operator"], *managed["among"], managed["clients"], *managed["metrics"]]
            assert set(wanted) <= set(managed["ports"]), name


def test_every_component_has_an_example() -> None:
    examples = {path.stem for path in KIND.examples()}
    assert set(catalogue(KIND)) <= examples
