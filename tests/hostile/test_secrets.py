"""No report repeats a secret: a marker stands wherever one can, and no verb prints it in any format."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from generator.core.errors import EXIT_WRONG_INPUT
from generator.core.secrets import has_private_member, holds_secret_object, without_keys
from tests.support import ROOT, meshgen

MARKER = "hunter2hunter2hunter2"
_ENCODED = base64.b64encode(MARKER.encode()).decode()
_PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{MARKER}\nMIIE{MARKER}==\n-----END RSA PRIVATE KEY-----\n"
_ENCODED_PEM = base64.b64encode(_PEM.encode()).decode()
_JWK = {"kty": "RSA", "n": "AQAB", "e": "AQAB", "d": MARKER, "dp": f"{MARKER}x", "kid": "one"}
_JWKS = json.dumps({"keys": [_JWK, {"kty": "oct", "k": MARKER}]})

_OBJECT = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: shop}\n"
_POLICY = """\
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: a, namespace: shop}
spec:
  jwtRules:
    - issuer: https://issuer.example.com
"""
_NETWORK = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: a
  namespace: shop
  annotations:
    note: |
NOTE
spec: {podSelector: {}, ingress: [{}]}
"""
_PLAIN = _NETWORK.replace("NOTE", "      x")
_ALLOW = "{}, ingress"


def _indented(text: str, width: int) -> str:
    return "".join(" " * width + line for line in text.splitlines(keepends=True))


CASES = {
    "duplicate": f"{_OBJECT}stringData:\n  a: {MARKER}\n  a: {MARKER}\n",
    "alias": f"{_OBJECT}stringData:\n  a: *{MARKER}\n",
    "tag": f"{_OBJECT}stringData:\n  a: !{MARKER} x\n",
    "ambiguous": f"{_OBJECT}stringData:\n  a: 0o17\n  b: {MARKER}\n",
    "syntax": f"{_OBJECT}stringData:\n  a: [{MARKER}\n  b: }}{MARKER}\n",
    "control": f"{_OBJECT}stringData:\n  a: {MARKER}\x07\n",
    "structure": f"{_OBJECT}data: {_ENCODED}\nspec: {MARKER}\n",
    "one line": f"{{kind: Secret, metadata: {{name: {{a: b}}}}, data: {{a: {_ENCODED}, a: {_ENCODED}}}}}\n",
    "list": f"apiVersion: v1\nkind: SecretList\nitems:\n  - data:\n      a: {MARKER}\n      a: {MARKER}\n",
    "quoted kind": f'apiVersion: v1\n"kind" : !!str "Secret"\ndata:\n  a: {MARKER}\n  a: {MARKER}\n',
    "folded kind": f"apiVersion: v1\nkind: &k >-\n  Secret\ndata:\n  a: {MARKER}\n  a: {MARKER}\n",
    "generator": f"kind: Kustomization\nsecretGenerator:\n  - literals: [a={MARKER}]\n    x: 1\n    x: a={MARKER}\n",
    "private key in jwks": f"{_POLICY}      jwks: '{_JWKS}'\n      jwksUri: ftp://x\n      fromHeaders: 5\n",
    "jwks as a mapping": f"{_POLICY}      jwks: {{keys: [{{kty: RSA, d: {MARKER}, q: {MARKER}, n: x}}]}}\n",
    "jwks as a block": f"{_POLICY}      jwks:\n        kty: RSA\n        d:\n          {MARKER}\n        d: {MARKER}\n",
    "jwks that is none": f"{_POLICY}      jwks: '[{_JWKS}'\n",
    "jwks as an issuer": f"{_POLICY}      forwardOriginalToken: '{_JWKS}'\n",
    "key in a note": _NETWORK.replace("NOTE", _indented(_PEM, 6)),
    "key in a line": f"{_PLAIN}status: {json.dumps(_PEM)}\nx: {json.dumps(_PEM)}\n",
    "key, wrongly indented": _NETWORK.replace("NOTE", _PEM),
    "key without an end": _NETWORK.replace("NOTE", _indented(_PEM.partition("-----END")[0], 6)),
    "encoded key": f"{_PLAIN}spec: {{podSelector: {_ENCODED_PEM}}}\n",
    "key as a value": _PLAIN.replace("[{}]", f"[{{from: {json.dumps(_PEM)}}}]"),
    "key as a type": _PLAIN.replace(_ALLOW, f"{{}}, policyTypes: [{json.dumps(_PEM)}], ingress"),
    "jwk as a type": _PLAIN.replace(_ALLOW, f"{{}}, policyTypes: ['{_JWKS}'], ingress"),
}  # fmt: skip

