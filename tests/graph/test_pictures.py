"""Pictures and pages as files: as written, well-formed, self-contained, and without a word of markup from the YAML."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.pictures import BANK, PICTURES, drawn
from tests.support import ROOT, meshgen

SVG = "{http://www.w3.org/2000/svg}"
TAGS = {"svg", "title", "desc", "style", "rect", "path", "text", "g"}
PAGES = [name for name in PICTURES if name.endswith(".html")]
DRAWINGS = [name for name in PICTURES if name.endswith(".svg")]
VOID = {"meta", "link", "input", "wbr", "rect", "path"}


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_as_written(name: str) -> None:
    assert drawn(name) == (ROOT / name).read_text("utf-8"), "`make refresh` renews it; look at it before you commit"


def _picture(name: str) -> ET.Element:
    return ET.fromstring((ROOT / name).read_text("utf-8"))  # noqa: S314  (our own files)


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_picture_is_well_formed_and_of_known_parts_alone(name: str) -> None:
    picture = _picture(name)
    assert {one.tag for one in picture.iter()} <= {SVG + tag for tag in TAGS}
    known = {"class", "role", "width", "height", "viewBox", "aria-labelledby", "id", "rx", "x", "y", "d", "text-anchor"}
    assert {attribute for one in picture.iter() for attribute in one.attrib} <= known
    assert picture.get("role") == "img"
    labelled = [picture.find(f"{SVG}title"), picture.find(f"{SVG}desc")]
    assert [one is not None and one.get("id") for one in labelled] == picture.get("aria-labelledby", "").split()
    style = picture.findtext(f"{SVG}style") or ""
    assert "prefers-color-scheme: dark" in style
    assert not re.search(r"url\(|@import|@font-face", style)


def test_the_description_tells_every_line() -> None:
    picture = _picture("docs/bank-of-anthos.svg")
    told = picture.findtext(f"{SVG}desc") or ""
    assert "bank/contacts, bank/userservice to bank/accounts-db: 5432/TCP." in told
    assert "Not drawn: Prometheus, istiod, the cluster's resolver." in told


def test_what_is_unknown_is_dashed_and_says_so() -> None:
    picture = _picture("tests/graph/pages/foreign.svg")
    labels = [one for one in picture.iter(f"{SVG}g") if one.get("class") == "label unknown"]
    assert labels
    assert all("unknown: " in "".join(one.itertext()) for one in labels)
    assert any(one.get("class") == "line unknown" for one in picture.iter(f"{SVG}path"))


def test_workloads_without_a_line_are_named_in_their_namespace(tmp_path: Path) -> None:
    (tmp_path / "alone.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: hermit, namespace: cave}\nspec: {containers: [{name: x}]}\n---\n"
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny, namespace: cave}\n"
        "spec: {podSelector: {}, policyTypes: [Ingress, Egress]}\n",
        "utf-8",
    )
    run = meshgen("graph", tmp_path / "alone.yaml", "--format", "svg")
    assert run.code == 0
    assert "no connection drawn: hermit" in run.out
    page = meshgen("graph", tmp_path / "alone.yaml", "--format", "html").out
    assert "<p>Nothing gets through.</p>" in page


def test_a_picture_can_go_to_a_file(tmp_path: Path) -> None:
    source = str(ROOT / "tests/why/unknown/shop.yaml")
    printed = meshgen("graph", source, "--format", "html")
    written = meshgen("graph", source, "--format", "html", "-o", tmp_path / "page.html")
    assert (written.code, written.out) == (0, "")
    assert (tmp_path / "page.html").read_bytes() == printed.out.encode()


def test_json_is_as_documented() -> None:
    (block,) = re.findall(r"```json\n(.*?)```", (ROOT / "docs/graph.md").read_text("utf-8"), re.DOTALL)
    told = json.loads(block)
    printed = json.loads(meshgen("graph", ROOT / BANK, "--format", "json").out)
    assert told.keys() == printed.keys()
    (example,), (rule,), (reason,) = told["edges"], told["rules"], told["because"]
    (edge,) = [one for one in printed["edges"] if (one["from"], one["to"]) == (example["from"], example["to"])]
    assert {**edge, "because": 0} == example
    because = printed["because"][edge["because"]]
    assert because.keys() == reason.keys()
    behind = [printed["rules"][number] for number in because["rules"]]
    assert rule in [{**one, "id": rule["id"]} for one in behind]
    assert [one["layer"] for one in behind] == ["network egress", "network ingress", "mutual TLS", "authorization"]


def test_json_tells_every_rule_once() -> None:
    """Pairs of one edge share its rules, which of a large cluster would otherwise be most of the output."""
    printed = json.loads(meshgen("graph", ROOT / BANK, "--format", "json").out)
    for name in ("rules", "because"):
        assert [one["id"] for one in printed[name]] == list(range(len(printed[name])))
        told = [json.dumps({**one, "id": 0}) for one in printed[name]]
        assert len(set(told)) == len(told)
    used = {number for one in printed["because"] for number in one["rules"]}
    assert used == set(range(len(printed["rules"])))
    assert {one["because"] for one in printed["edges"]} == set(range(len(printed["because"])))


class _Reader(HTMLParser):
    """Collects what a browser would see: elements, attributes, and the text of each."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.raw: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("style", "script"):
            self.raw[self.open[-1]] = self.raw.get(self.open[-1], "") + data
        else:
            self.texts.append(data)


