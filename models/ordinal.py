"""Classifiers for ordered levels, and the automatic choice between them.

`CumulativeLogit` (proportional and partial proportional odds) and `FrankHall` are linear and have a JSON form; `BoostedLevels` finds
interactions; `AutoOrdinal` takes partial proportional odds unless another predicts clearly better on people it has not seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.model_selection import GroupKFold, KFold
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from models.decisions import ranked_probability_score
from models.ordinal_boosting import BoostedLevels
from models.ordinal_estimator import Monotone
from models.ordinal_linear import CumulativeLogit, FrankHall
from models.recalibration import fit_recalibration

__all__ = [
    "AutoOrdinal",
    "BoostedLevels",
    "CumulativeLogit",
    "FrankHall",
    "clustered_se",
    "from_mapping",
    "spread_over",
]

Floats = NDArray[np.float64]

PARTIAL = "partial proportional odds"
BOOSTING = "boosting"


def spread_over(probabilities: ArrayLike, classes: ArrayLike, levels: ArrayLike) -> Floats:
    """Columns of `classes` moved to the columns of all `levels`, zero where a level was not among the classes.

    >>> spread_over([[0.4, 0.6]], [1, 3], [1, 2, 3])
    array([[0.4, 0. , 0.6]])
    """
    share, known = np.asarray(probabilities, dtype=np.float64), np.asarray(levels)
    found = np.zeros((len(share), len(known)))
    found[:, np.searchsorted(known, np.asarray(classes))] = share
    return found


def clustered_se(values: ArrayLike, groups: ArrayLike | None = None, weights: ArrayLike | None = None) -> float:
    """Standard error of a (weighted) mean whose values are independent between groups only. NaN for fewer than two groups."""
    each = np.asarray(values, dtype=np.float64)
    weight = np.ones(len(each)) if weights is None else np.asarray(weights, dtype=np.float64)
    group = np.arange(len(each)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    count = int(group.max()) + 1 if len(each) else 0
    if count < 2:
        return float("nan")
    apart = np.bincount(group, weights=weight * (each - np.average(each, weights=weight)), minlength=count)
    return float(np.sqrt((apart**2).sum() * count / (count - 1)) / weight.sum())


def from_mapping(mapping: Mapping[str, Any]) -> CumulativeLogit | FrankHall:
    """The linear classifier of any `as_mapping`, by its kind. Raises ValueError for an unknown one."""
    for maker in (CumulativeLogit, FrankHall):
        if mapping.get("kind") == maker.KIND:
            return maker.from_mapping(mapping)
    raise ValueError(f"no linear ordinal classifier of kind {mapping.get('kind')!r}")


def _scores(stated: Mapping[str, Floats], level: NDArray[Any], weight: Floats, whose: NDArray[Any]) -> pd.DataFrame:
    """RPS of each candidate, its gain over the first and the gain's standard error."""
    score = {name: ranked_probability_score(share, level) for name, share in stated.items()}
    gain = {name: score[PARTIAL] - each for name, each in score.items()}
    rows = [
        (
            name,
            np.average(score[name], weights=weight),
            np.average(gain[name], weights=weight),
            clustered_se(gain[name], whose, weight),
        )
        for name in stated
    ]
    return pd.DataFrame(rows, columns=["candidate", "rps", "gain", "se"]).set_index("candidate")


