"""How ratings depend on their cells' predictors: what the facets make of a rating before a person is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Responses"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Responses:
    """Of n ratings: eta = slope (u + offset) with u the predictor of the rating's cell, then adjacent categories with steps.

    offset: (n,). cumulative: (categories, n) sums of steps, or (categories, 1) where all have the same. slope: (n,) discriminations, None where
    all are 1.
    """

    offset: Floats
    cumulative: Floats
    slope: Floats | None = None

    def eta(self, predictor: Floats) -> Floats:
        """Linear predictors (.., n) where the cells' are `predictor` (.., n)."""
        eta = predictor + self.offset
        return eta if self.slope is None else eta * self.slope

    @property
    def rate(self) -> Floats | float:
        """Derivative of eta by u."""
        return 1.0 if self.slope is None else self.slope

    def take(self, index: Integers | NDArray[np.bool_]) -> Responses:
        """Those of the ratings at `index`."""
        return Responses(self.offset[index], self.steps_of(index), None if self.slope is None else self.slope[index])

    def steps_of(self, index: Integers | NDArray[np.bool_]) -> Floats:
        """`cumulative` of the ratings at `index`."""
        return self.cumulative if self.cumulative.shape[1] == 1 else self.cumulative[:, index]