def _read(name: str) -> _Reader:
    reader = _Reader()
    reader.feed((ROOT / name).read_text("utf-8"))
    reader.close()
    assert not reader.open
    return reader


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_nobody_and_runs_nothing_but_its_own(name: str) -> None:
    page = _read(name)
    for tag, attribute, value in page.attributes:
        assert not attribute.startswith("on")
        assert attribute not in ("src", "style", "action", "srcset")
        assert attribute != "href" or value.startswith("#") or (tag, value) == ("link", "data:,")
    (policy,) = [value for tag, name, value in page.attributes if (tag, name) == ("meta", "content") and "src" in value]
    digests = {
        tag: "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for tag, text in page.raw.items()
    }
    assert policy == (
        f"default-src 'none'; style-src '{digests['style']}'; script-src '{digests['script']}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


@pytest.mark.parametrize("name", PAGES)
def test_links_of_a_page_lead_somewhere_and_no_name_is_given_twice(name: str) -> None:
    page = _read(name)
    targets = [value for _, attribute, value in page.attributes if attribute == "id"]
    assert len(targets) == len(set(targets))
    links = {value for _, attribute, value in page.attributes if attribute == "href" and value.startswith("#")}
    labels = {
        one
        for _, attribute, value in page.attributes
        if attribute in ("aria-labelledby", "for")
        for one in value.split()
    }
    assert {one.removeprefix("#") for one in links} | labels <= set(targets)


def test_hostile_names_are_text() -> None:
    page = _read("tests/graph/hostile/names.html")
    seen = "".join(page.texts)
    for name in ("<script>alert(1)</script>", "</title></desc></style><img src=x onerror=alert(1)>{{ 7*7 }}", "</svg>"):
        assert name in seen
    assert [tag for tag, *_ in page.attributes].count("script") == 0
    assert "\\u202e" in seen
    text = "".join((ROOT / f"tests/graph/hostile/names.{kind}").read_text("utf-8") for kind in ("html", "svg"))
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", text)
    assert "alert" not in page.raw["script"] + page.raw["style"]


def test_the_matrix_says_what_json_says() -> None:
    """Every cell of the page against the connections of the json format, which comes by another way."""
    text = (ROOT / "tests/graph/pages/bank-of-anthos.html").read_text("utf-8")
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', text.partition("</table>")[0], re.DOTALL)
    cells = {
        (re.sub(r"<.*?>", "", client), server)
        for client, row in rows
        for server in re.findall(r'<td class="open[^"]*" data-server="([^"]*)"', row)
    }
    from_json = {("bank/frontend", "bank/userservice"), ("bank/userservice", "bank/accounts-db")}
    assert from_json <= cells
    assert ("bank/loadgenerator", "bank/userservice") not in cells
    assert ("Prometheus", "bank/accounts-db") in cells
    assert len(cells) == 13 + 3 * 9, "the thirteen flows; and scraping, discovery and DNS of nine workloads"
