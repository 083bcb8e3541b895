"""A postponed module is imported as ever, and loaded when it is first asked for something."""

from __future__ import annotations

import subprocess
import sys

import pytest

PREAMBLE = "import sys; from generator.core.postponed import POSTPONED, postpone; postpone(); "


def _run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", PREAMBLE + code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("code", "loads", "says"),
    [
        ("import shutil", "bz2", "False"),
        ("import shutil; shutil.rmtree", "bz2", "True"),
        ("from shutil import rmtree", "bz2", "True"),
        ("import ruamel.yaml", "ruamel.yaml.main", "False"),
        ("from ruamel.yaml.error import YAMLError", "ruamel.yaml.main", "False"),
        ("import ruamel.yaml; ruamel.yaml.YAML", "ruamel.yaml.main", "True"),
        ("from ruamel.yaml import YAML", "ruamel.yaml.main", "True"),
        ("from jinja2.environment import Environment", "jinja2.bccache", "False"),
        ("from jinja2 import nodes", "jinja2.bccache", "False"),
        ("import jinja2; jinja2.nodes", "jinja2.bccache", "False"),
        ("from jinja2 import Environment", "jinja2.bccache", "True"),
    ],
)
def test_it_is_loaded_when_it_is_asked(code: str, loads: str, says: str) -> None:
    assert _run(f"{code}; print({loads!r} in sys.modules)") == says


def test_it_is_the_module_itself() -> None:
    code = """
import difflib, shutil, jinja2, ruamel.yaml
from jinja2.environment import Environment
assert jinja2.Environment is Environment
assert jinja2.Environment is Environment and jinja2.__file__.endswith("__init__.py")
assert sys.modules["shutil"] is shutil and shutil.__spec__.name == "shutil"
assert difflib.get_close_matches("ab", ["abc"]) == ["abc"]
assert "__getattr__" not in vars(difflib)
try:
    shutil.nothing_of_the_kind
except AttributeError as error:
    print(error)
"""
    assert _run(f"exec({code!r})") == "module 'shutil' has no attribute 'nothing_of_the_kind'"


def test_what_is_loaded_already_stays() -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import difflib; before = vars(difflib); {PREAMBLE}print(vars(difflib) is before)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "True"


def test_all_of_them_can_be_loaded() -> None:
    assert (
        _run("[sys.modules[name].__nothing__ for name in POSTPONED if hasattr(sys.modules[name], '__nothing__')]") == ""
    )
