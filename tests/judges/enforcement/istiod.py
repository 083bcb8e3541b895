"""What istiod would send to the proxies of a case, from istiod's own code (`tests/judges/istiod`), or as committed.

Without Go the committed answer is used; it belongs to one question, and is refused for any other.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.judges.bundles import Json, Object
from tests.judges.enforcement.cases import Case
from tests.judges.enforcement.compact import packed, unpacked
from tests.judges.installed import ISTIOD

EXPECTED = Path(__file__).parent.parent / "expected"
NO_KEYS = '{"keys":[]}'
"""Stands where the keys of a token's issuer will be: they are new in every run."""
PROXY_OWN = ("type.googleapis.com/udpa.type.v1.TypedStruct", "type.googleapis.com/istio.")
"""How the settings of filters begin that only Istio's build of Envoy has; none of them decides anything."""
LEFT_OUT = frozenset({"sdsConfig", "accessLog", "tracing"})
"""Where certificates come from, and what is told about traffic."""


class Stale(Exception):
    """The committed answer is to another question."""

    def __init__(self, name: str) -> None:
        """Say it of the case *name*."""
        super().__init__(
            f"{name}: its mesh objects changed since istiod was asked: make judges && make judged JUDGE=envoy"
        )


def question(case: Case) -> Object:
    """Return *case* as istiod's program reads it; each server gets a number in place of an address."""
    istio = case.cluster.environment.istio
    workloads = []
    for position, (number, ports) in enumerate(case.servers.items(), 1):
        one = case.universe[number]
        workloads.append(
            {
                "name": one.name.replace("/", "-").replace(" ", "-"),
                "namespace": one.namespace,
                "labels": dict(sorted(one.labels.items())),
                "account": one.account,
                "address": f"10.0.{position // 250}.{position % 250 + 1}",
                "gateway": one.is_gateway,
                "ports": [{"number": port.number, "protocol": port.protocol} for port in one.ports],
                "asked": list(ports),
            }
        )
    return {
        "trustDomain": istio.trust_domain,
        "trustDomainAliases": list(istio.trust_domain_aliases),
        "rootNamespace": istio.root_namespace,
        "manifests": yaml.safe_dump_all(map(_relevant, case.objects)),
        "workloads": workloads,
    }


def _relevant(found: Object) -> Object:
    """Return *found* without what istiod ignores, and with keys in place of an address to fetch them from."""
    metadata = {key: found["metadata"][key] for key in ("name", "namespace") if key in found["metadata"]}
    annotations = {
        key: value for key, value in found["metadata"].get("annotations", {}).items() if key.startswith("istio.io/")
    }
    spec = found.get("spec", {})
    if found["kind"] == "RequestAuthentication":
        rules = [{key: value for key, value in rule.items() if key != "jwksUri"} for rule in spec.get("jwtRules", ())]
        spec = {**spec, "jwtRules": [{**rule, "jwks": NO_KEYS} for rule in rules]}
    metadata |= {"annotations": annotations} if annotations else {}
    return {"apiVersion": found["apiVersion"], "kind": found["kind"], "metadata": metadata, "spec": spec}


def digest(case: Case) -> str:
    """Return what tells *case*'s question from any other."""
    return hashlib.sha256(json.dumps(question(case), sort_keys=True).encode()).hexdigest()[:16]


def committed(case: Case) -> list[Object]:
    """Return the proxies of *case* as committed.

    Raises:
        Stale: the answer is to another question, or there is none.
    """
    file = _file(case)
    found = json.loads(file.read_text("utf-8")) if file.exists() else {}
    if found.get("question") != digest(case):
        raise Stale(case.name)
    proxies: list[Object] = unpacked(found["proxies"], found["shared"])
    return proxies


def ask(cases: list[Case]) -> list[list[Object]]:
    """Ask istiod's code about *cases*, all in one process."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        text = json.dumps([question(one) for one in cases])
        done = subprocess.run([ISTIOD, "listeners", answer], input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr + done.stdout
        return [[_stripped(proxy) for proxy in proxies] for proxies in json.loads(answer.read_text("utf-8"))]


def commit(case: Case, proxies: list[Object]) -> bool:
    """Write down what istiod answered; tell whether that is news."""
    shared, rest = packed(proxies)
    lines = [f'{{"question": "{digest(case)}",', '"shared": {']
    lines += [",\n".join(f'"{key}": {_line(value)}' for key, value in shared.items()), "},"]
    lines += ['"proxies": [', ",\n".join(map(_line, rest)), "]}", ""]
    text = "\n".join(lines)
    file = _file(case)
    is_news = not file.exists() or file.read_text("utf-8") != text
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8", newline="")
    return is_news


def _line(value: Json) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _file(case: Case) -> Path:
    return EXPECTED / f"{case.name}.json"


def _stripped(value: Any) -> Any:
    """Return *value* without what only Istio's build of Envoy understands, and without where secrets come from."""
    if isinstance(value, dict):
        return {key: _stripped(below) for key, below in value.items() if key not in LEFT_OUT}
    if isinstance(value, list):
        return [_stripped(below) for below in value if not _is_proxy_own(below)]
    return value


def _is_proxy_own(value: Any) -> bool:
    return isinstance(value, dict) and value.get("typedConfig", {}).get("@type", "").startswith(PROXY_OWN)


def clusters(value: Any) -> Iterator[str]:
    """Yield the names of the clusters that a configuration sends connections to."""
    if isinstance(value, dict):
        if isinstance(found := value.get("cluster"), str):
            yield found
        for below in value.values():
            yield from clusters(below)
    elif isinstance(value, list):
        for below in value:
            yield from clusters(below)
