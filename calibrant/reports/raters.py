"""The raters' report for the facilitator of a calibration: how people here rate, with nobody in it.

No row of it is a rater. Every rater is counted in one relation only (the one most of their marks were given in). Means of a relation are printed as `suppression`
allows, so that no sum or difference of what is printed speaks of one to four raters; distributions are means of at least five neighbours; numbers of raters or
people are printed as "none", "fewer than 5" or from five on. What concerns one rater stands on that rater's own page (`rater_page`) and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from calibrant.reports.case import heading
from calibrant.reports.disclosure import count_words, grouped_values
from calibrant.reports.inert import NAME_LIMIT, shown
from calibrant.reports.inputs import StandardText
from calibrant.reports.rater_results import (
    MEASURES,
    Agreeing,
    Boundary,
    Effect,
    Flag,
    Item,
    Raters,
    Relation,
    Shift,
    Spread,
    Validity,
)
from calibrant.reports.suppression import MINIMUM_CELL, suppress
from db.records import Purpose, Run
from inference.agreement import Agreement
from inference.diagnostics import FLAGS, LEAST_MARKS, Diagnostics, GroupEffect
from inference.drift import ItemEffect, ItemShift
from inference.validity import CrossValidity, SkillValidity
from models.linking import Linking

__all__ = ["RatersInputs", "build"]


@dataclass(frozen=True, slots=True)
class RatersInputs:
    """What the report is made of. drift: as `rater_drift` gives it. shifts: None if there is no earlier run to compare with, whose date is `since`. forecasts:
    as `decision_cusum` gives them, None with too few decisions.

    repositories: rater id of a machine -> name of its source.
    """

    department: str
    standard: StandardText
    run: Run
    diagnostics: Diagnostics | None
    drift: pd.DataFrame
    items: tuple[ItemEffect, ...]
    shifts: tuple[ItemShift, ...] | None
    since: str
    forecasts: pd.DataFrame | None
    validity: CrossValidity
    repositories: Mapping[str, str]
    generated_at: datetime
    audit_head: str
    purpose: Purpose = Purpose.PROMOTION
    minimum_cell: int = MINIMUM_CELL


_METHOD = (
    "Severities are corrected for in every result. What a rater's marks should be is foretold from everybody else's marks of the same person, the rater's own left out; "
    "200 sets of marks drawn from the model with this department's design give the bands in which chance leaves each figure.",
    f"A flag needs {LEAST_MARKS} marks, a size that matters and a z beyond 2, all three. Effects of groups must also stand among all that were looked for "
    "(Benjamini and Hochberg, q = .05), and each has severity and ability taken out anew. What all raters do alike to a group of people cannot be told from their ability.",
    "Severity, misfit and halo are ways of rating, not faults of people. Talk about them with everybody, or with one rater alone over their own page; do not rank raters.",
)
_Z90 = 1.645
_ORDINAL = {1: "first", 2: "second", 3: "third", 4: "fourth"}


def build(inputs: RatersInputs) -> Raters:
    """The report."""
    found = inputs.diagnostics
    table = pd.DataFrame(columns=["relation", "marks", "flags", *MEASURES]) if found is None else found.raters
    enough = len(table) >= inputs.minimum_cell and found is not None
    people = found.people if found is not None else 0
    judged = table[table["marks"] >= LEAST_MARKS]
    shown_count = inputs.minimum_cell <= people
    relations = _relations(table, inputs.minimum_cell) if enough else ()
    drifting, drift = _drift(inputs)
    return Raters(
        heading=heading(
            subject=inputs.department,
            key="",
            standard=inputs.standard,
            run=inputs.run,
            purpose=inputs.purpose,
            generated_at=inputs.generated_at,
            audit_head=inputs.audit_head,
        ),
        raters=len(table) if enough else None,
        people=people if enough and shown_count else None,
        marks=int(table["marks"].sum()) if enough else None,
        model_sd={"severity": _round(found.severity_sd), "halo": _round(found.halo_sd)} if found and enough else {},
        relations=relations,
        withheld_relations=sum(one.raters is None for one in relations),
        spreads=tuple(_spread(name, table[name], inputs.minimum_cell) for name in _measured(table)) if enough else (),
        judged=count_words(len(judged), len(table), inputs.minimum_cell),
        flags=_flags(judged, inputs.minimum_cell) if enough else (),
        effects=tuple(_effect(one, inputs.minimum_cell) for one in found.effects) if found and enough else (),
        reciprocity=_reciprocity(found) if found and enough else None,
        parts=found.linking.components if found and enough else 0,
        cut=_cut(found.linking, inputs.minimum_cell) if found and enough else "",
        connectivity=_round(found.linking.algebraic_connectivity) if found and enough else None,
        boundaries=_boundaries(found.linking, inputs.minimum_cell) if found and enough else (),
        agreement=tuple(_agreeing(one, inputs.minimum_cell) for one in found.agreement) if found and enough else (),
        drifting=drifting,
        drift=drift,
        items=tuple(_item(inputs, one) for one in inputs.items if one.flagged),
        items_looked_at=len(inputs.items),
        shifts=tuple(_shift(inputs, one) for one in inputs.shifts or () if one.stability.moved),
        shift_note=_shift_note(inputs),
        forecasts=_forecasts(inputs.forecasts),
        validity=tuple(_validity(inputs, one) for one in _validities(inputs.validity)),
        minimum_cell=inputs.minimum_cell,
        notes=found.notes if found else (),
        method=_METHOD,
    )


def _relations(table: pd.DataFrame, minimum: int) -> tuple[Relation, ...]:
    counts = {str(name): int(count) for name, count in table["relation"].value_counts().items()}
    allowed = suppress(counts, minimum)
    rows = [("all raters", table, allowed.total)]
    rows += [(name, table[table["relation"] == name], name in allowed.parts) for name in sorted(counts)]
    return tuple(
        Relation(
            shown(name, NAME_LIMIT),
            len(part) if open_ else None,
            {measure: _round(float(part[measure].mean())) for measure in _measured(table)} if open_ else None,
        )
        for name, part, open_ in rows
    )


def _measured(table: pd.DataFrame) -> list[str]:
    """The measures that this model gives."""
    return [name for name in MEASURES if table[name].notna().all()]


def _spread(name: str, values: Iterable[float], minimum: int) -> Spread:
    title, reading = MEASURES.get(
        name, ("Drift, logits", "positive: became harsher, beside raters who rated in both quarters")
    )
    return Spread(name, title, reading, grouped_values([float(value) for value in values], minimum))


def _flags(judged: pd.DataFrame, minimum: int) -> tuple[Flag, ...]:
    return tuple(
        Flag(
            name,
            meaning,
            count_words(int(judged["flags"].map(lambda held, name=name: name in held).sum()), len(judged), minimum),
        )
        for name, meaning in FLAGS.items()
    )


def _effect(one: GroupEffect, minimum: int) -> Effect:
    kind, by, rated = (shown(text, NAME_LIMIT) for text in (one.kind, one.rated_by, one.rated))
    if min(one.raters, one.people) < minimum:
        return Effect(kind, by, rated, None, None, None, None, f"withheld: fewer than {minimum} raters or people")
    if one.estimate is None or one.se is None:
        return Effect(kind, by, rated, None, None, None, one.marks, "cannot be told from severity and ability")
    low, high = one.estimate - _Z90 * one.se, one.estimate + _Z90 * one.se
    verdict = "flagged" if one.flagged else "stands, but small" if one.stands else "may be chance, among all looked at"
    return Effect(kind, by, rated, _round(one.estimate), _round(low), _round(high), one.marks, verdict)


def _reciprocity(found: Diagnostics) -> Effect | None:
    couples = found.couples
    if couples is None or not np.isfinite(couples.low):
        return None
    verdict = "favours are returned" if couples.low > 0 else "may be chance, among all looked at"
    return Effect(
        "reciprocity",
        "either",
        "the other",
        _round(couples.r),
        _round(couples.low),
        _round(couples.high),
        couples.n,
        verdict,
    )


def _cut(found: Linking, minimum: int) -> str:
    if found.components > 1:
        return "Parts have no rater in common: comparisons between them rest on the priors alone."
    bridges = count_words(len(found.bridge_raters), found.raters, minimum)
    if found.minimum_cut is None:
        return f"No set of raters, gone, would part people from each other. Raters without whom people fall apart: {bridges}."
    side = count_words(found.cut_off or 0, found.people, minimum)
    number = found.minimum_cut if found.minimum_cut >= minimum else f"fewer than {minimum}"
    return (
        f"The smallest set of raters without whom some people could not be compared with the rest counts {number}; it would cut off {side} of {found.people} people and vignettes. "
        f"Raters without any one of whom people fall apart: {bridges}."
    )


def _boundaries(found: Linking, minimum: int) -> tuple[Boundary, ...]:
    return tuple(
        Boundary(
            shown(one.first, NAME_LIMIT),
            shown(one.second, NAME_LIMIT),
            count_words(one.bridges, found.raters, minimum),
            "not known" if one.shared is None else count_words(one.shared, found.people, minimum),
            one.thin,
        )
        for one in found.boundaries
    )


def _agreeing(one: Agreement, minimum: int) -> Agreeing:
    scale = shown(one.scale, NAME_LIMIT)
    if min(one.raters, one.people) < minimum:
        return Agreeing(scale, None, None, None, None)
    alpha, low, high = (_round(end) if np.isfinite(end) else None for end in (one.alpha, one.low, one.high))
    return Agreeing(scale, alpha, low, high, one.marks)


def _drift(inputs: RatersInputs) -> tuple[str, Spread | None]:
    table = inputs.drift.dropna(subset=["drift"])
    raters = table["rater"].nunique()
    if raters < inputs.minimum_cell:
        return "withheld: fewer than five raters could be compared between quarters", None
    flagged = count_words(table.loc[table["flagged"].astype(bool), "rater"].nunique(), raters, inputs.minimum_cell)
    latest = table.sort_values(["after", "rater"]).drop_duplicates("rater", keep="last")
    words = f"{flagged} of {raters} raters who could be compared between quarters"
    return words, _spread("drift", latest["drift"], inputs.minimum_cell)


def _item(inputs: RatersInputs, one: ItemEffect) -> Item:
    group = inputs.repositories.get(one.group, one.group)
    low, high = one.estimate - _Z90 * one.se, one.estimate + _Z90 * one.se
    name, of = shown(one.item, NAME_LIMIT), shown(group, NAME_LIMIT)
    return Item(name, one.attribute, of, _round(one.estimate), _round(low), _round(high), one.people)


def _shift(inputs: RatersInputs, one: ItemShift) -> Shift:
    held = one.stability
    return Shift(
        shown(one.item, NAME_LIMIT),
        shown(one.source, NAME_LIMIT),
        _round(held.psi),
        _round(held.chance),
        held.before,
        held.after,
    )


def _shift_note(inputs: RatersInputs) -> str:
    if inputs.shifts is None:
        return "No earlier run of this purpose ends before this one, so there is nothing to compare."
    words = f"{len(inputs.shifts)} items were compared with the run of {inputs.since}."
    return words if any(one.stability.moved for one in inputs.shifts) else f"{words} None moved."


def _forecasts(found: pd.DataFrame | None) -> str:
    if found is None or found.empty:
        return "Forecasts of decisions: fewer than ten decisions without sight of an estimate, or about fewer than five people, in two years, so they were not watched."
    words = f"Forecasts of {found['decisions'].sum()} decisions of the last two years, each from before its quarter: "
    if not found["signal"].any():
        return (
            words
            + f"no worse than they said they would be (cumulative sum at most {found['sum'].max():.1f}; 5 is the limit)."
        )
    first = pd.Timestamp(found.loc[found["signal"], "decided_at"].iloc[0])
    return (
        words
        + f"worse than they said they would be since the {_ORDINAL[first.quarter]} quarter of {first.year} (cumulative sum {found['sum'].max():.1f}; 5 is the limit). Calibrate again."
    )


def _validities(found: CrossValidity) -> tuple[SkillValidity, ...]:
    return (*found.skills, *([found.overall] if found.overall else []))


_VERDICTS = {
    "shown": "git counts in the headline: its agreement is shown",
    "not shown": "git is left out of the headline",
    "untested": "untested, too few people: git counts as one rater with a wide halo",
}


def _validity(inputs: RatersInputs, one: SkillValidity) -> Validity:
    few = one.people < inputs.minimum_cell
    overall = inputs.validity.overall is one
    name = "all skills together" if overall else inputs.standard.skill(one.skill).name
    people = "none" if not one.people else f"fewer than {inputs.minimum_cell}" if few else str(one.people)
    return Validity(
        shown(name, NAME_LIMIT),
        people,
        *((None, None, None) if few else (_maybe(one.correlation), _maybe(one.low), _maybe(one.high))),
        verdict="for information" if overall else _VERDICTS[one.verdict],
    )


def _maybe(value: float | None) -> float | None:
    return None if value is None else _round(value)


def _round(value: float) -> float:
    return round(float(value), 2) + 0.0
