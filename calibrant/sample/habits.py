"""How a person works, apart from how able they are: drawn once per person, coloured by the team.

Habits decide most of what git shows. Ability only shifts a few of them, by steps: how many parts of the code a
person knows, how steadily they come back to them, how often they are asked to review, how often work is reverted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from random import Random

from calibrant.sample.areas import AREAS, SKILLS
from calibrant.sample.chance import maybe, stream, wobble
from calibrant.sample.people import Department, Member
from calibrant.sample.roles import CORE

__all__ = ["APPETITE", "ASKED", "BREADTH", "MISHAP", "STEADY", "Habits", "habits_of"]

# by level 1..5
APPETITE = (0.05, 0.45, 1.0, 1.1, 1.15)
"""How readily a person takes on (and is given) work of a skill."""
STEADY = (0.2, 0.45, 0.65, 0.8, 0.85)
"""Chance that a person works on a skill at all in a quarter."""
BREADTH = (1, 1, 2, 3, 4)
"""How many components of a skill a person moves among."""
ASKED = (0.05, 0.25, 0.8, 1.2, 1.3)
"""How readily others ask a person to review work of a skill."""
MISHAP = (0.10, 0.06, 0.035, 0.02, 0.015)
"""Chance that a change has to be reverted."""


@dataclass(frozen=True, slots=True)
class Habits:
    """A person's ways. Chances are per change; changes_per_month is a median at full time and full presence."""

    changes_per_month: float
    spread: float
    idle: float
    files: float
    lines: float
    tests: float
    docs: float
    pairs: float
    reviews: float
    silent: float
    assisted: float
    weekends: float
    private_address: float
    web_editor: float
    old_noreply: bool
    writes_bodies: float
    tastes: Mapping[str, float]
    home: Mapping[str, tuple[str, ...]]
    steadiness: float

    def components(self, skill: str, level: int) -> tuple[str, ...]:
        """The components of the skill that the person moves among at that level, most usual first."""
        return self.home[skill][: BREADTH[level - 1]]


def habits_of(department: Department, seed: int) -> dict[str, Habits]:
    """Habits by person id."""
    return {
        member.key: _habits(stream(seed, "habits", member.key), member, department) for member in department.members
    }


def _habits(rng: Random, member: Member, department: Department) -> Habits:
    spell = member.spells[-1]
    team, day = spell.team, member.last_day
    busy = rng.uniform(3.0, 9.5)
    if spell.role == "ai-product-manager":
        busy *= 0.25
    elif spell.role in ("prompt-engineer", "data-scientist"):
        busy *= 0.7
    if member.key in {other.manager for other in department.members}:
        busy *= 0.45
    if member.key in department.planted["private"]:
        busy *= 0.12
    steps = _steps(member, day)
    return Habits(
        changes_per_month=busy,
        spread=rng.uniform(0.25, 0.7),
        idle=rng.choice((0.0, 0.0, 0.05, 0.2)),
        files=rng.choice((0.6, 1.2, 1.2, 2.2, 3.6)),
        lines=rng.uniform(6, 40),
        tests=rng.uniform(0.05, 0.4) + steps["code-quality"],
        docs=rng.uniform(0.0, 0.15) + steps["technical-docs"],
        pairs=(0.02 if team == "platform" else 0.08) * rng.uniform(0.2, 2.0) + steps["collaboration"] / 4,
        reviews=rng.uniform(0.3, 1.0) + steps["code-review"],
        silent=rng.choice((0.05, 0.15, 0.4)),
        assisted=rng.choice((0.0, 0.0, 0.0, 0.05, 0.35)),
        weekends=rng.choice((0.0, 0.02, 0.15)),
        private_address=rng.choice((0.0, 0.03, 0.1, 0.5)),
        web_editor=rng.choice((0.02, 0.1, 0.6)),
        old_noreply=maybe(rng, 0.3),
        writes_bodies=rng.uniform(0.05, 0.7),
        tastes={skill: rng.uniform(0.3, 1.7) for skill in SKILLS},
        home={skill: tuple(rng.sample(area.components, len(area.components))) for skill, area in AREAS.items()},
        steadiness=wobble(rng, 0.2),
    )


def _steps(member: Member, day: date) -> dict[str, float]:
    """What the four skills that show in how one works add to habits: nothing, something, or much."""
    skills = ("code-quality", "technical-docs", "collaboration", "code-review")
    return {skill: (0.0, 0.0, 0.15, 0.35, 0.4)[member.level(skill, day) - 1] for skill in skills}


def is_core(member: Member, skill: str, day: date) -> bool:
    """Whether the person's role on that day is mostly about the skill."""
    return skill in CORE[member.spell(day).role]
