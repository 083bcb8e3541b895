"""The judges must be able to say no: something is deleted from a rendered example, and whoever should see it does.

`damages.yaml` says what is deleted and who must see it. A judge that is not installed is skipped.
"""

from __future__ import annotations

import copy
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.judges import analyzer, ends
from tests.judges.api_server import running
from tests.judges.bundles import Object, rendered
from tests.judges.enforcement.cases import case, of_example
from tests.judges.enforcement.istiod import committed
from tests.judges.enforcement.trial import judge
from tests.judges.installed import CRDS, find
from tests.judges.istioctl import refusals
from tests.judges.sittings import conformance, istiod, schemas

DAMAGES = yaml.safe_load(Path(__file__).with_name("damages.yaml").read_text("utf-8"))


@dataclass(frozen=True)
class Damaged:
    """An example without an object, or without a part of one."""

    example: str
    wanted: str
    path: str

    @cached_property
    def files(self) -> dict[str, str]:
        """Its files; a kustomization still names an object that is gone."""
        files = dict(rendered(self.example).bundle.files)
        for name, text in rendered(self.example).bundle.files.items():
            one = yaml.safe_load(text)
            metadata = one.get("metadata") or {}
            if f"{one['kind']} {metadata.get('namespace')}/{metadata.get('name')}" == self.wanted:
                del files[name]
                files |= {name: yaml.safe_dump(self._without_path(one))} if self.path else {}
                return files
        raise AssertionError(f"{self.example} has no {self.wanted}")

    def _without_path(self, one: Object) -> Object:
        spoilt: Any = copy.deepcopy(one)
        *steps, last = [int(step) if step.isdigit() else step for step in self.path.split(".")]
        holder = spoilt
        for step in steps:
            holder = holder[step]
        del holder[last]
        assert isinstance(spoilt, dict)
        return spoilt

    @property
    def objects(self) -> list[Object]:
        """What is left, as data."""
        read = map(yaml.safe_load, self.files.values())
        return [one for one in read if not one["apiVersion"].startswith("kustomize.config.k8s.io/")]


def _network_config_analyzer(one: Damaged) -> object:
    (answer,) = analyzer.ask(analyzer.question(rendered(one.example)), [one.objects])
    return answer.differences


def _netpol_analyzer(one: Damaged) -> object:
    return ends.differences(analyzer.question(rendered(one.example)), one.objects, find("netpolicy") or "")[1]


def _envoy(one: Damaged) -> object:
    """The settings are those of the whole; what `why` says of the damaged must differ from what they do."""
    return judge(of_example(one.example, one.files), committed(case(one.example))).disagreements


def _webhook(one: Damaged) -> object:
    return any(refusals(found for found in one.objects if "istio.io" in found["apiVersion"]))


def _analyzers(one: Damaged) -> object:
    return istiod.of_examples({one.example: one.objects})


def _api_server(one: Damaged) -> object:
    with running() as server:
        return any(server.refusal(found) for found in one.objects)


def _kubeconform(one: Damaged) -> object:
    return any(conformance.refusals(find("kubeconform") or "", one.objects))


def _kubernetes_validate(one: Damaged) -> object:
    return schemas.wrong(find("kubernetes-validate") or "", one.objects, schemas.RELEASES[-1:])


@dataclass(frozen=True)
class Judge:
    """Who is asked, and which programs that takes."""

    programs: tuple[str, ...]
    says_no: Callable[[Damaged], object]


JUDGES = {
    "network-config-analyzer": Judge((), _network_config_analyzer),
    "netpol-analyzer": Judge(("netpolicy",), _netpol_analyzer),
    "envoy": Judge(("envoy",), _envoy),
    "webhook": Judge(("istioctl",), _webhook),
    "analyzers": Judge(("istiod",), _analyzers),
    "kube-apiserver": Judge(("kube-apiserver", "etcd"), _api_server),
    "kubeconform": Judge(("kubeconform",), _kubeconform),
    "kubernetes-validate": Judge(("kubernetes-validate",), _kubernetes_validate),
}


def _cases() -> Iterator[Any]:
    for one in DAMAGES:
        damaged = Damaged(one["example"], one["object"], one.get("path", ""))
        for name in one["red"]:
            title = f"{name}: {damaged.example} without {damaged.path or 'it'} of {damaged.wanted}"
            yield pytest.param(damaged, name, id=title)


@pytest.mark.slow
@pytest.mark.parametrize(("damaged", "name"), list(_cases()))
def test_what_was_deleted_is_missed(damaged: Damaged, name: str, tmp_path: Path) -> None:
    if name == "kustomize":
        assert _kustomize(damaged, tmp_path)
        return
    if missing := [program for program in JUDGES[name].programs if find(program) is None]:
        pytest.skip(f"{' and '.join(missing)} not installed: make judges")
    if name in ("kube-apiserver", "kubeconform") and not CRDS.exists():
        pytest.skip("no CRDs: make judges")
    assert JUDGES[name].says_no(damaged)


def _kustomize(damaged: Damaged, folder: Path) -> bool:
    builders = [["kubectl", "kustomize"]] if find("kubectl") else []
    builders += [[own, "build"]] if (own := find("kustomize")) else []
    if not builders:
        pytest.skip("neither kubectl nor kustomize is installed")
    for name, text in damaged.files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return all(subprocess.run([*one, str(folder)], capture_output=True, check=False).returncode for one in builders)


def test_every_judge_is_tried() -> None:
    assert {name for one in DAMAGES for name in one["red"]} == {*JUDGES, "kustomize"}
