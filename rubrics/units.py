"""Counting: how rows become the value of a measure, so that volume buys nothing.

For people i, units u (months, repositories, ...) and artefacts a with shares s_ia in 0..1:

    months, quarters, repositories, people:          value_i = #{u : sum_a s_ia [a in u] >= 1/2}
    areas:                                           the same, at most the number of months so counted
    changes:                                         value_i = sum over months m of min(2, sum_a s_ia [a in m])

A row stands for an artefact in a unit; further rows of the same artefact there add nothing (the largest share counts).
Splitting an artefact adds nothing to the distinct counts, because shares are summed before they are compared. One change
may lie in many areas (a row each); because areas are worked in over time, one sweep through all of them shows no more than a month's work.

Shares are whole numbers of 2**-30, rounded down. Integer sums do not depend on the order of rows, and pieces of a share
never sum to more than the share; half is taken to one part in ten thousand, so that thirds and sixths still make it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["CHANGES_PER_MONTH", "Integers", "capped_changes", "distinct_units", "to_grid"]

Integers = NDArray[np.int64]

CHANGES_PER_MONTH = 2
_ONE = 1 << 30
_HALF = int(0.4999 * _ONE)


def to_grid(shares: NDArray[np.float64]) -> Integers:
    """Shares (0..1) as whole numbers of 2**-30, rounded down."""
    return np.floor(shares * _ONE).astype(np.int64)


def distinct_units(people: Integers, units: Integers, artefacts: Integers, shares: Integers, count: int) -> Integers:
    """Per person, the units with a summed share of at least one half.

    people: codes 0..count-1. units: codes >= 0, or -1 where unknown (never counts). artefacts: codes >= 0.
    shares: as `to_grid` gives them. Returns count values.

    >>> import numpy as np
    >>> half = to_grid(np.array([0.5, 0.25, 0.25]))
    >>> distinct_units(np.array([0, 0, 0]), np.array([7, 8, 8]), np.array([1, 2, 2]), half, 2)
    array([1, 0])
    """
    holders, sums = _shares_per_unit(people, units, artefacts, shares)
    return np.bincount(holders[sums >= _HALF], minlength=count).astype(np.int64)


def capped_changes(
    people: Integers, months: Integers, artefacts: Integers, shares: Integers, count: int
) -> NDArray[np.float64]:
    """Per person, the sum of shares with at most two per month. Arguments as in `distinct_units`.

    >>> import numpy as np
    >>> shares = to_grid(np.ones(5))
    >>> capped_changes(np.zeros(5, dtype=int), np.array([1, 1, 1, 1, 2]), np.arange(5), shares, 1)
    array([3.])
    """
    holders, sums = _shares_per_unit(people, months, artefacts, shares)
    capped = np.minimum(sums, CHANGES_PER_MONTH * _ONE)
    totals = np.zeros(count, dtype=np.int64)
    np.add.at(totals, holders, capped)
    value: NDArray[np.float64] = np.round(totals / _ONE, 6)
    return value


def _shares_per_unit(
    people: Integers, units: Integers, artefacts: Integers, shares: Integers
) -> tuple[Integers, Integers]:
    """(person, summed share) per person and unit; each artefact once per unit, with its largest share."""
    known = units >= 0
    people, units, artefacts, shares = people[known], units[known], artefacts[known], shares[known]
    if not len(people):
        return people, shares
    group = _pair(people, units)
    order = np.lexsort((-shares, artefacts, group))
    group, artefacts, shares, people = group[order], artefacts[order], shares[order], people[order]
    largest = np.append(True, (group[1:] != group[:-1]) | (artefacts[1:] != artefacts[:-1]))
    group, shares, people = group[largest], shares[largest], people[largest]
    starts = np.flatnonzero(np.append(True, group[1:] != group[:-1]))
    return people[starts], np.add.reduceat(shares, starts)


def _pair(first: Integers, second: Integers) -> Integers:
    """One number per pair of codes. Codes count distinct values or months, so the product stays far below 2**63."""
    return first * (int(second.max()) + 1) + second
