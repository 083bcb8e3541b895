"""Our decorator makes what the standard one makes."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import operator
import pickle
from collections.abc import Mapping
from dataclasses import field
from typing import Any

import pytest

from generator.core import frozen
from generator.model.peers import WorkloadPeer


class _Plain:
    """A class."""

    first: str
    second: int = 2
    third: Mapping[str, int] = field(default_factory=dict)
    hidden: int = field(default=4, repr=False, compare=False)
    made: list[int] = field(init=False, repr=False, compare=False, default_factory=list)

    def __post_init__(self) -> None:
        self.made.append(self.second)

    @property
    def double(self) -> int:
        return self.second * 2


class _One:
    only: tuple[int, ...] = ()


class _Empty:
    """Nothing in it."""


def _both(cls: type) -> tuple[Any, Any]:
    made = []
    for decorator in (frozen._define, dataclasses.dataclass(frozen=True, slots=True)):
        body = {name: value for name, value in vars(cls).items() if name not in ("__dict__", "__weakref__")}
        made.append(decorator(type(cls.__name__, (), body)))
    return made[0], made[1]


OURS, STANDARD = _both(_Plain)
ARGUMENTS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    (("a",), {}),
    (("a", 1), {}),
    (("a",), {"third": {"x": 1}}),
    (("b",), {"hidden": 9}),
    (("a", 2, {}, 5), {}),
]


def _fresh(*, is_compiled: bool) -> Any:
    made, _ = _both(_Plain)
    for _ in range(frozen._UNCOMPILED if is_compiled else 0):
        made("a")
    assert isinstance(vars(made)["__init__"], frozen._Initializer)  # until the next object
    return made


@pytest.mark.parametrize("is_compiled", [False, True])
@pytest.mark.parametrize(("args", "kwargs"), ARGUMENTS)
def test_the_same_values(args: tuple[Any, ...], kwargs: dict[str, Any], is_compiled: bool) -> None:
    made = _fresh(is_compiled=is_compiled)
    ours, standard = made(*args, **kwargs), STANDARD(*args, **kwargs)
    assert isinstance(vars(made)["__init__"], frozen._Initializer) is not is_compiled
    assert repr(ours) == repr(standard)
    assert [getattr(ours, one.name) for one in dataclasses.fields(ours)] == [
        getattr(standard, one.name) for one in dataclasses.fields(standard)
    ]
    assert (ours.double, ours.made) == (standard.double, standard.made)


def test_equal_alike() -> None:
    for first in ARGUMENTS:
        for second in ARGUMENTS:
            ours, standard = ([made(*args, **kwargs) for args, kwargs in (first, second)] for made in (OURS, STANDARD))
            assert (ours[0] == ours[1]) == (standard[0] == standard[1])
    assert OURS("a") != STANDARD("a")
    assert OURS("a") != ("a", 2, {})


@pytest.mark.parametrize("cls", [_One, _Empty])
def test_hash_alike(cls: type) -> None:
    ours, standard = _both(cls)
    assert hash(ours()) == hash(standard())
    assert ours() == ours()
    assert repr(ours()) == repr(standard())


@pytest.mark.parametrize("is_compiled", [False, True])
@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        ((), {}),
        (("a", 1, {}, 4, []), {}),
        (("a",), {"none": 1}),
        (("a",), {"first": "b"}),
        ((), {"second": 1}),
        (("a",), {"made": []}),
    ],
)
def test_wrong_arguments_are_refused(args: tuple[Any, ...], kwargs: dict[str, Any], is_compiled: bool) -> None:
    words = []
    for made in (_fresh(is_compiled=is_compiled), STANDARD):
        with pytest.raises(TypeError) as refused:
            made(*args, **kwargs)
        words.append(str(refused.value))
    assert words[0] == words[1]


def test_nothing_can_be_changed() -> None:
    for made in (OURS, STANDARD):
        one = made("a")
        for name in ("first", "none"):
            with pytest.raises((dataclasses.FrozenInstanceError, TypeError)):
                setattr(one, name, 1)
        with pytest.raises((dataclasses.FrozenInstanceError, TypeError)):
            del one.first
        assert not hasattr(one, "__dict__")


def test_replace_copy_and_pickle() -> None:
    ours = OURS("a", 3)
    changed = dataclasses.replace(ours, first="b")
    assert (changed.first, changed.second, changed.made) == ("b", 3, [3])
    assert copy.deepcopy(ours) == ours
    assert copy.copy(ours).made == ours.made
    peer = WorkloadPeer("shop", "web")
    assert pickle.loads(pickle.dumps(peer)) == peer  # noqa: S301


def test_the_outside_is_the_same() -> None:
    assert inspect.signature(OURS).parameters.keys() == inspect.signature(STANDARD).parameters.keys()
    assert OURS.__match_args__ == STANDARD.__match_args__
    assert OURS.__slots__ == STANDARD.__slots__
    assert OURS.__init__.__annotations__ == STANDARD.__init__.__annotations__


def test_in_order() -> None:
    body = {"__annotations__": {"a": "int", "b": "int"}}
    ours = frozen._define_ordered(type("Pair", (), dict(body)))
    standard: Any = dataclasses.dataclass(frozen=True, slots=True, order=True)(type("Pair", (), dict(body)))
    pairs = [(1, 2), (1, 1), (0, 9), (1, 2)]
    assert [repr(one) for one in sorted(ours(*pair) for pair in pairs)] == [
        repr(one) for one in sorted(standard(*pair) for pair in pairs)
    ]
    for compare in (operator.lt, operator.le, operator.gt, operator.ge):
        for first in pairs:
            assert [compare(ours(*first), ours(*other)) for other in pairs] == [
                compare(standard(*first), standard(*other)) for other in pairs
            ]
        with pytest.raises(TypeError):
            compare(ours(1, 2), (1, 2))
        with pytest.raises(TypeError):
            compare(OURS("a"), OURS("b"))


def test_fields_are_not_inherited() -> None:
    with pytest.raises(AssertionError):
        frozen._define(type("Below", (OURS,), {"__annotations__": {"more": "int"}}))


def test_a_method_of_its_own_stays() -> None:
    body = {"__annotations__": {"a": "int"}, "__repr__": lambda _: "own"}
    assert repr(frozen._define(type("Own", (), body))(1)) == "own"


def test_an_initializer_of_its_own_stays() -> None:
    def initialize(self: Any) -> None:
        object.__setattr__(self, "a", 7)

    assert frozen._define(type("Own", (), {"__annotations__": {"a": "int"}, "__init__": initialize}))().a == 7
