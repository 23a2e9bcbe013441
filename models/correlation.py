"""A correlation with an interval that does not lean on normal data, and that keeps what belongs together together.

SciPy's interval (Fisher's z with 1 / sqrt(n - 3)) holds for independent pairs from a bivariate normal. Posterior means are neither: several
skills of one person are no separate witnesses, and short scales have ends. So Fisher's z gets the standard error of a jackknife that leaves out a whole
group at a time (Efron & Stein 1981, doi:10.1214/aos/1176345462), which needs no random numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t

__all__ = ["Correlation", "correlation"]

Floats = NDArray[np.float64]

_CLOSE = 1.0 - 1e-12
_LEAST_GROUPS = 4


@dataclass(frozen=True, slots=True)
class Correlation:
    """Pearson's r with an interval. n: pairs; groups: of which they come from. All NaN where a series does not vary.

    low, high: NaN with fewer than four groups.
    """

    r: float
    low: float
    high: float
    n: int
    groups: int


def correlation(
    first: ArrayLike, second: ArrayLike, *, groups: ArrayLike | None = None, confidence: float = 0.9
) -> Correlation:
    """Pearson's correlation of two equally long series; groups: what each pair belongs to (default: to itself).

    Raises ValueError for unequal lengths or a confidence outside (0, 1).

    >>> found = correlation([1, 2, 3, 4, 5, 6], [1, 3, 2, 4, 6, 5])
    >>> round(found.r, 2), round(found.low, 2), round(found.high, 2)
    (0.89, 0.59, 0.97)
    """
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    label = np.arange(len(one)) if groups is None else np.asarray(groups)
    if one.ndim != 1 or one.shape != other.shape or label.shape != one.shape:
        raise ValueError(
            f"series and groups must be equally long and flat, found {one.shape}, {other.shape}, {label.shape}"
        )
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie between 0 and 1, found {confidence}")
    if not len(one):
        return Correlation(np.nan, np.nan, np.nan, 0, 0)
    one, other = one - one.mean(), other - other.mean()
    code = np.unique(label, return_inverse=True)[1]
    number = int(code.max()) + 1
    parts = np.column_stack([np.ones_like(one), one, other, one**2, other**2, one * other])
    sums = np.column_stack([np.bincount(code, weights=column, minlength=number) for column in parts.T])
    whole = sums.sum(axis=0)
    r = float(_pearson(whole[None])[0])
    if number < _LEAST_GROUPS or not np.isfinite(r):
        return Correlation(r, np.nan, np.nan, len(one), number)
    z = np.arctanh(np.clip(_pearson(whole - sums), -_CLOSE, _CLOSE))
    error = np.sqrt((number - 1) / number * ((z - z.mean()) ** 2).sum())
    centre, reach = np.arctanh(np.clip(r, -_CLOSE, _CLOSE)), t.ppf(0.5 + confidence / 2, number - 1) * error
    return Correlation(r, float(np.tanh(centre - reach)), float(np.tanh(centre + reach)), len(one), number)


def _pearson(sums: Floats) -> Floats:
    """From rows of n and the sums of x, y, x^2, y^2, xy; NaN where a series does not vary."""
    n, x, y, xx, yy, xy = sums.T
    spread = np.maximum(n * xx - x**2, 0.0) * np.maximum(n * yy - y**2, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(spread > 0, (n * xy - x * y) / np.sqrt(spread), np.nan))
