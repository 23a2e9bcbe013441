"""What `recovery.py` compares, and how each is scored against the true levels.

A contender gives every pair of person and skill a distribution over the five levels and one level. Scores: QWK (quadratic
weighted kappa) and accuracy of the level, mean absolute error in levels, RPS of the distribution (divided by K - 1, lower is better).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import rankdata

from models.agreement import quadratic_weighted_kappa
from models.decisions import ranked_probability_score

__all__ = ["ENGINE", "Contender", "contenders", "coverage", "deciles", "scores", "set_reliability", "summary"]

Floats = NDArray[np.float64]

ENGINE = "calibrant"
_BOUNDS = np.arange(1, 5) + 0.5
_Z90 = 1.6448536269514722


@dataclass(frozen=True, slots=True)
class Contender:
    """probabilities: (pairs, 5); NaN rows where it says nothing. level: (pairs,) from 1. truth: whether it was told about the truth."""

    probabilities: Floats
    level: Floats
    truth: bool = False


def contenders(pairs: pd.DataFrame) -> dict[str, Contender]:
    """The engine and the baselines, in the order they are printed."""
    rated = (pairs["ratings"] > 0).to_numpy()
    truth = pairs["level"].to_numpy()
    raw, mean_360 = pairs["raw_mean"].to_numpy(float), pairs["mean_360"].to_numpy(float)
    n, spread = pairs["ratings"].to_numpy(float), pairs["spread"].to_numpy(float)
    several = rated & (n > 1)
    within = float((spread[several] * n[several]).sum() / (n[several] - 1).sum())
    engine, prior = (pairs[[f"{letter}{k}" for k in range(1, 6)]].to_numpy(float) for letter in "pq")
    commits = _by_rank(pairs)
    marginal = np.bincount(truth, minlength=6)[1:] / len(truth)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.sqrt(within / n)
    return {
        ENGINE: Contender(engine, engine.argmax(axis=1) + 1.0),
        "shrunken mean of ratings": _shrunken(raw, n, within),
        "raw mean, spread of its standard error": _normal(raw, error),
        "raw mean, spread of the ratings": _normal(raw, np.full(len(raw), np.sqrt(within))),
        "unweighted 360 mean, spread of the ratings": _normal(mean_360, np.full(len(raw), np.sqrt(within))),
        "commit count by rank": _certain(commits),
        "prior of the run": Contender(prior, prior.argmax(axis=1) + 1.0),
        "marginal of the truth": Contender(
            np.tile(marginal, (len(truth), 1)), np.full(len(truth), float(marginal.argmax() + 1)), truth=True
        ),
    }


def _normal(mean: Floats, sd: Floats) -> Contender:
    """A normal about the mean on the scale of levels; the level is the rounded mean."""
    above = ndtr((mean[:, None] - _BOUNDS) / sd[:, None])
    edge = np.ones((len(mean), 1))
    probabilities = -np.diff(np.concatenate([edge, above, 0 * edge], axis=1), axis=1)
    return Contender(probabilities, np.clip(np.floor(mean + 0.5), 1, 5))


def _shrunken(mean: Floats, n: Floats, within: float) -> Contender:
    """Empirical Bayes with one variance between pairs and one within (method of moments): no severity, no halo, no skills."""
    known = np.isfinite(mean)
    centre = float(mean[known].mean())
    between = max(float(mean[known].var(ddof=1) - (within / n[known]).mean()), 1e-3)
    weight = between / (between + within / np.where(known, n, 1.0))
    shrunk = np.where(known, weight * np.where(known, mean, 0.0) + (1 - weight) * centre, np.nan)
    return _normal(shrunk, np.sqrt(between * (1 - weight)))


def _by_rank(pairs: pd.DataFrame) -> Floats:
    """Rank of the commit count within a skill, mapped to levels so that the skill's true marginal results: it is told that much."""
    level = np.full(len(pairs), np.nan)
    for rows in pairs.groupby("skill").indices.values():
        place = rankdata(pairs["commits"].to_numpy()[rows], method="average") - 0.5
        level[rows] = np.sort(pairs["level"].to_numpy()[rows])[place.astype(int)]
    return level


def _certain(level: Floats) -> Contender:
    return Contender(np.eye(5)[level.astype(int) - 1], level, truth=True)


