"""The raters' report as frozen values: what may be printed, and nothing from which it was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from calibrant.reports.case import Heading
from calibrant.reports.disclosure import GroupedValue

__all__ = [
    "MEASURES",
    "Agreeing",
    "Boundary",
    "Effect",
    "Flag",
    "Item",
    "Raters",
    "Relation",
    "Shift",
    "Spread",
    "Validity",
]

MEASURES: Mapping[str, tuple[str, str]] = {
    "severity": ("Severity, logits", "positive: harsher than the average rater"),
    "in_marks": ("Severity, marks", "what it adds to their own marks on a form of five; corrected for in every result"),
    "infit": (
        "Infit",
        "1: as far from what others lead to expect as the model has it; above 1.5 erratic, below .5 muted",
    ),
    "scale": ("Scale of steps", "above 1: keeps to the middle, below 1: goes to the ends"),
    "centrality": (
        "Leaning",
        "correlation of residual and expectation; negative: marks the able down and the others up",
    ),
    "entropy": ("Marks used", "0: always the same mark, 1: all alike often"),
    "halo": ("Halo", "correlation of the residuals of one person's marks; .3 and more is much"),
}
"""Column of `Diagnostics.raters` -> title, how to read it."""


@dataclass(frozen=True, slots=True)
class Relation:
    """One group of raters. raters, figures (measure -> mean) are None where withheld."""

    name: str
    raters: int | None
    figures: Mapping[str, float] | None


@dataclass(frozen=True, slots=True)
class Spread:
    """A measure's distribution over raters, in groups of neighbours."""

    measure: str
    title: str
    reading: str
    groups: tuple[GroupedValue, ...]


@dataclass(frozen=True, slots=True)
class Flag:
    """How many raters, in words, of those with enough marks, carry a flag."""

    name: str
    meaning: str
    raters: str


@dataclass(frozen=True, slots=True)
class Effect:
    """A group of raters with a group of people. estimate, low, high: logits with 90 % interval, None where withheld or not to be told."""

    kind: str
    rated_by: str
    rated: str
    estimate: float | None
    low: float | None
    high: float | None
    marks: int | None
    verdict: str


@dataclass(frozen=True, slots=True)
class Boundary:
    """Between two teams: raters who rated in both, people rated from both, in words; thin where too few."""

    first: str
    second: str
    bridges: str
    shared: str
    thin: bool


@dataclass(frozen=True, slots=True)
class Item:
    """An item that works differently for a group."""

    item: str
    attribute: str
    group: str
    estimate: float
    low: float
    high: float
    people: int


@dataclass(frozen=True, slots=True)
class Shift:
    """An item whose marks are spread otherwise than in the earlier run."""

    item: str
    source: str
    index: float
    chance: float
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Validity:
    """Git beside human raters on one skill. people in words."""

    skill: str
    people: str
    correlation: float | None
    low: float | None
    high: float | None
    verdict: str


@dataclass(frozen=True, slots=True)
class Agreeing:
    """Krippendorff's alpha of a response format with its 95 % interval; None where withheld, or where there is none."""

    scale: str
    alpha: float | None
    low: float | None
    high: float | None
    marks: int | None


@dataclass(frozen=True, slots=True)
class Raters:
    """The whole report. raters, people, marks: None where there are fewer than five raters, and nothing else is told then."""

    heading: Heading
    raters: int | None
    people: int | None
    marks: int | None
    model_sd: Mapping[str, float]
    relations: tuple[Relation, ...]
    withheld_relations: int
    spreads: tuple[Spread, ...]
    judged: str
    flags: tuple[Flag, ...]
    effects: tuple[Effect, ...]
    reciprocity: Effect | None
    parts: int
    cut: str
    connectivity: float | None
    boundaries: tuple[Boundary, ...]
    agreement: tuple[Agreeing, ...]
    drifting: str
    drift: Spread | None
    items: tuple[Item, ...]
    items_looked_at: int
    shifts: tuple[Shift, ...]
    shift_note: str
    forecasts: str
    validity: tuple[Validity, ...]
    minimum_cell: int
    notes: tuple[str, ...]
    method: tuple[str, ...]
