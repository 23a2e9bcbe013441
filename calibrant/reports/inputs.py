"""What reports read of the standard and of policy, in small frozen values that the wiring fills.

Reports do not import the rubric engine: they need its words (names, statements, levels), not its rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

__all__ = [
    "AnonymityPolicy",
    "CriterionText",
    "Cutpoints",
    "LevelText",
    "Profile",
    "SkillText",
    "StandardText",
    "Waiver",
]


@dataclass(frozen=True, slots=True)
class CriterionText:
    """One criterion as people read it. measure: title of what is counted, None if only people can judge; unit of the count."""

    code: str
    level: int
    statement: str
    measure: str | None = None
    unit: str = ""
    window_months: int | None = None


@dataclass(frozen=True, slots=True)
class LevelText:
    """One level of one skill, or the general meaning of a level."""

    level: int
    name: str
    summary: str = ""
    criteria: tuple[CriterionText, ...] = ()


@dataclass(frozen=True, slots=True)
class SkillText:
    """A skill with its levels, lowest first."""

    code: str
    name: str
    description: str = ""
    levels: tuple[LevelText, ...] = ()

    def at(self, level: int) -> LevelText:
        """The level's text; a bare one if the standard has none."""
        return next((entry for entry in self.levels if entry.level == level), LevelText(level, f"Level {level}"))


@dataclass(frozen=True, slots=True)
class Waiver:
    """A criterion set aside from valid_from (included) to valid_to (excluded), with the reason that every report prints."""

    criterion: str
    reason: str
    valid_from: date
    valid_to: date | None = None

    def holds(self, day: date) -> bool:
        """Whether it is in force on a day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class StandardText:
    """The standard's words. skills in the standard's order; levels: the general meaning of 1..5."""

    name: str
    version: str
    hash: str
    skills: Mapping[str, SkillText]
    levels: tuple[LevelText, ...] = ()
    waivers: tuple[Waiver, ...] = ()

    def skill(self, code: str) -> SkillText:
        """The skill's text; a bare one if the standard has none."""
        return self.skills.get(code) or SkillText(code, code)

    def level_name(self, level: int) -> str:
        """The general name of a level, "Level 3" if it has none."""
        return next((entry.name for entry in self.levels if entry.level == level and entry.name), f"Level {level}")


@dataclass(frozen=True, slots=True)
class Profile:
    """What a role expects at a job level: skill code -> level 1..5."""

    role: str
    role_name: str
    job_level: str
    required: Mapping[str, int] = field(default_factory=dict)
    optional: Mapping[str, int] = field(default_factory=dict)

    def in_order(self, standard: StandardText) -> list[str]:
        """Codes of the expected skills: required before optional, each in the standard's order."""
        known = list(standard.skills)
        return sorted(
            {**self.required, **self.optional},
            key=lambda code: (code not in self.required, known.index(code) if code in known else len(known), code),
        )


@dataclass(frozen=True, slots=True)
class Cutpoints:
    """Where levels begin on the logit scale: four cuts (1|2 .. 4|5), their standard errors, and the rule that set them.

    seen: the part of the errors that blurs a person's level (what moves cuts and people alike left out), averaged over people.
    """

    rule: str
    cuts: tuple[float, ...]
    standard_errors: tuple[float, ...]
    seen: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class AnonymityPolicy:
    """Who may be heard singly. minimum: raters per relation group below which nothing of the group is shown.

    open_relations are exempt: a panel speaks as a body. Add "manager" only where people agreed to it.
    """

    minimum: int = 3
    open_relations: frozenset[str] = frozenset({"panel"})

    def hides(self, relation: str, raters: int) -> bool:
        """True if a group of this relation and size must stay hidden."""
        return raters < self.minimum and relation not in self.open_relations
