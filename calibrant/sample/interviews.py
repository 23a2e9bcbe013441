"""Scorecards of the interviews of recent hires: half as a Greenhouse v1 export, half in the canonical long form.

An interviewer sees little, for an hour, and marks against the bar in the own head, which lies where the interviewer's
colleagues of that job level lie.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from random import Random

from calibrant.sample.areas import SKILLS
from calibrant.sample.chance import maybe, stream, wobble
from calibrant.sample.people import Department, Member
from calibrant.sample.raters import Rater
from calibrant.sample.roles import CORE

__all__ = ["LONG_COLUMNS", "Scorecard", "greenhouse", "long_rows", "scorecards"]

LONG_COLUMNS = (
    *("interview_id", "subject_id", "interviewer_id", "submitted_by", "competency_code", "rating", "scale", "note"),
    *("interviewed_at", "submitted_at"),
)
_STAGES = ("Technical deep dive", "System design", "Ways of working")
_SYMBOLS = ("definitely_not", "no", "mixed", "yes", "strong_yes")
_TITLES = {
    "ml-pipelines": "ML pipelines",
    "model-training": "Model training",
    "llm-apps": "LLM applications",
    "ci-cd": "CI/CD",
    "containers": "Containers and orchestration",
    "technical-docs": "Technical documentation",
}
_NOTES = (
    "Reasoned from the failure backwards, without being asked to.",
    "Good on the method; had not run it in production.",
    "Needed two hints, then finished it.",
    "Asked who would read the result before choosing the metric.",
)


@dataclass(frozen=True, slots=True)
class Scorecard:
    """One interviewer's marks for one hire. marks: 0 (definitely not) to 4 (strong yes) by skill, None: no decision."""

    number: int
    candidate: int
    hire: Member
    interviewer: Member
    submitted_by: Member
    stage: str
    marks: Mapping[str, int | None]
    note: str
    interviewed_at: datetime
    submitted_at: datetime


def scorecards(department: Department, raters: Mapping[str, Rater], seed: int) -> list[Scorecard]:
    """Two or three scorecards for everybody who joined late."""
    rng = stream(seed, "interviews")
    members = department.by_key()
    made: list[Scorecard] = []
    for index, key in enumerate(sorted(department.planted["late_joiner"])):
        hire = members[key]
        day = hire.hired_on - timedelta(days=rng.randint(25, 60))
        interviewers = [member for member in department.members if member.present(day) and member.key != key]
        near = [member for member in interviewers if member.spell(day).team == hire.spells[-1].team]
        panel = rng.sample(near, min(len(near), 2)) + rng.sample([m for m in interviewers if m not in near], 1)
        for stage, interviewer in zip(_STAGES, panel, strict=False):
            at = datetime.combine(day, time(9), UTC) + timedelta(minutes=rng.randint(0, 400))
            made.append(
                Scorecard(
                    number=9_001_000 + 17 * len(made),
                    candidate=4_100_000 + 31 * index,
                    hire=hire,
                    interviewer=interviewer,
                    submitted_by=members[hire.manager or key] if maybe(rng, 0.2) else interviewer,
                    stage=stage,
                    marks=_marks(rng, hire, raters[interviewer.key], stage),
                    note=rng.choice(_NOTES),
                    interviewed_at=at,
                    submitted_at=at + timedelta(minutes=rng.randint(70, 3_000)),
                )
            )
    return made


def _marks(rng: Random, hire: Member, interviewer: Rater, stage: str) -> dict[str, int | None]:
    common = ("collaboration", "technical-docs", "code-review")
    core = CORE[hire.spells[0].role]
    asked = common if stage == "Ways of working" else [*rng.sample(core, min(3, len(core))), "code-quality"]
    bar = interviewer.usual + wobble(rng, 0.3)
    marks: dict[str, int | None] = {}
    for skill in asked:
        above = hire.ability(skill, hire.hired_on) + wobble(rng, 1.1) + 0.6 * interviewer.shift - bar
        seen = 4 if above > 1.0 else 3 if above > -0.2 else 2 if above > -0.8 else 1 if above > -1.7 else 0
        marks[skill] = None if maybe(rng, 0.08) else seen
    return {skill: marks[skill] for skill in SKILLS if skill in marks}


def greenhouse(made: list[Scorecard]) -> list[dict[str, object]]:
    """The scorecards as Greenhouse's first API version exports them. Attributes carry titles, not codes."""
    return [_greenhouse(scorecard) for scorecard in made]


def _greenhouse(scorecard: Scorecard) -> dict[str, object]:
    symbols = {skill: "no_decision" if mark is None else _SYMBOLS[mark] for skill, mark in scorecard.marks.items()}
    seen = [mark for mark in scorecard.marks.values() if mark is not None]
    overall = ("definitely_not", "no", "yes", "yes", "strong_yes")[sum(seen) // len(seen)] if seen else "no_decision"
    titles = {skill: _TITLES.get(skill, skill.replace("-", " ").capitalize()) for skill in symbols}
    return {
        "id": scorecard.number,
        "updated_at": _instant(scorecard.submitted_at),
        "created_at": _instant(scorecard.interviewed_at),
        "interview": scorecard.stage,
        "interview_step": {"id": 300 + _STAGES.index(scorecard.stage), "name": scorecard.stage},
        "candidate_id": scorecard.candidate,
        "application_id": scorecard.candidate + 500_000,
        "interviewed_at": _instant(scorecard.interviewed_at),
        "submitted_by": _user(scorecard.submitted_by),
        "interviewer": _user(scorecard.interviewer),
        "submitted_at": _instant(scorecard.submitted_at),
        "overall_recommendation": overall,
        "attributes": [
            {"name": titles[skill], "type": "Skills", "note": None, "rating": symbol}
            for skill, symbol in symbols.items()
        ],
        "ratings": {
            symbol: [titles[skill] for skill, given in symbols.items() if given == symbol] for symbol in _SYMBOLS
        },
        "questions": [{"id": None, "question": "Key take-aways", "answer": f"<p>{scorecard.note}</p>"}],
    }


def _user(member: Member) -> dict[str, object]:
    first, _, last = member.name.partition(" ")
    number = 70_000 + int(member.key[1:])
    return {"id": number, "first_name": first, "last_name": last, "name": member.name, "employee_id": member.key}


def long_rows(made: list[Scorecard]) -> list[tuple[str, ...]]:
    """The scorecards in the order of `LONG_COLUMNS`, on a scale of 1 to 4: "mixed" and "no" are both a 2."""
    return [
        (
            f"I{scorecard.number}",
            scorecard.hire.key,
            scorecard.interviewer.key,
            scorecard.submitted_by.key,
            skill,
            "n/a" if mark is None else str((1, 2, 2, 3, 4)[mark]),
            "1-4",
            scorecard.note if index == 0 else "",
            _instant(scorecard.interviewed_at),
            _instant(scorecard.submitted_at),
        )
        for scorecard in made
        for index, (skill, mark) in enumerate(scorecard.marks.items())
    ]


def _instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
