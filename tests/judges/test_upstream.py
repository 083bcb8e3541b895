"""Every rendered object against the published schemas: Istio's CRDs with their CEL rules, Kubernetes' OpenAPI."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from functools import cache

import pytest
import yaml
from jsonschema import Draft4Validator

from tests.judges.bundles import BANK, Json, Object, every_example, identity, rendered
from tests.judges.installed import CRDS
from tests.manifests.cel import violations
from tests.manifests.upstream import CRDS as PUBLISHED
from tests.manifests.upstream import Schema, crd_schemas, needs_upstream, openapi_definitions

pytestmark = needs_upstream

QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
PORT = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"


@cache
def definitions_by_kind() -> dict[tuple[str, str], str]:
    """Return the name of the OpenAPI definition by (apiVersion, kind)."""
    return {
        (f"{known['group']}/{known['version']}".removeprefix("/"), known["kind"]): name
        for name, definition in openapi_definitions().items()
        for known in definition.get("x-kubernetes-group-version-kind", ())
    }


def strict(schema: Schema) -> Schema:
    """Return an OpenAPI definition as JSON Schema that refuses unknown fields, as the API server does when asked."""
    changed = {key: _strict_below(value) for key, value in schema.items()}
    if "properties" in changed and "additionalProperties" not in changed:
        changed["additionalProperties"] = False
    if changed.get("format") == "int-or-string":
        changed["type"] = ["integer", "string"]
    return changed


def _strict_below(value: Json) -> Json:
    if isinstance(value, dict):
        return strict(value)
    return [_strict_below(one) for one in value] if isinstance(value, list) else value


@cache
def kubernetes_validator(definition: str) -> Draft4Validator:
    definitions = {name: strict(schema) for name, schema in openapi_definitions().items()}
    definitions[PORT] = {"type": ["integer", "string"]}
    definitions[QUANTITY] = {"type": ["number", "string"]}
    return Draft4Validator({"$ref": f"#/definitions/{definition}", "definitions": definitions})


@cache
def closed_crd(kind: tuple[str, str]) -> Draft4Validator:
    """Return the validator of a CRD's `spec` alone: what stands around it is not in the CRD."""
    return Draft4Validator(strict(crd_schemas()[kind]["properties"]["spec"]))


def errors(validator: Draft4Validator, found: Json) -> list[str]:
    return [f"{'.'.join(map(str, one.absolute_path))}: {one.message}" for one in validator.iter_errors(found)]


def judged(found: Object) -> list[str]:
    """Return what the API server would refuse about *found*."""
    received = json.loads(json.dumps(found))  # keys of mappings are text there
    kind = received["apiVersion"], received["kind"]
    if kind in definitions_by_kind():
        return errors(kubernetes_validator(definitions_by_kind()[kind]), received)
    if kind not in crd_schemas():
        return [f"no published schema knows {kind}"]
    around = {key: value for key, value in received.items() if key not in {"spec", "metadata"}}
    assert around == {"apiVersion": kind[0], "kind": kind[1]}
    metadata = errors(kubernetes_validator(OBJECT_META), received["metadata"])
    return [*metadata, *errors(closed_crd(kind), received["spec"]), *violations(crd_schemas()[kind], received)]


@every_example
def test_the_published_schemas_take_every_object(example: str) -> None:
    objects = rendered(example).objects
    assert objects
    refused = {identity(found): problems for found in objects if (problems := judged(found))}
    assert not refused


BROKEN: dict[str, tuple[str, Callable[[Json], object]]] = {
    "an unknown field": ("NetworkPolicy", lambda spec: spec.update(ingres=[])),
    "a wrong type": ("NetworkPolicy", lambda spec: spec.update(policyTypes="Ingress")),
    "an unknown field of a CRD": ("AuthorizationPolicy", lambda spec: spec.update(selectors={})),
    "a wrong enum of a CRD": ("PeerAuthentication", lambda spec: spec.update(mtls={"mode": "strict"})),
    "a broken CEL rule of a CRD": ("PeerAuthentication", lambda spec: spec.update(portLevelMtls={"80": {}})),
}


@pytest.mark.parametrize("mistake", BROKEN)
def test_the_judge_can_refuse(mistake: str) -> None:
    kind, spoil = BROKEN[mistake]
    found = copy.deepcopy(next(one for one in rendered(BANK).objects if one["kind"] == kind))
    assert not judged(found)
    spoil(found["spec"])
    assert judged(found)


@pytest.mark.skipif(not CRDS.exists(), reason="the judges' CRDs are not installed: make judges")
def test_the_judges_have_the_crds_of_the_release() -> None:
    """The commit of Istio that judges is a little younger than the release that the facts were read at."""
    theirs = list(yaml.safe_load_all((CRDS / "istio.yaml").read_text("utf-8")))
    assert theirs == list(yaml.safe_load_all(PUBLISHED.read_text("utf-8")))
