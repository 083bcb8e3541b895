"""Frozen dataclasses that are quick to define.

The standard decorator writes and compiles six functions for each frozen class, which takes
half a millisecond (CPython 3.11); every render defines 150 such classes, and makes more than
a few objects of a tenth of them. Here `__init__` is compiled for those, and the other
functions are shared. What this decorator makes behaves as what the standard one makes. For
modules on the way of every render; elsewhere use the standard decorator.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import attrgetter, ge, gt, le, lt
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass", "values_of"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(*, frozen: bool, slots: bool, order: bool = False) -> Callable[[type], type]:
        """Return the decorator for frozen classes with slots, the only ones made here."""
        assert frozen, "for other classes there is the standard decorator"  # noqa: S101
        assert slots, "for other classes there is the standard decorator"  # noqa: S101
        return _define_ordered if order else _define


_UNCOMPILED = 16
"""Objects of a class that take less time without a compiled ``__init__`` than it takes to compile it."""

Fields = Mapping[str, "dataclasses.Field[Any]"]
Methods = dict[str, Callable[..., Any]]


class _Later:
    """What a class gets when somebody first asks for it."""

    def __init__(self, make: Callable[[type], Any]) -> None:
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._class = owner
        self._name = name

    def __get__(self, instance: object, owner: type) -> Any:
        setattr(self._class, self._name, self._make(self._class))  # in the place of this
        return getattr(owner if instance is None else instance, self._name)


class _Initializer(_Later):
    """``__init__``: works field by field for the first objects, and is compiled for more, or for who looks at it."""

    def __init__(self, fields: Fields) -> None:
        super().__init__(lambda made: _initializer(made, fields))
        self._fields = fields
        self._uncompiled = _UNCOMPILED

    def __get__(self, instance: object, owner: type) -> Any:
        if instance is None or not self._uncompiled:
            return super().__get__(instance, owner)
        self._uncompiled -= 1
        return partial(self._fill, instance)

    def _fill(self, made: Any, /, *values: Any, **named: Any) -> None:
        given = dict(zip(made.__match_args__, values, strict=False))
        is_right = len(given) == len(values) and given.keys().isdisjoint(named)
        given |= named
        for name, field in self._fields.items():
            value = given.pop(name, dataclasses.MISSING) if field.init else dataclasses.MISSING
            if value is dataclasses.MISSING:
                value = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
            if value is not dataclasses.MISSING:
                object.__setattr__(made, name, value)
            elif field.init:
                is_right = False
        if given or not is_right:
            _initializer(self._class, self._fields)(made, *values, **named)  # Python says what is wrong
        if hasattr(made, "__post_init__"):
            made.__post_init__()


def _define(cls: type, more: Callable[[Callable[[Any], Any]], Methods] = lambda _: {}) -> type:
    assert not hasattr(cls, "__dataclass_fields__"), "fields are not inherited here"  # noqa: S101
    cls.__doc__ = cls.__doc__ or cls.__name__  # else the standard library works out the signature for it
    content = {name: value for name, value in cls.__dict__.items() if name not in ("__dict__", "__weakref__")}
    fields = {name: _field(content.pop(name, dataclasses.MISSING)) for name in content.get("__annotations__", {})}
    compared = values_of([name for name, field in fields.items() if field.compare])
    content |= {
        "__slots__": tuple(fields),
        "__match_args__": tuple(name for name, field in fields.items() if field.init),
        "__dataclass_fields__": _Later(lambda _: _standard_fields(cls)),
    }
    made = {"__init__": _Initializer(fields), **_methods(fields, compared), **more(compared)}
    content |= {name: method for name, method in made.items() if content.get(name) is None}
    return type(cls)(cls.__name__, cls.__bases__, content)


def _define_ordered(cls: type) -> type:
    return _define(cls, _comparisons)


_PLAIN: dataclasses.Field[Any] = dataclasses.field()


def _field(said: Any) -> dataclasses.Field[Any]:
    if said is dataclasses.MISSING:
        return _PLAIN
    return said if isinstance(said, dataclasses.Field) else dataclasses.field(default=said)


def _standard_fields(cls: type) -> Any:
    """Return the fields of *cls* as the standard library finds them: for `replace` and its like."""
    return dataclasses.dataclass(init=False, repr=False, eq=False)(cls).__dataclass_fields__  # type: ignore[attr-defined]


def values_of(names: Sequence[str]) -> Callable[[Any], Any]:
    """Return what reads the fields *names* of an object as a tuple."""
    if len(names) > 1:
        return attrgetter(*names)
    if not names:
        return lambda _: ()
    only = attrgetter(*names)
    return lambda self: (only(self),)


def _methods(fields: Fields, compared: Callable[[Any], Any]) -> Methods:
    whole = values_of(list(fields))

    def equal(self: Any, other: object) -> bool:
        return compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented

    def state(self: Any) -> tuple[Any, ...]:
        return whole(self)  # type: ignore[no-any-return]

    def restore(self: Any, values: Sequence[Any]) -> None:
        for name, value in zip(fields, values, strict=True):
            object.__setattr__(self, name, value)

    def text(self: Any) -> str:
        inside = ", ".join([f"{name}={getattr(self, name)!r}" for name, field in fields.items() if field.repr])
        return f"{self.__class__.__qualname__}({inside})"

    return {
        "__eq__": equal,
        "__hash__": lambda self: hash(compared(self)),
        "__repr__": text,
        "__getstate__": state,
        "__setstate__": restore,
        "__setattr__": _refuse,
        "__delattr__": _refuse,
    }


def _comparisons(compared: Callable[[Any], Any]) -> Methods:
    def ordered_by(compare: Callable[[Any, Any], bool]) -> Callable[[Any, object], bool]:
        def ordered(self: Any, other: object) -> bool:
            return compare(compared(self), compared(other)) if other.__class__ is self.__class__ else NotImplemented

        return ordered

    return {f"__{compare.__name__}__": ordered_by(compare) for compare in (lt, le, gt, ge)}


def _refuse(self: Any, name: str, *_: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot change field {name!r} of {type(self).__name__}")


def _initializer(made: type, fields: Fields) -> Any:
    """Compile ``__init__``: the one method whose speed needs code of its own."""
    known: dict[str, Any] = {"_set": object.__setattr__, "_missing": dataclasses.MISSING}
    parameters, lines = ["self"], []
    for name, field in fields.items():
        if field.default_factory is not dataclasses.MISSING:
            known[f"_make_{name}"] = field.default_factory
            value = f"_make_{name}()"
            parameters += [f"{name}=_missing"] * field.init
            lines.append(
                f"_set(self, {name!r}, {f'{value} if {name} is _missing else {name}' if field.init else value})"
            )
        elif field.init:
            known[f"_default_{name}"] = field.default
            parameters.append(name if field.default is dataclasses.MISSING else f"{name}=_default_{name}")
            lines.append(f"_set(self, {name!r}, {name})")
    if hasattr(made, "__post_init__"):
        lines.append("self.__post_init__()")
    exec(f"def __init__({', '.join(parameters)}):\n " + "\n ".join(lines or ["pass"]), known)  # noqa: S102  (names of fields alone)
    initializer = known["__init__"]
    initializer.__qualname__ = f"{made.__qualname__}.__init__"
    kinds = made.__annotations__
    initializer.__annotations__ = {name: kinds[name] for name, field in fields.items() if field.init} | {"return": None}
    return initializer
