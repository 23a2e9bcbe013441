"""Recalibration of level probabilities from labels, as much of it as the number of labelled people can carry.

Levels count from 1. The people are counted, not their labels: ten labels of one person say little about others.

| labelled people | what is fitted |
|---|---|
| none | nothing |
| 1-49 | `shift`: one shift of all cumulative logits, prior N(0, .5^2) |
| 50-299 | `logit`: one slope, prior N(1, .25^2), and a shift per threshold, prior N(0, .5^2) |
| 300-999 | `strata`: the same and a shift per stratum, prior N(0, tau^2), tau by marginal likelihood, 0 possible |
| from 1,000 | `isotonic`: what `logit` or `strata` gives, and after it a rising curve per threshold |

The first three are maxima of one concave likelihood (`models.cumulative`) whose prior is centred at leaving the probabilities alone. The isotonic curve joins
pooled blocks by lines between their centres (Oron & Flournoy 2017, doi:10.1080/19466315.2017.1286256); each block counts as many rows more as it takes to
keep small ones near what they had (20), so that no probability becomes 0 for want of an example. Thresholds that cross are sorted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import isotonic_regression
from scipy.special import expit, logit
from sklearn.model_selection import GroupKFold

from models.cumulative import CumulativeLikelihood, Peak, cell_probabilities, climb

__all__ = ["LabelError", "Recalibration", "checked_levels", "cross_recalibrated", "fit_recalibration", "method_for"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_SHIFT_SD = 0.5
_SLOPE_SD = 0.25
_LEAST_SLOPE = 0.05
_STRATUM_SDS = (0.1, 0.2, 0.4, 0.8)
_FLOOR = 1e-4
_BLOCK_ROWS = 20.0
_EDGE = 1e-6


class LabelError(ValueError):
    """Probabilities, levels and groups that do not belong together."""


def checked_levels(
    probabilities: ArrayLike, levels: ArrayLike, groups: ArrayLike | None = None
) -> tuple[Floats, Ints, Ints]:
    """(n, K) probabilities with rows summing to 1, (n,) levels from 1 to K, and (n,) numbers of groups, from 0 in sorted order.

    groups None: each row is its own. Raises LabelError, naming the first row at fault.
    """
    share, level = checked_probabilities(probabilities), np.asarray(levels)
    rows, count = share.shape
    if level.shape != (rows,):
        raise LabelError(f"one level is needed for each of the {rows} rows of probabilities, found shape {level.shape}")
    wrong = np.flatnonzero(~np.isin(level, np.arange(1, count + 1)))
    if len(wrong):
        raise LabelError(f"levels count from 1 to {count}, found {level[wrong[0]]!r} in row {wrong[0]}")
    if groups is None:
        return share, level.astype(np.int64), np.arange(rows)
    whose = np.asarray(groups)
    if whose.shape != (rows,):
        raise LabelError(f"groups must name the person of each of the {rows} rows, found shape {whose.shape}")
    return share, level.astype(np.int64), np.unique(whose, return_inverse=True)[1].astype(np.int64)


def checked_probabilities(probabilities: ArrayLike, levels: int | None = None) -> Floats:
    """(n, K) with rows scaled to sum to exactly 1. Raises LabelError for negative, missing or wrongly summing rows, or another K."""
    share = np.asarray(probabilities, dtype=np.float64)
    if share.ndim != 2 or share.shape[1] < 2 or (levels is not None and share.shape[1] != levels):
        raise LabelError(
            f"probabilities must have one column per level ({levels or 'at least 2'}), found {share.shape}"
        )
    with np.errstate(invalid="ignore"):
        wrong = np.flatnonzero(~((share >= -1e-9).all(axis=1) & (np.abs(share.sum(axis=1) - 1.0) < 1e-6)))
    if len(wrong):
        raise LabelError(f"each row must hold probabilities that sum to 1, found {share[wrong[0]]} in row {wrong[0]}")
    share = np.maximum(share, 0.0)
    return np.asarray(share / share.sum(axis=1, keepdims=True))


def method_for(people: int, *, strata: bool = False) -> str:
    """What so many labelled people can carry: none, shift, logit, strata or isotonic.

    >>> [method_for(people, strata=True) for people in (0, 20, 80, 400, 2000)]
    ['none', 'shift', 'logit', 'strata', 'isotonic']
    """
    if people == 0:
        return "none"
    if people < 50:
        return "shift"
    if people < 300 or (people < 1000 and not strata):
        return "logit"
    return "strata" if people < 1000 else "isotonic"


@dataclass(frozen=True, slots=True)
class Recalibration:
    """A fitted recalibration. P(level > k) becomes logistic(slope * logit P(level > k) + shifts[k] + strata[stratum]), then follows the curve.

    method: of `method_for`. levels: K. people, labels: it was fitted to. shifts: (K - 1,). strata: shift by name; others get 0.
    curves: per threshold the probabilities of knots before and after, applied last; for `isotonic` only.
    """

    method: str
    levels: int
    people: int
    labels: int
    slope: float = 1.0
    shifts: tuple[float, ...] = ()
    strata: Mapping[str, float] = field(default_factory=dict)
    curves: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...] = ()

    def apply(self, probabilities: ArrayLike, strata: ArrayLike | None = None) -> Floats:
        """(n, K) recalibrated probabilities. strata: (n,) names; without them, or unknown, a row gets no stratum's shift."""
        share = checked_probabilities(probabilities, self.levels)
        if self.method == "none":
            return share
        shift = np.zeros(len(share))
        if strata is not None:
            shift = np.array([self.strata.get(str(name), 0.0) for name in np.asarray(strata)])
        eta = self.slope * logit(_tails(share)) + np.asarray(self.shifts) + shift[:, None]
        if self.curves:
            above = expit(-np.sort(-eta, axis=1))
            mapped = np.column_stack([np.interp(above[:, k], *curve) for k, curve in enumerate(self.curves)])
            eta = logit(np.clip(mapped, _EDGE, 1.0 - _EDGE))
        return cell_probabilities(-eta)

    def as_mapping(self) -> dict[str, Any]:
        """JSON values from which `from_mapping` makes the same recalibration."""
        return {
            "method": self.method,
            "levels": self.levels,
            "people": self.people,
            "labels": self.labels,
            "slope": self.slope,
            "shifts": list(self.shifts),
            "strata": dict(sorted(self.strata.items())),
            "curves": [[list(stated), list(mapped)] for stated, mapped in self.curves],
        }

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Recalibration:
        """The recalibration of an `as_mapping`."""
        return cls(
            method=str(mapping["method"]),
            levels=int(mapping["levels"]),
            people=int(mapping["people"]),
            labels=int(mapping["labels"]),
            slope=float(mapping["slope"]),
            shifts=tuple(float(shift) for shift in mapping["shifts"]),
            strata={str(name): float(shift) for name, shift in mapping["strata"].items()},
            curves=tuple(
                (tuple(map(float, stated)), tuple(map(float, mapped))) for stated, mapped in mapping["curves"]
            ),
        )


