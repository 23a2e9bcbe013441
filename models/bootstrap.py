"""Intervals by drawing whole groups again: what belongs to one person stays together, because it is not independent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Interval", "cluster_bootstrap"]

Integers = NDArray[np.int64]

_LEAST_SHARE = 0.8
"""Of draws that must give a number: below it the statistic is not defined often enough to speak of an interval."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A statistic with its percentile interval. groups: how many were drawn from; draws: how many gave a number.

    low and high are NaN with fewer than two groups, or where fewer than four fifths of the draws give a number.
    """

    estimate: float
    low: float
    high: float
    confidence: float
    groups: int
    draws: int

    def holds(self, value: float) -> bool:
        """Whether the interval holds a value; False where there is no interval."""
        return self.low <= value <= self.high


def cluster_bootstrap(
    statistic: Callable[[Integers], float],
    groups: ArrayLike,
    *,
    rng: np.random.Generator,
    replicates: int = 1000,
    confidence: float = 0.95,
) -> Interval:
    """Percentile interval of a statistic, groups drawn with replacement (Field & Welsh 2007, doi:10.1111/j.1467-9868.2007.00593.x).

    statistic: takes row numbers, some of them several times, and returns a number, NaN where it is not defined. groups: (rows,) the
    group of each row; `range(n)` where rows are independent. Raises ValueError without rows or with a confidence outside (0, 1).

    >>> values = np.array([1.0, 2.0, 3.0, 4.0])
    >>> found = cluster_bootstrap(lambda rows: values[rows].mean(), [0, 0, 1, 1], rng=np.random.default_rng(0))
    >>> found.estimate, found.low, found.high
    (2.5, 1.5, 3.5)
    """
    labels, code = np.unique(np.asarray(groups), return_inverse=True)
    if not len(code):
        raise ValueError("no rows to draw from: at least one is needed")
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie between 0 and 1, found {confidence}")
    estimate = float(statistic(np.arange(len(code))))
    if len(labels) < 2:
        return Interval(estimate, np.nan, np.nan, confidence, len(labels), 0)
    order = np.argsort(code, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(code[order])) + 1)
    drawn = np.array(
        [
            statistic(np.concatenate([members[group] for group in rng.integers(0, len(labels), len(labels))]))
            for _ in range(replicates)
        ]
    )
    known = drawn[np.isfinite(drawn)]
    if len(known) < max(1.0, _LEAST_SHARE * replicates):
        return Interval(estimate, np.nan, np.nan, confidence, len(labels), len(known))
    low, high = np.quantile(known, [0.5 - confidence / 2, 0.5 + confidence / 2])
    return Interval(estimate, float(low), float(high), confidence, len(labels), len(known))
