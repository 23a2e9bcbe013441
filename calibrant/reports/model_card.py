"""The model card: on what a model version was fitted and checked, what it may claim, and what it must not be used for.

Every figure that speaks of people carries how many; groups under five are withheld, with as many more as it takes that none
can be found by subtracting. Numbers that cannot be known are None and print as a dash.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from calibrant.reports.claims import ClaimLine
from calibrant.reports.inert import NAME_LIMIT, shown
from calibrant.reports.suppression import MINIMUM_CELL, suppress
from inference.self_simulation import SelfSimulation
from inference.validation import USES, SetCoverage, SkillQuality

__all__ = [
    "USES_TEXT",
    "Count",
    "CoverageLine",
    "CurvePoint",
    "Data",
    "MetricLine",
    "ModelCard",
    "SkillLine",
    "ThresholdLine",
    "counts",
    "coverage_lines",
    "curve_points",
    "interval_of",
    "itself",
    "many",
    "metric",
    "rounded",
    "skill_lines",
]

NOT_FOR: Final = (
    "Ranking people, or any list of people sorted by level.",
    "Any decision that no human who read the evidence has made; dismissal and pay by formula least of all.",
    "People of another organisation, or of a part of this one that shares no raters with the rest.",
    "A purpose whose sources differ from those it was calibrated on.",
    "Whatever a claim above was withdrawn for.",
)

ESTIMATED: Final = (
    "Per person and skill: theta on one scale for people and raters, with its interval; from it and from cutpoints that "
    "have errors of their own, the probability of each level.",
    "Recalibration moves level probabilities, never theta. Everybody gets the coefficients learned without their own fifth "
    "of the people, so that no decision about a person touches that person's probabilities.",
    "Predictions are compared with decisions that came after them: every decision, and whatever happened from the first day of "
    "its quarter on, was left out of the evidence they were made from.",
    "“Promoted” is not a label here, because it holds tenure, budget and visibility: labels are levels decided on skills.",
)


@dataclass(frozen=True, slots=True)
class Count:
    """Labels in a group. people and labels are None where withheld."""

    group: str
    people: int | None
    labels: int | None


@dataclass(frozen=True, slots=True)
class Data:
    """What there was. people: of the roster; assessed: with evidence from others; labelled, labels: usable for calibration;
    saw: labels kept out because the committee had seen an estimate; without: labels without any evidence before them;
    audited: people labelled by a blind audit. labelled and audited are None where fewer than five and not none; of labels about
    so few neither the number nor the days are told.
    """

    people: int
    assessed: int
    evidence: int
    labelled: int | None
    labels: int | None
    quarters: int
    first: str
    last: str
    saw: int
    without: int
    audited: int | None
    by_skill: tuple[Count, ...]
    by_level: tuple[Count, ...]


@dataclass(frozen=True, slots=True)
class MetricLine:
    """One figure against decisions: as the model gives it, as recalibrated (held-out people), with 95 % intervals.

    floor: what a perfectly calibrated model would score by chance (95 % of draws are below), where that is not zero.
    better: "lower" or "higher".
    """

    name: str
    code: str
    better: str
    raw: float | None
    raw_interval: tuple[float, float] | None
    served: float | None
    served_interval: tuple[float, float] | None
    floor: float | None = None
    weighted: float | None = None


@dataclass(frozen=True, slots=True)
class ThresholdLine:
    """Slope and intercept of a logistic regression of "at or above the level" on its stated log odds; 1 and 0 are right."""

    level: int
    slope: float | None
    intercept: float | None
    slope_interval: tuple[float, float] | None = None
    intercept_interval: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One point of the reliability diagram: probability stated and share that happened, of n labels, with a 95 % interval."""

    level: int
    stated: float
    happened: float
    n: int
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class CoverageLine:
    """90 % sets of levels beside the decided level; figures are None where withheld. error: twice the clustered SE.

    agrees is None by decided level: no method states a coverage there.
    """

    kind: str
    group: str
    people: int | None
    stated: float | None
    held: float | None
    error: float | None
    levels: float | None
    agrees: bool | None


@dataclass(frozen=True, slots=True)
class SkillLine:
    """Reliability and decision quality on one skill; figures are None where fewer than five people have evidence."""

    code: str
    name: str
    people: int | None
    reliability: float | None
    interval: tuple[float, float] | None
    uses: tuple[str, ...]
    accuracy: float | None
    consistency: float | None
    sem: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class ModelCard:
    """The whole card. checks: (what, found, asked for, passed or None: too few people to tell) behind the claim to be validated. bounds: metric -> (least,
    largest) over everybody. apart: figures on decisions taken with an estimate in sight. notes: what a reader must know."""

    name: str
    purpose: str
    standard: str
    standard_hash: str
    as_of: str
    data: Data
    claims: tuple[ClaimLine, ...]
    checks: tuple[tuple[str, str, str, bool | None], ...]
    metrics: tuple[MetricLine, ...]
    thresholds: tuple[ThresholdLine, ...]
    curve: tuple[CurvePoint, ...]
    coverage: tuple[CoverageLine, ...]
    bounds: Mapping[str, tuple[float, float]]
    apart: Mapping[str, float | None]
    ceiling: Mapping[str, float | None]
    selection: Mapping[str, float | None]
    skills: tuple[SkillLine, ...]
    itself: Mapping[str, float]
    recalibration: str
    conformal: str
    activity: str
    notes: tuple[str, ...]
    estimated: tuple[str, ...] = ESTIMATED
    not_for: tuple[str, ...] = NOT_FOR
    minimum_cell: int = MINIMUM_CELL

    @property
    def by_coverage(self) -> tuple[tuple[str, tuple[CoverageLine, ...]], ...]:
        """Coverage lines by kind of group, in their order."""
        kinds = dict.fromkeys(one.kind for one in self.coverage)
        return tuple((kind, tuple(one for one in self.coverage if one.kind == kind)) for kind in kinds)


