"""The facets' information, factored once and asked many times, under the constraints that some facets sum to zero."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

__all__ = ["Factor"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Factor:
    """Cholesky factor L L' (lower triangle) of an information matrix, and what the constraints take from its inverse.

    The constrained covariance is the inverse less B (C B)^-1 B', C the constraints, B the inverse times C'.
    """

    lower: Floats
    bound: Floats
    turned: Floats
    _cache: dict[str, Floats] = field(default_factory=dict)

    @classmethod
    def of(cls, information: Floats, constraints: Floats) -> Factor:
        """information: symmetric (facets, facets), the constraints' outer products added, so that it is positive definite."""
        lower = _factored(information)
        bound = linalg.cho_solve((lower, True), constraints.T, check_finite=False)
        return cls(lower, bound, np.asarray(np.linalg.solve(constraints @ bound, bound.T), dtype=np.float64))

    def solve(self, right: Floats) -> Floats:
        """Constrained covariance times right: (facets,) or (facets, k)."""
        return np.asarray(
            linalg.cho_solve((self.lower, True), right, check_finite=False) - self.bound @ (self.turned @ right)
        )

    def diagonal(self) -> Floats:
        """Diagonal of the constrained covariance: half the work of the whole."""
        if "diagonal" not in self._cache:
            inverse = linalg.lapack.dtrtri(self.lower, lower=1)[0]
            squares = np.einsum("ij,ij->j", inverse, inverse) - np.einsum("ij,ji->i", self.bound, self.turned)
            self._cache["diagonal"] = np.maximum(squares, 0.0)
        return self._cache["diagonal"]

    def matrix(self) -> Floats:
        """The constrained covariance."""
        if "matrix" not in self._cache:
            inverse = linalg.lapack.dpotri(self.lower, lower=1)[0]
            inverse = np.tril(inverse) + np.tril(inverse, -1).T
            inverse -= self.bound @ self.turned
            self._cache["matrix"] = 0.5 * (inverse + inverse.T)
        return self._cache["matrix"]


def _factored(matrix: Floats) -> Floats:
    """Lower Cholesky factor; far from the solution matched information may be indefinite, and is then lifted until it is not."""
    lift, scale = 0.0, float(np.abs(np.diag(matrix)).mean())
    for _ in range(12):
        try:
            lifted = matrix + lift * np.eye(len(matrix)) if lift else matrix
            # the transpose is the same matrix in the order LAPACK wants
            return np.asarray(linalg.cholesky(lifted.T, lower=True, check_finite=False))
        except linalg.LinAlgError:
            lift = max(10.0 * lift, 1e-6 * scale)
    raise linalg.LinAlgError("the facets' information is not positive definite; check weights and scores")
