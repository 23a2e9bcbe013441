"""Agreement of two series of ordered categories."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["quadratic_weighted_kappa"]


def quadratic_weighted_kappa(first: ArrayLike, second: ArrayLike) -> float:
    """Cohen's kappa with quadratic weights (Cohen 1968, doi:10.1037/h0026256).

    first, second: equally long numeric categories; pairs with a NaN are left out. 1 is perfect, 0 chance; NaN where either is constant
    and the same, so that chance agreement is perfect too. Raises ValueError for unequal lengths or no pairs.

    >>> quadratic_weighted_kappa([1, 2, 3, 4], [1, 2, 3, 4])
    1.0
    """
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != other.shape or one.ndim != 1:
        raise ValueError(f"the series must be equally long and flat, found shapes {one.shape} and {other.shape}")
    both = np.isfinite(one) & np.isfinite(other)
    if not both.any():
        raise ValueError("no pair of ratings: at least one subject must have both")
    one, other = one[both], other[both]
    observed = float(np.mean((one - other) ** 2))
    expected = float(one.var() + other.var() + (one.mean() - other.mean()) ** 2)
    return float("nan") if expected == 0 else 1.0 - observed / expected
