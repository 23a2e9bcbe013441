"""Small cells stay hidden, also from whoever subtracts.

A table has parts (teams) and a total. A part is published only if it counts nobody or at least `minimum` people. As
long as total minus the published parts leaves between one and `minimum - 1` people, the smallest published part goes
too. Every sum or difference of what remains then speaks of nobody or of at least `minimum` people: such a combination
is either a union of published parts, or the remainder with some of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["MINIMUM_CELL", "Published", "suppress"]

MINIMUM_CELL = 5
"""People in a cell below which nothing of it is published."""


@dataclass(frozen=True, slots=True)
class Published:
    """Which cells of one table may be shown."""

    total: bool
    parts: frozenset[str]


def suppress(counts: Mapping[str, int], minimum: int = MINIMUM_CELL) -> Published:
    """counts: part -> people, disjoint parts. The total is published if it counts nobody or at least `minimum`.

    >>> sorted(suppress({"red": 7, "blue": 6, "green": 2}).parts)
    ['red']
    >>> sorted(suppress({"red": 7, "blue": 6, "green": 0}).parts)
    ['blue', 'green', 'red']
    """
    total = sum(counts.values())
    if _small(total, minimum):
        return Published(total=False, parts=frozenset())
    parts = {name for name, count in counts.items() if not _small(count, minimum)}
    while _small(total - sum(counts[name] for name in parts), minimum):
        occupied = [name for name in parts if counts[name]]
        parts.remove(min(occupied, key=lambda name: (counts[name], name)))
    return Published(total=True, parts=frozenset(parts))


def _small(count: int, minimum: int) -> bool:
    return 0 < count < minimum
