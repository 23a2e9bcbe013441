"""Figures about raters of whom none may be found: small counts in words, and distributions in groups.

`suppression` says which cells of a table may be shown. Here is what is shown of values that belong to single people: they are sorted and given as
means of at least five neighbours (microaggregation, Domingo-Ferrer & Mateo-Sanz 2002, doi:10.1109/69.979982), every statistic sorted by itself, so that no
row of one table belongs to a row of another. Neither the highest nor the lowest value is ever printed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibrant.reports.suppression import MINIMUM_CELL

__all__ = ["GroupedValue", "count_words", "grouped_values"]


@dataclass(frozen=True, slots=True)
class GroupedValue:
    """Mean of the values of `raters` neighbours in the sorted list."""

    raters: int
    mean: float


def grouped_values(values: Sequence[float], minimum: int = MINIMUM_CELL, *, most: int = 5) -> tuple[GroupedValue, ...]:
    """At most `most` groups of neighbours, of nearly equal size and none under `minimum`; nothing where there are fewer values. NaN is left out.

    >>> [(one.raters, one.mean) for one in grouped_values([3, 1, 2, 10, 11, 12], minimum=3)]
    [(3, 2.0), (3, 11.0)]
    """
    known = np.sort([value for value in values if np.isfinite(value)])
    parts = min(len(known) // minimum, most)
    if not parts:
        return ()
    return tuple(GroupedValue(len(part), round(float(part.mean()), 3)) for part in np.array_split(known, parts))


def count_words(count: int, total: int, minimum: int = MINIMUM_CELL) -> str:
    """How many of `total` people, so that no one to four of them can be told, nor one to four who are left.

    >>> count_words(0, 20), count_words(3, 20), count_words(7, 20), count_words(18, 20)
    ('none', 'fewer than 5', '7', 'all but fewer than 5')
    """
    if total < minimum:
        return "withheld"
    if count == 0:
        return "none"
    if count == total:
        return "all"
    if count < minimum:
        return f"fewer than {minimum}"
    return f"all but fewer than {minimum}" if total - count < minimum else str(count)
