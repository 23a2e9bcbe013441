"""Infit and outfit mean squares (Wright & Masters 1982): how far ratings scatter about their expectation, 1 where as expected.

infit = sum w (x - E)^2 / sum w V        outfit = sum w (x - E)^2 / V / sum w

Expectations E and variances V are taken at the estimates of persons, halos and facets, so that values run a little under 1. After a
joint fit they are those of FACETS and mfrmr.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.categories import moments
from models.design import Rows
from models.problem import Facets

__all__ = ["mean_squares", "standardised"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_CHUNK = 8192


def standardised(rows: Rows, eta: Floats, facets: Facets) -> tuple[Floats, Floats]:
    """Squared residual and variance of each rating, given its linear predictor eta."""
    squared, variance = np.empty(len(rows)), np.empty(len(rows))
    for start in range(0, len(rows), _CHUNK):
        part = slice(start, start + _CHUNK)
        expected, spread = moments(eta[part], facets.cumulative(rows.severity[part], rows.format[part]))
        squared[part], variance[part] = (rows.score[part] - expected) ** 2, spread
    return squared, np.maximum(variance, 1e-12)


def mean_squares(code: Integers, count: int, weight: Floats, squared: Floats, variance: Floats) -> pd.DataFrame:
    """infit, outfit and n of each of `count` elements; NaN without ratings."""
    n = np.bincount(code, minlength=count)
    weights = np.bincount(code, weights=weight, minlength=count)
    with np.errstate(invalid="ignore"):
        infit = np.bincount(code, weights=weight * squared, minlength=count) / np.bincount(
            code, weights=weight * variance, minlength=count
        )
        outfit = np.bincount(code, weights=weight * squared / variance, minlength=count) / weights
    return pd.DataFrame({"infit": infit, "outfit": outfit, "n": n})
