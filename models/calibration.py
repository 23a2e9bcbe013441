"""How far level probabilities can be trusted: scores, reliability, and what noise alone would show.

Levels count from 1. Threshold k (2 .. K) is the event "level k or higher", stated with P(level >= k). Recalibration is in `models.recalibration`, sets with a promised
coverage in `models.conformal`; both are reached from here too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import isotonic_regression
from scipy.special import expit, log_expit, logit, ndtr, ndtri
from scipy.stats import norm

from models.conformal import (
    ConformalSets,
    Coverage,
    conformal_band,
    conformal_scores,
    conformal_sets,
    fit_conformal,
    set_coverage,
)
from models.recalibration import (
    LabelError,
    Recalibration,
    checked_levels,
    cross_recalibrated,
    fit_recalibration,
    method_for,
)

__all__ = [
    "ConformalSets",
    "Coverage",
    "CurvePoint",
    "LabelError",
    "Recalibration",
    "Reliability",
    "conformal_band",
    "conformal_scores",
    "conformal_sets",
    "cross_recalibrated",
    "fit_conformal",
    "fit_recalibration",
    "method_for",
    "reliability",
    "set_coverage",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_BINS = 15
_LEAST_EVENTS = 10
_LEAST_PROBABILITY = 1e-12
_PRIOR_SD = 5.0
_NOT_NEGATIVE = {"rps", "rps_reliability", "rps_resolution", "rps_uncertainty", "nll", "accuracy", "cumulative_ece"}


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One bin of a reliability diagram: mean stated P(level >= threshold), share that happened with its 95 % interval, rows and people."""

    threshold: int
    stated: float
    happened: float
    n: int
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """How probabilities and true levels agree. Scores are means over n rows (labels) of `people` people.

    rps: ranked probability score divided by K - 1, equal to rps_reliability - rps_resolution + rps_uncertainty exactly. rps_reliability: what
    the best rising recalibration of each threshold would gain (0 is best; a calibrated model shows a little, since that recalibration is
    fitted to the same labels); rps_resolution: what such probabilities gain over the base rates; rps_uncertainty: the score of the base rates.
    nll: mean -log P(true level), probabilities below 1e-12 counted as that. qwk: quadratic weighted kappa of the median level. accuracy: of the most probable level.
    cumulative_ece: mean absolute difference of stated and happened over 15 bins of equal count, averaged over thresholds; ece_floor_mean, ece_floor_p95: what it
    would be if every stated probability were true. slope, intercept: by threshold 2 .. K, logit P(happened) = intercept + slope logit P(stated); NaN with fewer than 10
    rows on either side. intervals: by name (slope_2, intercept_2 ..) of 95 % from resampling people; NaN with fewer than 2 people.
    """

    n: int
    people: int
    levels: int
    rps: float
    rps_reliability: float
    rps_resolution: float
    rps_uncertainty: float
    nll: float
    qwk: float
    accuracy: float
    cumulative_ece: float
    ece_floor_mean: float
    ece_floor_p95: float
    slope: tuple[float, ...]
    intercept: tuple[float, ...]
    intervals: Mapping[str, tuple[float, float]]
    curve: tuple[CurvePoint, ...]

    def as_mapping(self) -> dict[str, Any]:
        """JSON values, NaN as null."""
        found: dict[str, Any] = {
            name: _plain(getattr(self, name)) for name in self.__slots__ if name not in ("intervals", "curve")
        }
        found["intervals"] = {name: [_plain(end) for end in ends] for name, ends in self.intervals.items()}
        found["curve"] = [{name: _plain(getattr(one, name)) for name in one.__slots__} for one in self.curve]
        return found


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def reliability(
    probabilities: ArrayLike,
    levels: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    rng: np.random.Generator,
    bootstrap: int = 200,
    simulations: int = 200,
) -> Reliability:
    """Scores, calibration and intervals of level probabilities.

    probabilities: (n, K), n at least 1. levels: (n,) true levels from 1. groups: (n,) whose labels they are; each row its own person by default. bootstrap: resamples of
    people for the intervals. simulations: draws for the floor of the ECE; levels are drawn from the stated probabilities, correlated within people as much as the labels
    are. Intervals are percentiles moved by the resampling bias (resampled ECEs are too large). Raises LabelError.

    >>> found = reliability([[0.5, 0.5], [0.1, 0.9]] * 50, [1, 2, 2, 2] * 25, rng=np.random.default_rng(0))
    >>> round(found.rps, 3), round(found.rps_reliability - found.rps_resolution + found.rps_uncertainty, 3)
    (0.13, 0.13)
    """
    share, level, whose = checked_levels(probabilities, levels, groups)
    if not len(level):
        raise LabelError("reliability needs at least one labelled row")
    people = int(whose.max()) + 1
    frame = _Frame(share, level)
    estimate = frame.measures(np.ones(len(level)))
    for_floor, for_people = rng.spawn(2)
    floor = _floor(share, level, whose, frame, simulations, for_floor)
    cuts = range(2, share.shape[1] + 1)
    return Reliability(
        n=len(level),
        people=people,
        levels=share.shape[1],
        **{name: estimate[name] for name in _SCORES},
        ece_floor_mean=float(floor.mean()),
        ece_floor_p95=float(np.quantile(floor, 0.95)),
        slope=tuple(estimate[f"slope_{k}"] for k in cuts),
        intercept=tuple(estimate[f"intercept_{k}"] for k in cuts),
        intervals=_intervals(frame.measures, estimate, whose, people, bootstrap, for_people),
        curve=frame.curve(whose),
    )


