"""Warm's weighted likelihood estimate of theta (Warm 1989, doi:10.1007/BF02294627): facets held, no prior, finite for extreme scores too.

It solves sum a (x - E[x]) + J / (2 I) = 0, with I the summed a^2 variance and J the summed a^3 third central moment of a person's ratings, a their
sources' discriminations, and so takes
out the first-order bias of maximum likelihood. It takes ratings for independent given theta: it is meant for fits without halo.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.categories import probabilities
from models.design import Rows
from models.problem import Facets

__all__ = ["weighted_likelihood"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_WIDEST = 40.0
_HALVINGS = 60


def weighted_likelihood(rows: Rows, ability: Integers, count: int, facets: Facets) -> tuple[Floats, Floats]:
    """Estimate and standard error of each of `count` thetas; NaN without ratings. ability: (rows,) the theta each rating speaks to."""
    rows = rows.discounted()
    cumulative = facets.cumulative(rows.severity, rows.format)
    rate = facets.slope(rows.format)
    category = np.arange(len(cumulative), dtype=np.float64)[:, None]
    seen = np.bincount(ability, minlength=count) > 0
    low, high = np.full(count, -_WIDEST), np.full(count, _WIDEST)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        chance = probabilities(facets.eta(middle[ability] - facets.mean, rows), cumulative)[0]
        expected = (category * chance).sum(axis=0)
        away = category - expected
        second, third = (away**2 * chance).sum(axis=0), (away**3 * chance).sum(axis=0)
        slope, information, skew = (
            np.bincount(ability, rows.weight * values, count)
            for values in (rate * (rows.score - expected), rate**2 * second, rate**3 * third)
        )
        rising = slope + 0.5 * skew / np.maximum(information, np.finfo(np.float64).tiny) > 0
        low, high = np.where(rising, middle, low), np.where(rising, high, middle)
    error = 1.0 / np.sqrt(np.maximum(information, np.finfo(np.float64).tiny))
    return np.where(seen, 0.5 * (low + high), np.nan), np.where(seen, error, np.nan)
