"""A skill or role of the standard in words and as data, and which kinds of evidence each collector can bring."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any, Final

from db.records import Kind
from rubrics import Standard
from rubrics.standard import Criterion, RoleProfile, Skill

__all__ = ["COLLECTS", "describe_role", "describe_skill"]

_SHOWN_BY_FORGES: Final = frozenset({Kind.CHANGE_REQUEST, Kind.REVIEW, Kind.REVIEW_COMMENT, Kind.ISSUE, Kind.RELEASE})

COLLECTS: Final[Mapping[str, frozenset[Kind]]] = {
    "git": frozenset({Kind.COMMIT}),
    "github": _SHOWN_BY_FORGES,
    "gitlab": _SHOWN_BY_FORGES,
    "feedback360": frozenset({Kind.RATING}),
    "scorecards": frozenset({Kind.SCORECARD_RATING}),
    "table": frozenset(set(Kind) - {Kind.COMMIT, Kind.RATING, Kind.SCORECARD_RATING}),
}
"""The kinds of evidence that each collector yields; `table` those that somebody's mapping names."""

_WIDTH: Final = 80


def describe_skill(skill: Skill) -> tuple[dict[str, Any], list[str]]:
    """A skill as JSON values and as lines of at most 80 columns: levels, criteria and how each is judged."""
    data = {
        "skill": skill.code,
        "name": skill.name,
        "description": skill.description,
        "requires": list(skill.requires),
        "related": list(skill.related),
        "crosswalk": {name: list(codes) for name, codes in skill.crosswalk.items()},
        "levels": [
            {
                "level": level.level,
                "name": level.name,
                "summary": level.summary,
                "criteria": [_criterion(skill, one) for one in level.criteria],
            }
            for level in skill.levels
        ],
    }
    lines = [f"{skill.code}: {skill.name}", *_wrapped(skill.description)]
    for word, codes in (("requires", skill.requires), ("related", skill.related)):
        if codes:
            lines += _wrapped(f"{word}: {', '.join(codes)}")
    for level in skill.levels:
        lines += ["", f"Level {level.level}, {level.name}", *_wrapped(level.summary)]
        for one in level.criteria:
            lines += _wrapped(f"{one.code}  {one.statement}", "  ", "      ")
            lines.append(f"      judged by {_judge(skill, one)}")
    return data, lines


def _criterion(skill: Skill, one: Criterion) -> dict[str, Any]:
    found: dict[str, Any] = {"code": one.code, "statement": one.statement, "judge": "human"}
    if one.measure is not None:
        measure = skill.measures[one.measure]
        found |= {
            "judge": "machine",
            "measure": one.measure,
            "at_least": one.at_least,
            "unit": measure.unit,
            "window_months": measure.window_months,
        }
    return found


def _judge(skill: Skill, one: Criterion) -> str:
    if one.measure is None:
        return "people"
    measure = skill.measures[one.measure]
    return f"{one.measure} >= {one.at_least:g} ({measure.unit}, within {measure.window_months} months)"


def describe_role(role: RoleProfile, standard: Standard) -> tuple[dict[str, Any], list[str]]:
    """A role as JSON values and as lines: the level of each skill it expects per job level, optional ones in brackets."""
    data = {
        "role": role.code,
        "name": role.name,
        "description": role.description,
        "job_levels": {
            name: {"required": dict(one.required), "optional": dict(one.optional)}
            for name, one in role.job_levels.items()
        },
    }
    named = {skill for one in role.job_levels.values() for skill in (*one.required, *one.optional)}
    skills = [code for code in standard.skills if code in named]
    width = max(map(len, skills), default=0)
    lines = [f"{role.code}: {role.name}", *_wrapped(role.description), ""]
    lines.append(" " * width + "".join(f"  {name:>9}" for name in role.job_levels))
    for skill in skills:
        cells = [
            str(one.required[skill])
            if skill in one.required
            else f"({one.optional[skill]})"
            if skill in one.optional
            else "-"
            for one in role.job_levels.values()
        ]
        lines.append(f"{skill:<{width}}" + "".join(f"  {cell:>9}" for cell in cells))
    return data, [*lines, "", "In brackets: optional. A dash: not asked for."]


def _wrapped(text: str, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False)