_FORMATS = {
    "check": ("text", "json", "sarif", "github"),
    "diff": ("text", "markdown", "json"),
    "graph": ("mermaid", "dot", "svg", "html", "json"),
    "why": ("text", "json"),
}


def _shows_a_secret(text: str) -> bool:
    return any(one in text for one in (MARKER, _ENCODED, _ENCODED_PEM[40:80]))


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "one.yaml").write_text(CASES[request.param])
    (tmp_path / "empty.yaml").write_text(_PLAIN)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("folder", CASES, indirect=True)
def test_nothing_of_it_is_printed(folder: Path) -> None:
    commands = [
        *(("check", "one.yaml", "--format", name) for name in _FORMATS["check"]),
        ("check", "."),
        ("check", "one.yaml", "--write-baseline", "baseline.json"),
        *(("diff", "empty.yaml", "one.yaml", "--format", name) for name in _FORMATS["diff"]),
        *(("graph", "one.yaml", "--format", name) for name in _FORMATS["graph"]),
        *(("why", "a", "b:80", "-f", "one.yaml", "--format", name) for name in _FORMATS["why"]),
        *((verb, "one.yaml") for verb in ("render", "verify")),
    ]
    for command in commands:
        run = meshgen(*command)
        assert not _shows_a_secret(run.out + run.err), command
        assert run.code in (0, 1, 2)
        assert "Usage:" not in run.err
    run = meshgen("check", "-", stdin=(folder / "one.yaml").read_bytes())
    assert not _shows_a_secret(run.out + run.err)
    assert not _shows_a_secret((folder / "baseline.json").read_text())


@pytest.mark.parametrize("folder", sorted(CASES.keys() - {"structure", "ambiguous"}), indirect=True)
def test_something_is_found_there(folder: Path) -> None:
    """The cases above are worth something: each one has a finding whose words or line could repeat the marker."""
    assert "one.yaml:" in meshgen("check", "one.yaml", "--fail-on", "never").out


def test_what_is_around_a_key_is_still_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.yaml").write_text(CASES["private key in jwks"])
    lines = meshgen("check", "one.yaml").out.splitlines()
    assert "  9 |       fromHeaders: 5" in lines
    assert any('"kty": "RSA", "n": "AQAB", "e": "AQAB", "d": "(not shown)"' in line for line in lines)


def test_a_profile_with_a_private_key_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    profile = (ROOT / "profiles/zero-trust/examples/intranet.yaml").read_text()
    assert '"x": ' in profile
    (tmp_path / "shop.yaml").write_text(profile.replace('"x": ', f'"d": "{MARKER}", "x": '))
    run = meshgen("render", "shop.yaml")
    assert run.code == EXIT_WRONG_INPUT
    assert "holds a private key" in run.err
    assert not _shows_a_secret(run.err + run.out)
    assert not (tmp_path / "out").exists()


def test_the_lines_stay_where_they_are() -> None:
    text = CASES["key in a note"]
    assert without_keys(text).count("\n") == text.count("\n")
    assert without_keys(text).splitlines()[-1] == text.splitlines()[-1]


@pytest.mark.parametrize(
    "text",
    [
        "kind: SealedSecret\n",
        "kind: Gateway\nspec: {tls: {certificateRefs: [{name: a}]}}\n",
        "# Secret\nkind: Service\n",
        "kind: ExternalSecret\n",
        "k: v\nd: 1\n",
        "-----BEGIN CERTIFICATE-----\nMIIE\n",
    ],
)
def test_what_is_no_secret_is_shown(text: str) -> None:
    assert not holds_secret_object(text)
    assert without_keys(text) == text


@pytest.mark.parametrize("text", ["", "{}", "[", "5", '{"keys": 5}', '{"keys": [5, {"kty": "RSA", "n": "x"}]}'])
def test_a_public_key_set_is_none_of_ours(text: str) -> None:
    assert not has_private_member(text)
