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
from models.reliability import CurvePoint, Stated, ece_floor

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

_NORMAL_95 = 1.96

_NOT_NEGATIVE = {"rps", "rps_reliability", "rps_resolution", "rps_uncertainty", "nll", "accuracy", "cumulative_ece"}


@dataclass(frozen=True, slots=True)
class Reliability:
    """How probabilities and true levels agree. Scores are means over n rows (labels) of `people` people.

    rps: ranked probability score divided by K - 1, equal to rps_reliability - rps_resolution + rps_uncertainty exactly. rps_reliability: what
    the best rising recalibration of each threshold would gain (0 is best; a calibrated model shows a little, since that recalibration is
    fitted to the same labels); rps_resolution: what such probabilities gain over the base rates; rps_uncertainty: the score of the base rates.
    nll: mean -log P(true level), probabilities below 1e-12 counted as that. qwk: quadratic weighted kappa of the median level. accuracy: of the most probable level.
    cumulative_ece: mean absolute difference of stated and happened over 15 bins of equal count, averaged over thresholds; ece_floor_mean, ece_floor_p95: what it
    would be if every stated probability were true. slope, intercept: by threshold 2 .. K, logit P(happened) = intercept + slope logit P(stated); NaN with fewer than 10
    rows on either side. common_slope: the same with one slope for all thresholds and an intercept for each; 1 is right, less is too sure. intervals: by name (slope_2, intercept_2 ..) of 95 % from resampling people (common_slope: normal, its
    error clustered by person); NaN with fewer than 2 people.
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
    common_slope: float
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
    frame = Stated(share, level)
    estimate = frame.measures(np.ones(len(level)))
    for_floor, for_people = rng.spawn(2)
    floor = ece_floor(share, level, whose, frame, simulations, for_floor)
    cuts = range(2, share.shape[1] + 1)
    slope, error = frame.common_slope(whose)
    half = _NORMAL_95 * error if people > 1 else float("nan")
    return Reliability(
        n=len(level),
        people=people,
        levels=share.shape[1],
        **{name: estimate[name] for name in _SCORES},
        ece_floor_mean=float(floor.mean()),
        ece_floor_p95=float(np.quantile(floor, 0.95)),
        common_slope=slope,
        slope=tuple(estimate[f"slope_{k}"] for k in cuts),
        intercept=tuple(estimate[f"intercept_{k}"] for k in cuts),
        intervals={
            **_intervals(frame.measures, estimate, whose, people, bootstrap, for_people),
            "common_slope": (slope - half, slope + half),
        },
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