def scores(pairs: pd.DataFrame, contender: Contender, chosen: NDArray[np.bool_]) -> dict[str, float]:
    """qwk, accuracy, mae, rps over the chosen pairs it speaks to; n of them. NaN where there are none."""
    said = chosen & np.isfinite(contender.probabilities).all(axis=1)
    if said.sum() < 2:
        return {"n": float(said.sum()), "qwk": np.nan, "accuracy": np.nan, "mae": np.nan, "rps": np.nan}
    level, truth = contender.level[said], pairs["level"].to_numpy()[said]
    return {
        "n": float(said.sum()),
        "qwk": quadratic_weighted_kappa(level, truth),
        "accuracy": float((level == truth).mean()),
        "mae": float(np.abs(level - truth).mean()),
        "rps": float(ranked_probability_score(contender.probabilities[said], truth).mean()),
    }


def coverage(pairs: pd.DataFrame, chosen: NDArray[np.bool_]) -> dict[str, float]:
    """90 % intervals of theta: share that holds the true theta; mean half-width (logits); and the mean miss, estimate less truth."""
    rows = pairs[chosen]
    half = _Z90 * np.hypot(rows["sd"], rows["cut_error"])
    miss = rows["theta"] - rows["true_theta"]
    return {
        "n": float(len(rows)),
        "coverage": float((miss.abs() <= half).mean()),
        "half_width": float(half.mean()),
        "bias": float(miss.mean()),
    }


def set_reliability(pairs: pd.DataFrame, chosen: NDArray[np.bool_]) -> dict[str, float]:
    """The 90 % sets: stated mass, share that holds the true level, mean number of levels; and P(modal) stated against its share."""
    rows = pairs[chosen]
    level = rows["level"].to_numpy()
    probabilities = rows[[f"p{k}" for k in range(1, 6)]].to_numpy()
    if rows.empty:
        return {"n": 0.0, **dict.fromkeys(("stated", "held", "levels", "modal_stated", "modal_right"), float("nan"))}
    return {
        "n": float(len(rows)),
        "stated": float(rows["mass"].mean()),
        "held": float(((rows["low"] <= level) & (level <= rows["high"])).mean()),
        "levels": float((rows["high"] - rows["low"] + 1).mean()),
        "modal_stated": float(probabilities.max(axis=1).mean()),
        "modal_right": float((probabilities.argmax(axis=1) + 1 == level).mean()),
    }


def deciles(pairs: pd.DataFrame, chosen: NDArray[np.bool_]) -> pd.DataFrame:
    """All P(level) of the chosen pairs by tenths of stated probability: bin, n, stated (mean), happened (share), error.

    error: standard error of happened less stated, clustered by seed.
    """
    rows = pairs[chosen]
    stated = rows[[f"p{k}" for k in range(1, 6)]].to_numpy()
    happened = (rows["level"].to_numpy()[:, None] == np.arange(1, 6)).astype(float)
    bins = np.minimum((stated * 10).astype(int), 9)
    found = []
    for tenth in range(10):
        inside = bins == tenth
        if not inside.any():
            continue
        gap = pd.Series(np.where(inside, happened - stated, 0.0).sum(axis=1)).groupby(rows["seed"].to_numpy()).sum()
        size = pd.Series(inside.sum(axis=1)).groupby(rows["seed"].to_numpy()).sum()
        left = gap - gap.sum() / size.sum() * size
        clusters = max(len(gap), 2)
        error = float(np.sqrt((left**2).sum() * clusters / (clusters - 1)) / size.sum())
        found.append((tenth / 10, int(size.sum()), stated[inside].mean(), happened[inside].mean(), error))
    return pd.DataFrame(found, columns=["bin", "n", "stated", "happened", "error"])


def summary(per_seed: list[Mapping[str, float]]) -> dict[str, tuple[float, float]]:
    """Mean and standard error over seeds of each figure; seeds where it does not exist are left out."""
    found = {}
    for name in per_seed[0]:
        values = np.array([one[name] for one in per_seed], dtype=float)
        values = values[np.isfinite(values)]
        mean = float(values.mean()) if len(values) else float("nan")
        error = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")
        found[name] = (mean, error)
    return found


if __name__ == "__main__":
    print(f"{__doc__}\nA part of `python benchmarks/recovery.py`: run that.")
