"""How many change requests to ask for at a time: fewer after a failure, slowly more again.

A forge gives up on a page that costs it more than about ten seconds, with 502, 504 or an answer of errors alone; which pages those
are depends on the repository, so the size is remembered per repository, in the cursor. It never depends on a clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

__all__ = ["FLOOR", "LARGEST", "PageSize"]

LARGEST: Final = 25
"""Of change requests with all that lies under them."""
FLOOR: Final = 5
_GOOD: Final = 8
"""Good pages in a row after which a larger one is tried."""


@dataclass(frozen=True, slots=True)
class PageSize:
    """The size now, how many pages of it went well in a row, and the largest that is asked for.

    >>> PageSize().smaller().size
    12
    >>> PageSize(5).smaller().size
    5
    """

    size: int = LARGEST
    good: int = 0
    largest: int = LARGEST

    @classmethod
    def read(cls, stored: object, largest: int = LARGEST) -> PageSize:
        """The size in a stored cursor, the largest where there is none."""
        return cls(min(max(stored, FLOOR), largest) if isinstance(stored, int) else largest, largest=largest)

    def smaller(self) -> PageSize:
        """After a page that failed: half, but never under the floor."""
        return replace(self, size=max(self.size // 2, FLOOR), good=0)

    def after_success(self) -> PageSize:
        """After a page that came: a quarter more once eight in a row did."""
        if self.size >= self.largest or self.good + 1 < _GOOD:
            return replace(self, good=self.good + 1)
        return replace(self, size=min(self.size + max(self.size // 4, 1), self.largest), good=0)

    @property
    def at_floor(self) -> bool:
        """Whether it can get no smaller: then the trouble is one item, not the page."""
        return self.size <= FLOOR