def fit_recalibration(
    probabilities: ArrayLike,
    levels: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    method: str | None = None,
) -> Recalibration:
    """Fit what the number of people allows (`method_for`), or the method given.

    probabilities: (n, K) as stated, n may be 0. levels: (n,) true levels from 1. groups: (n,) whose labels they are; each row its own person by
    default. strata: (n,) names. weights: (n,) not negative, by which labels count. Raises LabelError.
    """
    share, level, whose = checked_levels(probabilities, levels, groups)
    people = int(whose.max()) + 1 if len(whose) else 0
    names = None if strata is None else np.asarray(strata).astype(str)
    weight = _checked_weights(weights, len(level))
    chosen = method_for(people, strata=names is not None) if method is None else method
    known = {"none", "shift", "logit", "strata", "isotonic"}
    if chosen not in known or (chosen == "strata" and names is None):
        raise ValueError(f"method must be one of {sorted(known)}, strata only where strata are given; found {chosen!r}")
    count = share.shape[1]
    if chosen == "none" or not weight.any():
        return Recalibration("none", count, people, len(level), shifts=(0.0,) * (count - 1))
    if chosen == "isotonic":
        first = _logit_fit("logit" if names is None else "strata", share, level, weight, people, names)
        return replace(first, method=chosen, curves=_curves(first.apply(share, names), level, weight))
    return _logit_fit(chosen, share, level, weight, people, names)


def _checked_weights(weights: ArrayLike | None, rows: int) -> Floats:
    if weights is None:
        return np.ones(rows)
    found = np.asarray(weights, dtype=np.float64)
    if found.shape != (rows,) or not (np.isfinite(found) & (found >= 0)).all():
        raise LabelError(f"weights must be {rows} numbers that are not negative, found {weights!r}")
    return found


def _tails(share: Floats) -> Floats:
    """(n, K - 1) P(level > k), strictly falling and inside (0, 1): every level is given a ten-thousandth."""
    some = (share + _FLOOR / share.shape[1]) / (1.0 + _FLOOR)
    return np.asarray(np.cumsum(some[:, ::-1], axis=1)[:, ::-1][:, 1:])


