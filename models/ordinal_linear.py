"""Linear classifiers for ordered levels: the cumulative logit, with parallel slopes or without, and Frank and Hall's series of binary logits.

Levels may be any values that sort; their order is their meaning. Features are standardised inside (weighted mean and SD of the rows that were
fitted) and coefficients are given on the scale of the features. A level that does not occur in the data is not a class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from models.cumulative import Maximum, cell_probabilities, maximise, slope_precision

__all__ = ["CumulativeLogit", "FrankHall"]

Floats = NDArray[np.float64]
Monotone = Mapping[str, int] | Sequence[int] | None

_DEVIATIONS = (1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0)
_SPREAD = 1e-3


class _LinearOrdinal(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """What both linear classifiers share: data checking, scaling, prediction and the JSON form."""

    _KIND: str
    C: float
    monotone: Monotone
    classes_: NDArray[Any]
    thresholds_: Floats
    coef_: Floats

    def _prepare(self, X: Any, y: Any, sample_weight: Any) -> tuple[Floats, Floats, Floats, Floats]:
        """Standardised features, (n, K) weights of levels, and the features' means and scales; sets classes_."""
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        if not self.C > 0:
            raise ValueError(f"C must be positive (infinite: no penalty), found {self.C!r}")
        weight = np.asarray(_check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True))
        counted = weight > 0
        X, weight = X[counted], weight[counted]
        self.classes_, codes = np.unique(y[counted], return_inverse=True)
        mean = np.average(X, axis=0, weights=weight)
        scale = np.sqrt(np.average((X - mean) ** 2, axis=0, weights=weight))
        scale[scale <= 1e-12 * np.maximum(np.abs(mean), 1.0)] = 1.0
        mass = weight[:, None] * (codes[:, None] == np.arange(len(self.classes_)))
        return (X - mean) / scale, mass, mean, scale

    def _signs(self) -> NDArray[np.int64] | None:
        return signs(self.monotone, self.n_features_in_, getattr(self, "feature_names_in_", None))

    def _to_features(self, thresholds: Floats, slopes: Floats, mean: Floats, scale: Floats) -> tuple[Floats, Floats]:
        slopes = slopes / scale
        return thresholds + slopes @ mean, slopes

    def decision_logits(self, X: Any) -> Floats:
        """(n, K - 1) logits of P(level <= j), as fitted: they may cross where rearrangement is needed."""
        check_is_fitted(self, "thresholds_")
        X = validate_data(self, X, reset=False, dtype=np.float64)
        if len(self.thresholds_) == 0:
            return np.empty((len(X), 0))
        return np.asarray(self.thresholds_ - X @ np.broadcast_to(self.coef_, (len(self.thresholds_), X.shape[1])).T)

    def predict_proba(self, X: Any) -> Floats:
        """(n, K) probabilities of the levels in classes_; rows sum to 1."""
        eta = self.decision_logits(X)
        return cell_probabilities(eta) if eta.shape[1] else np.ones((len(eta), 1))

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable level of each row."""
        best = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[best])

    def as_mapping(self) -> dict[str, Any]:
        """Everything prediction needs, as JSON values: kind, parameters, classes, features, thresholds, coefficients."""
        check_is_fitted(self, "thresholds_")
        names = getattr(self, "feature_names_in_", None)
        return {
            "kind": self._KIND,
            "parameters": {name: _plain(value) for name, value in self.get_params(deep=False).items()},
            "classes": self.classes_.tolist(),
            "features": self.n_features_in_ if names is None else [str(name) for name in names],
            "thresholds": self.thresholds_.tolist(),
            "coefficients": self.coef_.tolist(),
        }

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Self:
        """The classifier of an `as_mapping`: it predicts, but has no standard errors. Raises ValueError for another kind."""
        if mapping.get("kind") != cls._KIND:
            raise ValueError(f"expected a mapping of kind {cls._KIND!r}, found {mapping.get('kind')!r}")
        parameters = {name: np.inf if value == "inf" else value for name, value in mapping["parameters"].items()}
        model = cls(**parameters)
        model.classes_ = np.asarray(mapping["classes"])
        features = mapping["features"]
        model.n_features_in_ = features if isinstance(features, int) else len(features)
        if not isinstance(features, int):
            model.feature_names_in_ = np.asarray(features, dtype=object)
        model.thresholds_ = np.asarray(mapping["thresholds"], dtype=np.float64)
        coefficients = np.asarray(mapping["coefficients"], dtype=np.float64)
        model.coef_ = coefficients if coefficients.size else coefficients.reshape(-1, model.n_features_in_)
        return model


def _plain(value: Any) -> Any:
    if isinstance(value, float) and np.isinf(value):
        return "inf"
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (np.ndarray, list, tuple)):
        return [_plain(one) for one in value]
    return value.item() if isinstance(value, np.generic) else value


def signs(monotone: Monotone, features: int, names: ArrayLike | None) -> NDArray[np.int64] | None:
    """(p,) signs of effects on the level from a sequence of 1, -1, 0 or a mapping of feature names; None if nothing is asked.

    Raises ValueError for unknown names, other values or another length.
    """
    if monotone is None:
        return None
    if isinstance(monotone, Mapping):
        known = [] if names is None else [str(name) for name in np.asarray(names)]
        unknown = sorted(set(monotone) - set(known))
        if unknown:
            raise ValueError(f"monotone names features that were not fitted: {unknown}; known are {known}")
        found = np.array([monotone.get(name, 0) for name in known], dtype=np.int64)
    else:
        found = np.asarray(monotone, dtype=np.int64)
    if found.shape != (features,) or not np.isin(found, (-1, 0, 1)).all():
        raise ValueError(f"monotone must give -1, 0 or 1 for each of the {features} features, found {monotone!r}")
    return found


class CumulativeLogit(_LinearOrdinal):
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
    C : prior variance of the standardised slopes, as in `LogisticRegression`; inf for none.
    partial : whether slopes may differ between thresholds.
    monotone : sign (1, -1, 0 free) of each feature's effect, in order or by name; the coefficients never leave it, at any threshold.
    deviation : prior variance of the step between neighbouring slopes. None: the one of 0, .001 .. 1 with the highest marginal likelihood
        (Laplace), estimated from the data that are fitted and no other.
    tolerance, max_iterations : of Newton's method; half the squared decrement per row.

    Attributes
    ----------
    classes_ : levels, sorted. thresholds_ : (K - 1,). coef_ : (p,), or (K - 1, p) where slopes differ, per unit of the feature.
    thresholds_se_, coef_se_ : their standard errors (posterior SDs under finite C; NaN where not identified). loglik_ : without prior. deviation_ :
        as used, 0 for parallel. n_iter_.

    >>> model = CumulativeLogit(C=np.inf).fit([[0.0], [1.0], [1.0], [2.0], [2.0], [3.0]], [0, 0, 1, 1, 2, 2])
    >>> bool(model.coef_[0] > 0)
    True
    """

    _KIND = "cumulative-logit"

    def __init__(
        self,
        C: float = 1.0,
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
        Z, mass, mean, scale = self._prepare(X, y, sample_weight)
        self.n_iter_, self.deviation_ = 0, 0.0
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
        """The fit at the given deviation, or at the one that makes the data most probable, parallel slopes included."""
        varied = self.partial and mass.shape[1] > 2 and Z.shape[1] > 0
        if not varied or self.deviation == 0:
            return self._solve(Z, mass, None, None)
        best = start = self._solve(Z, mass, None, None)
        if self.deviation is not None:
            self.deviation_ = float(self.deviation)
            return self._solve(Z, mass, self.deviation_, start)
        highest = best.loglik + best.prior + best.log_volume
        steps = (mass.shape[1] - 2) * Z.shape[1]
        for deviation in _DEVIATIONS:
            start = self._solve(Z, mass, deviation, start)
            evidence = start.loglik + start.prior + start.log_volume - 0.5 * steps * np.log(deviation)
            if evidence > highest:
                best, highest, self.deviation_ = start, evidence, deviation
        return best

    def _solve(self, Z: Floats, mass: Floats, deviation: float | None, start: Maximum | None) -> Maximum:
        found = maximise(
            Z,
            mass,
            slope_precision(mass.shape[1], Z.shape[1], self.C, deviation),
            signs=self._signs(),
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
        self.thresholds_, slopes = self._to_features(found.thresholds, found.slopes, mean, scale)
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


class FrankHall(_LinearOrdinal):
    """One logistic regression per threshold, "level above j or not", each with its own slopes (Frank & Hall 2001, doi:10.1007/3-540-44795-4_13).

    The thresholds are fitted apart, slopes with the prior N(0, C) on standardised features; predicted P(level <= j) that do not rise with j are sorted
    (monotone rearrangement), so that no probability is negative. It survives levels with a single row: each binary question has both answers.

    Parameters and attributes as `CumulativeLogit`: C, monotone, tolerance, max_iterations; classes_, thresholds_, coef_ of shape (K - 1, p), n_iter_.

    >>> FrankHall().fit([[0.0], [1.0], [2.0], [3.0]], [1, 2, 2, 3]).predict_proba([[1.5]]).argmax()
    np.int64(1)
    """

    _KIND = "frank-hall"

    def __init__(
        self, C: float = 1.0, monotone: Monotone = None, *, tolerance: float = 1e-12, max_iterations: int = 200
    ) -> None:
        self.C = C
        self.monotone = monotone
        self.tolerance = tolerance
        self.max_iterations = max_iterations

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Self:
        """Fit. X: (n, p) finite numbers. y: (n,) levels. sample_weight: (n,) not negative. groups: not used."""
        Z, mass, mean, scale = self._prepare(X, y, sample_weight)
        features, self.n_iter_ = Z.shape[1], 0
        thresholds, slopes = np.empty(mass.shape[1] - 1), np.empty((mass.shape[1] - 1, features))
        for j in range(len(thresholds)):
            binary = np.column_stack([mass[:, : j + 1].sum(axis=1), mass[:, j + 1 :].sum(axis=1)])
            found = maximise(
                Z,
                binary,
                slope_precision(2, features, self.C, None),
                signs=self._signs(),
                tolerance=self.tolerance,
                max_iterations=self.max_iterations,
            )
            thresholds[j], slopes[j] = found.thresholds[0], found.slopes[0]
            self.n_iter_ += found.iterations
        self.thresholds_, self.coef_ = self._to_features(thresholds, slopes, mean, scale)
        return self
