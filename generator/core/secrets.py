"""Secrets in what people hand us: recognised wherever they stand, so that no report repeats them.

`check` reads whole exports of clusters, and its report goes into logs, pull requests and
code scanning. What is looked for: objects of kind Secret, generators of them, private keys
(PEM, RFC 7468, also in base64) and the private members of JSON Web Keys (RFC 7517, RFC 7518).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace

from generator.core.findings import Finding
from generator.core.places import Json

HIDDEN = "(not shown)"

# The kind in any spelling: quoted, tagged, anchored, on the next line.
_SECRET_OBJECT = re.compile(r"""\bkind["']?\s*:[\s&!|>"'\w+-]*?\bSecret(List)?\b|\bsecretGenerator\b""")
_PEM = re.compile(
    r"(-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----)(.*?)(?=-----END )|(-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----)(.*)", re.DOTALL
)
_ENCODED_PEM = re.compile(r"()(\bLS0tLS1CRUdJTi(?!BDRVJU)[A-Za-z0-9+/=]*)")
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_MEMBER = rf"""\b(?:{"|".join(sorted(_PRIVATE_MEMBERS))})\b\\*["']?\s*:\s*\\*["']?"""
_KEY_MEMBER = re.compile(rf"({_MEMBER})([A-Za-z0-9_=-]+)")
_LIKELY_KEY_MEMBER = re.compile(rf"({_MEMBER})([A-Za-z0-9_=-]{{16,}})")


def holds_secret_object(text: str) -> bool:
    """Tell whether *text* is YAML or JSON with a Secret in it, or with the recipe of one."""
    return _SECRET_OBJECT.search(text) is not None


def without_keys(text: str) -> str:
    """Return *text* with every private key blotted out, and as many lines as before."""
    if "PRIVATE KEY-----" in text:
        text = _PEM.sub(_blotted, text)
    if "LS0tLS1CRUdJTi" in text:
        text = _ENCODED_PEM.sub(_blotted, text)
    members = _KEY_MEMBER if "kty" in text else _LIKELY_KEY_MEMBER
    return members.sub(_blotted, text)


def _blotted(match: re.Match[str]) -> str:
    before, hidden = (one for one in match.groups() if one is not None)
    return before + "\n".join(HIDDEN if line.strip() else line for line in hidden.split("\n"))


def without_keys_in(data: Json) -> Json:
    """Return *data*, a report for programs, with every private key in its texts blotted out."""
    if isinstance(data, str):
        return without_keys(data)
    if isinstance(data, dict):
        return {key: without_keys_in(value) for key, value in data.items()}
    return [without_keys_in(item) for item in data] if isinstance(data, list) else data


def has_private_member(jwks: str) -> bool:
    """Tell whether a JSON Web Key (Set) holds what only its owner may know: a private or symmetric key."""
    try:
        data = json.loads(jwks)
    except (ValueError, RecursionError):
        return False
    listed = data.get("keys") if isinstance(data, dict) else None
    keys = [data, *(listed if isinstance(listed, list) else ())]
    return any(isinstance(one, dict) and _PRIVATE_MEMBERS & one.keys() for one in keys)


def discreet(finding: Finding) -> Finding:
    """Return *finding* about the text of a file that holds a Secret, saying nothing of what stands there."""
    words: Callable[[str], str] | None = _DISCREET.get(finding.code)
    return replace(finding, message=words(finding.message), fix="") if words else finding


_DISCREET: dict[str, Callable[[str], str]] = {
    "MG002": lambda message: "an alias here has no anchor before it" if "alias" in message else message,
    "MG004": lambda _: "a text without quotes here means different things to different YAML readers; quote it",
    "MG008": lambda message: "a tag here is not allowed" if message.startswith("the tag") else message,
}
"""Findings whose words repeat the user's: a password may begin with ``*`` or ``!``, or be ``012345``."""
