"""The wheel is what users get: complete, nothing more, and it works away from the checkout."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from generator import __version__

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLE = "profiles/app/examples/bank-of-anthos.yaml"
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
NEEDED = (
    "generator/py.typed",
    "generator/intent/schema.json",
    "generator/environment/schema.json",
    "generator/environment/presets/generic.yaml",
    "generator/environment/presets/kind.yaml",
    "generator/manifests/schemas/NetworkPolicy.json",
    "generator/report/page.html.j2",
    "generator/report/page.css",
    "generator/report/page.js",
    "generator/manifests/schemas/AuthorizationPolicy.json",
    "generator/_data/templates/_macros.j2",
    "generator/_data/templates/kubernetes/networkpolicy.yaml.j2",
    "generator/_data/templates/istio/authorizationpolicy.yaml.j2",
    "generator/_data/templates/kustomize/kustomization.yaml.j2",
    "generator/_data/profiles/_words.j2",
    "generator/_data/profiles/common.schema.json",
    "generator/_data/profiles/app/README.md",
    "generator/_data/profiles/app/schema.json",
    "generator/_data/profiles/app/intent.yaml.j2",
    f"generator/_data/{EXAMPLE}",
)


def _run(command: Sequence[str | Path], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_REQUIRE"))}
    return subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**environment, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def _done(command: Sequence[str | Path], folder: Path, **variables: str) -> str:
    done = _run(command, folder, **variables)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the checkout: a build must not depend on what else lies about, nor leave anything behind."""
    copy = tmp_path_factory.mktemp("tree") / "meshgen"
    rubbish = shutil.ignore_patterns(".git", ".venv", "build", "dist", "__pycache__", ".*_cache", ".hypothesis")
    shutil.copytree(ROOT, copy, ignore=rubbish)
    return copy


def _built(source: Path, target: Path, kind: str) -> Path:
    """Build the wheel or sdist of *source* with the tools of the running environment."""
    if importlib.util.find_spec("hatchling") is None or importlib.util.find_spec("build") is None:
        pytest.skip("hatchling and build are not installed here, and a build must not need the network")
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "build",
        "--no-isolation",
        f"--{kind}",
        "--outdir",
        target,
        source,
    ]
    _done(command, source, SOURCE_DATE_EPOCH="1767225600")
    (file,) = target.iterdir()
    return file