_SCORES = (
    "rps",
    "rps_reliability",
    "rps_resolution",
    "rps_uncertainty",
    "nll",
    "qwk",
    "accuracy",
    "cumulative_ece",
)


def _intervals(
    measures: Callable[[Floats], dict[str, float]],
    estimate: Mapping[str, float],
    whose: Ints,
    people: int,
    bootstrap: int,
    rng: np.random.Generator,
) -> dict[str, tuple[float, float]]:
    """Resampling people, not rows; a resample counts as weights, so that bins and orders stay."""
    if people < 2 or bootstrap < 1:
        return dict.fromkeys(estimate, (float("nan"), float("nan")))
    drawn = rng.multinomial(people, np.full(people, 1.0 / people), size=bootstrap)
    table = [measures(one[whose].astype(np.float64)) for one in drawn]
    found = {}
    for name, value in estimate.items():
        seen = np.array([one[name] for one in table])
        seen = seen[np.isfinite(seen)]
        if not np.isfinite(value) or len(seen) < 2:
            found[name] = (float("nan"), float("nan"))
            continue
        low, high = np.quantile(seen, [0.025, 0.975]) - (seen.mean() - value)
        least = 0.0 if name in _NOT_NEGATIVE else -np.inf
        found[name] = (max(float(low), least), max(float(high), least))
    return found


class _Frame:
    """Stated and happened by threshold, sorted and binned once, so that weights are all that changes between resamples."""

    def __init__(self, share: Floats, level: Ints) -> None:
        self.level = level
        self.own = np.maximum(share[np.arange(len(level)), level - 1], _LEAST_PROBABILITY)
        self.right = (share.argmax(axis=1) + 1 == level).astype(np.float64)
        self.median = np.minimum((np.cumsum(share, axis=1) < 0.5).sum(axis=1) + 1, share.shape[1]).astype(np.float64)
        self.stated = np.clip(np.cumsum(share[:, ::-1], axis=1)[:, ::-1][:, 1:], 0.0, 1.0)
        self.happened = (level[:, None] >= np.arange(2, share.shape[1] + 1)).astype(np.float64)
        self.logits = logit(np.clip(self.stated, 1e-6, 1.0 - 1e-6))
        self.places = [np.unique(column, return_inverse=True)[1] for column in self.stated.T]
        self.bins = [_bins(column) for column in self.stated.T]
        rare = np.minimum(self.happened.sum(axis=0), (1.0 - self.happened).sum(axis=0)) < _LEAST_EVENTS
        self.told = ~rare

    def measures(self, weight: Floats) -> dict[str, float]:
        total = weight.sum()
        mean = weight / total
        score = float((mean @ (self.stated - self.happened) ** 2).mean())
        base = mean @ self.happened
        uncertainty = float((base * (1.0 - base)).mean())
        best = float(np.mean([self._rising(k, weight) for k in range(len(self.places))]))
        found = {
            "rps": score,
            "rps_reliability": score - best,
            "rps_resolution": uncertainty - best,
            "rps_uncertainty": uncertainty,
            "nll": float(-(mean @ np.log(self.own))),
            "qwk": _kappa(self.median, self.level.astype(np.float64), mean),
            "accuracy": float(mean @ self.right),
            "cumulative_ece": self.ece(self.happened, mean),
        }
        for k, told in enumerate(self.told):
            intercept, slope = (
                _line(self.logits[:, k], self.happened[:, k], weight) if told else (float("nan"), float("nan"))
            )
            found[f"slope_{k + 2}"], found[f"intercept_{k + 2}"] = slope, intercept
        return found

    def _rising(self, k: int, weight: Floats) -> float:
        """Brier score of the best rising recalibration of one threshold (isotonic; Dimitriadis et al. 2021, doi:10.1073/pnas.2016191118)."""
        place = self.places[k]
        mass = np.bincount(place, weights=weight)
        event = np.bincount(place, weights=weight * self.happened[:, k])
        kept = mass > 0
        rate = np.asarray(isotonic_regression(event[kept] / mass[kept], weights=mass[kept]).x)
        return float((mass[kept] * rate * (1.0 - rate)).sum() / mass.sum())

    def ece(self, happened: Floats, mean: Floats) -> float:
        gaps = [
            np.abs(np.bincount(self.bins[k], weights=mean * (self.stated[:, k] - happened[:, k]))).sum()
            for k in range(len(self.bins))
        ]
        return float(np.mean(gaps))

    def curve(self, whose: Ints) -> tuple[CurvePoint, ...]:
        points = []
        for k, bins in enumerate(self.bins):
            for one in np.unique(bins):
                rows = bins == one
                rate, people = float(self.happened[rows, k].mean()), len(np.unique(whose[rows]))
                low, high = _wilson(rate, people)
                stated = float(self.stated[rows, k].mean())
                points.append(CurvePoint(k + 2, stated, rate, int(rows.sum()), low, high))
        return tuple(points)


