"""How many people are at or above a level, when each is so only with a probability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Supply", "number_at_or_above", "supply"]

_MASS = 0.90


@dataclass(frozen=True, slots=True)
class Supply:
    """expected: mean number of people; low, high: 5 % and 95 % quantiles; people: how many were counted."""

    people: int
    expected: float
    low: int
    high: int


def number_at_or_above(chances: Sequence[float]) -> NDArray[np.float64]:
    """P(number = 0..n) for independent people with these chances (Poisson binomial, by convolution).

    >>> number_at_or_above([0.5, 0.5]).tolist()
    [0.25, 0.5, 0.25]
    """
    distribution = np.ones(1)
    for chance in chances:
        distribution = np.convolve(distribution, [1.0 - chance, chance])
    return distribution


def supply(chances: Sequence[float]) -> Supply:
    """The expected number with a 90 % interval. Dependence between people, such as a shared rater, is not in it."""
    below = np.cumsum(number_at_or_above(sorted(chances)))
    tail = (1.0 - _MASS) / 2
    return Supply(
        people=len(chances),
        expected=round(float(np.sum(sorted(chances))), 1),
        low=int(np.searchsorted(below, tail, side="left")),
        high=int(np.searchsorted(below, 1.0 - tail, side="left")),
    )
