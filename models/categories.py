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
from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Moments",
    "Steps",
    "averaged",
    "floor_moments",
    "hermite_nodes",
    "log_likelihood",
    "moments",
    "padded",
    "probabilities",
    "step_costs",
    "step_information",
]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_MOST_POWERS = 12
_LARGEST_EXPONENT = 450.0
"""With steps that sum to less than 250, no power overflows."""


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
    """Moments of the ratings of n rows, averaged over several predictor values (nodes).

    expected, variance: (n,). upper: (categories - 1, n) P(X >= j). cross: (categories - 1, n) cov(X, 1{X >= j}), expected over
    nodes as `variance` is. above, weighted: (categories - 1, nodes, n) P(X >= j) at each node, and times the node's mass. masses: (nodes, n).
    """

    expected: Floats
    variance: Floats
    upper: Floats
    cross: Floats
    above: Floats
    weighted: Floats
    masses: Floats


@cache
def hermite_nodes(count: int) -> tuple[Floats, Floats]:
    """Nodes and weights (sum 1) for expectations over a standard normal; read only."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(count)
    weights = weights / weights.sum()
    nodes.flags.writeable = weights.flags.writeable = False
    return nodes, weights


def padded(tau: Sequence[Floats]) -> Floats:
    """Steps of every format side by side, (categories - 1, formats), 0 beyond a format's last."""
    table = np.zeros((max(len(steps) for steps in tau), len(tau)))
    for column, steps in enumerate(tau):
        table[: len(steps), column] = steps
    return table


def probabilities(eta: Floats, cumulative: Floats) -> tuple[Floats, Floats]:
    """Category probabilities (categories, .., n) and the log normalising constants (.., n), at eta (.., n).

    cumulative: (categories, n), the column of `Steps.cumulative` that belongs to each row, or (categories, 1) where one serves all.
    """
    top = len(cumulative) - 1
    if top > _MOST_POWERS:
        return _shifted(eta, cumulative)
    # powers of one exponential; beyond the limit the highest category has it all, and the constant is a line
    limit = _LARGEST_EXPONENT / top
    inside = np.clip(eta, -limit, limit)
    growth, weight = np.exp(inside), np.exp(-_beside(cumulative, eta))
    chance = np.empty((top + 1, *eta.shape))
    chance[0] = 1.0
    power, total = growth.copy(), np.ones(eta.shape)
    for category in range(1, top + 1):
        np.multiply(power, weight[category], out=chance[category])
        total += chance[category]
        if category < top:
            power *= growth
    normaliser = np.log(total)
    beyond = eta > limit
    if beyond.any():
        highest = np.broadcast_to(np.isfinite(_beside(cumulative, eta)).sum(axis=0) - 1, eta.shape)
        normaliser[beyond] += (highest * (eta - inside))[beyond]
    np.reciprocal(total, out=total)
    chance *= total
    return chance, normaliser


def _shifted(eta: Floats, cumulative: Floats) -> tuple[Floats, Floats]:
    """The same for any number of categories, by logits less their largest."""
    logits = np.multiply.outer(np.arange(len(cumulative), dtype=np.float64), eta)
    logits -= _beside(cumulative, eta)
    highest = logits.max(axis=0)
    logits -= highest
    np.exp(logits, out=logits)
    total = logits.sum(axis=0)
    logits /= total
    return logits, np.asarray(highest + np.log(total))


def _beside(columns: Floats, eta: Floats) -> Floats:
    """(categories, n) as it stands beside (categories, .., n)."""
    return columns.reshape(len(columns), *(1,) * (eta.ndim - 1), columns.shape[1])


def step_costs(score: Integers, cumulative: Floats) -> Floats:
    """tau_1 + .. + tau_score of each rating (n,); cumulative as in `probabilities`."""
    return np.asarray(cumulative[score, 0 if cumulative.shape[1] == 1 else np.arange(len(score))])


def log_likelihood(eta: Floats, score: Integers, cumulative: Floats, floor: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Log-likelihood of each rating and its first derivative in eta, both (n,). floor: where it is of `score` or above."""
    chance, normaliser = probabilities(eta, cumulative)
    expected = chance[1].copy()
    for category in range(2, len(chance)):
        expected += category * chance[category]
    value = score * eta - step_costs(score, cumulative) - normaliser
    slope = score - expected
    if floor.any():
        share, mean, _ = floor_moments(chance[:, floor], score[floor])
        value[floor], slope[floor] = np.log(share), mean - expected[floor]
    return value, slope


def floor_moments(chance: Floats, score: Integers) -> tuple[Floats, Floats, Floats]:
    """P(X >= score), and mean and variance of X given that, each (.., n). chance: (categories, .., n), score: (n,).

    Truncation from below never widens a log-concave distribution, so P(X >= score) is log-concave in eta, and it only rises.
    """
    category = np.arange(len(chance), dtype=np.float64).reshape(-1, *(1,) * (chance.ndim - 1))
    kept = np.where(category >= score, chance, 0.0)
    share = np.maximum(kept.sum(axis=0), np.finfo(np.float64).tiny)
    mean = (category * kept).sum(axis=0) / share
    return share, mean, np.maximum((category**2 * kept).sum(axis=0) / share - mean**2, 0.0)


def moments(eta: Floats, cumulative: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of ratings at eta (n,); cumulative as in `probabilities`."""
    found = averaged(probabilities(eta[None], cumulative)[0], np.ones((1, len(eta))))
    return found.expected, found.variance


def averaged(chance: Floats, masses: Floats) -> Moments:
    """Moments averaged over several predictor values per row: chance (categories, nodes, n), masses (nodes, n).

    Takes `chance` over: it holds P(X >= j) afterwards. With T_j = P(X >= j), E[X] is the sum of the T_j and E[X; X >= j] is
    j T_j plus the sum of those above, which are linear and can be averaged first; only products remain to be averaged node by node.
    """
    above = chance[1:]
    for category in range(len(above) - 1, 0, -1):
        above[category - 1] += above[category]
    mean = above.sum(axis=0)
    weighted = masses * above
    upper = weighted.sum(axis=1)
    cross = np.empty_like(upper)
    running = np.zeros(upper.shape[1])
    for category in range(len(above) - 1, -1, -1):
        cross[category] = (category + 1) * upper[category] + running - (weighted[category] * mean).sum(axis=0)
        running += upper[category]
    return Moments(running, np.maximum(cross.sum(axis=0), 0.0), upper, cross, above, weighted, masses)


def step_information(found: Moments, weight: Floats, format_of_row: Integers, formats: int) -> Floats:
    """cov(1{X >= j}, 1{X >= k}) summed with weights (n,) over the rows of each format: (formats, categories - 1, categories - 1).

    The covariance is P(X >= max(j, k)) - P(X >= j) P(X >= k).
    """
    steps = len(found.upper)
    total = np.empty((formats, steps, steps))
    if formats == 1:
        sums = found.upper @ weight
        later = np.maximum.outer(np.arange(steps), np.arange(steps))
        products = (found.weighted * weight).reshape(steps, -1) @ found.above.reshape(steps, -1).T
        total[0] = sums[later] - products
        return total
    for one in range(steps):
        for other in range(one, steps):
            both = found.upper[other] - (found.weighted[one] * found.above[other]).sum(axis=0)
            total[:, one, other] = np.bincount(format_of_row, weights=weight * both, minlength=formats)
            total[:, other, one] = total[:, one, other]
    return total
