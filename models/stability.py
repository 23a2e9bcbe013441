"""Whether what comes in, and how well it is foretold, is still what it was.

The population stability index compares two distributions; below a few hundred values it is mostly noise, so it comes with the value that chance alone
stays below in 95 % of cases. The cumulative sum watches the scores of forecasts one by one, each against what the forecast itself said it would score, so
that it needs no quiet period to learn from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2

from models.decisions import ranked_probability_score

__all__ = ["MOST", "PSI_LIMIT", "Stability", "cusum", "population_stability", "score_surprise"]

Floats = NDArray[np.float64]

PSI_LIMIT = 0.2
MOST = 3.0
"""For how many standard deviations one case counts at most in a cumulative sum."""

_HALF = 0.5


@dataclass(frozen=True, slots=True)
class Stability:
    """psi: 0 where both distributions are alike. chance: what it stays below in 95 % of cases if nothing changed. n: values before and after."""

    psi: float
    chance: float
    before: int
    after: int

    @property
    def moved(self) -> bool:
        """Above .2, and above what chance makes of so few values."""
        return self.psi > PSI_LIMIT and self.psi > self.chance


def population_stability(before: ArrayLike, after: ArrayLike) -> Stability:
    """Population stability index of two series of categories: sum of (a - b) ln(a / b) over the categories that occur.

    Half a case is added to every category. Under no change it is about (1 / n + 1 / m) times chi-squared on the categories less one (Yurdakul & Naranjo
    2020, doi:10.21314/JRMV.2020.227). NaN where a series is empty.

    >>> population_stability([1, 2, 3] * 50, [1, 2, 3] * 60).moved
    False
    """
    first, second = np.asarray(before), np.asarray(after)
    if not len(first) or not len(second):
        return Stability(float("nan"), float("nan"), len(first), len(second))
    names, code = np.unique(np.concatenate([first, second]), return_inverse=True)
    counts = [np.bincount(part, minlength=len(names)) + _HALF for part in (code[: len(first)], code[len(first) :])]
    one, other = (count / count.sum() for count in counts)
    chance = chi2.ppf(0.95, max(len(names) - 1, 1)) * (1.0 / len(first) + 1.0 / len(second))
    return Stability(float(((other - one) * np.log(other / one)).sum()), float(chance), len(first), len(second))


def score_surprise(probabilities: ArrayLike, level: ArrayLike) -> Floats:
    """How much worse each forecast scored than it said it would, in its own standard deviations: (cases,), mean 0 and SD 1 if forecasts are true.

    probabilities: (cases, K). level: true levels from 1. The score is the ranked probability score; a forecast that is certain and right has surprise 0.
    """
    share = np.atleast_2d(np.asarray(probabilities, dtype=np.float64))
    levels = share.shape[1]
    every = np.column_stack([ranked_probability_score(share, np.full(len(share), k)) for k in range(1, levels + 1)])
    mean = (share * every).sum(axis=1)
    spread = np.sqrt(np.maximum((share * every**2).sum(axis=1) - mean**2, 0.0))
    own = ranked_probability_score(share, level)
    return np.asarray(
        np.where(spread > 1e-9, (own - mean) / np.maximum(spread, 1e-9), np.where(own > mean + 1e-9, np.inf, 0.0))
    )


def cusum(surprise: ArrayLike, *, slack: float = 0.5, limit: float = 5.0) -> pd.DataFrame:
    """Upper cumulative sum S = max(0, S + surprise - slack), one row per case in the order given; signal where it passes the limit.

    Page 1954, doi:10.1093/biomet/41.1-2.100. With normal surprises a true forecaster sets off one false signal in about 900 cases, one who is a standard
    deviation worse is found after about 10. A single case counts for at most `MOST`, so that no one decision is a drift.
    """
    values = np.minimum(np.asarray(surprise, dtype=np.float64), MOST)
    total, sums = 0.0, np.empty(len(values))
    for place, value in enumerate(values):
        total = max(0.0, total + value - slack)
        sums[place] = total
    return pd.DataFrame({"sum": sums, "signal": sums > limit})