class AutoOrdinal(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Partial proportional odds, unless Frank-Hall or boosting is better by more than a standard error out of sample.

    Algorithm:

    1. the rows are cut into folds, people (groups) whole;
    2. each candidate predicts every fold from the others; ranked probability scores are paired by row;
    3. a candidate whose mean gain over partial proportional odds exceeds `margin` standard errors of the paired difference (clustered by
       group) may replace it; of several, the one with the lowest score does;
    4. the choice is fitted to all rows; boosting, which is too sure of itself, is recalibrated by a slope and a shift per threshold
       (`models.recalibration`), learned from its own out-of-fold predictions.

    To judge an `AutoOrdinal`, cross-validate it whole: the choice is then made anew inside every training part (nested).

    Parameters
    ----------
    C, monotone : as in `CumulativeLogit`, C estimated by default; signs bind every candidate.
    boosting : whether `BoostedLevels` is a candidate; it is left out below `least_rows` rows.
    margin : standard errors a candidate must gain. folds : of the inner cross-validation. random_state : of folds and boosting.

    Attributes
    ----------
    classes_ ; choice_ : name of the candidate; model_ : it, fitted; recalibration_ : of boosting, else None; scores_ : frame by candidate with rps, gain, se (None where there was nothing to
    choose: one level, or fewer than two groups).
    """

    def __init__(
        self,
        C: float | None = None,
        monotone: Monotone = None,
        *,
        boosting: bool = True,
        margin: float = 1.0,
        folds: int = 5,
        least_rows: int = 100,
        random_state: int = 0,
    ) -> None:
        self.C = C
        self.monotone = monotone
        self.boosting = boosting
        self.margin = margin
        self.folds = folds
        self.least_rows = least_rows
        self.random_state = random_state

    def _candidates(self, rows: int) -> dict[str, Any]:
        found: dict[str, Any] = {
            PARTIAL: CumulativeLogit(self.C, partial=True, monotone=self.monotone),
            "frank-hall": FrankHall(self.C, monotone=self.monotone),
        }
        if self.boosting and rows >= self.least_rows:
            found[BOOSTING] = BoostedLevels(self.monotone, random_state=self.random_state)
        return found

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Self:
        """Choose and fit. X: (n, p) finite numbers. y: (n,) levels. sample_weight: (n,). groups: (n,) whose rows they are; each row its own by default."""
        checked, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        weight = np.asarray(_check_sample_weight(sample_weight, checked, dtype=np.float64, ensure_non_negative=True))
        names = getattr(self, "feature_names_in_", None)
        table = checked if names is None else pd.DataFrame(checked, columns=names)
        self.classes_ = np.unique(y[weight > 0])
        whose = np.arange(len(y)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
        if len(whose) != len(y):
            raise ValueError(f"groups must name the person of each of the {len(y)} rows, found {len(whose)}")
        candidates = self._candidates(len(y))
        self.choice_, self.scores_, self.recalibration_ = PARTIAL, None, None
        if len(self.classes_) > 1 and len(np.unique(whose)) > 1:
            stated = self._out_of_fold(candidates, table, y, weight, whose)
            level = np.minimum(np.searchsorted(self.classes_, y) + 1, len(self.classes_))
            self.scores_ = _scores(stated, level, weight, whose)
            better = self.scores_[self.scores_["gain"] > self.margin * self.scores_["se"]]
            if len(better):
                self.choice_ = str(better["rps"].idxmin())
            if self.choice_ == BOOSTING:
                method = "shift" if len(np.unique(whose)) < 50 else "logit"
                self.recalibration_ = fit_recalibration(
                    stated[BOOSTING], level, groups=whose, weights=weight, method=method
                )
        self.model_ = clone(candidates[self.choice_]).fit(table, y, sample_weight=weight)
        return self

    def _out_of_fold(
        self, candidates: dict[str, Any], X: Any, y: Any, weight: Floats, whose: NDArray[Any]
    ) -> dict[str, Floats]:
        """(n, K) probabilities of each candidate from the other folds; evenly spread where those hold no weight."""
        count = len(self.classes_)
        found = {name: np.full((len(y), count), 1.0 / count) for name in candidates}
        part = X.iloc if isinstance(X, pd.DataFrame) else X
        for train, test in self._splits(whose):
            if not (weight[train] > 0).any():
                continue
            for name, candidate in candidates.items():
                fitted = clone(candidate).fit(part[train], y[train], sample_weight=weight[train])
                found[name][test] = spread_over(fitted.predict_proba(part[test]), fitted.classes_, self.classes_)
        return found

    def _splits(self, whose: NDArray[Any]) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        count = len(np.unique(whose))
        folds = min(self.folds, count)
        maker = KFold if count == len(whose) else GroupKFold
        splitter = maker(folds, shuffle=True, random_state=self.random_state)
        yield from splitter.split(whose, groups=None if maker is KFold else whose)

    def predict_proba(self, X: Any) -> Floats:
        """(n, K) probabilities of the levels in classes_; rows sum to 1."""
        check_is_fitted(self, "model_")
        stated = np.asarray(self.model_.predict_proba(X))
        return stated if self.recalibration_ is None else self.recalibration_.apply(stated)

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable level of each row."""
        best = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[best])

    def as_mapping(self) -> dict[str, Any]:
        """JSON form of the chosen model. Raises ValueError if boosting was chosen, which has none: fit with boosting=False."""
        check_is_fitted(self, "model_")
        if not isinstance(self.model_, (CumulativeLogit, FrankHall)):
            raise ValueError("boosted trees have no JSON form: fit AutoOrdinal(boosting=False) where one is needed")
        return self.model_.as_mapping()
