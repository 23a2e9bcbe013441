"""The rubric engine's standard in the words that reports read."""

from __future__ import annotations

from calibrant.reports.inputs import CriterionText, LevelText, Profile, SkillText, StandardText, Waiver
from db.errors import Refusal
from rubrics import Standard
from rubrics.standard import Criterion, Skill

__all__ = ["profile", "profiles", "standard_text"]


def standard_text(standard: Standard) -> StandardText:
    """All that reports print of a standard."""
    return StandardText(
        name=standard.name,
        version=standard.version,
        hash=standard.hash,
        skills={code: _skill(skill) for code, skill in standard.skills.items()},
        levels=tuple(LevelText(meaning.level, meaning.name, meaning.description) for meaning in standard.levels),
        waivers=tuple(Waiver(w.criterion, w.reason, w.start, w.until) for w in standard.waivers),
    )


def _skill(skill: Skill) -> SkillText:
    levels = tuple(
        LevelText(level.level, level.name, level.summary, tuple(_criterion(skill, one) for one in level.criteria))
        for level in skill.levels
    )
    return SkillText(skill.code, skill.name, skill.description, levels)


def _criterion(skill: Skill, criterion: Criterion) -> CriterionText:
    if criterion.measure is None:
        return CriterionText(criterion.code, criterion.level, criterion.statement)
    measure = skill.measures[criterion.measure]
    return CriterionText(
        criterion.code, criterion.level, criterion.statement, measure.title, measure.unit, measure.window_months
    )


def profile(standard: Standard, role: str, job_level: str) -> Profile:
    """What a role expects at a job level. Raises Refusal naming what there is."""
    if role not in standard.roles:
        raise Refusal("no such role in the standard", where=role, remedy=f"known: {', '.join(standard.roles)}")
    found = standard.roles[role]
    if job_level not in found.job_levels:
        raise Refusal(f"{role} has no such job level", where=job_level, remedy=f"known: {', '.join(found.job_levels)}")
    expected = found.job_levels[job_level]
    return Profile(found.code, found.name, job_level, dict(expected.required), dict(expected.optional))


def profiles(standard: Standard) -> dict[tuple[str, str], Profile]:
    """Every profile by (role, job level)."""
    return {
        (role, job_level): profile(standard, role, job_level)
        for role, found in standard.roles.items()
        for job_level in found.job_levels
    }
