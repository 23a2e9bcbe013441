"""From theta and cutpoints to levels: P(level), the smallest set of levels, P(all required levels).

Levels count from 1; cut k (from 0) separates level k + 1 from level k + 2, so that five levels have four cuts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

__all__ = ["level_probabilities", "level_set", "normal_level_probabilities", "probability_all"]

Floats = NDArray[np.float64]

_TIE = 1e-12
_LATTICE_POINTS = 4096
_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97)


def level_probabilities(grid: ArrayLike, mass: ArrayLike, cuts: ArrayLike, se: ArrayLike = 0.0) -> Floats:
    """P(level = 1 .. L) from posteriors on grids, cutpoint uncertainty integrated.

    grid, mass: (.., nodes), equally spaced theta values and their probabilities. cuts: (L - 1,) rising. se: standard errors
    of the cuts, (L - 1,) or (.., L - 1). Returns (.., L), rows summing to 1. A node stands for the cell around it.

    >>> level_probabilities([-1.0, 0.0, 1.0], [0.25, 0.5, 0.25], [0.0]).round(3)
    array([0.5, 0.5])
    """
    theta, weight = np.asarray(grid, dtype=np.float64), np.asarray(mass, dtype=np.float64)
    cut, error = np.asarray(cuts, dtype=np.float64), np.asarray(se, dtype=np.float64)
    error = np.broadcast_to(error, (*theta.shape[:-1], len(cut)))
    width = theta[..., 1] - theta[..., 0]
    above = np.empty(error.shape)
    for k, one in enumerate(cut):
        half, spread = 0.5 * width[..., None], error[..., k, None]
        share = (_positive_part(theta - one + half, spread) - _positive_part(theta - one - half, spread)) / (2.0 * half)
        above[..., k] = (weight * share).sum(axis=-1)
    return _from_tails(above)


def _positive_part(distance: Floats, spread: Floats) -> Floats:
    """Expectation of max(distance + error, 0), error normal with SD spread: the integral of P(theta above the cut)."""
    scaled = distance / np.maximum(spread, _TIE)
    return np.asarray(
        distance * ndtr(scaled) + spread * np.exp(-0.5 * np.minimum(scaled**2, 1400.0)) / np.sqrt(2.0 * np.pi)
    )


def normal_level_probabilities(mean: ArrayLike, sd: ArrayLike, cuts: ArrayLike, se: ArrayLike = 0.0) -> Floats:
    """P(level = 1 .. L) for normal posteriors, exactly. mean, sd: (..); else as `level_probabilities`.

    >>> normal_level_probabilities(0.0, 1.0, [0.0, 2.0]).round(3)
    array([0.5  , 0.477, 0.023])
    """
    centre, spread = np.asarray(mean, dtype=np.float64)[..., None], np.asarray(sd, dtype=np.float64)[..., None]
    return _from_tails(ndtr((centre - np.asarray(cuts)) / np.sqrt(spread**2 + np.asarray(se) ** 2)))


def _from_tails(above: Floats) -> Floats:
    """Level probabilities from P(level > k), made non-increasing where unequal errors let tails cross."""
    tails = np.minimum.accumulate(np.clip(above, 0.0, 1.0), axis=-1)
    edge = np.ones((*tails.shape[:-1], 1))
    return np.asarray(-np.diff(np.concatenate([edge, tails, np.zeros_like(edge)], axis=-1), axis=-1))


def level_set(probabilities: ArrayLike, mass: float = 0.9) -> tuple[int, int, float]:
    """Smallest contiguous set of levels with at least `mass`: lowest level, highest level, its probability.

    Among sets of one size the most probable, and among equals the lowest.

    >>> level_set([0.02, 0.1, 0.5, 0.35, 0.03])
    (2, 4, 0.95)
    """
    share = np.asarray(probabilities, dtype=np.float64)
    total = np.concatenate([[0.0], np.cumsum(share)])
    for size in range(1, len(share) + 1):
        held = total[size:] - total[:-size]
        best = int(np.flatnonzero(held >= held.max() - _TIE)[0])
        if held[best] >= mass - _TIE or size == len(share):
            return best + 1, best + size, float(min(round(held[best], 12), 1.0))
    raise ValueError("probabilities are empty; one per level is needed")


def probability_all(
    mean: ArrayLike,
    covariance: ArrayLike,
    required: Sequence[int],
    cuts: ArrayLike,
    se: ArrayLike,
    *,
    marginals: Sequence[float] | None = None,
) -> float:
    """P(every skill is at its required level or above), skills correlated as in `covariance`.

    mean: (skills,). covariance: (skills, skills). required: level per skill, 1 asks for nothing. cuts, se: (skills, L - 1); cut errors are
    independent between skills. marginals: P(level >= required) per skill where better known than by the normal, for
    example from grids; they are then kept and only the dependence is normal. Integrated on a fixed lattice (Genz 1992,
    doi:10.1080/10618600.1992.10477010): deterministic, error below 1e-3.

    >>> round(probability_all([0.0, 0.0], [[1.0, 0.5], [0.5, 1.0]], [2, 2], [[0.0], [0.0]], [[0.0], [0.0]]), 3)
    0.333
    """
    centre, joint = np.asarray(mean, dtype=np.float64), np.asarray(covariance, dtype=np.float64)
    cut, error = np.asarray(cuts, dtype=np.float64), np.asarray(se, dtype=np.float64)
    asked = np.array([skill for skill, level in enumerate(required) if level > 1], dtype=np.int64)
    if not len(asked):
        return 1.0
    at = np.array([required[skill] - 2 for skill in asked])
    joint = joint[np.ix_(asked, asked)] + np.diag(error[asked, at] ** 2)
    spread = np.sqrt(np.diag(joint))
    if marginals is None:
        bound = (centre[asked] - cut[asked, at]) / spread
    else:
        bound = ndtri(np.clip(np.asarray(marginals, dtype=np.float64)[asked], 1e-12, 1.0 - 1e-12))
    return _orthant(bound, joint / np.outer(spread, spread))


def _orthant(bound: Floats, correlation: Floats) -> float:
    """P(Z <= bound) for Z ~ N(0, correlation): hardest bounds first, then Genz's transform on a Richtmyer lattice."""
    order = np.argsort(bound, kind="stable")
    bound, correlation = bound[order], correlation[np.ix_(order, order)]
    if len(bound) == 1:
        return float(ndtr(bound[0]))
    factor = np.linalg.cholesky(correlation + 1e-10 * np.eye(len(bound)))
    roots = np.sqrt(
        np.array([_PRIMES[d % len(_PRIMES)] + d // len(_PRIMES) for d in range(len(bound) - 1)], dtype=float)
    )
    steps = np.arange(1, _LATTICE_POINTS + 1)[:, None] * roots
    uniform = np.abs(2.0 * (steps - np.floor(steps)) - 1.0)
    reach = np.full(_LATTICE_POINTS, float(ndtr(bound[0] / factor[0, 0])))
    chance, normal = reach.copy(), np.empty((_LATTICE_POINTS, len(bound) - 1))
    for d in range(1, len(bound)):
        normal[:, d - 1] = ndtri(np.clip(uniform[:, d - 1] * reach, 1e-300, 1.0 - 1e-16))
        reach = ndtr((bound[d] - (normal[:, :d] * factor[d, :d]).sum(axis=1)) / factor[d, d])
        chance *= reach
    return float(chance.mean())
