"""Who of several was chosen: the conditional logit, fitted by penalised maximum likelihood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

__all__ = ["ConditionalLogit"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class ConditionalLogit(BaseEstimator):  # type: ignore[misc]
    """Conditional logit with a normal prior: in each case, one or more of its candidates are chosen.

    With z the features standardised over all rows after each case's mean is taken out::

        P(candidate i of case c is chosen) = exp(z_i . b) / sum_{j in c} exp(z_j . b)        b ~ N(0, C)

    (McFadden 1974). Several chosen in one case each count with the same denominator (Breslow's form). What is the same for all candidates of a case
    cancels, so cases with other base rates need no intercept. The penalised likelihood is concave; every run finds the same maximum.
    A case without a choice, or whose candidates were all chosen, says nothing.

    Parameters
    ----------
    C : prior variance of the standardised coefficients. monotone : sign (1, -1, 0 free) of each feature's effect, in order.

    Attributes
    ----------
    coef_ : (p,), per unit of the feature. n_features_in_.

    >>> model = ConditionalLogit().fit([[0.0], [1.0], [0.0], [3.0]], [0, 1, 0, 1], groups=[1, 1, 2, 2])
    >>> bool(model.coef_[0] > 0)
    True
    """

    def __init__(self, C: float = 0.01, monotone: Sequence[int] | None = None) -> None:
        self.C = C
        self.monotone = monotone

    def fit(self, X: Any, y: Any, groups: ArrayLike, case_weight: Mapping[Any, float] | None = None) -> Self:
        """Fit. X: (n, p) finite numbers. y: (n,) 1 where chosen. groups: (n,) the case of each row. case_weight: by case, 1 where not named."""
        X, y = validate_data(self, X, y, dtype=np.float64)
        names, case = np.unique(np.asarray(groups), return_inverse=True)
        weight = np.array([1.0 if case_weight is None else case_weight.get(name, 1.0) for name in names.tolist()])
        order = np.argsort(case, kind="stable")
        case, chosen = case[order], np.asarray(y, dtype=np.float64)[order]
        Z = X[order] - _case_means(X[order], case)
        scale = Z.std(axis=0)
        scale[scale <= 1e-12] = 1.0
        size, picks = np.bincount(case), np.bincount(case, weights=chosen)
        weight = np.where((picks > 0) & (picks < size), weight, 0.0)
        found = minimize(
            _loss,
            np.zeros(Z.shape[1]),
            args=(Z / scale, chosen, case, picks, weight, 1.0 / self.C),
            jac=True,
            method="L-BFGS-B",
            bounds=[_BOUNDS[sign] for sign in (self.monotone or [0] * Z.shape[1])],
            options={"maxiter": 2_000, "ftol": 1e-12, "gtol": 1e-8},
        )
        self.coef_: Floats = found.x / scale
        return self

    def decision_function(self, X: Any) -> Floats:
        """(n,) utility of each row, up to a constant per case."""
        check_is_fitted(self, "coef_")
        return np.asarray(validate_data(self, X, reset=False, dtype=np.float64) @ self.coef_)


_BOUNDS = {1: (0.0, None), -1: (None, 0.0), 0: (None, None)}


def _case_means(Z: Floats, case: Integers) -> Floats:
    size = np.bincount(case)
    sums = np.stack([np.bincount(case, weights=column) for column in Z.T], axis=1)
    return np.asarray((sums / size[:, None])[case])


def _loss(
    b: Floats, Z: Floats, chosen: Floats, case: Integers, picks: Floats, weight: Floats, precision: float
) -> tuple[float, Floats]:
    """Penalised negative log-likelihood and its gradient; rows sorted by case."""
    utility = Z @ b
    start = np.searchsorted(case, np.arange(len(picks)))
    most = np.maximum.reduceat(utility, start)
    share = np.exp(utility - most[case])
    total = np.add.reduceat(share, start)
    loss = float(weight @ (picks * (np.log(total) + most)) - (weight[case] * chosen) @ utility)
    residual = weight[case] * (picks[case] * share / total[case] - chosen)
    return loss + 0.5 * precision * float(b @ b), Z.T @ residual + precision * b
