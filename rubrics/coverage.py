"""Which criteria can be observed with the sources at hand, and which no collector will ever show.

A criterion that nothing can observe says nothing about people; it should be known before anyone is held to it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from db.records import Kind
from rubrics.standard import Criterion, Skill, Standard
from rubrics.work import FACTS

__all__ = ["RATING_KINDS", "Uncovered", "uncovered"]

RATING_KINDS = frozenset({Kind.RATING, Kind.SCORECARD_RATING, Kind.DECISION})
"""Kinds in which people rate; they reach a skill by its `items`."""

_TAGGED_BY = {
    Kind.COMMIT: ("paths", "imports", "tools", "repositories"),
    Kind.CHANGE_REQUEST: ("paths", "labels", "repositories"),
    Kind.REVIEW: ("paths", "labels", "repositories"),
    Kind.REVIEW_COMMENT: ("paths", "labels", "repositories"),
    Kind.LEARNING: ("items",),
    Kind.ISSUE: ("labels", "repositories", "items"),
    Kind.RELEASE: ("repositories",),
    Kind.INCIDENT: ("labels", "repositories", "items"),
}
"""Signals that can tag a kind: what evidence of it carries."""


@dataclass(frozen=True, slots=True)
class Uncovered:
    """A criterion that the sources at hand cannot show, and why."""

    criterion: str
    skill: str
    level: int
    reason: str

    def __str__(self) -> str:
        return f"{self.criterion}: {self.reason}"


def uncovered(
    standard: Standard, *, kinds: Collection[Kind], facts: Collection[str] = FACTS, roles: Collection[str] | None = None
) -> list[Uncovered]:
    """Criteria that evidence of these kinds, with these facts and work roles known, cannot show. By code.

    kinds: what the collectors in use yield. facts: those that attribution can establish from it, default all. roles:
    work roles it can tell (author, reviewer, tester), default all.
    """
    known_roles = {"author", "reviewer", "tester"} if roles is None else set(roles)
    found = []
    for criterion in standard.criteria.values():
        skill = standard.skills[criterion.skill]
        reason = _why_not(criterion, skill, set(kinds), set(facts), known_roles)
        if reason:
            found.append(Uncovered(criterion.code, criterion.skill, criterion.level, reason))
    return sorted(found, key=lambda entry: entry.criterion)


def _why_not(criterion: Criterion, skill: Skill, kinds: set[Kind], facts: set[str], roles: set[str]) -> str:
    if criterion.measure is None:
        if not kinds & RATING_KINDS:
            return "only people can judge it, and no source has ratings"
        return "" if skill.signals.items else "only people can judge it, and the skill names no items"
    measure = skill.measures[criterion.measure]
    if not (usable := [kind for kind in measure.evidence if kind in kinds]):
        return f"no source yields {' or '.join(kind.value for kind in measure.evidence)}"
    if not any(getattr(skill.signals, signal) for kind in usable for signal in _TAGGED_BY.get(kind, ())):
        return f"no signal of the skill can tag {' or '.join(kind.value for kind in usable)}"
    if missing := [fact for fact in measure.facts if fact not in facts]:
        return f"no source tells whether it is {', '.join(missing)}"
    return "" if measure.role in roles else f"no source names the {measure.role}"