@pytest.fixture(scope="module")
def wheel(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _built(tree, tmp_path_factory.mktemp("wheel"), "wheel")


@pytest.fixture(scope="module")
def sdist(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _built(tree, tmp_path_factory.mktemp("sdist"), "sdist")


def _contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_wheel_holds_the_package_its_data_and_nothing_else(tree: Path, wheel: Path) -> None:
    contents = _contents(wheel)
    prefix = f"meshgen_k8s-{__version__}.dist-info/"
    about = {prefix + name for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")}
    package = {path: path.relative_to(tree).as_posix() for path in _files(tree / "generator")}
    data = {
        path: f"generator/_data/{path.relative_to(tree).as_posix()}"
        for folder in ("templates", "profiles")
        for path in _files(tree / folder)
    }
    manual = {tree / "docs" / "man" / "meshgen.1": f"meshgen_k8s-{__version__}.data/data/share/man/man1/meshgen.1"}
    wanted = {name: path.read_bytes() for path, name in {**package, **data, **manual}.items()}
    assert set(contents) == {*wanted, *about}
    assert {name: contents[name] for name in wanted} == wanted
    assert set(NEEDED) <= set(contents)
    assert contents[f"{prefix}licenses/LICENSE"] == (tree / "LICENSE").read_bytes()


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_metadata_names_the_command_and_the_licence(wheel: Path) -> None:
    contents = _contents(wheel)
    prefix = f"meshgen_k8s-{__version__}.dist-info/"
    metadata = contents[f"{prefix}METADATA"].decode()
    assert f"Name: meshgen-k8s\nVersion: {__version__}\n" in metadata
    assert "License-Expression: Apache-2.0\n" in metadata
    assert "meshgen = generator.__main__:main" in contents[f"{prefix}entry_points.txt"].decode()


def test_sdist_makes_the_same_wheel(sdist: Path, wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (source,) = (tmp_path / "unpacked").iterdir()
    again = _built(source, tmp_path / "again", "wheel")
    assert again.name == wheel.name
    assert _contents(again) == _contents(wheel)


def test_sdist_holds_what_make_check_needs(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    needed = {"LICENSE", "Makefile", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "pyproject.toml"}
    assert needed <= names
    assert {"tests/refresh.py", "tests/packaging/test_packaging.py", EXAMPLE} <= names
    assert not [
        name for name in names if name.startswith((".git/", ".venv", "build/", "dist/")) or "__pycache__" in name
    ]


def test_installed_wheel_works_elsewhere(wheel: Path, tmp_path: Path) -> None:
    """The wheel alone in a fresh environment; its dependencies are borrowed from the running one, without network."""
    environment = tmp_path / "venv"
    _done([sys.executable, "-m", "venv", "--without-pip", environment], tmp_path)
    python = _python(environment)
    here: list[str | Path] = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]
    _done([*here, "install", "--quiet", "--no-index", "--no-deps", wheel], tmp_path)
    packages = Path(_done([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], tmp_path).strip())
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    _check_command(python, environment, tmp_path)
    assert (environment / "share" / "man" / "man1" / "meshgen.1").is_file()


@pytest.mark.parametrize("version", VERSIONS)
def test_wheel_installs_on_other_pythons(version: str, wheel: Path, tmp_path: Path) -> None:
    """With its real dependencies, resolved for that version from the package index."""
    interpreter = _interpreter(version)
    if interpreter is None:
        pytest.skip(f"there is no Python {version} on this machine")
    environment = tmp_path / "venv"
    _done([interpreter, "-m", "venv", environment], tmp_path)
    python = _python(environment)
    pip: list[str | Path] = [python, "-m", "pip", "--disable-pip-version-check"]
    reached = _run([*pip, "download", "--quiet", "--no-deps", "--dest", tmp_path / "probe", "jinja2"], tmp_path)
    if reached.returncode:
        pytest.skip("the package index cannot be reached")
    _done([*pip, "install", "--quiet", wheel], tmp_path)
    _done([*pip, "check"], tmp_path)
    _check_command(python, environment, tmp_path)


def _python(environment: Path) -> Path:
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _interpreter(version: str) -> Path | None:
    """Return a Python of *version* that can make environments: on PATH, or one of pyenv's."""
    found = shutil.which(f"python{version}")
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [*([Path(found)] if found else []), *sorted(pyenv.glob(f"{version}.*/bin/python{version}"))]
    probe = f"import ensurepip, sys, venv; sys.exit('%d.%d' % sys.version_info[:2] != '{version}')"
    return next((one for one in candidates if _run([one, "-c", probe], Path.home()).returncode == 0), None)


def _check_command(python: Path, environment: Path, folder: Path) -> None:
    """Version, profile types and a render of an example, all from a folder that is not the checkout."""
    meshgen = python.with_name("meshgen")
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    origin = Path(_done([python, "-c", "import generator; print(generator.__file__)"], elsewhere).strip())
    assert origin.is_relative_to(environment)
    assert _done([meshgen, "--version"], elsewhere) == f"meshgen {__version__}\n"
    assert "\napp " in "\n" + _done([meshgen, "profiles"], elsewhere)
    shutil.copy(ROOT / EXAMPLE, elsewhere / "bank.yaml")
    _done([meshgen, "render", "bank.yaml", "-o", "bundle"], elsewhere)
    assert (elsewhere / "bundle" / "kustomization.yaml").is_file()
    assert _run([meshgen, "render", "bank.yaml", "-o", "bundle", "--check"], elsewhere).returncode == 0
    assert sorted(path.name for path in elsewhere.iterdir()) == ["bank.yaml", "bundle"]