def _curves(share: Floats, level: Ints, weights: Floats) -> tuple[tuple[tuple[float, ...], tuple[float, ...]], ...]:
    found = []
    share, level, weights = share[weights > 0], level[weights > 0], weights[weights > 0]
    for k, stated in enumerate(_tails(share).T):
        place, which = np.unique(stated, return_inverse=True)
        weight = np.bincount(which, weights=weights)
        happened = np.bincount(which, weights=weights * (level > k + 1)) / weight
        starts = np.asarray(isotonic_regression(happened, weights=weight).blocks)[:-1]
        rows = np.add.reduceat(weight, starts)
        centre = np.add.reduceat(weight * place, starts) / rows
        height = np.add.reduceat(weight * happened, starts)
        height = np.maximum.accumulate((height + _BLOCK_ROWS * centre) / (rows + _BLOCK_ROWS))
        found.append(((0.0, *centre.tolist(), 1.0), (0.0, *height.tolist(), 1.0)))
    return tuple(found)


def _logit_fit(
    method: str, share: Floats, level: Ints, weight: Floats, people: int, names: NDArray[Any] | None
) -> Recalibration:
    """Newton's maximum; with strata, at the tau of highest marginal likelihood, no strata being one of the choices."""
    stated, cuts = logit(_tails(share)), share.shape[1] - 1
    mass = weight[:, None] * (level[:, None] == np.arange(1, cuts + 2))
    best, tau = _peak(method, stated, mass, None, 0.0), 0.0
    known = np.unique(names) if method == "strata" and names is not None else np.empty(0, dtype=str)
    if len(known) > 1 and names is not None:
        member = (names[:, None] == known).astype(np.float64)
        highest = best.loglik + best.prior + best.log_volume
        for one in _STRATUM_SDS:
            found = _peak(method, stated, mass, member, one)
            evidence = found.loglik + found.prior + found.log_volume - len(known) * np.log(one)
            if evidence > highest:
                best, highest, tau = found, evidence, one
    place = best.place
    shared = method == "shift"
    shifts = np.repeat(-place[0], cuts) if shared else -place[1 : cuts + 1]
    return Recalibration(
        method=method,
        levels=cuts + 1,
        people=people,
        labels=len(level),
        slope=1.0 if shared else float(-place[0]),
        shifts=tuple(shifts.tolist()),
        strata=dict(zip(known.tolist(), (-place[cuts + 1 :]).tolist(), strict=True)) if tau else {},
    )


def _peak(method: str, stated: Floats, mass: Floats, member: Floats | None, tau: float) -> Peak:
    """The likelihood has logits of P(level <= k), hence all parameters with the opposite sign of what is reported."""
    rows, cuts = stated.shape
    extra = np.empty((rows, 0)) if member is None else member
    design = np.column_stack([np.ones(rows), stated, extra])
    size = 1 if method == "shift" else 1 + cuts + extra.shape[1]
    tie = np.zeros((cuts, design.shape[1], size + (method == "shift")))
    precision = np.eye(tie.shape[2]) / _SHIFT_SD**2
    centre = np.zeros(tie.shape[2])
    lowest, highest = np.full(tie.shape[2], -np.inf), np.full(tie.shape[2], np.inf)
    slope = 1 if method == "shift" else 0
    for k in range(cuts):
        tie[k, 0, 0 if method == "shift" else 1 + k] = 1.0
        tie[k, 1 + k, slope] = 1.0
        if method != "shift":
            tie[k, 1 + cuts :, 1 + cuts :] = np.eye(extra.shape[1])
    centre[slope] = -1.0
    precision[slope, slope] = 1.0 / _SLOPE_SD**2
    highest[slope] = -_LEAST_SLOPE
    if method == "shift":
        lowest[slope] = highest[slope] = -1.0
    elif extra.shape[1]:
        precision[1 + cuts :, 1 + cuts :] = np.eye(extra.shape[1]) / tau**2
    problem = CumulativeLikelihood(design, mass, tie, precision, centre)
    return climb(problem, centre, (lowest, highest), tolerance=1e-10)


def cross_recalibrated(
    probabilities: ArrayLike,
    levels: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    folds: int = 5,
    seed: int = 0,
) -> Floats:
    """(n, K) probabilities of each person recalibrated from the labels of others only.

    The method is the one all people together allow, so that what is judged is what would be used. Folds hold people whole, drawn by seed. With fewer than two
    people the probabilities come back unchanged. Arguments as `fit_recalibration`.
    """
    share, level, whose = checked_levels(probabilities, levels, groups)
    people = len(np.unique(whose))
    found = share.copy()
    if people < 2:
        return found
    names = None if strata is None else np.asarray(strata)
    method = method_for(people, strata=names is not None)
    for train, test in GroupKFold(min(folds, people), shuffle=True, random_state=seed).split(share, groups=whose):
        fitted = fit_recalibration(
            share[train],
            level[train],
            groups=whose[train],
            strata=None if names is None else names[train],
            method=method,
        )
        found[test] = fitted.apply(share[test], None if names is None else names[test])
    return found
