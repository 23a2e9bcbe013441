"""A standard in memory: frozen, hashed by content, the same from YAML and from its stored text.

`Standard.text()` is canonical JSON (sorted keys, no spaces, defaults left out); its SHA-256 is `Standard.hash`. Key
order, comments and line breaks in the YAML do not reach it; every word that a person may be judged by does.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from db.records import Kind
from rubrics.catalogue import Catalogue

__all__ = [
    "Criterion",
    "Cutpoints",
    "Examples",
    "Expectation",
    "Fixture",
    "GradedItem",
    "LevelMeaning",
    "Measure",
    "Opportunity",
    "RoleProfile",
    "Signals",
    "Skill",
    "SkillLevel",
    "Standard",
    "Waiver",
]


@dataclass(frozen=True, slots=True)
class LevelMeaning:
    """What a proficiency level (1..5) means for any skill."""

    level: int
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Cutpoints:
    """The cutpoint rule per class of source: "thurstonian-50" or "rp-67"."""

    ratings: str
    measures: str


@dataclass(frozen=True, slots=True)
class Waiver:
    """A criterion set aside from `start` (included) to `until` (excluded): "not observed", with the reason."""

    criterion: str
    reason: str
    start: datetime.date
    until: datetime.date

    def holds(self, day: datetime.date) -> bool:
        """Whether it is in force on a day."""
        return self.start <= day < self.until


@dataclass(frozen=True, slots=True)
class Signals:
    """How evidence is tagged with a skill. paths and repositories are globs (`rubrics.globs`)."""

    paths: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measure:
    """What is counted: rows of these kinds, in this role, with all `facts`, within the window, in `unit`.

    unit: months, quarters, repositories, areas, people (distinct, each with a summed share of at least one half) or
    changes (sum of shares, at most 1 per artefact and 2 per calendar month).
    """

    code: str
    title: str
    evidence: tuple[Kind, ...]
    role: str
    facts: tuple[str, ...]
    unit: str
    window_months: int


@dataclass(frozen=True, slots=True)
class Opportunity:
    """What a person must have had before an unmet threshold counts as not met: months present; access, if asked for; if asked for,
    access to work of which a source shows what reviewers said.
    """

    months_present: float
    access: bool
    comments: bool = False


@dataclass(frozen=True, slots=True)
class Fixture:
    """A made-up record, see `rubrics.fixtures`."""

    months: int
    changes: int
    repositories: int = 1
    areas: int = 1
    people: int = 1
    share: float = 1.0
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Examples:
    """For people who judge: what met and not met look like."""

    met: str
    not_met: str


@dataclass(frozen=True, slots=True)
class Criterion:
    """One observable behaviour. measure and at_least are None where only people can judge it."""

    code: str
    skill: str
    level: int
    statement: str
    measure: str | None = None
    at_least: float | None = None
    opportunity: Opportunity | None = None
    passing: Fixture | None = None
    failing: Fixture | None = None
    examples: Examples | None = None


@dataclass(frozen=True, slots=True)
class SkillLevel:
    """One level of one skill."""

    level: int
    name: str
    summary: str
    criteria: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True)
class GradedItem:
    """All criteria of one skill on one measure: one observation with len(criteria) + 1 categories."""

    code: str
    measure: Measure
    criteria: tuple[Criterion, ...]


@dataclass(frozen=True)
class Skill:
    """One skill: how evidence finds it, what is measured, and its five levels (index 0 is level 1)."""

    code: str
    name: str
    description: str
    crosswalk: Mapping[str, tuple[str, ...]]
    requires: tuple[str, ...]
    related: tuple[str, ...]
    half_life_months: float | None
    signals: Signals
    measures: Mapping[str, Measure]
    levels: tuple[SkillLevel, ...]

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        """All criteria, level 1 first."""
        return tuple(criterion for level in self.levels for criterion in level.criteria)

    @property
    def items(self) -> tuple[GradedItem, ...]:
        """The graded items `<skill>/<measure>`, thresholds ascending."""
        return tuple(
            GradedItem(
                f"{self.code}/{code}",
                measure,
                tuple(
                    sorted((c for c in self.criteria if c.measure == code), key=lambda c: (c.at_least or 0, c.level))
                ),
            )
            for code, measure in self.measures.items()
        )


@dataclass(frozen=True, slots=True)
class Expectation:
    """Levels a role expects at one job level, by skill code."""

    required: Mapping[str, int]
    optional: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class RoleProfile:
    """What a role expects, per job level it exists at."""

    code: str
    name: str
    description: str
    job_levels: Mapping[str, Expectation]


@dataclass(frozen=True)
class Standard:
    """A whole standard. Two with the same `hash` are the same, word for word. Pickles as its text."""

    code: str
    name: str
    version: str
    licence: str
    description: str
    levels: tuple[LevelMeaning, ...]
    job_levels: tuple[str, ...]
    cutpoints: Cutpoints
    half_life_months: float
    waivers: tuple[Waiver, ...]
    skills: Mapping[str, Skill]
    roles: Mapping[str, RoleProfile]
    canonical: str = field(repr=False, compare=True)

    def text(self) -> str:
        """Canonical JSON; `Standard.from_text` reads it back to an equal standard."""
        return self.canonical

    @staticmethod
    def from_text(text: str) -> Standard:
        """Read what `text` gave, also by an earlier release. Raises BadInput."""
        from rubrics.loader import from_text  # the file edge is above the values; only this way back needs it

        return from_text(text)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the canonical text, hexadecimal."""
        return hashlib.sha256(self.canonical.encode()).hexdigest()

    @cached_property
    def criteria(self) -> Mapping[str, Criterion]:
        """All criteria by code."""
        return Catalogue({c.code: c for skill in self.skills.values() for c in skill.criteria})

    @cached_property
    def items(self) -> Mapping[str, GradedItem]:
        """All graded items by code `<skill>/<measure>`."""
        return Catalogue({item.code: item for skill in self.skills.values() for item in skill.items})

    def half_life(self, skill: str) -> float:
        """Half-life of evidence for a skill, in months: its own, else the standard's."""
        own = self.skills[skill].half_life_months
        return self.half_life_months if own is None else own

    def waived(self, day: datetime.date) -> Mapping[str, Waiver]:
        """Waivers in force on a day, by criterion code."""
        return Catalogue({waiver.criterion: waiver for waiver in self.waivers if waiver.holds(day)})

    def without_waivers(self) -> Standard:
        """The same standard with every criterion in force (and so another hash, if it had waivers)."""
        payload = json.loads(self.canonical)
        return Standard.from_text(json.dumps(payload)) if payload["standard"].pop("waivers", None) else self

    def __reduce__(self) -> tuple[Callable[[str], Standard], tuple[str]]:
        return Standard.from_text, (self.canonical,)

    def __hash__(self) -> int:
        return hash(self.canonical)
