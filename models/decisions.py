"""How good level decisions are: ranked probability score, accuracy, consistency, and the error of measurement at the cuts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["DecisionQuality", "decision_quality", "ranked_probability_score", "sem_at_cuts"]

Floats = NDArray[np.float64]


def ranked_probability_score(probabilities: ArrayLike, level: ArrayLike) -> Floats:
    """Ranked probability score per case, divided by K - 1: 0 is certain and right, 1 is certain and as wrong as can be.

    probabilities: (cases, K). level: (cases,) true levels counted from 1. Epstein 1969. Raises ValueError for levels outside 1 .. K.

    >>> ranked_probability_score([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], [1, 3])
    array([0. , 0.5])
    """
    share, truth = np.atleast_2d(np.asarray(probabilities, dtype=np.float64)), np.atleast_1d(np.asarray(level))
    levels = share.shape[1]
    if len(truth) != len(share) or ((truth < 1) | (truth > levels)).any():
        raise ValueError(f"one level from 1 to {levels} is needed for each of the {len(share)} rows of probabilities")
    reached = truth[:, None] <= np.arange(1, levels)
    return np.asarray(((np.cumsum(share, axis=1)[:, :-1] - reached) ** 2).sum(axis=1) / (levels - 1))


@dataclass(frozen=True, slots=True)
class DecisionQuality:
    """Expected accuracy and consistency of decisions, over all levels at once and at each cut alone.

    accuracy: chance that the assigned level is the true one; consistency: that two independent measurements assign the same. Arrays per
    case: accuracy_each, consistency_each; per cut: accuracy_at, consistency_at.
    """

    accuracy: float
    consistency: float
    accuracy_each: Floats
    consistency_each: Floats
    accuracy_at: Floats
    consistency_at: Floats


def decision_quality(probabilities: ArrayLike, assigned: ArrayLike | None = None) -> DecisionQuality:
    """Decision accuracy and consistency from level probabilities (Rudner 2001; Lee 2010, doi:10.1111/j.1745-3984.2009.00096.x).

    probabilities: (cases, K). assigned: level given to each case, from 1; the most probable by default.
    """
    share = np.atleast_2d(np.asarray(probabilities, dtype=np.float64))
    level = share.argmax(axis=1) + 1 if assigned is None else np.atleast_1d(np.asarray(assigned))
    accuracy = share[np.arange(len(share)), level - 1]
    consistency = (share**2).sum(axis=1)
    above = 1.0 - np.cumsum(share, axis=1)[:, :-1]
    passed = level[:, None] > np.arange(1, share.shape[1])
    return DecisionQuality(
        accuracy=float(accuracy.mean()),
        consistency=float(consistency.mean()),
        accuracy_each=accuracy,
        consistency_each=consistency,
        accuracy_at=np.where(passed, above, 1.0 - above).mean(axis=0),
        consistency_at=(above**2 + (1.0 - above) ** 2).mean(axis=0),
    )


def sem_at_cuts(theta: ArrayLike, sd: ArrayLike, cuts: ArrayLike, *, bandwidth: float = 0.5) -> Floats:
    """Standard error of measurement near each cut: root mean posterior variance, weighted by closeness (normal, SD bandwidth logits).

    theta, sd: (cases,) estimates and posterior SDs. cuts: (cuts,). NaN where nobody is within four bandwidths.
    """
    place, spread, cut = (np.asarray(values, dtype=np.float64) for values in (theta, sd, cuts))
    apart = (place[:, None] - cut) / bandwidth
    weight = np.where(np.abs(apart) <= 4.0, np.exp(-0.5 * apart**2), 0.0)
    total = weight.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.sqrt((weight * spread[:, None] ** 2).sum(axis=0) / total))
