"""Gradient boosting for ordered levels, as one ensemble over all thresholds."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from models.ordinal_estimator import Monotone, signs

__all__ = ["BoostedLevels"]

Floats = NDArray[np.float64]


class BoostedLevels(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Boosted trees for P(level <= level_j | x), the threshold j being one more feature in which they may only rise.

    Every row is asked K - 1 times "level above j or not", with j as an additional column (the reduction of Li & Lin 2006,
    NIPS 19), and one `HistGradientBoostingClassifier` answers all. Thresholds share what they have in common, a level with a single row costs nothing, and
    the monotone constraint on j makes every predicted distribution valid without repair.

    Parameters
    ----------
    monotone : sign (1, -1, 0) of each feature's effect on the level, in order or by name.
    learning_rate, max_iter, max_leaf_nodes, min_samples_leaf, l2_regularization, max_features, random_state : of scikit-learn's
        `HistGradientBoostingClassifier`. There is no early stopping: it would need a part of each rare level.

    Attributes: classes_, ensemble_ (None where there is one level only). Missing values are allowed. One thread only: on tables of this size
    more of them mostly wait for each other, a hundred times as long where the machine is shared.

    >>> BoostedLevels(max_iter=60).fit([[0.0], [1.0], [2.0], [3.0]] * 20, [1, 1, 2, 3] * 20).predict([[0.0], [3.0]])
    array([1, 3])
    """

    def __init__(
        self,
        monotone: Monotone = None,
        *,
        learning_rate: float = 0.05,
        max_iter: int = 400,
        max_leaf_nodes: int = 31,
        min_samples_leaf: int = 20,
        l2_regularization: float = 5.0,
        max_features: float = 0.5,
        random_state: int | None = 0,
    ) -> None:
        self.monotone = monotone
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.max_features = max_features
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Self:
        """Fit. X: (n, p), NaN allowed. y: (n,) levels. sample_weight: (n,) not negative. groups: not used."""
        X, y = validate_data(self, X, y, dtype=np.float64, ensure_all_finite="allow-nan")
        check_classification_targets(y)
        weight = np.asarray(_check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True))
        counted = weight > 0
        self.classes_, codes = np.unique(y[counted], return_inverse=True)
        self.ensemble_, self.n_iter_ = None, self.max_iter
        cuts = len(self.classes_) - 1
        if cuts == 0:
            return self
        sign = signs(self.monotone, self.n_features_in_, getattr(self, "feature_names_in_", None))
        below = np.zeros(self.n_features_in_, dtype=np.int64) if sign is None else -sign
        self.ensemble_ = HistGradientBoostingClassifier(
            learning_rate=self.learning_rate,
            max_iter=self.max_iter,
            max_leaf_nodes=self.max_leaf_nodes,
            min_samples_leaf=self.min_samples_leaf,
            l2_regularization=self.l2_regularization,
            max_features=self.max_features,
            random_state=self.random_state,
            early_stopping=False,
            monotonic_cst=[*below.tolist(), 1],
        )
        asked = np.tile(np.arange(cuts), int(counted.sum()))
        answers = np.repeat(codes, cuts) <= asked
        with threadpool_limits(limits=1, user_api="openmp"):
            self.ensemble_.fit(self._stack(X[counted], cuts), answers, sample_weight=np.repeat(weight[counted], cuts))
        return self

    @staticmethod
    def _stack(X: Floats, cuts: int) -> Floats:
        return np.column_stack([np.repeat(X, cuts, axis=0), np.tile(np.arange(cuts, dtype=np.float64), len(X))])

    def predict_proba(self, X: Any) -> Floats:
        """(n, K) probabilities of the levels in classes_; rows sum to 1."""
        check_is_fitted(self, "classes_")
        X = validate_data(self, X, reset=False, dtype=np.float64, ensure_all_finite="allow-nan")
        cuts = len(self.classes_) - 1
        if self.ensemble_ is None:
            return np.ones((len(X), 1))
        with threadpool_limits(limits=1, user_api="openmp"):
            below = self.ensemble_.predict_proba(self._stack(X, cuts))[:, 1].reshape(len(X), cuts)
        return np.diff(np.maximum.accumulate(below, axis=1), axis=1, prepend=0.0, append=1.0)

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable level of each row."""
        best = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[best])
