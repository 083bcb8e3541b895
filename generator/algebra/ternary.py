"""Sets whose members may be unknown: each element is surely in, surely out, or possibly in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ternary:
    """A three-valued set over numbered elements, as two bit masks with ``sure`` within ``possible``.

    The operators are those of Kleene's logic, element by element.
    """

    sure: int = 0
    possible: int = 0

    @staticmethod
    def exactly(mask: int) -> Ternary:
        """Return the set of exactly these elements, nothing unknown."""
        return Ternary(mask, mask)

    @staticmethod
    def perhaps(mask: int) -> Ternary:
        """Return the set of which it is unknown whether it holds these elements."""
        return Ternary(0, mask)

    def __or__(self, other: Ternary) -> Ternary:
        return Ternary(self.sure | other.sure, self.possible | other.possible)

    def __and__(self, other: Ternary) -> Ternary:
        return Ternary(self.sure & other.sure, self.possible & other.possible)

    def outside(self, whole: int) -> Ternary:
        """Return the complement within the elements of *whole*."""
        return Ternary(whole & ~self.possible, whole & ~self.sure)

    @property
    def unknown(self) -> int:
        """The elements of which it is unknown whether they are in."""
        return self.possible & ~self.sure

    def __bool__(self) -> bool:
        return bool(self.possible)


NOTHING = Ternary()


def members(mask: int) -> list[int]:
    """Return the numbers of the elements in *mask*, ascending."""
    found = []
    while mask:
        lowest = mask & -mask
        found.append(lowest.bit_length() - 1)
        mask ^= lowest
    return found
