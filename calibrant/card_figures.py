"""The model card's content from what was learned: counted, rounded, and withheld where groups are small."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from calibrant.checking import Check
from calibrant.reports.claims import line
from calibrant.reports.evidence_text import day_text
from calibrant.reports.explain import percent
from calibrant.reports.inert import NAME_LIMIT, shown
from calibrant.reports.model_card import (
    Count,
    Data,
    MetricLine,
    ModelCard,
    ThresholdLine,
    counts,
    coverage_lines,
    curve_points,
    interval_of,
    itself,
    many,
    metric,
    rounded,
    skill_lines,
)
from calibrant.reports.suppression import MINIMUM_CELL
from db.records import LEVELS, Purpose
from inference.learning import Learned
from inference.recalibration import LEAST_PEOPLE
from inference.selection import bounds
from inference.validation import agreement_ceiling, weighted_scores
from models.calibration import conformal_band
from rubrics import Standard

__all__ = ["card_of"]

_METHODS = {
    "logit": "One slope and a shift per threshold, on cumulative log odds",
    "strata": "One slope, a shift per threshold and one per skill, on cumulative log odds",
    "isotonic": "A rising curve per threshold (isotonic)",
}


def card_of(
    standard: Standard,
    learned: Learned,
    figures: Mapping[str, Any],
    checks: Sequence[Check],
    claims: Mapping[str, Mapping[str, Any]],
    *,
    purpose: Purpose,
    as_of: datetime,
    name: str,
) -> ModelCard:
    """The card. figures: as `calibrating` computes them; claims: claim -> {"holds", "why"}."""
    told = learned.people >= MINIMUM_CELL
    ceiling = agreement_ceiling(learned.doubles, figures["rng"])
    weighted = weighted_scores(learned.served, learned.selection.weight) if told else {}
    names = {code: skill.name for code, skill in standard.skills.items()}
    return ModelCard(
        name=name,
        purpose=purpose.value.replace("_", " "),
        standard=f"{shown(standard.name, NAME_LIMIT)} {shown(standard.version, NAME_LIMIT)}".strip(),
        standard_hash=standard.hash,
        as_of=day_text(as_of.date()),
        data=_data(learned, names),
        claims=tuple(line(claim, kept) for claim, kept in claims.items()),
        checks=tuple((one.what, one.found, one.asked, one.passed) for one in checks),
        metrics=_metrics(figures, weighted, learned) if told else (),
        thresholds=_thresholds(figures["served"]) if told else (),
        curve=curve_points(figures["served"].get("curve", ())) if told else (),
        coverage=coverage_lines(figures["coverage"]) if told else (),
        bounds={key: _pair(value) for key, value in bounds(learned.served, learned.unlabelled).items()} if told else {},
        apart=_apart(learned, figures["apart"]),
        ceiling={key: rounded(value) for key, value in (ceiling or {}).items()},
        selection=_selection(learned),
        skills=skill_lines(figures["skills"], names),
        itself=itself(figures["itself"]),
        recalibration=_recalibration(learned),
        conformal=_conformal(learned),
        activity=_activity(learned),
        notes=_notes(learned, ceiling is not None),
    )


def _activity(learned: Learned) -> str:
    found = learned.activity
    if found is None:
        return (
            "No activity classifier is part of this version: too few people, or work tells nothing of what was decided."
        )
    return (
        f"An activity classifier learned from decisions on {many(found.people)} people is part of git's word, never beside it. "
        "It says what committees went by, not who is competent."
    )


def _pair(value: tuple[float, float]) -> tuple[float, float]:
    return rounded(value[0]) or 0.0, rounded(value[1]) or 0.0


def _data(learned: Learned, names: Mapping[str, str]) -> Data:
    labelled = learned.labelled
    evident = learned.current[learned.current["raters"] > 0]
    told = many(learned.people) is not None
    days = labelled["decided_at"] if told else labelled["decided_at"].iloc[:0]
    return Data(
        people=int(learned.current["person"].nunique()),
        assessed=int(evident["person"].nunique()),
        evidence=learned.evidence,
        labelled=many(learned.people),
        labels=len(labelled) if told else None,
        quarters=int(labelled["cutoff"].nunique()) if len(days) else 0,
        first=day_text(days.min().date()) if len(days) else "",
        last=day_text(days.max().date()) if len(days) else "",
        saw=len(learned.apart),
        without=learned.without,
        audited=many(learned.selection.audited),
        by_skill=_by(labelled, "skill", names),
        by_level=_by(labelled, "level", {level: f"level {level}" for level in range(1, LEVELS + 1)}),
    )


def _by(labelled: pd.DataFrame, column: str, names: Mapping[Any, str]) -> tuple[Count, ...]:
    groups = dict(list(labelled.groupby(column)))
    sizes = {
        name: (int(groups[key]["person"].nunique()), len(groups[key])) if key in groups else (0, 0)
        for key, name in names.items()
    }
    return counts({name: size for name, size in sizes.items() if size[0] or column == "level"})


def _metrics(figures: Mapping[str, Any], weighted: Mapping[str, float], learned: Learned) -> tuple[MetricLine, ...]:
    raw, served = figures["raw"], figures["served"]
    lines = [
        metric("Ranked probability score (RPS)", "rps", "lower", raw, served, weighted=weighted.get("rps_weighted")),
        metric("  of it, reliability", "rps_reliability", "lower", raw, served),
        metric("  of it, resolution (subtracted)", "rps_resolution", "higher", raw, served),
        metric("  of it, uncertainty of the labels", "rps_uncertainty", "", raw, served),
        metric("Negative log likelihood", "nll", "lower", raw, served),
        metric(
            "Quadratic weighted kappa of the median level",
            "qwk",
            "higher",
            raw,
            served,
            weighted=weighted.get("qwk_weighted"),
        ),
        metric(
            "Accuracy of the most probable level",
            "accuracy",
            "higher",
            raw,
            served,
            weighted=weighted.get("accuracy_weighted"),
        ),
        metric(
            "Cumulative calibration error (ECE)",
            "cumulative_ece",
            "lower",
            raw,
            served,
            floor=served.get("ece_floor_p95"),
        ),
        metric("Calibration slope, all thresholds (1 is right)", "common_slope", "", raw, served),
    ]
    return tuple(lines)


def _thresholds(served: Mapping[str, Any]) -> tuple[ThresholdLine, ...]:
    slopes, intercepts = served.get("slope", ()), served.get("intercept", ())
    return tuple(
        ThresholdLine(
            level,
            rounded(slope),
            rounded(intercept),
            interval_of(served, f"slope_{level}"),
            interval_of(served, f"intercept_{level}"),
        )
        for level, (slope, intercept) in enumerate(zip(slopes, intercepts, strict=True), start=2)
    )


def _apart(learned: Learned, found: Mapping[str, Any]) -> dict[str, float | None]:
    """Figures on decisions taken with an estimate in sight; only their number where few people are behind them."""
    if not len(learned.apart):
        return {}
    people = int(learned.apart["person"].nunique())
    kept = ("rps", "qwk", "accuracy") if people >= MINIMUM_CELL else ()
    return {"labels": len(learned.apart)} | {name: rounded(found.get(name)) for name in kept}


def _selection(learned: Learned) -> dict[str, float | None]:
    chosen = learned.selection
    return {
        "auc": rounded(chosen.auc, 3),
        "effective_people": rounded(chosen.effective_people, 1) if chosen.labelled >= MINIMUM_CELL else None,
        "supported": rounded(chosen.supported, 3) if chosen.auc is not None else None,
    }


def _recalibration(learned: Learned) -> str:
    found = learned.recalibration
    if found is None:
        return (
            f"None: under {LEAST_PEOPLE} labelled people a slope and four shifts would be noise, so probabilities stay as "
            "the model gives them."
        )
    how = " and ".join(sorted({_METHODS[one.method] for one in found.folds}))
    return (
        f"{how}, in {len(found.folds)} folds of people, from {found.labels} labels on {found.people} people. "
        "It was learned, and checked, on predictions from which all decisions were left out; assessments it is applied to "
        "count past decisions as ratings by one more rater, so what they say of people decided on before was not checked."
    )


def _conformal(learned: Learned) -> str:
    found = learned.conformal
    if found is None:
        return f"None: under {LEAST_PEOPLE} labelled people a set about decisions would promise nothing."
    low, high = conformal_band(found.people, found.people, found.alpha)
    return (
        f"Sets that are to hold the committee's level in {percent(1 - found.alpha)} of cases, from {found.people} people. With so many, "
        f"the share among as many others will lie between {percent(low)} and {percent(high)} in 95 % of cases. It is an average over people "
        "like those decided on."
    )


def _notes(learned: Learned, doubled: bool) -> tuple[str, ...]:
    notes = [
        "Coverage and reliability are averages over people. They promise nothing about one person.",
        "Labels are late: a prediction reads evidence up to the day before the quarter of its decision.",
    ]
    if learned.people and learned.selection.audited == 0:
        notes.append(
            "No blind audit exists. Committees decided on people somebody nominated, and nothing here shows how the model does "
            "on the others; the bounds say how far that could move a figure."
        )
    moved = [code for code, one in learned.fitted.cuts.items() if "decisions" in one.anchored_by]
    if moved and learned.recalibration is None:
        notes.append(
            f"Assessments take the cutpoints of {len(moved)} skills from the same decisions; the figures against decisions are of "
            "cutpoints that no decision has moved."
        )
    if learned.people and not doubled:
        notes.append(
            "Fewer than five people were decided on by two panels, so nobody knows how well committees agree among themselves, "
            "which is as well as anything can agree with one of them."
        )
    return tuple(notes)
