"""Linear classifiers for ordered levels: the cumulative logit, with parallel slopes or without, and Frank and Hall's series of binary logits.

Levels may be any values that sort; their order is their meaning. Features are standardised inside (weighted mean and SD of the rows that were
fitted) and coefficients are given on the scale of the features. A level that does not occur in the data is not a class.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from models.cumulative import Maximum, maximise, slope_precision
from models.ordinal_estimator import LinearOrdinal, Monotone

__all__ = ["CumulativeLogit", "FrankHall"]

Floats = NDArray[np.float64]

_VARIANCES = (3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0, 10.0)
_DEVIATIONS = (1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0)
_SPREAD = 1e-3


class CumulativeLogit(LinearOrdinal):
    """Cumulative logit with normal priors: proportional odds, or partial proportional odds shrunk towards them.

    For threshold j between the levels of rank j and j + 1, with z the standardised features::

        P(level <= level_j) = logistic(t_j - z . b_j)
        mean_j b_j ~ N(0, C)        b_{j+1} - b_j ~ N(0, deviation)

    A positive coefficient raises the level. `partial=False` ties all b_j (proportional odds; McCullagh 1980,
    doi:10.1111/j.2517-6161.1980.tb01109.x); then C = inf is the maximum likelihood of R's clm and polr. `partial=True` lets slopes differ
    between thresholds (Peterson & Harrell 1990, doi:10.2307/2347760); as deviation goes to 0 it becomes proportional odds.

    Slopes that differ make logits that can cross, which would be negative probabilities. Two things prevent them: while fitting, a
    thousandth of each row's weight is spread over all levels, so that crossing at any row fitted has infinite cost (a barrier that leaves the problem
    concave); when predicting elsewhere, crossed logits are sorted (monotone rearrangement).

    Parameters
    ----------
    C : prior variance of the standardised slopes, as in `LogisticRegression`; inf for no prior. None: the one of .003 .. 10 with the highest
        marginal likelihood (Laplace) of parallel slopes: with many features and few rows it is much safer than 1.
    partial : whether slopes may differ between thresholds.
    monotone : sign (1, -1, 0 free) of each feature's effect, in order or by name; the coefficients never leave it, at any threshold.
    deviation : prior variance of the step between neighbouring slopes. None: the one of 0, .001 .. 1 with the highest marginal likelihood.
    tolerance, max_iterations : of Newton's method; half the squared decrement per row.

    Attributes
    ----------
    classes_ : levels, sorted. thresholds_ : (K - 1,). coef_ : (p,), or (K - 1, p) where slopes differ, per unit of the feature.
    thresholds_se_, coef_se_ : their standard errors (posterior SDs under finite C; NaN where not identified). loglik_ : without prior. C_, deviation_ :
        as used, 0 for parallel. n_iter_.

    >>> model = CumulativeLogit(C=np.inf).fit([[0.0], [1.0], [1.0], [2.0], [2.0], [3.0]], [0, 0, 1, 1, 2, 2])
    >>> bool(model.coef_[0] > 0)
    True
    """

    KIND = "cumulative-logit"

    def __init__(
        self,
        C: float | None = 1.0,
        partial: bool = False,
        monotone: Monotone = None,
        *,
        deviation: float | None = None,
        tolerance: float = 1e-12,
        max_iterations: int = 200,
    ) -> None:
        self.C = C
        self.partial = partial
        self.monotone = monotone
        self.deviation = deviation
        self.tolerance = tolerance
        self.max_iterations = max_iterations

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Self:
        """Fit. X: (n, p) finite numbers. y: (n,) levels. sample_weight: (n,) not negative. groups: not used, accepted for `AutoOrdinal`'s sake."""
        Z, mass, mean, scale = self.prepare(X, y, sample_weight)
        self.n_iter_, self.C_, self.deviation_ = 0, self.C, 0.0
        if len(self.classes_) == 1:
            self.thresholds_, self.thresholds_se_ = np.empty(0), np.empty(0)
            self.coef_, self.coef_se_ = np.zeros(Z.shape[1]), np.full(Z.shape[1], np.nan)
            self.loglik_ = 0.0
            return self
        found = self._maximum(Z, mass)
        self.loglik_ = found.loglik
        self._keep(found, mean, scale)
        return self

    def _maximum(self, Z: Floats, mass: Floats) -> Maximum:
        """The fit at the given prior variances, or at those that make the data most probable, parallel slopes included."""
        features = Z.shape[1]
        best, self.C_ = self._solve(Z, mass, self.C or _VARIANCES[0], None, None), self.C or _VARIANCES[0]
        highest = best.evidence - 0.5 * features * np.log(self.C_)
        if self.C is None and features:
            start = best
            for variance in _VARIANCES[1:]:
                start = self._solve(Z, mass, variance, None, start)
                evidence = start.evidence - 0.5 * features * np.log(variance)
                if evidence > highest:
                    best, highest, self.C_ = start, evidence, variance
        if not self.partial or mass.shape[1] == 2 or not features or self.deviation == 0:
            return best
        if self.deviation is not None:
            self.deviation_ = float(self.deviation)
            return self._solve(Z, mass, self.C_, self.deviation_, best)
        start, highest = best, best.evidence
        for deviation in _DEVIATIONS:
            start = self._solve(Z, mass, self.C_, deviation, start)
            evidence = start.evidence - 0.5 * (mass.shape[1] - 2) * features * np.log(deviation)
            if evidence > highest:
                best, highest, self.deviation_ = start, evidence, deviation
        return best

    def _solve(self, Z: Floats, mass: Floats, C: float, deviation: float | None, start: Maximum | None) -> Maximum:
        found = maximise(
            Z,
            mass,
            slope_precision(mass.shape[1], Z.shape[1], C, deviation),
            signs=self.signs_asked(),
            spread=0.0 if deviation is None else _SPREAD,
            start=start,
            tolerance=self.tolerance,
            max_iterations=self.max_iterations,
        )
        self.n_iter_ += found.iterations
        return found

    def _keep(self, found: Maximum, mean: Floats, scale: Floats) -> None:
        """Back to the scale of the features, with standard errors by the same linear map."""
        cuts, features = found.slopes.shape
        self.thresholds_, slopes = self.to_features(found.thresholds, found.slopes, mean, scale)
        parallel = len(found.covariance) == cuts + features
        self.coef_ = slopes[0] if parallel else slopes
        back = np.zeros_like(found.covariance)
        back[:cuts, :cuts] = np.eye(cuts)
        for j in range(cuts):
            first = cuts if parallel else cuts + j * features
            back[j, first : first + features] = mean / scale
            back[first : first + features, first : first + features] = np.diag(1.0 / scale)
        with np.errstate(invalid="ignore"):
            error = np.sqrt(np.diag(back @ found.covariance @ back.T))
        self.thresholds_se_, self.coef_se_ = error[:cuts], error[cuts:].reshape(self.coef_.shape)


