"""Watching whether the measurement stays what it was: raters over quarters, items between groups, evidence between runs, forecasts over decisions.

A monitor says that something moved, not what. What people came to do differently, a new tool, a new form and a new crowd of raters all look alike here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student

from inference.diagnostics import LEAST_MARKS
from inference.fitting import Fit
from inference.marks import marks
from inference.observations import Observed
from inference.roster_groups import RosterGroups
from models.categories import moments
from models.design import encode_known
from models.facets import FacetsModel
from models.interactions import benjamini_hochberg, displacements
from models.severity_drift import severity_drift
from models.stability import MOST, Stability, cusum, population_stability, score_surprise

__all__ = ["ItemEffect", "ItemShift", "decision_cusum", "evidence_shift", "item_functioning", "rater_drift"]

_SIZE: Final = 0.5
_T: Final = 2.0
_LEAST_EACH: Final = 10
_LEAST_GROUP: Final = 5


@dataclass(frozen=True, slots=True)
class ItemShift:
    """How the marks of one item are spread in a later run beside an earlier one. source: where the marks come from."""

    item: str
    source: str
    stability: Stability


@dataclass(frozen=True, slots=True)
class ItemEffect:
    """An item that works differently for a group: logits by which it is easier for them than for others of the same theta.

    attribute: "team", "part-time", "remote", "repository". people: of the group, rated on it. flagged: |t| > 2, more than half a logit, 30 marks, and it
    stands among all looked at (Benjamini & Hochberg, q = .05).
    """

    item: str
    attribute: str
    group: str
    estimate: float
    se: float
    people: int
    marks: int
    flagged: bool

    @property
    def t(self) -> float:
        """Estimate over standard error."""
        return self.estimate / self.se


def rater_drift(found: Fit) -> pd.DataFrame:
    """Every human rater from one busy quarter to the next (five raters or more gave ten marks or more): rater, before, after, drift, se, t, n_before, n_after, flagged.

    drift in logits, positive: harsher, beside the raters who rated in both. flagged: more than half a logit, |t| > 2, 30 marks in both quarters together and ten in
    each; a rater so flagged is no anchor for the later quarter.
    """
    columns = ["rater", "before", "after", "drift", "se", "t", "n_before", "n_after", "flagged"]
    if found.model is None:
        return pd.DataFrame(columns=columns)
    given = marks(found.observed)
    if given.empty:
        return pd.DataFrame(columns=columns)
    cells = displacements(found.model, given, period=given["quarter"].to_numpy())
    diligent = given.groupby(["quarter", "rater"]).size() >= _LEAST_EACH
    busy = diligent.groupby("quarter").sum()
    parts = []
    for before, after in pairwise(sorted(busy.index[busy >= _LEAST_GROUP])):
        table = severity_drift(cells, before, after).reset_index()
        parts.append(table.assign(before=before, after=after))
    if not parts:
        return pd.DataFrame(columns=columns)
    table = pd.concat(parts, ignore_index=True)
    enough = (table["n_before"] + table["n_after"] >= LEAST_MARKS) & (
        table[["n_before", "n_after"]].min(axis=1) >= _LEAST_EACH
    )
    table["flagged"] = enough & (table["drift"].abs() > _SIZE) & (table["t"].abs() > _T)
    return table[columns]


def item_functioning(found: Fit, groups: RosterGroups) -> tuple[ItemEffect, ...]:
    """Items that work differently for a team, part-time or remote people, and git's items in one repository beside the others.

    Only pairs of item and group with 30 marks, five people in the group and five outside it are looked at.
    """
    model, rows = found.model, found.observed.observations
    if model is None:
        return ()
    rows = rows[~rows["at_least"].astype(bool)].reset_index(drop=True)
    residual, information = _residuals(model, rows)
    table = pd.DataFrame(
        {"item": rows["item"], "person": rows["person"], "residual": residual, "information": information}
    )
    found_ones = []
    machine = (rows["rater_class"] == "machine").to_numpy()
    for attribute in groups.names:
        group = rows["person"].astype(str).map(groups.of(attribute))
        found_ones += list(_item_effects(table, group, attribute))
    found_ones += list(_item_effects(table[machine], rows.loc[machine, "rater"], "repository"))
    stands = benjamini_hochberg([p for _, p in found_ones])
    return tuple(
        ItemEffect(*values, flagged=bool(standing and abs(values[3]) > _SIZE and abs(values[3] / values[4]) > _T))
        for (values, _), standing in zip(found_ones, stands, strict=True)
    )


def _residuals(model: FacetsModel, rows: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Residual and information of each rating at its person's theta, without halo."""
    fitted = model.fitted_
    facets = fitted.solution.facets
    codes = encode_known(rows, fitted.design.vocabulary)
    theta = fitted.all_persons().mean[codes.person, codes.skill] - facets.mean
    expected, information = moments(facets.eta(theta, codes), facets.cumulative(codes.severity, codes.format))
    slope = facets.slope(codes.format)
    return slope * (codes.score - expected), slope**2 * information


