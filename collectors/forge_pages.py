"""How many change requests to ask for at a time: fewer after a failure, slowly more again.

A forge gives up on a page that costs it more than about ten seconds, with 502, 504 or an answer of errors alone; which pages those
are depends on the repository, so the size is remembered per repository, in the cursor. It never depends on a clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

__all__ = ["FLOOR", "LARGEST", "PageSize"]

LARGEST: Final = 25
FLOOR: Final = 5
_GOOD: Final = 8
"""Good pages in a row after which a larger one is tried."""


@dataclass(frozen=True, slots=True)
class PageSize:
    """The size now, and how many pages of it went well in a row.

    >>> PageSize().smaller().size
    12
    >>> PageSize(5).smaller().size
    5
    """

    size: int = LARGEST
    good: int = 0

    @classmethod
    def read(cls, stored: object) -> PageSize:
        """The size in a stored cursor, the largest where there is none."""
        return cls(min(max(stored, FLOOR), LARGEST)) if isinstance(stored, int) else cls()

    def smaller(self) -> PageSize:
        """After a page that failed: half, but never under the floor."""
        return PageSize(max(self.size // 2, FLOOR))

    def after_success(self) -> PageSize:
        """After a page that came: a quarter more once eight in a row did."""
        if self.size >= LARGEST or self.good + 1 < _GOOD:
            return replace(self, good=self.good + 1)
        return PageSize(min(self.size + max(self.size // 4, 1), LARGEST))

    @property
    def at_floor(self) -> bool:
        """Whether it can get no smaller: then the trouble is one item, not the page."""
        return self.size <= FLOOR