def rounded(value: float | None, places: int = 4) -> float | None:
    """The number as a card prints it; None for what is not a number."""
    return None if value is None or not math.isfinite(value) else round(float(value), places) + 0.0


def many(people: int) -> int | None:
    """A number of people that may be printed; None for a small one."""
    return people if people == 0 or people >= MINIMUM_CELL else None


def counts(groups: Mapping[str, tuple[int, int]]) -> tuple[Count, ...]:
    """group -> (people, labels) with small cells withheld."""
    published = suppress({name: people for name, (people, _) in groups.items()})
    return tuple(
        Count(shown(name, NAME_LIMIT), people, labels)
        if name in published.parts
        else Count(shown(name, NAME_LIMIT), None, None)
        for name, (people, labels) in groups.items()
    )


def metric(
    name: str,
    code: str,
    better: str,
    raw: Mapping[str, Any] | None,
    served: Mapping[str, Any] | None,
    *,
    floor: float | None = None,
    weighted: float | None = None,
) -> MetricLine:
    """One line from two reliability mappings (`models.calibration.Reliability.as_mapping`)."""
    return MetricLine(
        name, code, better, *_figure(raw, code), *_figure(served, code), rounded(floor), rounded(weighted)
    )


def _figure(found: Mapping[str, Any] | None, code: str) -> tuple[float | None, tuple[float, float] | None]:
    if found is None:
        return None, None
    return rounded(found.get(code)), interval_of(found, code)


def interval_of(found: Mapping[str, Any], code: str) -> tuple[float, float] | None:
    """The interval of a figure in a reliability mapping; None where it has none."""
    low, high = (rounded(end) for end in (found.get("intervals") or {}).get(code) or (None, None))
    return None if low is None or high is None else (low, high)


def coverage_lines(groups: Mapping[str, Sequence[SetCoverage]]) -> tuple[CoverageLine, ...]:
    """Coverage with small groups withheld, each kind of group as one table."""
    lines = []
    for kind, found in groups.items():
        published = suppress({one.group: one.people for one in found}).parts
        for one in found:
            if one.group in published:
                agrees = None if kind == "level" else one.agrees
                error = rounded(2 * one.se)
                stated, held, levels = rounded(one.stated), rounded(one.held), rounded(one.levels)
                lines.append(CoverageLine(kind, one.group, one.people, stated, held, error, levels, agrees))
            else:
                lines.append(CoverageLine(kind, one.group, None, None, None, None, None, None))
    return tuple(lines)


def skill_lines(found: Sequence[SkillQuality], names: Mapping[str, str]) -> tuple[SkillLine, ...]:
    """Skills in the order given, those with fewer than five people without figures."""
    lines = []
    for one in found:
        code, name = shown(one.skill, NAME_LIMIT), shown(names.get(one.skill, one.skill), NAME_LIMIT)
        if one.people < MINIMUM_CELL:
            lines.append(SkillLine(code, name, None, None, None, (), None, None, ()))
            continue
        low, high = (rounded(end) or 0.0 for end in one.interval)
        figures = rounded(one.accuracy), rounded(one.consistency), tuple(rounded(sem) for sem in one.sem)
        lines.append(SkillLine(code, name, one.people, rounded(one.reliability), (low, high), one.uses, *figures))
    return tuple(lines)


def curve_points(rows: Sequence[Mapping[str, Any]]) -> tuple[CurvePoint, ...]:
    """The reliability diagram's points, those on fewer than five labels left out."""
    return tuple(
        CurvePoint(
            int(row["threshold"]),
            stated=round(float(row["stated"]), 4),
            happened=round(float(row["happened"]), 4),
            n=int(row["n"]),
            low=round(float(row["low"]), 4),
            high=round(float(row["high"]), 4),
        )
        for row in rows
        if int(row["n"]) >= MINIMUM_CELL
    )


def itself(found: SelfSimulation | None) -> dict[str, float]:
    """The simulation of the model by itself, as figures."""
    if found is None:
        return {}
    return {
        "drawings": found.drawings,
        "people": found.people,
        "pairs": found.pairs,
        "coverage": round(found.coverage, 4),
        "se": round(found.se, 4),
    }


USES_TEXT: Final = ", ".join(f"{least:g} for {use}" for use, least in USES.items())
"""What each use asks for, in words."""
