"""A rater's own page: how they rate, beside what others lead to expect, for that rater and nobody else.

It names the rater and no one else. With fewer than 30 marks, or marks of fewer than five people, nothing is told: too little is known, and of few people it would
say what the others think of them. The same holds where fewer than five raters are left to compare with.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from calibrant.reports.case import Heading, heading
from calibrant.reports.inputs import StandardText
from calibrant.reports.suppression import MINIMUM_CELL
from db.records import Purpose, Run
from inference.diagnostics import FLAGS, LEAST_MARKS, Diagnostics

__all__ = ["Figure", "RaterPage", "RaterPageInputs", "build"]


@dataclass(frozen=True, slots=True)
class RaterPageInputs:
    """rater: opaque id, with key and name. drift: as `inference.drift.rater_drift` gives it."""

    rater: str
    rater_key: str
    rater_name: str
    standard: StandardText
    run: Run
    diagnostics: Diagnostics | None
    drift: pd.DataFrame
    generated_at: datetime
    audit_head: str
    purpose: Purpose = Purpose.PROMOTION
    minimum_cell: int = MINIMUM_CELL


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the rater. low, high: see `band`, which says what they are; usual: where most raters are; sentence: what it means."""

    title: str
    value: float
    low: float
    high: float
    band: str
    sentence: str


@dataclass(frozen=True, slots=True)
class RaterPage:
    """The page. withheld: why there are no figures, else ""."""

    heading: Heading
    marks: int
    people: str
    withheld: str
    summary: str
    figures: tuple[Figure, ...]
    flags: tuple[str, ...]
    notes: tuple[str, ...]


_NOTES = (
    "Your severity is corrected for in every result, as far as it can be estimated. It is told so that you know, not because anybody was wronged by it.",
    "The bands say where a rater like any other would be, with as many marks of as many people as you gave.",
    "The comparison is with what the other raters of the same people lead to expect. Where you know more than they do, you may be right and they wrong.",
    "This page is made for you alone. No report names you or shows these figures as yours.",
)


_BAND = "where chance leaves 95 % of raters like you"


def build(inputs: RaterPageInputs) -> RaterPage:
    """The page of one rater."""
    found = inputs.diagnostics
    row = _row(inputs)
    withheld = _withheld(inputs, row)
    marks, people = (0, 0) if row is None else (int(row["marks"]), int(row["people"]))
    figures = _figures(inputs, found, row) if found is not None and row is not None and not withheld else ()
    return RaterPage(
        heading=heading(
            subject=inputs.rater_name,
            key=inputs.rater_key,
            standard=inputs.standard,
            run=inputs.run,
            purpose=inputs.purpose,
            generated_at=inputs.generated_at,
            audit_head=inputs.audit_head,
        ),
        marks=marks,
        people="none"
        if not people
        else str(people)
        if people >= inputs.minimum_cell
        else f"fewer than {inputs.minimum_cell}",
        withheld=withheld,
        summary="" if withheld or row is None or found is None else _summary(row, found),
        figures=figures,
        flags=() if withheld or row is None else tuple(f"{name}: {FLAGS[name]}" for name in row["flags"]),
        notes=_NOTES,
    )


def _row(inputs: RaterPageInputs) -> Mapping[Hashable, Any] | None:
    """The rater's row of the diagnostics."""
    if inputs.diagnostics is None:
        return None
    table = inputs.diagnostics.raters
    rows = table[table.index == inputs.rater].to_dict(orient="records")
    return rows[0] if rows else None


def _withheld(inputs: RaterPageInputs, row: Mapping[Hashable, Any] | None) -> str:
    if inputs.diagnostics is None or row is None:
        return "No mark of yours was read for this purpose."
    if row["marks"] < LEAST_MARKS:
        return f"You gave {int(row['marks'])} marks; from {LEAST_MARKS} on something can be said."
    if row["people"] < inputs.minimum_cell:
        return (
            f"Your marks are of fewer than {inputs.minimum_cell} people; figures would say what others think of them."
        )
    if len(inputs.diagnostics.raters) <= inputs.minimum_cell:
        return (
            f"Fewer than {inputs.minimum_cell} others rated; there is nobody to compare you with who would stay hidden."
        )
    return ""


