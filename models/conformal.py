"""Contiguous sets of levels that hold the true one with a stated share, whatever is wrong with the probabilities (split conformal).

Levels count from 1. Each level of a row gets a score: around the median level a window grows by the likelier neighbour, and a level's score is the
probability inside the window before it joined plus half its own. Rows of labelled people give the scores' quantile; a set holds all levels up
to it. Windows are nested, so sets are contiguous and hold the median level by construction (Lu et al. 2022, arXiv:2207.02238, grow from the mode); half the own
probability instead of all or none of it leaves hardly any ties, so that coverage is near its nominal value instead of above.

What is promised: over people like the labelled ones, (1 - alpha) of the sets hold the true level, on average. It is not a promise for one person, nor for people selected
otherwise than the labelled ones, nor after drift.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import betabinom

from models.recalibration import checked_levels, checked_probabilities

__all__ = [
    "ConformalSets",
    "Coverage",
    "conformal_band",
    "conformal_scores",
    "conformal_sets",
    "fit_conformal",
    "set_coverage",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_SAME = 1e-9


def conformal_scores(probabilities: ArrayLike) -> Floats:
    """(n, K) score of each level in each row, from 0 for the median level of a sure row to 1 for the last level to join.

    >>> conformal_scores([[0.1, 0.6, 0.3]]).round(2)
    array([[0.95, 0.3 , 0.75]])
    """
    share = checked_probabilities(probabilities)
    rows, count = share.shape
    every = np.arange(rows)
    low = np.minimum((np.cumsum(share, axis=1) < 0.5 - _SAME).sum(axis=1), count - 1)
    high = low.copy()
    score = np.empty_like(share)
    inside = share[every, low].copy()
    score[every, low] = 0.5 * inside
    padded = np.column_stack([np.full(rows, -1.0), share, np.full(rows, -1.0)])
    for _ in range(count - 1):
        left, right = padded[every, low], padded[every, high + 2]
        down = left > right + _SAME
        joined = np.where(down, low - 1, high + 1)
        own = share[every, joined]
        score[every, joined] = inside + 0.5 * own
        inside += own
        low, high = np.where(down, joined, low), np.where(down, high, joined)
    return np.asarray(np.round(score, 12))


@dataclass(frozen=True, slots=True)
class ConformalSets:
    """A fitted cut on scores. alpha: share of sets allowed to miss. people, labels: it was fitted to. cut: largest score inside (infinite: all levels)."""

    alpha: float
    levels: int
    people: int
    labels: int
    cut: float

    def sets(self, probabilities: ArrayLike) -> Ints:
        """(n, 2) lowest and highest level of each set, never empty: the median level is always inside."""
        score = conformal_scores(checked_probabilities(probabilities, self.levels))
        inside = score <= np.maximum(self.cut, score.min(axis=1, keepdims=True))
        return np.column_stack([inside.argmax(axis=1) + 1, self.levels - inside[:, ::-1].argmax(axis=1)]).astype(
            np.int64
        )

    def as_mapping(self) -> dict[str, Any]:
        """JSON values; an infinite cut is null."""
        return {**asdict(self), "cut": self.cut if np.isfinite(self.cut) else None}

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> ConformalSets:
        """The sets of an `as_mapping`."""
        cut = np.inf if mapping["cut"] is None else float(mapping["cut"])
        return cls(float(mapping["alpha"]), int(mapping["levels"]), int(mapping["people"]), int(mapping["labels"]), cut)


def fit_conformal(
    probabilities: ArrayLike, levels: ArrayLike, *, groups: ArrayLike | None = None, alpha: float = 0.1
) -> ConformalSets:
    """The cut from labelled people. probabilities must not have been fitted to these labels (out-of-fold ones serve).

    Every person weighs the same however many labels they have (hierarchical conformal prediction: Lee, Barber & Willett 2023, arXiv:2306.06342). With
    fewer than 1 / alpha - 1 people the cut is infinite and sets hold all levels. Raises LabelError, and ValueError for alpha outside (0, 1).
    """
    share, level, whose = checked_levels(probabilities, levels, groups)
    _check_alpha(alpha)
    people = int(whose.max()) + 1 if len(whose) else 0
    cut = np.inf
    if people:
        score = conformal_scores(share)[np.arange(len(level)), level - 1]
        cut = _quantile(score, whose, people, alpha)
    return ConformalSets(alpha, share.shape[1], people, len(level), cut)


def _quantile(score: Floats, whose: Ints, people: int, alpha: float) -> float:
    """Smallest score up to which people hold a weight of 1 - alpha, one more person of unknown score being counted."""
    order = np.argsort(score, kind="stable")
    held = np.cumsum((1.0 / np.bincount(whose, minlength=people)[whose])[order])
    enough = np.flatnonzero(held >= (1.0 - alpha) * (people + 1) - _SAME)
    return float(score[order][enough[0]]) if len(enough) else np.inf


def conformal_sets(
    probabilities: ArrayLike,
    levels: ArrayLike,
    others: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    alpha: float = 0.1,
) -> Ints:
    """(m, 2) lowest and highest level for the rows of `others`, from the labelled rows of `probabilities`: fit and sets in one.

    >>> conformal_sets([[0.8, 0.1, 0.1]] * 19, [1] * 18 + [2], [[0.7, 0.2, 0.1]], alpha=0.1)
    array([[1, 1]])
    """
    return fit_conformal(probabilities, levels, groups=groups, alpha=alpha).sets(others)


def conformal_band(
    n_calibration: int, n_test: int, alpha: float = 0.1, *, confidence: float = 0.95
) -> tuple[float, float]:
    """Where the share of covered test people lies with `confidence`, the cut being drawn from n_calibration people: beta-binomial.

    With n calibration people and l = floor((n + 1) alpha), coverage given the cut is Beta(n + 1 - l, l), and the covered of m test people are
    beta-binomial. Both count people. (1, 1) where l is 0 and sets hold all levels.

    >>> conformal_band(199, 200, 0.1)
    (0.835, 0.955)
    """
    _check_alpha(alpha)
    if n_calibration < 0 or n_test < 1:
        raise ValueError(
            f"people must be counted from 0 (calibration) and 1 (test), found {n_calibration} and {n_test}"
        )
    left = int(np.floor((n_calibration + 1) * alpha + _SAME))
    if left == 0:
        return 1.0, 1.0
    law = betabinom(n_test, n_calibration + 1 - left, left)
    return float(law.ppf((1.0 - confidence) / 2.0)) / n_test, float(law.ppf((1.0 + confidence) / 2.0)) / n_test


def _check_alpha(alpha: float) -> None:
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha must lie between 0 and 1, found {alpha!r}")


@dataclass(frozen=True, slots=True)
class Coverage:
    """Coverage of conformal sets on test people. covered: share of sets with the true level. untied: the same with ties of scores broken at random and empty sets
    left empty, whose law is the band. band: of `conformal_band`. size: mean number of levels. holds: whether untied is inside the band,
    so that whatever covered has above it comes from ties alone.
    """

    covered: float
    untied: float
    band: tuple[float, float]
    size: float
    people: int
    holds: bool


def set_coverage(
    fitted: ConformalSets,
    calibration: tuple[ArrayLike, ArrayLike],
    test: tuple[ArrayLike, ArrayLike],
    *,
    rng: np.random.Generator,
    groups: tuple[ArrayLike | None, ArrayLike | None] = (None, None),
    confidence: float = 0.95,
) -> Coverage:
    """Judge the sets on test people. calibration, test: (probabilities, levels); groups: of the rows of each.

    People weigh the same, as in the fit. With several rows a person the band is too wide, never too narrow.
    """
    known, level, whose = checked_levels(*calibration, groups[0])
    share, truth, person = checked_levels(*test, groups[1])
    weight = 1.0 / np.bincount(person)[person]
    sets = fitted.sets(share)
    inside = (sets[:, 0] <= truth) & (truth <= sets[:, 1])
    order = _broken(known, level, rng), _broken(share, truth, rng)
    ranks = np.unique(np.concatenate(order), return_inverse=True)[1].astype(np.float64)
    cut = _quantile(ranks[: len(level)], whose, int(whose.max()) + 1, fitted.alpha)
    untied = float(np.average(ranks[len(level) :] <= cut, weights=weight))
    people = int(person.max()) + 1
    band = conformal_band(fitted.people, people, fitted.alpha, confidence=confidence)
    return Coverage(
        covered=float(np.average(inside, weights=weight)),
        untied=untied,
        band=band,
        size=float(np.average(sets[:, 1] - sets[:, 0] + 1, weights=weight)),
        people=people,
        holds=band[0] - _SAME <= untied <= band[1] + _SAME,
    )


def _broken(share: Floats, level: Ints, rng: np.random.Generator) -> Floats:
    """Scores of the true levels, equal ones told apart by a number too small to change any other order."""
    score = conformal_scores(share)[np.arange(len(level)), level - 1]
    return np.asarray(np.round(score, 9) + 1e-10 * rng.random(len(score)))
