"""Adjacent-category response probabilities and their moments, over rows of several response formats at once.

For one rating with linear predictor eta on a format with steps tau_1 .. tau_{K-1}::

    log P(X = k) / P(X = k - 1) = eta - tau_k          k = 1 .. K - 1, X counted from 0

(Andrich 1978, doi:10.1007/BF02293814; Linacre's many-facet form with eta = theta - item - severity.) It is an exponential
family with sufficient statistics X for eta and -1{X >= j} for tau_j, so gradients are residuals and the information is the
covariance of those statistics. Arrays hold categories on the first axis because numpy then runs along the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Moments",
    "Steps",
    "averaged",
    "averaged_variance",
    "floor_moments",
    "hermite_nodes",
    "log_likelihood",
    "moments",
    "probabilities",
]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Steps:
    """Step difficulties tau of every response format, as cumulative sums.

    cumulative: (categories, formats); row k holds tau_1 + .. + tau_k, row 0 zero, +inf beyond a format's last category.
    """

    cumulative: Floats

    @classmethod
    def of(cls, tau: Sequence[Floats]) -> Steps:
        """From one array of steps tau_1 .. tau_{K-1} per format."""
        highest = max(len(steps) for steps in tau)
        cumulative = np.full((highest + 1, len(tau)), np.inf)
        cumulative[0] = 0.0
        for column, steps in enumerate(tau):
            cumulative[1 : len(steps) + 1, column] = np.cumsum(steps)
        return cls(cumulative)


@dataclass(frozen=True, slots=True)
class Moments:
    """Moments of the ratings of n rows, at one predictor value or averaged over several.

    expected, variance: (n,). upper: (categories - 1, n) P(X >= j).
    cross: (categories - 1, n) cov(X, 1{X >= j}). step_information: per format, the summed weighted covariance
    of the indicators 1{X >= j}.
    """

    expected: Floats
    variance: Floats
    upper: Floats
    cross: Floats
    step_information: tuple[Floats, ...]


def hermite_nodes(count: int) -> tuple[Floats, Floats]:
    """Nodes and weights (sum 1) for expectations over a standard normal."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(count)
    return nodes, weights / weights.sum()


def probabilities(eta: Floats, cumulative: Floats) -> tuple[Floats, Floats]:
    """Category probabilities (categories, n) and the log normalising constants (n,).

    cumulative: (categories, n), the column of `Steps.cumulative` that belongs to each row.
    """
    logits = np.multiply.outer(np.arange(len(cumulative), dtype=np.float64), eta)
    logits -= cumulative
    highest = logits.max(axis=0)
    logits -= highest
    np.exp(logits, out=logits)
    total = logits.sum(axis=0)
    logits /= total
    return logits, highest + np.log(total)


def log_likelihood(eta: Floats, score: Integers, cumulative: Floats, floor: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Log-likelihood of each rating and its first derivative in eta, both (n,). floor: where it is of `score` or above."""
    chance, normaliser = probabilities(eta, cumulative)
    expected = (np.arange(len(cumulative), dtype=np.float64)[:, None] * chance).sum(axis=0)
    value = score * eta - cumulative[score, np.arange(len(eta))] - normaliser
    slope = score - expected
    if floor.any():
        share, mean, _ = floor_moments(chance[:, floor], score[floor])
        value[floor], slope[floor] = np.log(share), mean - expected[floor]
    return value, slope


def floor_moments(chance: Floats, score: Integers) -> tuple[Floats, Floats, Floats]:
    """P(X >= score), and mean and variance of X given that, each (n,). chance: (categories, n).

    Truncation from below never widens a log-concave distribution, so P(X >= score) is log-concave in eta, and it only rises.
    """
    category = np.arange(len(chance), dtype=np.float64)[:, None]
    kept = np.where(category >= score, chance, 0.0)
    share = np.maximum(kept.sum(axis=0), np.finfo(np.float64).tiny)
    mean = (category * kept).sum(axis=0) / share
    return share, mean, np.maximum((category**2 * kept).sum(axis=0) / share - mean**2, 0.0)


def moments(
    eta: Floats,
    weight: Floats,
    cumulative: Floats,
    formats: Sequence[Integers],
) -> Moments:
    """Moments at eta. eta, weight: (n,). cumulative: (categories, n). formats: the rows of each response format."""
    return averaged([probabilities(eta, cumulative)[0]], np.ones((1, len(eta))), weight, formats)


def averaged(chances: Sequence[Floats], masses: Floats, weight: Floats, formats: Sequence[Integers]) -> Moments:
    """Moments averaged over several predictor values per row: chances[j] (categories, n) has mass masses[j] (n,).

    weight: (n,), of the rows in `step_information`.
    """
    categories, rows = chances[0].shape
    expected, variance = np.zeros(rows), np.zeros(rows)
    upper, cross = np.zeros((categories - 1, rows)), np.zeros((categories - 1, rows))
    information = [np.zeros((categories - 1, categories - 1)) for _ in formats]
    for chance, mass in zip(chances, masses, strict=True):
        above, partial = _tail_sums(chance)
        mean = above.sum(axis=0)
        partial -= mean * above
        expected += mass * mean
        variance += mass * partial.sum(axis=0)
        upper += mass * above
        cross += mass * partial
        _add_step_information(information, above, mass * weight, formats)
    return Moments(expected, variance, upper, cross, tuple(information))


def averaged_variance(chances: Sequence[Floats], masses: Floats) -> Floats:
    """Expected conditional variance of each rating, (n,); arguments as in `averaged`."""
    variance = np.zeros(masses.shape[1])
    for chance, mass in zip(chances, masses, strict=True):
        first, second = np.zeros_like(mass), np.zeros_like(mass)
        for category in range(1, len(chance)):
            first += category * chance[category]
            second += category**2 * chance[category]
        variance += mass * (second - first**2)
    return variance


def _tail_sums(chance: Floats) -> tuple[Floats, Floats]:
    """P(X >= j) and E[X; X >= j] for j = 1 .. categories - 1."""
    above, partial = np.empty_like(chance[1:]), np.empty_like(chance[1:])
    running, moment = np.zeros(chance.shape[1]), np.zeros(chance.shape[1])
    for category in range(len(chance) - 1, 0, -1):
        running += chance[category]
        moment += category * chance[category]
        above[category - 1] = running
        partial[category - 1] = moment
    return above, partial


def _add_step_information(
    information: list[Floats], above: Floats, weight: Floats, formats: Sequence[Integers]
) -> None:
    """Add cov(1{X >= j}, 1{X >= k}) = P(X >= max(j, k)) - P(X >= j) P(X >= k), summed over each format's rows."""
    for total, rows in zip(information, formats, strict=True):
        tails, mass = above[:, rows], weight[rows]
        weighted = tails * mass
        sums = weighted.sum(axis=1)
        later = np.maximum.outer(np.arange(len(sums)), np.arange(len(sums)))
        total += sums[later] - weighted @ tails.T
