"""Schemas from CRDs: closed objects, exact types, and honest refusals."""

from __future__ import annotations

import pytest

from generator.core.places import Document
from generator.core.yaml_reader import read_documents
from generator.manifests import imported, schema
from tests.manifests.upstream import CRDS, SHARED, needs_upstream

CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {kind: Widget}
  versions:
    - name: v1
      schema:
        openAPIV3Schema:
          type: object
          required: [spec]
          properties:
            spec:
              type: object
              required: [size]
              properties:
                size: {type: integer, minimum: 0, exclusiveMinimum: true}
                port: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}
                note: {type: string, nullable: true, enum: [a, b]}
                code: {type: string, pattern: "^[a-z]+$"}
                free: {type: object, x-kubernetes-preserve-unknown-fields: true}
                tags: {type: object, additionalProperties: {type: string}}
                nothing: {type: object}
                shapes:
                  type: array
                  items: {type: object, properties: {a: {}, b: {}}, oneOf: [{required: [a]}, {required: [b]}]}
            status: {type: object, properties: {ready: {type: boolean}}}
    - {name: v1alpha1, served: false}
"""


def _documents(text: str) -> list[Document]:
    documents, findings = read_documents(text, "crd.yaml")
    assert not findings
    return documents


def _told(spec: str, more: str = "") -> list[str]:
    schemas, findings = imported.schemas_from_crds(_documents(CRD))
    assert not findings
    (widget,) = _documents(f"apiVersion: example.com/v1\nkind: Widget\nmetadata: {{name: w}}\nspec: {spec}\n{more}")
    return [finding.message for finding in schema.check(widget, schemas)]


def test_only_served_versions_are_imported() -> None:
    schemas, _ = imported.schemas_from_crds(_documents(CRD))
    assert set(schemas) == {("example.com/v1", "Widget")}


def test_a_right_object_passes() -> None:
    spec = "{size: 1, port: http, note: null, code: abc, free: {any: [1]}, tags: {a: b}, shapes: [{a: 1}]}"
    assert _told(spec) == []


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("{}", "`spec` must have the field `size`"),
        ("{size: 0}", "`spec.size` must be more than 0, here it is 0"),
        ("{size: 1, port: 1.5}", "`spec.port` must be a whole number or text, here it is 1.5"),
        ("{size: 1, note: c}", "`spec.note` must not be 'c'"),
        ('{size: 1, code: "abc\\n"}', r"`spec.code` is 'abc\n', which does not match ^[a-z]+$"),
        ("{size: 1, sise: 2}", "`spec.sise` is not a known field"),
        ("{size: 1, nothing: {a: 1}}", "`spec.nothing.a` is not a known field"),
        ("{size: 1, tags: {a: 1}}", "`spec.tags.a` must be text, here it is a number"),
        ("{size: 1, shapes: [5]}", "`spec.shapes[0]` must be a mapping, here it is a number"),
        ("{size: 1, shapes: [{c: 1}]}", "`spec.shapes[0].c` is not a known field"),
        ("{size: 1, shapes: [{}]}", "`spec.shapes[0]` must have `a` or `b`"),
        ("{size: 1, shapes: [{a: 1, b: 2}]}", "`spec.shapes[0]` sets `a` and `b`; only one of them may be set"),
    ],
)
def test_a_wrong_object_is_told(spec: str, message: str) -> None:
    assert message in _told(spec)


def test_status_is_not_for_users_and_metadata_is_checked() -> None:
    assert _told("{size: 1}", "status: {ready: true}") == ["`status` is not a known field"]


@pytest.mark.parametrize(
    "text",
    [
        "[1]",
        "{apiVersion: v1, kind: Namespace, metadata: {name: a}}",
        "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition}",
        "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, spec: {group: a, names: {kind: B},"
        " versions: [{name: v1}]}}",
        "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, spec: {group: a, names: {kind: B},"
        " versions: [{name: v1, schema: {openAPIV3Schema: {type: 5}}}]}}",
    ],
)
def test_anything_else_is_refused_at_its_place(text: str) -> None:
    schemas, findings = imported.schemas_from_crds(_documents(text))
    assert schemas == {}
    assert [(finding.code, finding.place and finding.place.line) for finding in findings] == [("MG604", 1)]


def test_a_list_of_crds_is_unpacked() -> None:
    indented = "".join(f"    {line}\n" for line in CRD.strip().splitlines())
    text = f"apiVersion: v1\nkind: List\nitems:\n  -\n{indented}  - {{kind: Pod}}\n"
    schemas, findings = imported.schemas_from_crds(_documents(text))
    assert set(schemas) == {("example.com/v1", "Widget")}
    assert [finding.code for finding in findings] == ["MG604"]


@needs_upstream
def test_published_crds_can_be_imported() -> None:
    documents, _ = read_documents(CRDS.read_bytes(), CRDS.name, allow_ambiguous=True)
    schemas, findings = imported.schemas_from_crds(documents)
    assert findings == []
    assert len(schemas) == 33


@needs_upstream
@pytest.mark.slow
def test_crds_of_other_projects_can_be_imported() -> None:
    for folder in ("calico", "kuma", "linkerd", "network-policy-api"):
        for path in sorted((SHARED / "upstream" / folder).glob("*.yaml")):
            documents, _ = read_documents(path.read_bytes(), path.name, allow_ambiguous=True)
            schemas, findings = imported.schemas_from_crds(documents)
            assert schemas, path
            assert not findings, path
