"""Decision accuracy and consistency of a raw composite score, from its distribution and reliability alone (Livingston & Lewis 1995).

For scores that no model stands behind: a mean over a form, a points total. Where there is a posterior per person,
`models.decisions` is better, because error differs between people. No library among the dependencies has the method.

The score is taken for the sum of `n` equally hard independent yes/no items, n so large that its reliability is the stated one
(effective test length). True scores follow a four-parameter beta distribution with the moments that such a sum implies (Hanson
1991, ACT research report 91-5); observed ones are binomial about them. A cut lies at the nearest whole number of those items.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import beta, binom

__all__ = ["LivingstonLewis", "TrueScores", "livingston_lewis", "true_score_distribution"]

Floats = NDArray[np.float64]

_NODES = 400
_ORDERS = 4


@dataclass(frozen=True, slots=True)
class TrueScores:
    """Beta distribution of true scores on 0 .. 1: shapes a and b between lower and upper. length: the effective test length.

    parameters: 4, or 2 where the moments ask for bounds outside 0 .. 1, which are then 0 and 1.
    """

    a: float
    b: float
    lower: float
    upper: float
    length: float
    parameters: int


@dataclass(frozen=True, slots=True)
class LivingstonLewis:
    """confusion: (categories, categories) P(true category, observed one). joint: P(observed, observed again). kappa: of the latter.

    accuracy, consistency: of all categories at once; accuracy_at, consistency_at: (cuts,) of each cut alone.
    """

    true_scores: TrueScores
    confusion: Floats
    joint: Floats
    accuracy: float
    consistency: float
    kappa: float
    accuracy_at: Floats
    consistency_at: Floats


def livingston_lewis(
    scores: ArrayLike, reliability: float, cuts: ArrayLike, *, lowest: float, highest: float
) -> LivingstonLewis:
    """Accuracy and consistency of placing people by cuts on a raw score (Livingston & Lewis 1995, doi:10.1111/j.1745-3984.1995.tb00462.x).

    scores: (people,) observed. reliability: theirs, between 0 and 1. cuts: rising, on the scores' own scale; a score at a cut is above it. lowest,
    highest: the ends of the scale, not the lowest and highest found. Raises ValueError for scores outside the scale, a reliability not
    between 0 and 1, or cuts that do not rise within the scale.
    """
    observed, cut = np.asarray(scores, dtype=np.float64), np.atleast_1d(np.asarray(cuts, dtype=np.float64))
    if (np.diff(cut) <= 0).any() or (cut <= lowest).any() or (cut >= highest).any():
        raise ValueError(f"cuts must rise and lie between {lowest:g} and {highest:g}, found {cut.tolist()}")
    truth = true_score_distribution(observed, reliability, lowest=lowest, highest=highest)
    share = (cut - lowest) / (highest - lowest)
    length = max(1, round(truth.length))
    confusion, joint = _tables(truth, share, length, np.round(share * length) - 1.0)
    margin = joint.sum(axis=0)
    consistency, chance = float(np.trace(joint)), float((margin**2).sum())
    return LivingstonLewis(
        true_scores=truth,
        confusion=confusion,
        joint=joint,
        accuracy=float(np.trace(confusion)),
        consistency=consistency,
        kappa=float("nan") if chance >= 1.0 else (consistency - chance) / (1.0 - chance),
        accuracy_at=_at_cuts(confusion),
        consistency_at=_at_cuts(joint),
    )


def true_score_distribution(scores: ArrayLike, reliability: float, *, lowest: float, highest: float) -> TrueScores:
    """True scores with the mean, variance, skewness and kurtosis that the observed ones imply; arguments as in `livingston_lewis`.

    Falls back to two parameters (bounds 0 and 1, mean and variance kept) where four are impermissible
    or the effective length is not above four. Raises ValueError too for a length of two or less.
    """
    observed = np.asarray(scores, dtype=np.float64)
    if not 0.0 < reliability < 1.0:
        raise ValueError(f"reliability must lie between 0 and 1, found {reliability}")
    if len(observed) < 2 or observed.min() < lowest or observed.max() > highest:
        raise ValueError(f"at least two scores between {lowest:g} and {highest:g} are needed")
    mean, variance = observed.mean(), observed.var(ddof=1)
    if variance <= 0:
        raise ValueError("all scores are equal: nothing can be told about decisions between them")
    length = ((mean - lowest) * (highest - mean) - reliability * variance) / (variance * (1.0 - reliability))
    if length <= 2.0:
        raise ValueError(
            f"the effective test length is {length:.1f}, too short to tell: the scores lie at the ends of the scale"
        )
    moments = _raw_moments((observed - lowest) / (highest - lowest) * length, length)
    four = _four_parameters(moments) if length > _ORDERS else None
    if four is None:
        spread = moments[1] - moments[0] ** 2
        total = moments[0] * (1.0 - moments[0]) / spread - 1.0
        return TrueScores(moments[0] * total, (1.0 - moments[0]) * total, 0.0, 1.0, float(length), 2)
    return TrueScores(*four, float(length), 4)


def _raw_moments(scores: Floats, length: float) -> list[float]:
    """First four raw moments of the true score, by factorial moments of the binomial sum."""
    moments, product, falling = [], np.ones_like(scores), 1.0
    for order in range(_ORDERS):
        product = product * (scores - order)
        falling *= length - order
        moments.append(float(product.mean()) / falling)
    return moments


def _four_parameters(moments: list[float]) -> tuple[float, float, float, float] | None:
    """a, b, lower, upper of the beta with these raw moments; None where there is none within 0 .. 1."""
    mean, second, third, fourth = moments
    variance = second - mean**2
    if variance <= 0:
        return None
    skewness = (third - 3 * mean * second + 2 * mean**3) / variance**1.5
    kurtosis = (fourth - 4 * mean * third + 6 * mean**2 * second - 3 * mean**4) / variance**2
    rest = 6 + 3 * skewness**2 - 2 * kurtosis
    total = 6 * (kurtosis - skewness**2 - 1) / rest if rest else np.inf
    below = (total + 2) * (total + 3) * kurtosis - 3 * (total - 6) * (total + 1)
    if not 0 < total < np.inf or below <= 0 or 24 * (total + 1) > below:
        return None
    apart = float(np.sqrt(1 - 24 * (total + 1) / below))
    larger, smaller = total / 2 * (1 + apart), total / 2 * (1 - apart)
    a, b = (larger, smaller) if skewness < 0 else (smaller, larger)
    if smaller <= 0:
        return None
    reach = float(np.sqrt(variance * (a + b + 1) / (a * b)))
    lower, upper = mean - a * reach, mean + b * reach
    return (a, b, lower, upper) if lower >= 0 and upper <= 1 else None


def _tables(truth: TrueScores, share: Floats, length: int, last: Floats) -> tuple[Floats, Floats]:
    """confusion and joint tables, true scores integrated between the cuts by Gauss-Legendre on their quantiles."""
    inner = np.clip((share - truth.lower) / (truth.upper - truth.lower), 0.0, 1.0)
    edges = np.concatenate([[0.0], beta.cdf(inner, truth.a, truth.b), [1.0]])
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    size = len(edges) - 1
    confusion, joint = np.zeros((size, size)), np.zeros((size, size))
    for category, (low, high) in enumerate(pairwise(edges)):
        quantile = beta.ppf(low + (high - low) * (nodes + 1.0) / 2.0, truth.a, truth.b)
        score = truth.lower + (truth.upper - truth.lower) * quantile
        below = np.vstack([np.zeros(_NODES), binom.cdf(last[:, None], length, score), np.ones(_NODES)])
        chance, mass = np.diff(below, axis=0), weights * (high - low) / 2.0
        confusion[category] = chance @ mass
        joint += (chance * mass) @ chance.T
    return confusion, joint


def _at_cuts(table: Floats) -> Floats:
    """P(both on the same side of each cut)."""
    return np.array([table[:cut, :cut].sum() + table[cut:, cut:].sum() for cut in range(1, len(table))])
