"""Scores of predicted promotions and levels, with intervals from resampling people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["case_scores", "compare", "level_scores", "macro", "per_set"]

Floats = NDArray[np.float64]
DRAWS = 1_000
LEAST_CANDIDATES = 4
BINS = 10


def auc(y: NDArray[Any], score: Floats, weight: Floats | None = None) -> float:
    """Probability that a positive outscores a negative, ties half."""
    w = np.ones(len(y)) if weight is None else weight
    level, where = np.unique(score, return_inverse=True)
    positive = np.bincount(where, weights=w * y, minlength=len(level))
    negative = np.bincount(where, weights=w * (1 - y), minlength=len(level))
    pairs = positive.sum() * negative.sum()
    return float((positive * (np.cumsum(negative) - negative / 2)).sum() / pairs) if pairs > 0 else float("nan")


def case_scores(name: str, cases: pd.DataFrame, score: Floats) -> pd.DataFrame:
    """One row per judged case: repo, key (who was promoted), auc, mrr, hit1, hit3; columns of `cases`: case, person, promoted."""
    found = []
    for case, rows in cases.assign(score=score).groupby("case"):
        y, s = rows["promoted"].to_numpy(), rows["score"].to_numpy(dtype=float)
        if len(rows) < LEAST_CANDIDATES or y.sum() in (0, len(y)):
            continue
        tied = (s[:, None] == s).sum(1)
        rank = (s[:, None] < s).sum(1) + (tied - 1) / 2 + 1
        best = float(rank[y == 1].min())
        hit1 = 1.0 if best < 1.5 else 0.5 if best == 1.5 else 0.0
        key = name + rows["person"][y == 1].min()
        found.append((name, case, key, auc(y, s), 1 / best, hit1, float(best <= 3)))
    return pd.DataFrame(found, columns=["repo", "case", "key", "auc", "mrr", "hit1", "hit3"])


def macro(scores: pd.DataFrame, *, seed: int = 0) -> dict[str, list[float]]:
    """Mean over sets of the means over cases, with 95 % intervals: promoted people are resampled."""
    names = ["auc", "mrr", "hit1", "hit3"]
    return _resampled(scores, names, scores[names].to_numpy(), seed)


def compare(ours: pd.DataFrame, theirs: pd.DataFrame, *, seed: int = 0) -> dict[str, list[float]]:
    """Paired gains of `ours` over `theirs`, likewise; same cases in the same order."""
    names = ["auc", "mrr", "hit3"]
    return _resampled(ours, names, ours[names].to_numpy() - theirs[names].to_numpy(), seed)


def _resampled(scores: pd.DataFrame, names: list[str], values: Floats, seed: int) -> dict[str, list[float]]:
    person, repo = pd.factorize(scores["key"])[0], pd.factorize(scores["repo"])[0]
    rng, people = np.random.default_rng(seed), int(person.max()) + 1

    def mean(weight: Floats) -> Floats:
        total = np.bincount(repo, weights=weight)
        sums = [np.bincount(repo, weights=weight * column) / np.maximum(total, 1e-9) for column in values.T]
        return np.array([column[total > 0].mean() for column in sums])

    draws = [
        mean(np.bincount(rng.integers(0, people, people), minlength=people)[person].astype(float)) for _ in range(DRAWS)
    ]
    low, high = np.percentile(draws, [2.5, 97.5], axis=0)
    middle = mean(np.ones(len(scores)))
    return {name: [round(float(v[k]), 4) for v in (middle, low, high)] for k, name in enumerate(names)}


def level_scores(
    rows: pd.DataFrame, p1: Floats, p2: Floats | None, *, seed: int = 0, draws: int = 200
) -> dict[str, Any]:
    """Scores of P(level >= 1) and, for task A, P(level >= 2) against y; intervals from resampling persons.

    ece: of level >= 1 in ten bins of equal count; ece_floor: mean and 95th percentile of what it would be were every stated probability true.
    """
    y, rng = rows["y"].to_numpy(), np.random.default_rng(seed)
    any_level = (y > 0).astype(float)
    person = pd.factorize(rows["person"])[0]
    people = int(person.max()) + 1
    measures: dict[str, Callable[[Floats], float]] = {"auc": lambda w: auc(any_level, p1, w)}
    if p2 is not None:
        second = np.minimum(p1, p2)
        measures["rps_skill"] = lambda w: _skill(y, p1, second, w)
    weights = [
        np.bincount(rng.integers(0, people, people), minlength=people)[person].astype(float) for _ in range(draws)
    ]
    found: dict[str, Any] = {"n": len(y), "people": people, "positive": int(any_level.sum())}
    for name, measure in measures.items():
        drawn = [value for value in (measure(w) for w in weights) if np.isfinite(value)]
        low, high = np.percentile(drawn, [2.5, 97.5]) if drawn else (np.nan, np.nan)
        found[name] = [round(float(v), 4) for v in (measure(np.ones(len(y))), low, high)]
    if p2 is not None:
        found["qwk"] = round(_qwk(y, np.argmax([1 - p1, p1 - second, second], axis=0)), 4)
    floor = [_ece((rng.random(len(p1)) < p1).astype(float), p1) for _ in range(draws)]
    found["brier"] = round(float(((p1 - any_level) ** 2).mean()), 5)
    found["ece"] = round(_ece(any_level, p1), 4)
    found["ece_floor"] = [round(float(v), 4) for v in (np.mean(floor), np.quantile(floor, 0.95))]
    return found


def _skill(y: NDArray[Any], p1: Floats, p2: Floats, weight: Floats) -> float:
    """1 - RPS / RPS of the base rates."""
    below = [(y < 1).astype(float), (y < 2).astype(float)]
    stated = [1 - p1, 1 - p2]
    score = sum(np.average((s - b) ** 2, weights=weight) for s, b in zip(stated, below, strict=True))
    base = sum(np.average((np.average(b, weights=weight) - b) ** 2, weights=weight) for b in below)
    return float(1 - score / base) if base > 0 else float("nan")


def _ece(y: Floats, p: Floats) -> float:
    order = np.argsort(p, kind="stable")
    bins = [b for b in np.array_split(order, BINS) if len(b)]
    return float(sum(len(b) / len(p) * abs(y[b].mean() - p[b].mean()) for b in bins))


def _qwk(y: NDArray[Any], stated: NDArray[Any]) -> float:
    counts = np.zeros((3, 3))
    np.add.at(counts, (y, stated), 1.0 / len(y))
    apart = (np.arange(3)[:, None] - np.arange(3)) ** 2 / 4
    chance = np.outer(counts.sum(1), counts.sum(0))
    return float(1 - (apart * counts).sum() / (apart * chance).sum())


def per_set(scores: pd.DataFrame) -> Mapping[str, dict[str, float]]:
    """Means over the cases of each set."""
    means = scores.groupby("repo")[["auc", "mrr", "hit1", "hit3"]].mean().round(4)
    return {str(name): row for name, row in means.to_dict("index").items()}


if __name__ == "__main__":
    print(f"{__doc__}\nA part of `python benchmarks/promotion.py`: run that.")