def _bins(stated: Floats) -> Ints:
    """Bins of equal count, equal values together: each value goes where its middle rank belongs."""
    _, which, count = np.unique(stated, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - 0.5 * count
    return np.asarray((middle * _BINS / len(stated)).astype(np.int64)[which])


def _wilson(rate: float, people: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share among so many people (rows of one person count once)."""
    z = float(norm.ppf(0.975))
    centre = (rate + z**2 / (2 * people)) / (1 + z**2 / people)
    half = z / (1 + z**2 / people) * np.sqrt(rate * (1 - rate) / people + z**2 / (4 * people**2))
    return max(min(float(centre - half), rate), 0.0), min(max(float(centre + half), rate), 1.0)


def _kappa(first: Floats, second: Floats, mean: Floats) -> float:
    """Quadratic weighted kappa with weights of rows."""
    here, there = float(mean @ first), float(mean @ second)
    apart = float(mean @ (first - second) ** 2)
    chance = float(mean @ (first - here) ** 2 + mean @ (second - there) ** 2) + (here - there) ** 2
    return float("nan") if chance <= 0 else 1.0 - apart / chance


def _line(stated: Floats, happened: Floats, weight: Floats) -> tuple[float, float]:
    """Logistic calibration line, with N(0, 5^2) about (0, 1) so that separable data have one too."""
    design = np.column_stack([np.ones(len(stated)), stated])
    centre = np.array([0.0, 1.0])

    def value(place: Floats) -> float:
        eta = design @ place
        told = weight @ (happened * log_expit(eta) + (1.0 - happened) * log_expit(-eta))
        return float(told - 0.5 * ((place - centre) ** 2).sum() / _PRIOR_SD**2)

    place, reached = centre.copy(), value(centre)
    for _ in range(50):
        rate = expit(design @ place)
        score = design.T @ (weight * (happened - rate)) - (place - centre) / _PRIOR_SD**2
        information = design.T @ ((weight * rate * (1.0 - rate))[:, None] * design) + np.eye(2) / _PRIOR_SD**2
        step = np.linalg.solve(information, score)
        while (tried := value(place + step)) < reached and np.abs(step).max() > 1e-9:
            step = 0.5 * step
        if np.abs(step).max() < 1e-7 or tried < reached:
            break
        place, reached = place + step, tried
    return float(place[0]), float(place[1])


def _floor(
    share: Floats, level: Ints, whose: Ints, frame: _Frame, simulations: int, rng: np.random.Generator
) -> Floats:
    """ECEs of levels drawn from the stated probabilities."""
    edges = np.cumsum(share, axis=1)[:, :-1]
    people = int(whose.max()) + 1
    alike = _likeness(share, level, whose)
    mean = np.full(len(level), 1.0 / len(level))
    cuts = np.arange(2, share.shape[1] + 1)
    found = np.empty(max(simulations, 1))
    for one in range(len(found)):
        if alike > 0:
            common = rng.standard_normal(people)[whose]
            uniform = ndtr(np.sqrt(alike) * common + np.sqrt(1.0 - alike) * rng.standard_normal(len(level)))
        else:
            uniform = rng.random(len(level))
        drawn = (uniform[:, None] > edges).sum(axis=1) + 1
        found[one] = frame.ece((drawn[:, None] >= cuts).astype(np.float64), mean)
    return found


def _likeness(share: Floats, level: Ints, whose: Ints) -> float:
    """Correlation of what the probabilities leave open between rows of one person: pairs of normal scores of the middle of the level's probability."""
    count = np.bincount(whose)
    if count.max() < 2:
        return 0.0
    every = np.arange(len(level))
    up_to = np.cumsum(share, axis=1)[every, level - 1]
    middle = up_to - 0.5 * share[every, level - 1]
    normal = ndtri(np.clip(middle, 1e-6, 1.0 - 1e-6))
    sums, squares = np.bincount(whose, weights=normal), np.bincount(whose, weights=normal**2)
    pairs = float((count * (count - 1)).sum())
    spread = float(np.mean(normal**2))
    return float(np.clip((sums**2 - squares).sum() / pairs / max(spread, 1e-12), 0.0, 0.95))
