"""How people rate: severity, misfit, centrality and halo of every rater, and whether groups rate each other differently.

Severities are corrected for in every result, so a severe rater is no reason for anything but a talk; what is not corrected for (halo beyond the usual, a
narrow range of marks, erratic marks, favours for one's own) is what a facilitator needs to know. A flag needs 30 marks, a size that matters and a z
beyond 2, all three; effects of groups also have to stand among all that were looked for (Benjamini & Hochberg, q = .05).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from inference.agreement import Agreement, agreement
from inference.fitting import Fit
from inference.marks import main_relations, marks
from inference.roster_groups import RosterGroups
from inference.vignettes import is_vignette
from models.correlation import Correlation, correlation
from models.facets import FacetsModel
from models.fair_average import fair_averages
from models.foreseen import foreseen
from models.interactions import Effect, Interactions, benjamini_hochberg, displacements, reciprocity
from models.linking import Linking, linking
from models.rater_checks import STATISTICS, rater_checks

__all__ = ["FLAGS", "LEAST_MARKS", "Diagnostics", "GroupEffect", "diagnose"]

LEAST_MARKS: Final = 30
_SEVERITY: Final = 1.0
_NOISY, _MUTED = 1.5, 0.5
_LEANING: Final = 0.3
_NARROW: Final = 0.1
_HALO: Final = 0.3
_Z: Final = 2.0
_EFFECT: Final = 0.5
_SCALE: Final = (0.8, 1.25)
_LEAST_COUPLES: Final = 10

FLAGS: Final[Mapping[str, str]] = {
    "severe": "more than one logit harsher than the average rater, the 95 % interval off it",
    "lenient": "more than one logit milder than the average rater, the 95 % interval off it",
    "erratic": "marks lie further from what others lead to expect than chance allows (infit or outfit above 1.5)",
    "muted": "marks lie closer to what others lead to expect than chance allows (infit below .5)",
    "central": "marks keep to the middle (scale of steps above 1.25, the 95 % interval with it), to few marks, or against the expectation",
    "extreme": "marks seek the ends of the scale, whoever is rated (scale of steps below .8, the 95 % interval with it)",
    "halo": "marks of one person resemble each other far beyond what the model already allows for (residual correlation above .3)",
}
"""What a rater may be flagged for, and when."""


@dataclass(frozen=True, slots=True)
class GroupEffect:
    """An interaction of a group of raters with a group of people, in logits; positive: marked higher than others mark them.

    kind: "own team", "team by team", "relation by part-time", ..; raters, people: how many are behind it. stands: after Benjamini & Hochberg among all
    of the run; flagged: stands, |t| > 2, more than half a logit, and 30 marks. estimate, se, t are None where the design cannot tell.
    """

    kind: str
    rated_by: str
    rated: str
    estimate: float | None
    se: float | None
    t: float | None
    marks: int
    raters: int
    people: int
    stands: bool
    flagged: bool


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """raters: index rater (opaque id); columns relation, marks, people, severity, se, in_marks, fair_average, scale and scale_se (of their steps, see
    `models.centrality`; NaN where the model has none), flags (tuple), and for each statistic of `models.rater_checks` NAME, NAME_low, NAME_high (95 % band of the model) and NAME_z; NAME_expected for centrality and entropy.

    mean_severity, severity_sd: of human raters (mean of the estimates; SD of the model). halo_sd: of person by rater. couples: reciprocity's
    correlation, None with fewer than ten couples. people: rated, vignettes apart. agreement: by response format. replicates: behind the bands. notes: what could not be looked at.
    """

    raters: pd.DataFrame
    mean_severity: float
    severity_sd: float
    halo_sd: float
    effects: tuple[GroupEffect, ...]
    couples: Correlation | None
    linking: Linking
    people: int
    replicates: int
    notes: tuple[str, ...]
    agreement: tuple[Agreement, ...] = ()


def diagnose(
    found: Fit, groups: RosterGroups, *, rng: np.random.Generator, replicates: int = 200
) -> Diagnostics | None:
    """Everything about the raters behind a fit; None where no human rated anybody.

    groups: who sits where on the fit's day. rng: for the bands.
    """
    given = marks(found.observed)
    if found.model is None or given.empty:
        return None
    cells = displacements(found.model, given)
    interactions = Interactions(cells)
    couples = reciprocity(interactions)
    effects = tuple(_group_effects(interactions, given, groups))
    model = found.model
    raters = _raters(model, given, rng, replicates)
    team = groups.of("team")
    return Diagnostics(
        raters=raters,
        mean_severity=float(raters["severity"].mean()),
        severity_sd=float(model.standard_deviations_["severity"]),
        halo_sd=float(model.standard_deviations_["halo"]),
        effects=effects,
        couples=correlation(couples["there"], couples["back"]) if len(couples) >= _LEAST_COUPLES else None,
        linking=linking(given, group_of_person=team, group_of_rater=team),
        people=int(given.loc[~is_vignette(given["person"]), "person"].nunique()),
        replicates=replicates,
        notes=groups.notes,
        agreement=agreement(given, rng),
    )


def _raters(model: FacetsModel, given: pd.DataFrame, rng: np.random.Generator, replicates: int) -> pd.DataFrame:
    checks = rater_checks(foreseen(model, given), rng=rng, replicates=replicates)
    relation = main_relations(given)
    people = given["person"].mask(is_vignette(given["person"]))
    table = pd.DataFrame({"marks": given.groupby("rater").size(), "people": people.groupby(given["rater"]).nunique()})
    table.insert(0, "relation", [relation[str(rater)] for rater in table.index])
    table["severity"] = model.raters_["estimate"].reindex(table.index)
    table["se"] = model.raters_["se"].reindex(table.index)
    table = table.join(fair_averages(model, given))
    for name, column in (("scale", "centrality"), ("scale_se", "centrality_se")):
        table[name] = model.raters_[column].reindex(table.index) if column in model.raters_ else np.nan
    for name in STATISTICS:
        own = checks.xs(name, level="statistic")
        table[name] = own["observed"]
        table[f"{name}_low"], table[f"{name}_high"], table[f"{name}_z"] = own["low"], own["high"], own["z"]
    for name in ("centrality", "entropy"):
        table[f"{name}_expected"] = checks.xs(name, level="statistic")["expected"]
    mean = float(table["severity"].mean())
    table["flags"] = [_flags(row, mean) for row in table.to_dict(orient="records")]
    return table


def _flags(row: Mapping[Hashable, Any], mean: float) -> tuple[str, ...]:
    """The names of `FLAGS` that hold of one rater."""
    if row["marks"] < LEAST_MARKS:
        return ()
    apart = row["severity"] - mean
    sure = abs(apart) > 1.96 * row["se"] and abs(apart) > _SEVERITY
    leaning = row["centrality"] - row["centrality_expected"]
    lower, upper = (np.log(row["scale"]) + side * 1.96 * row["scale_se"] / row["scale"] for side in (-1, 1))
    held = {
        "severe": sure and apart > 0,
        "lenient": sure and apart < 0,
        "erratic": any(row[name] > _NOISY and row[f"{name}_z"] > _Z for name in ("infit", "outfit")),
        "muted": row["infit"] < _MUTED and row["infit_z"] < -_Z,
        "central": (leaning < -_LEANING and row["centrality_z"] < -_Z)
        or (row["entropy_expected"] - row["entropy"] > _NARROW and row["entropy_z"] < -_Z)
        or lower > np.log(_SCALE[1]),
        "extreme": upper < np.log(_SCALE[0]),
        "halo": row["halo"] > _HALO and row["halo_z"] > _Z,
    }
    return tuple(name for name in FLAGS if held[name])


def _group_effects(interactions: Interactions, given: pd.DataFrame, groups: RosterGroups) -> Iterator[GroupEffect]:
    rows = list(_contrasts(interactions.cells, given, groups))
    effects = [interactions.effect(indicator) for *_, indicator in rows]
    stands = benjamini_hochberg([one.p for one in effects])
    for (kind, rated_by, rated, indicator), effect, standing in zip(rows, effects, stands, strict=True):
        inside = interactions.cells[indicator]
        yield GroupEffect(
            kind,
            rated_by,
            rated,
            _number(effect.estimate),
            _number(effect.se),
            _number(effect.t),
            marks=effect.n,
            raters=int(inside["rater"].nunique()),
            people=int(inside["person"].nunique()),
            stands=bool(standing),
            flagged=bool(standing) and _matters(effect),
        )


def _matters(effect: Effect) -> bool:
    return abs(effect.t) > _Z and abs(effect.estimate) > _EFFECT and effect.n >= LEAST_MARKS


def _contrasts(
    cells: pd.DataFrame, given: pd.DataFrame, groups: RosterGroups
) -> Iterator[tuple[str, str, str, NDArray[np.bool_]]]:
    """kind, raters, people, and which cells: every interaction that is looked for."""
    relation = given.groupby(["rater", "person"])["relation"].min()
    of_cell = relation.reindex(pd.MultiIndex.from_frame(cells[["rater", "person"]])).to_numpy()
    for attribute in groups.names:
        known = groups.of(attribute)
        by, of = (cells[name].astype(str).map(known) for name in ("rater", "person"))
        if attribute == "team":
            yield "own team", "anybody", "their own team", ((by == of) & by.notna()).to_numpy()
            teams = sorted(set(of.dropna()))
            for one in sorted(set(by.dropna()) & set(teams)):
                for other in teams:
                    yield "team by team", one, other, ((by == one) & (of == other)).to_numpy()
            continue
        yield f"{attribute} by {attribute}", attribute, attribute, ((by == attribute) & (of == attribute)).to_numpy()
        for name in sorted(set(of_cell)):
            yield f"relation by {attribute}", str(name), attribute, ((of_cell == name) & (of == attribute)).to_numpy()


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
