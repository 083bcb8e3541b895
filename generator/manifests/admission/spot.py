"""A value together with where it stands: what every admission rule reads and points at."""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.findings import Finding
from generator.core.places import Document, Json, Route
from generator.core.schema_words import shown

CODE = "MG602"


class Spot:
    """One value of a document. Reading below a value of another type finds nothing.

    ``above`` and ``step`` lead to it from the root: of nearly all values nobody asks where they stand.
    """

    __slots__ = ("above", "document", "step", "value")

    def __init__(self, document: Document, value: Json, above: Spot | None = None, step: str | int = "") -> None:
        """Take a *value*: that of the whole *document*, or what *step* leads to from the value *above*."""
        self.document = document
        self.value = value
        self.above = above
        self.step = step

    @property
    def route(self) -> Route:
        """The way from the root of the document."""
        return () if self.above is None else (*self.above.route, self.step)

    def child(self, key: str) -> Spot:
        """Return the value of field *key*; its value is None when the field is absent."""
        value = self.value.get(key) if isinstance(self.value, dict) else None
        return Spot(self.document, value, self, key)

    def at(self, *keys: str) -> Spot:
        """Return the value several fields down."""
        spot = self
        for key in keys:
            spot = spot.child(key)
        return spot

    def items(self) -> list[Spot]:
        """Return the items, when this is a list."""
        if not isinstance(self.value, list):
            return []
        return [Spot(self.document, value, self, index) for index, value in enumerate(self.value)]

    def fields(self) -> dict[str, Spot]:
        """Return the fields, when this is a mapping."""
        return {key: self.child(key) for key in self.value} if isinstance(self.value, dict) else {}

    def texts(self) -> Iterator[Spot]:
        """Yield the items that are text, when this is a list."""
        return (item for item in self.items() if isinstance(item.value, str))

    @property
    def text(self) -> str:
        """The value when it is text, else the empty text."""
        return self.value if isinstance(self.value, str) else ""

    @property
    def is_set(self) -> bool:
        """Whether the field is there and has a value."""
        return self.value is not None

    def set_among(self, *keys: str) -> list[str]:
        """Return those of *keys* that are set, in the order given."""
        return [key for key in keys if self.value.get(key) is not None] if isinstance(self.value, dict) else []

    def refuse(self, message: str, fix: str) -> Finding:
        """Return the finding "<this value> <message>" at the place of the value."""
        return Finding(CODE, f"{shown(self.route)} {message}", self.document.place(self.route), fix)

    def refuse_key(self, message: str, fix: str) -> Finding:
        """Return the finding "<this value> <message>" at the place of its key."""
        return Finding(CODE, f"{shown(self.route)} {message}", self.document.key_place(self.route), fix)

    def only_one(self, *keys: str) -> Iterator[Finding]:
        """Refuse every set field of *keys* after the first."""
        first, *others = self.set_among(*keys) or [""]
        for key in others:
            message = f"stands beside `{first}`; only one of them may be set"
            yield self.child(key).refuse_key(message, f"keep `{first}` or `{key}`")
