"""The measures behind `models.calibration.reliability`: scores, bins, rising recalibration, calibration lines, and what noise would show.

Levels count from 1; threshold k (2 .. K) is the event "level k or higher".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression
from scipy.special import expit, log_expit, logit, ndtr, ndtri
from scipy.stats import norm

__all__ = ["CurvePoint", "Stated", "ece_floor"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_BINS = 15
_LEAST_EVENTS = 10
_LEAST_PROBABILITY = 1e-12
_PRIOR_SD = 5.0


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One bin of a reliability diagram: mean stated P(level >= threshold), share that happened with its 95 % interval, rows and people."""

    threshold: int
    stated: float
    happened: float
    n: int
    low: float
    high: float


class Stated:
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
        """All scores, slopes and intercepts with (n,) weights of rows; NaN for the lines of rare thresholds."""
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
        """Cumulative ECE of (n, K - 1) happened, with (n,) weights that sum to 1."""
        gaps = [
            np.abs(np.bincount(self.bins[k], weights=mean * (self.stated[:, k] - happened[:, k]))).sum()
            for k in range(len(self.bins))
        ]
        return float(np.mean(gaps))

    def common_slope(self, whose: Ints) -> tuple[float, float]:
        """One slope for all thresholds, an intercept for each (prior as in `_line`), and its standard error clustered by person (sandwich)."""
        cuts = self.logits.shape[1]
        centre = np.append(np.zeros(cuts), 1.0)
        place, information = centre.copy(), np.eye(cuts + 1)
        for _ in range(100):
            left, information = _scores(self.logits, self.happened, place)
            step = np.linalg.solve(information, left.sum(axis=0) - (place - centre) / _PRIOR_SD**2)
            place = place + step / max(1.0, float(np.abs(step).max()))
            if np.abs(step).max() < 1e-7:
                break
        people = np.zeros((int(whose.max()) + 1, cuts + 1))
        np.add.at(people, whose, left)
        pulled = np.linalg.solve(information, people.T)
        return float(place[cuts]), float(np.sqrt((pulled[cuts] ** 2).sum()))

    def curve(self, whose: Ints) -> tuple[CurvePoint, ...]:
        """The bins of all thresholds; whose: (n,) numbers of people, who make the intervals."""
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


def _scores(stated: Floats, happened: Floats, place: Floats) -> tuple[Floats, Floats]:
    """Of each row and in all, with the prior: score (n, K) and information (K, K) of K - 1 intercepts and a common slope."""
    cuts = stated.shape[1]
    rate = expit(place[:cuts] + place[cuts] * stated)
    left, mass = happened - rate, rate * (1.0 - rate)
    information = np.diag(np.append(mass.sum(axis=0), (mass * stated**2).sum())) + np.eye(cuts + 1) / _PRIOR_SD**2
    information[:cuts, cuts] = information[cuts, :cuts] = (mass * stated).sum(axis=0)
    return np.column_stack([left, (left * stated).sum(axis=1)]), information


def ece_floor(
    share: Floats, level: Ints, whose: Ints, stated: Stated, simulations: int, rng: np.random.Generator
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
        found[one] = stated.ece((drawn[:, None] >= cuts).astype(np.float64), mean)
    return found


def _likeness(share: Floats, level: Ints, whose: Ints) -> float:
    """Correlation of what the probabilities leave open between rows of one person: pairs of normal scores of the middle of the level's probability.

    About their mean: a bias common to all people is a fault to be found, and no likeness that would excuse it.
    """
    count = np.bincount(whose)
    if count.max() < 2:
        return 0.0
    every = np.arange(len(level))
    up_to = np.cumsum(share, axis=1)[every, level - 1]
    middle = up_to - 0.5 * share[every, level - 1]
    normal = ndtri(np.clip(middle, 1e-6, 1.0 - 1e-6))
    normal = normal - normal.mean()
    sums, squares = np.bincount(whose, weights=normal), np.bincount(whose, weights=normal**2)
    pairs = float((count * (count - 1)).sum())
    spread = float(np.mean(normal**2))
    return float(np.clip((sums**2 - squares).sum() / pairs / max(spread, 1e-12), 0.0, 0.95))