def _item_effects(
    table: pd.DataFrame, group: pd.Series, attribute: str
) -> Iterator[tuple[tuple[str, str, str, float, float, int, int], float]]:
    """Difference of displacement between a group and the others on each item, with a standard error robust to several marks of a person."""
    table = table.assign(group=group.to_numpy())
    for item, of_item in table.groupby("item", sort=True):
        people = of_item.groupby(["person", "group"], dropna=False)[["residual", "information"]].sum()
        marks_of = of_item.groupby("group").size()
        names = people.index.get_level_values("group")
        for one in sorted(set(names.dropna())):
            inside = np.asarray(names == one)
            if min(inside.sum(), (~inside).sum()) < _LEAST_GROUP or marks_of[one] < LEAST_MARKS:
                continue
            sides = [people[inside], people[~inside]]
            mean = [side["residual"].sum() / side["information"].sum() for side in sides]
            error = [
                np.sqrt(((side["residual"] - value * side["information"]) ** 2).sum() * len(side) / (len(side) - 1))
                / side["information"].sum()
                for side, value in zip(sides, mean, strict=True)
            ]
            estimate, se = float(mean[0] - mean[1]), float(np.hypot(*error))
            if se > 0:
                values = (str(item), attribute, str(one), estimate, se, int(inside.sum()), int(marks_of[one]))
                yield values, _two_sided(estimate / se, int(min(inside.sum(), (~inside).sum())) - 1)


def _two_sided(t: float, freedom: int) -> float:
    return float(2 * student.sf(abs(t), freedom))


def evidence_shift(before: Observed, after: Observed) -> tuple[ItemShift, ...]:
    """The spread of marks of every item in two runs' observations, items of both only; a changed standard has other items."""
    tables = [one.observations.assign(item=one.observations["item"].astype(str)) for one in (before, after)]
    scores = [{str(item): rows["score"].to_numpy() for item, rows in table.groupby("item")} for table in tables]
    source = dict(zip(tables[1]["item"], tables[1]["source"].astype(str), strict=True))
    return tuple(
        ItemShift(item, source[item], population_stability(scores[0][item], scores[1][item]))
        for item in sorted(scores[0].keys() & scores[1].keys())
    )


def decision_cusum(
    probabilities: ArrayLike, level: ArrayLike, decided_at: ArrayLike, person: ArrayLike | None = None
) -> pd.DataFrame:
    """The cumulative sum of surprise over occasions in their order: decided_at, sum, signal, decisions.

    probabilities: (decisions, 5), each foretold without the decision itself. level: what was decided, 1..5. person: whom it was about; all that is decided about
    one person at one instant is one occasion and counts by its mean, because a panel's impression is in all of it. None: every decision is its own.
    """
    surprise = score_surprise(probabilities, level)
    whose = np.arange(len(surprise)) if person is None else np.asarray(person)
    table = pd.DataFrame(
        {"decided_at": np.asarray(decided_at), "person": whose, "surprise": np.minimum(surprise, MOST)}
    )
    found = table.groupby(["decided_at", "person"], sort=True)["surprise"].agg(["mean", "size"]).reset_index()
    summed = cusum(found["mean"]).assign(decided_at=found["decided_at"], decisions=found["size"])
    return summed[["decided_at", "sum", "signal", "decisions"]]