def _summary(row: Mapping[Hashable, Any], found: Diagnostics) -> str:
    apart = float(row["severity"] - found.mean_severity)
    if abs(apart) <= 1.96 * row["se"]:
        return "You rate about as severely as the average rater here."
    marks = abs(float(row["in_marks"]))
    word, less = ("more severely", "lower") if apart > 0 else ("more mildly", "higher")
    return f"You rate {word} than the average rater here: on a form of five, your marks are about {marks:.1f} {less}."


def _figures(inputs: RaterPageInputs, found: Diagnostics, row: Mapping[Hashable, Any]) -> tuple[Figure, ...]:
    mean = float(row["severity"] - found.mean_severity)
    figures = [
        _interval(
            "Severity, logits from the average rater",
            mean,
            float(row["se"]),
            "Positive is harsher. Within one logit of 0 is usual.",
        )
    ]
    if np.isfinite(row["scale"]):
        sentence = "Above 1: you keep to the middle of the scale. Below: you go to its ends."
        figures.append(
            _interval("Scale of steps, 1 for the average rater", float(row["scale"]), float(row["scale_se"]), sentence)
        )
    for name, title, sentence in (
        ("infit", "Distance from what others lead to expect (infit)", _misfit(row)),
        ("centrality", "Leaning: do you mark with or against what others see?", _leaning(row)),
        ("entropy", "Range of marks used, 0 to 1", _range(row)),
        ("halo", "One impression on all marks of a person", _halo(row)),
    ):
        value, low, high = (float(row[part]) for part in (name, f"{name}_low", f"{name}_high"))
        if np.isfinite([value, low, high]).all():
            figures.append(Figure(title, _round(value), _round(low), _round(high), _BAND, sentence))
    own = inputs.drift[(inputs.drift["rater"] == inputs.rater) & inputs.drift["drift"].notna()]
    for one in own.tail(1).to_dict(orient="records"):
        sentence = (
            f"From {one['before']} to {one['after']}, beside raters who rated in both. Positive: you became harsher."
        )
        figures.append(_interval("Change of severity, logits", float(one["drift"]), float(one["se"]), sentence))
    return tuple(figures)


def _interval(title: str, value: float, se: float, sentence: str) -> Figure:
    return Figure(title, _round(value), _round(value - 1.96 * se), _round(value + 1.96 * se), "95 % interval", sentence)


def _misfit(row: Mapping[Hashable, Any]) -> str:
    if "erratic" in row["flags"]:
        return "Your marks surprise those who know the others' more often than chance allows. Ask what you see that they do not, and whether the questions are clear."
    if "muted" in row["flags"]:
        return "Your marks follow the expectation more closely than chance allows: perhaps few of them were your own observation, or few marks were used."
    if row["infit"] < row["infit_low"]:
        return "A little closer than chance allows, not enough to matter."
    return (
        "About as far as chance allows."
        if row["infit"] <= row["infit_high"]
        else "A little further than chance allows, not enough to matter."
    )


def _leaning(row: Mapping[Hashable, Any]) -> str:
    if "central" in row["flags"]:
        return "You keep to few marks or to the middle, whoever is rated. Use the anchors at the ends where they fit."
    if "extreme" in row["flags"]:
        return "You seek the ends of the scale more than others. Check the anchors of the neighbouring marks."
    return (
        "As most do."
        if row["centrality_low"] <= row["centrality"] <= row["centrality_high"]
        else "Outside the band, but not far enough to matter."
    )


def _range(row: Mapping[Hashable, Any]) -> str:
    return "Narrower than expected." if row["entropy"] < row["entropy_low"] else "As expected of the people you rated."


def _halo(row: Mapping[Hashable, Any]) -> str:
    if "halo" in row["flags"]:
        return "Your marks of one person resemble each other far more than theirs do with others. Rate one question for all people before the next question."
    return "No more than the model already allows for."


def _round(value: float) -> float:
    return round(float(value), 2) + 0.0
