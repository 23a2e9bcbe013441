"""Item difficulties that belong together: what human-rated items of one skill share, and what each has of its own.

Where marks mean levels, the questions about one skill ask about the same ladder: in a questionnaire, an interview or a panel. Taken as
independent, every skill of every source would have to find its own place on the scale, and a source with few ratings (a panel's decisions)
could tell next to nothing of the cutpoints. So::

    item_i = shared_s + own_i      shared_s ~ N(0, item_sd^2)      own_i ~ N(0, item_own_sd^2)

with the second SD estimated from the data. Items graded by machines have thresholds set by rules of their own and stay independent.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["item_covariance", "item_scale_step"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_LONGEST_STEP = 0.7


def item_covariance(skill: Integers, *, shared: float, own: float) -> Floats:
    """Prior covariance of the items, (items, items). skill: each item's, -1 for items that share nothing, whose SD is `shared`.

    >>> item_covariance(np.array([0, 0, -1]), shared=2.0, own=1.0)
    array([[5., 4., 0.],
           [4., 5., 0.],
           [0., 0., 4.]])
    """
    pooled = skill >= 0
    together = (skill[:, None] == skill[None, :]) & pooled[:, None]
    return np.asarray(shared**2 * (together | np.eye(len(skill), dtype=bool)) + np.diag(np.where(pooled, own**2, 0.0)))


def item_scale_step(
    own: float, skill: Integers, mean: Floats, covariance: Floats, *, shared: float, default: float, log_sd: float
) -> float:
    """The SD of what items have of their own after one scoring step (see `models.variances`).

    mean: (items,), covariance: (items, items), posterior of the items. default, log_sd: centre and SD of the prior on its logarithm.
    """
    pooled = np.flatnonzero(skill >= 0)
    if not len(pooled):
        return own
    prior = item_covariance(skill[pooled], shared=shared, own=own)
    inverse, among = np.linalg.inv(prior), covariance[np.ix_(pooled, pooled)]
    moment = inverse @ (np.outer(mean[pooled], mean[pooled]) + among - prior) @ inverse
    gradient = own**2 * np.trace(moment) - np.log(own / default) / log_sd**2
    known = own**2 * inverse @ (prior - among) @ inverse
    information = 2.0 * float((known * known.T).sum()) + 1.0 / log_sd**2
    return float(own * np.exp(np.clip(gradient / information, -_LONGEST_STEP, _LONGEST_STEP)))
