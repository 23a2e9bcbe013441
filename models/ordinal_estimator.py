"""What the linear ordinal classifiers share: checks, scaling, prediction, signs of effects, and the JSON form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from models.cumulative import cell_probabilities

__all__ = ["LinearOrdinal", "Monotone", "signs"]

Floats = NDArray[np.float64]
Monotone = Mapping[str, int] | Sequence[int] | None


class LinearOrdinal(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """What both linear classifiers share: data checking, scaling, prediction and the JSON form."""

    KIND: ClassVar[str]
    C: float | None
    monotone: Monotone
    classes_: NDArray[Any]
    thresholds_: Floats
    coef_: Floats

    def prepare(self, X: Any, y: Any, sample_weight: Any) -> tuple[Floats, Floats, Floats, Floats]:
        """Standardised features, (n, K) weights of levels, and the features' means and scales; sets classes_."""
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        if self.C is not None and not self.C > 0:
            raise ValueError(f"C must be positive (infinite: no penalty) or None, found {self.C!r}")
        weight = np.asarray(_check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True))
        counted = weight > 0
        X, weight = X[counted], weight[counted]
        self.classes_, codes = np.unique(y[counted], return_inverse=True)
        mean = np.average(X, axis=0, weights=weight)
        scale = np.sqrt(np.average((X - mean) ** 2, axis=0, weights=weight))
        scale[scale <= 1e-12 * np.maximum(np.abs(mean), 1.0)] = 1.0
        mass = weight[:, None] * (codes[:, None] == np.arange(len(self.classes_)))
        return (X - mean) / scale, mass, mean, scale

    def signs_asked(self) -> NDArray[np.int64] | None:
        """Signs of the features' effects, as `signs`."""
        return signs(self.monotone, self.n_features_in_, getattr(self, "feature_names_in_", None))

    def to_features(self, thresholds: Floats, slopes: Floats, mean: Floats, scale: Floats) -> tuple[Floats, Floats]:
        """Thresholds and slopes per unit of the features."""
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
            "kind": self.KIND,
            "parameters": {name: _plain(value) for name, value in self.get_params(deep=False).items()},
            "classes": self.classes_.tolist(),
            "features": self.n_features_in_ if names is None else [str(name) for name in names],
            "thresholds": self.thresholds_.tolist(),
            "coefficients": self.coef_.tolist(),
        }

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Self:
        """The classifier of an `as_mapping`: it predicts, but has no standard errors. Raises ValueError for another kind."""
        if mapping.get("kind") != cls.KIND:
            raise ValueError(f"expected a mapping of kind {cls.KIND!r}, found {mapping.get('kind')!r}")
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
