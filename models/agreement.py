"""Agreement of raters who put the same subjects into ordered categories.

`models.icc` holds the intraclass correlations. All of it is written here on purpose. scikit-learn's `cohen_kappa_score` weighs by a
category's place among those that occur, so that a scale of 1 .. 5 on which nobody gave a 3 would count 2 and 4 as neighbours; here the
values themselves are weighed, and where every category occurs the two agree. No library among the dependencies has the other coefficients.

Tables hold one row per subject and one column per rater, numbers for categories, NaN where a rater did not rate.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from models.bootstrap import Interval, cluster_bootstrap

__all__ = [
    "complete_rows",
    "fleiss_kappa",
    "kappa_interval",
    "kendall_w",
    "krippendorff_alpha",
    "mean_pairwise_kappa",
    "quadratic_weighted_kappa",
    "weighted_kappa",
]

Floats = NDArray[np.float64]
Weights = Literal["nominal", "linear", "quadratic"]
Metric = Literal["nominal", "ordinal", "interval", "ratio"]

_DISTANCE: dict[str, Callable[[Floats], Floats]] = {
    "nominal": lambda apart: (apart != 0).astype(np.float64),
    "linear": np.abs,
    "quadratic": np.square,
}


def weighted_kappa(first: ArrayLike, second: ArrayLike, weights: Weights = "quadratic") -> float:
    """Cohen's kappa with weights on the values' distance (Cohen 1968, doi:10.1037/h0026256).

    first, second: equally long numeric categories; pairs with a NaN are left out. 1 is perfect, 0 chance; NaN where both are constant
    and the same, so that chance agreement is perfect too. Raises ValueError for unequal lengths, no pairs or unknown weights.

    >>> weighted_kappa([1, 1, 2, 2], [1, 2, 1, 2], "linear")
    0.0
    """
    if weights not in _DISTANCE:
        raise ValueError(f"weights must be one of {', '.join(_DISTANCE)}, found {weights!r}")
    one, other = _pairs(first, second)
    values, code = np.unique(np.concatenate([one, other]), return_inverse=True)
    share = np.bincount(code[: len(one)], minlength=len(values)), np.bincount(code[len(one) :], minlength=len(values))
    distance = _DISTANCE[weights](values[:, None] - values)
    expected = float(share[0] @ distance @ share[1]) / len(one) ** 2
    observed = float(_DISTANCE[weights](one - other).mean())
    return float("nan") if expected == 0 else 1.0 - observed / expected


def quadratic_weighted_kappa(first: ArrayLike, second: ArrayLike) -> float:
    """`weighted_kappa` with quadratic weights.

    >>> quadratic_weighted_kappa([1, 2, 3, 4], [1, 2, 3, 4])
    1.0
    """
    one, other = _pairs(first, second)
    observed = float(np.mean((one - other) ** 2))
    expected = float(one.var() + other.var() + (one.mean() - other.mean()) ** 2)
    return float("nan") if expected == 0 else 1.0 - observed / expected


def kappa_interval(
    first: ArrayLike,
    second: ArrayLike,
    *,
    rng: np.random.Generator,
    groups: ArrayLike | None = None,
    weights: Weights = "quadratic",
    replicates: int = 1000,
    confidence: float = 0.95,
) -> Interval:
    """`weighted_kappa` with its bootstrap interval; groups: the person (or committee) of each pair, drawn whole.

    >>> found = kappa_interval([1, 2, 3, 4, 5, 1], [1, 2, 3, 5, 4, 2], rng=np.random.default_rng(0))
    >>> found.low < found.estimate < found.high
    True
    """
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != other.shape or one.ndim != 1:
        raise ValueError(f"the series must be equally long and flat, found shapes {one.shape} and {other.shape}")
    label = np.arange(len(one)) if groups is None else np.asarray(groups)
    if label.shape != one.shape:
        raise ValueError(f"one group is needed for each of the {len(one)} pairs, found {label.shape}")
    both = np.isfinite(one) & np.isfinite(other)
    one, other = one[both], other[both]
    return cluster_bootstrap(
        lambda rows: weighted_kappa(one[rows], other[rows], weights),
        label[both],
        rng=rng,
        replicates=replicates,
        confidence=confidence,
    )


def mean_pairwise_kappa(table: ArrayLike, weights: Weights = "quadratic") -> float:
    """Mean kappa over all pairs of raters, each on the subjects that both rated (Light 1971, doi:10.1037/h0031643).

    Pairs without a common subject or a defined kappa are left out; NaN where none is left.
    """
    ratings = _table(table)
    found = []
    for one, other in combinations(range(ratings.shape[1]), 2):
        both = np.isfinite(ratings[:, [one, other]]).all(axis=1)
        if both.any():
            found.append(weighted_kappa(ratings[both, one], ratings[both, other], weights))
    known = np.array(found)[np.isfinite(found)] if found else np.array([])
    return float(known.mean()) if len(known) else float("nan")


def krippendorff_alpha(table: ArrayLike, metric: Metric = "ordinal") -> float:
    """Krippendorff's alpha with any number of raters and empty cells (Krippendorff 2011, Computing Krippendorff's alpha-reliability).

    metric: what a disagreement weighs: nominal, ordinal (by how many ratings lie between), interval, or ratio. Subjects with one rating
    cannot be paired and are left out. 1 is perfect, 0 chance; NaN where all ratings are one value. Raises ValueError for an unknown
    metric, where no subject has two ratings, and for negative values on a ratio scale.

    >>> krippendorff_alpha([[1, 1], [2, 2], [3, 3]])
    1.0
    """
    ratings = _table(table)
    paired = ratings[np.isfinite(ratings).sum(axis=1) >= 2]
    if not len(paired):
        raise ValueError("no subject has two ratings: agreement cannot be told")
    values, code = np.unique(paired[np.isfinite(paired)], return_inverse=True)
    subject = np.nonzero(np.isfinite(paired))[0]
    counts = np.zeros((len(paired), len(values)))
    np.add.at(counts, (subject, code), 1.0)
    size = counts.sum(axis=1)
    coincidence = counts.T @ (counts / (size - 1.0)[:, None]) - np.diag((counts / (size - 1.0)[:, None]).sum(axis=0))
    margin = coincidence.sum(axis=1)
    distance = _alpha_distance(values, margin, metric)
    expected = float(margin @ distance @ margin) / (margin.sum() - 1.0)
    return float("nan") if expected == 0 else float(1.0 - (coincidence * distance).sum() / expected)


def _alpha_distance(values: Floats, margin: Floats, metric: str) -> Floats:
    """Squared differences between categories, (categories, categories)."""
    if metric == "nominal":
        return np.asarray(values[:, None] != values, dtype=np.float64)
    if metric == "ordinal":
        below = np.cumsum(margin) - 0.5 * margin
        return np.asarray((below[:, None] - below) ** 2, dtype=np.float64)
    if metric == "interval":
        return np.asarray((values[:, None] - values) ** 2)
    if metric != "ratio":
        raise ValueError(f"metric must be nominal, ordinal, interval or ratio, found {metric!r}")
    if (values < 0).any():
        raise ValueError(f"a ratio scale has no negative values, found {values.min():g}; use metric='interval'")
    total = values[:, None] + values
    relative = np.divide(values[:, None] - values, total, out=np.zeros_like(total), where=total > 0)
    return np.asarray(relative**2, dtype=np.float64)


def fleiss_kappa(table: ArrayLike) -> float:
    """Fleiss' kappa of unordered categories, on the subjects whom every rater rated (Fleiss 1971, doi:10.1037/h0031619).

    NaN where all ratings are one category. Raises ValueError with fewer than two raters or no complete row.
    """
    ratings = complete_rows(table)
    subjects, raters = ratings.shape
    values, code = np.unique(ratings, return_inverse=True)
    counts = np.zeros((subjects, len(values)))
    np.add.at(counts, (np.repeat(np.arange(subjects), raters), code.ravel()), 1.0)
    observed = float(((counts**2).sum(axis=1) - raters).mean()) / (raters * (raters - 1))
    expected = float((counts.mean(axis=0) ** 2).sum()) / raters**2
    return float("nan") if expected == 1.0 else (observed - expected) / (1.0 - expected)


def kendall_w(table: ArrayLike) -> float:
    """Kendall's W, concordance of the raters' orders, corrected for ties, on complete rows (Kendall & Smith 1939, doi:10.1214/aoms/1177732186).

    0 .. 1; NaN where every rater ties all subjects. Raises ValueError with fewer than two raters or no complete row.
    """
    ratings = complete_rows(table)
    subjects, raters = ratings.shape
    ranks = np.column_stack([rankdata(column) for column in ratings.T])
    total = ranks.sum(axis=1)
    ties = sum(
        float((size**3 - size).sum()) for size in (np.unique(column, return_counts=True)[1] for column in ranks.T)
    )
    most = raters**2 * (subjects**3 - subjects) - raters * ties
    return float("nan") if most == 0 else float(12.0 * ((total - total.mean()) ** 2).sum() / most)


def _pairs(first: ArrayLike, second: ArrayLike) -> tuple[Floats, Floats]:
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != other.shape or one.ndim != 1:
        raise ValueError(f"the series must be equally long and flat, found shapes {one.shape} and {other.shape}")
    both = np.isfinite(one) & np.isfinite(other)
    if not both.any():
        raise ValueError("no pair of ratings: at least one subject must have both")
    return one[both], other[both]


def _table(table: ArrayLike) -> Floats:
    ratings = np.asarray(table, dtype=np.float64)
    if ratings.ndim != 2 or ratings.shape[1] < 2:
        raise ValueError(
            f"one row per subject and a column for each of two or more raters are needed, found shape {ratings.shape}"
        )
    return ratings


def complete_rows(table: ArrayLike) -> Floats:
    """The subjects whom every rater rated. Raises ValueError with fewer than two raters or where there is none."""
    ratings = _table(table)
    complete = ratings[np.isfinite(ratings).all(axis=1)]
    if not len(complete):
        raise ValueError("no subject was rated by all raters; use krippendorff_alpha, which allows empty cells")
    return complete