class FrankHall(LinearOrdinal):
    """One logistic regression per threshold, "level above j or not", each with its own slopes (Frank & Hall 2001, doi:10.1007/3-540-44795-4_13).

    The thresholds are fitted apart, slopes with the prior N(0, C) on standardised features; predicted P(level <= j) that do not rise with j are sorted
    (monotone rearrangement), so that no probability is negative. It survives levels with a single row: each binary question has both answers.

    Parameters and attributes as `CumulativeLogit`: C (None: one for all thresholds), monotone, tolerance, max_iterations; classes_, C_, thresholds_,
    coef_ of shape (K - 1, p), n_iter_.

    >>> FrankHall().fit([[0.0], [1.0], [2.0], [3.0]], [1, 2, 2, 3]).predict_proba([[1.5]]).argmax()
    np.int64(1)
    """

    KIND = "frank-hall"

    def __init__(
        self, C: float | None = 1.0, monotone: Monotone = None, *, tolerance: float = 1e-12, max_iterations: int = 200
    ) -> None:
        self.C = C
        self.monotone = monotone
        self.tolerance = tolerance
        self.max_iterations = max_iterations

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Self:
        """Fit. X: (n, p) finite numbers. y: (n,) levels. sample_weight: (n,) not negative. groups: not used."""
        Z, mass, mean, scale = self.prepare(X, y, sample_weight)
        self.n_iter_, self.C_ = 0, self.C
        found: list[Maximum] = []
        highest = -np.inf
        for variance in _VARIANCES if self.C is None and Z.shape[1] else (self.C or 1.0,):
            tried = [self._solve(Z, mass, j, variance) for j in range(mass.shape[1] - 1)]
            evidence = sum(one.evidence for one in tried) - 0.5 * len(tried) * Z.shape[1] * np.log(variance)
            if not found or evidence > highest:
                found, highest, self.C_ = tried, evidence, variance
        thresholds = np.array([one.thresholds[0] for one in found])
        slopes = np.array([one.slopes[0] for one in found]).reshape(len(found), Z.shape[1])
        self.thresholds_, self.coef_ = self.to_features(thresholds, slopes, mean, scale)
        return self

    def _solve(self, Z: Floats, mass: Floats, j: int, C: float) -> Maximum:
        """The binary question of threshold j."""
        found = maximise(
            Z,
            np.column_stack([mass[:, : j + 1].sum(axis=1), mass[:, j + 1 :].sum(axis=1)]),
            slope_precision(2, Z.shape[1], C, None),
            signs=self.signs_asked(),
            tolerance=self.tolerance,
            max_iterations=self.max_iterations,
        )
        self.n_iter_ += found.iterations
        return found
