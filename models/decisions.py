"""How good level decisions are: ranked probability score, accuracy, consistency, and the error of measurement at the cuts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.levels import level_probabilities, normal_level_probabilities

__all__ = [
    "DecisionQuality",
    "decision_quality",
    "grid_decision_quality",
    "normal_decision_quality",
    "ranked_probability_score",
    "ranked_probability_skill",
    "sem_at_cuts",
]

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


def ranked_probability_skill(probabilities: ArrayLike, level: ArrayLike, reference: ArrayLike | None = None) -> float:
    """1 less the mean ranked probability score over that of a reference: 1 is perfect, 0 no better, below 0 worse.

    reference: (K,) or (cases, K) probabilities; by default how often each level occurs in `level`, which no forecast made beforehand knows.
    NaN where the reference is never wrong.

    >>> ranked_probability_skill([[0.5, 0.5], [0.5, 0.5]], [1, 2])
    0.0
    """
    share, truth = np.atleast_2d(np.asarray(probabilities, dtype=np.float64)), np.atleast_1d(np.asarray(level))
    if reference is None:
        reference = np.bincount(truth - 1, minlength=share.shape[1]) / len(truth)
    known = np.broadcast_to(np.asarray(reference, dtype=np.float64), share.shape)
    base = float(ranked_probability_score(known, truth).mean())
    return float("nan") if base == 0 else 1.0 - float(ranked_probability_score(share, truth).mean()) / base


@dataclass(frozen=True, slots=True)
class DecisionQuality:
    """Expected accuracy and consistency of decisions, over all levels at once and at each cut alone.

    accuracy: chance that the assigned level is the true one; consistency: that two independent measurements assign the same. Arrays per
    case: accuracy_each, consistency_each; per cut: accuracy_at, consistency_at; per case and cut: accuracy_each_at, consistency_each_at.
    """

    accuracy: float
    consistency: float
    accuracy_each: Floats
    consistency_each: Floats
    accuracy_at: Floats
    consistency_at: Floats
    accuracy_each_at: Floats
    consistency_each_at: Floats


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
    right, same = np.where(passed, above, 1.0 - above), above**2 + (1.0 - above) ** 2
    return DecisionQuality(
        accuracy=float(accuracy.mean()),
        consistency=float(consistency.mean()),
        accuracy_each=accuracy,
        consistency_each=consistency,
        accuracy_at=right.mean(axis=0),
        consistency_at=same.mean(axis=0),
        accuracy_each_at=right,
        consistency_each_at=same,
    )


def normal_decision_quality(mean: ArrayLike, sd: ArrayLike, cuts: ArrayLike) -> DecisionQuality:
    """`decision_quality` of normal posteriors, exactly; the level assigned is the mean's (a mean at a cut lies above it), as Rudner has it.

    mean, sd: (cases,), logits. cuts: (L - 1,) rising.
    """
    centre, cut = np.atleast_1d(np.asarray(mean, dtype=np.float64)), np.asarray(cuts, dtype=np.float64)
    return decision_quality(normal_level_probabilities(centre, sd, cut), np.searchsorted(cut, centre, side="right") + 1)


def grid_decision_quality(grid: ArrayLike, mass: ArrayLike, cuts: ArrayLike) -> DecisionQuality:
    """`decision_quality` of posteriors on grids; the level assigned is the mean's.

    grid, mass: (cases, nodes) equally spaced thetas and their probabilities, as `models.levels.level_probabilities` takes them.
    """
    theta, weight = np.asarray(grid, dtype=np.float64), np.asarray(mass, dtype=np.float64)
    mean = (theta * weight).sum(axis=-1) / weight.sum(axis=-1)
    assigned = np.searchsorted(np.asarray(cuts, dtype=np.float64), mean, side="right") + 1
    return decision_quality(level_probabilities(theta, weight, cuts), assigned)


def sem_at_cuts(theta: ArrayLike, sd: ArrayLike, cuts: ArrayLike, *, bandwidth: float = 0.5) -> Floats:
    """Standard error of measurement near each cut: root mean posterior variance, weighted by closeness (normal, SD bandwidth logits).

    theta, sd: (cases,) estimates and posterior SDs. cuts: (cuts,), or any other places on the scale: error differs along it, and its mean
    over everybody says little about those who stand at a decision. NaN where nobody is within four bandwidths.
    """
    place, spread, cut = (np.asarray(values, dtype=np.float64) for values in (theta, sd, cuts))
    apart = (place[:, None] - cut) / bandwidth
    weight = np.where(np.abs(apart) <= 4.0, np.exp(-0.5 * apart**2), 0.0)
    total = weight.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.sqrt((weight * spread[:, None] ** 2).sum(axis=0) / total))
