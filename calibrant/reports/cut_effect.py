"""What a cutpoint's standard error means for results: which would read differently were the cuts of a skill one error higher or lower.

All cuts of a skill move together, each by its error as seen from people: what the facets' uncertainty does to cuts and people alike
changes nobody's level and is left out. P(above a cut) changes by what a normal posterior of the stored mean and SD would have it change,
so that a move of nothing changes nothing. Only results whose levels may be read (inferred, undetermined) are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from calibrant.reports.explain import level_set_text
from calibrant.reports.inputs import Cutpoints
from calibrant.reports.suppression import MINIMUM_CELL, suppress
from db.records import Assessment, State
from inference.states import MAX_SET_WIDTH
from models.levels import level_set

__all__ = ["Change", "Effect", "SkillEffect", "changes", "effect", "effect_sentence"]

READABLE = frozenset({State.INFERRED, State.UNDETERMINED})


@dataclass(frozen=True, slots=True)
class Change:
    """One result with all cuts moved by `errors` standard errors. modal: the most probable level; level_set: 90 %; state in words."""

    errors: int
    modal: int
    level_set: tuple[int, int]
    state: State


@dataclass(frozen=True, slots=True)
class SkillEffect:
    """Results of one skill (or of all) that one standard error, up or down, would change; None where fewer than five would be told of.

    people: with a readable result. modal, level_set, state: how many would read another most probable level, set, state.
    """

    skill: str
    people: int | None
    modal: int | None
    level_set: int | None
    state: int | None


@dataclass(frozen=True, slots=True)
class Effect:
    """skills: one row each, sorted. overall: over all results; `people` are then results. persons: people with any change at all."""

    skills: tuple[SkillEffect, ...]
    overall: SkillEffect
    persons: int | None
    minimum: int


def changes(assessment: Assessment, cutpoints: Cutpoints) -> tuple[Change, ...]:
    """As it stands (errors 0), and with the cuts one standard error lower and higher; empty where nothing may be read."""
    if assessment.state not in READABLE:
        return ()
    return tuple(_moved(assessment, cutpoints, errors) for errors in (0, -1, 1))


def effect(
    assessments: Iterable[Assessment], cutpoints: Mapping[str, Cutpoints], *, minimum: int = MINIMUM_CELL
) -> Effect:
    """Counts over everybody, never of fewer than `minimum` people, and none that subtracting from a total would tell."""
    counts: dict[str, dict[str, int]] = {}
    touched: set[str] = set()
    for one in assessments:
        if one.skill not in cutpoints:
            continue
        row = counts.setdefault(one.skill, dict.fromkeys(("people", "modal", "level_set", "state"), 0))
        found = changes(one, cutpoints[one.skill])
        if not found:
            continue
        base, *others = found
        differs = {
            "people": True,
            "modal": any(other.modal != base.modal for other in others),
            "level_set": any(other.level_set != base.level_set for other in others),
            "state": any(other.state != base.state for other in others),
        }
        for name, differing in differs.items():
            row[name] += differing
        if any(differs[name] for name in ("modal", "level_set", "state")):
            touched.add(one.person)
    return _published(counts, len(touched), minimum)


def effect_sentence(assessment: Assessment | None, cutpoints: Cutpoints | None) -> str:
    """What one standard error would change for one person's skill, in a sentence; empty where nothing may be read."""
    if assessment is None or cutpoints is None:
        return ""
    found = changes(assessment, cutpoints)
    if not found:
        return ""
    base, lower, higher = found
    said = [
        f"one standard error {way} would make {words}"
        for way, words in (("lower", _words(base, lower)), ("higher", _words(base, higher)))
        if words
    ]
    if not said:
        return "Cutpoints one standard error lower or higher would change neither the most probable level nor the set."
    return f"Cutpoints {'; '.join(said)}."


def _words(base: Change, other: Change) -> str:
    parts = []
    if other.modal != base.modal and State.INFERRED in (base.state, other.state):
        parts.append(f"the most probable level {other.modal} instead of {base.modal}")
    if other.level_set != base.level_set:
        parts.append(f"the set {level_set_text(other.level_set)} instead of {level_set_text(base.level_set)}")
    if other.state != base.state:
        parts.append(f"it {other.state.value} instead of {base.state.value}")
    return " and ".join(parts)


def _moved(assessment: Assessment, cutpoints: Cutpoints, errors: int) -> Change:
    tails = _tails(assessment.probabilities)
    if errors:
        cut, error = np.array(cutpoints.cuts), np.array(cutpoints.seen or cutpoints.standard_errors)
        spread = np.sqrt(assessment.theta_sd**2 + error**2)
        before = ndtr((assessment.theta - cut) / spread)
        after = ndtr((assessment.theta - cut - errors * error) / spread)
        tails = np.minimum.accumulate(np.clip(tails + after - before, 0.0, 1.0))
    probabilities = -np.diff(np.concatenate([[1.0], tails, [0.0]]))
    low, high, _ = level_set(probabilities)
    if not errors:
        low, high = assessment.level_set
    state = State.INFERRED if high - low + 1 <= MAX_SET_WIDTH else State.UNDETERMINED
    return Change(errors, int(np.argmax(probabilities)) + 1, (low, high), state if errors else assessment.state)


def _tails(probabilities: tuple[float, ...]) -> NDArray[np.float64]:
    """P(above each cut)."""
    return np.asarray(np.cumsum(np.array(probabilities)[::-1])[::-1][1:])


def _published(counts: Mapping[str, Mapping[str, int]], persons: int, minimum: int) -> Effect:
    kept = {
        name: suppress({skill: row[name] for skill, row in counts.items()}, minimum)
        for name in ("people", "modal", "level_set", "state")
    }
    total = {name: sum(row[name] for row in counts.values()) for name in kept}

    def cell(skill: str, name: str) -> int | None:
        shown = skill in kept["people"].parts and skill in kept[name].parts
        return counts[skill][name] if shown else None

    return Effect(
        tuple(
            SkillEffect(skill, *(cell(skill, name) for name in ("people", "modal", "level_set", "state")))
            for skill in sorted(counts)
        ),
        SkillEffect(
            "all", *(total[name] if kept[name].total else None for name in ("people", "modal", "level_set", "state"))
        ),
        persons if persons == 0 or persons >= minimum else None,
        minimum,
    )
