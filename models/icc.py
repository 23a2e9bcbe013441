"""Intraclass correlations: the share of a rating's variance that lies between subjects.

Written out because no library among the dependencies has them; the F distribution is SciPy's. They treat categories as numbers at equal
distances and raters as crossed with subjects. Ratings here are rarely so: the facets model is what levels rest on, and these are for
panels that rated the same people, and for comparison with what others report.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import f

from models.agreement import complete_rows

__all__ = ["intraclass_correlations"]

Floats = NDArray[np.float64]


def intraclass_correlations(table: ArrayLike, *, confidence: float = 0.95) -> pd.DataFrame:
    """The six coefficients of Shrout & Fleiss with the intervals of McGraw & Wong.

    doi:10.1037/0033-2909.86.2.420, doi:10.1037/1082-989X.1.1.30.

    table: one row per subject, one column per rater; rows with an empty cell are left out (n says how many remain), because the exact
    intervals hold for complete tables only.

    Returns estimate, low, high, n (subjects), raters by index ICC1, ICC2, ICC3, ICC1k, ICC2k, ICC3k: each subject rated by others (1), raters a
    sample and their severity counted as error (2, absolute agreement), these raters only, severity left aside (3, consistency); of one rating, or of the
    mean of all (k). Estimates can be negative, where raters disagree more than by chance. All NaN where ratings do not vary.

    Raises ValueError with fewer than two raters or two complete rows, or a confidence outside (0, 1).

    >>> intraclass_correlations([[1, 2], [2, 3], [4, 5]]).loc["ICC3", "estimate"].item()
    1.0
    """
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie between 0 and 1, found {confidence}")
    ratings = complete_rows(table)
    subjects, raters = ratings.shape
    if subjects < 2:
        raise ValueError("one subject was rated by all raters; at least two are needed")
    tail = 0.5 - confidence / 2
    rows = {"ICC1": _one_way(ratings, tail), "ICC2": _agreement(ratings, tail), "ICC3": _consistency(ratings, tail)}
    averages = {f"{name}k": _of_mean(values, raters) for name, values in rows.items()}
    found = pd.DataFrame.from_dict({**rows, **averages}, orient="index", columns=["estimate", "low", "high"])
    return found.assign(n=subjects, raters=raters)


def _mean_squares(ratings: Floats) -> tuple[float, float, float, float]:
    """Between subjects, within subjects, between raters, and error (the residual of both)."""
    subjects, raters = ratings.shape
    grand, by_subject, by_rater = ratings.mean(), ratings.mean(axis=1), ratings.mean(axis=0)
    within = float(((ratings - by_subject[:, None]) ** 2).sum())
    judges = subjects * float(((by_rater - grand) ** 2).sum())
    error = float(((ratings - by_subject[:, None] - by_rater + grand) ** 2).sum())
    return (
        raters * float(((by_subject - grand) ** 2).sum()) / (subjects - 1),
        within / (subjects * (raters - 1)),
        judges / (raters - 1),
        error / ((subjects - 1) * (raters - 1)),
    )


def _one_way(ratings: Floats, tail: float) -> Floats:
    subjects, raters = ratings.shape
    between, within, _, _ = _mean_squares(ratings)
    return _from_ratio(between, within, subjects - 1, subjects * (raters - 1), raters, tail)


def _consistency(ratings: Floats, tail: float) -> Floats:
    subjects, raters = ratings.shape
    between, _, _, error = _mean_squares(ratings)
    return _from_ratio(between, error, subjects - 1, (subjects - 1) * (raters - 1), raters, tail)


def _from_ratio(between: float, error: float, above: int, below: int, raters: int, tail: float) -> Floats:
    """(F - 1) / (F + k - 1) at F and at F's limits."""
    if between <= 0.0 and error <= 0.0:
        return np.full(3, np.nan)
    ratio = np.inf if error <= 0.0 else between / error
    limits = ratio * np.array([1.0, 1.0 / f.isf(tail, above, below), f.isf(tail, below, above)])
    return np.where(np.isinf(limits), 1.0, (limits - 1.0) / np.where(np.isinf(limits), 1.0, limits + raters - 1.0))


def _agreement(ratings: Floats, tail: float) -> Floats:
    """ICC(2, 1); its interval uses Satterthwaite's degrees of freedom."""
    n, k = ratings.shape
    between, _, judges, error = _mean_squares(ratings)
    total = between + (k - 1) * error + k * (judges - error) / n
    if total <= 0.0:
        return np.full(3, np.nan)
    estimate = (between - error) / total
    if error <= 0.0:
        return np.array([estimate, np.nan, np.nan])
    ratio, rest = judges / error, n * (1 + (k - 1) * estimate) - k * estimate
    freedom = (k - 1) * (n - 1) * (k * estimate * ratio + rest) ** 2 / ((n - 1) * (k * estimate * ratio) ** 2 + rest**2)
    high_f, low_f = f.isf(tail, n - 1, freedom), f.isf(tail, freedom, n - 1)
    spread = k * judges + (k * n - k - n) * error
    low = n * (between - high_f * error) / (high_f * spread + n * between)
    high = n * (low_f * between - error) / (spread + n * low_f * between)
    return np.array([estimate, low, high])


def _of_mean(one: Floats, raters: int) -> Floats:
    """Spearman-Brown for the mean of all raters."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(raters * one / (1.0 + (raters - 1) * one))
