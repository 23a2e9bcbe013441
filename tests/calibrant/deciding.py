"""A department whose committees decide: people rated by colleagues, and levels decided after, as frames or in a ledger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import rubrics
from db.records import Evidence, Identity, Kind, Participation, ParticipationRole, Retention
from inference.frames import Frames
from rubrics import Standard
from tests.contract.department import Department, Member, instant, people, rating
from tests.contract.frames import frames_of
from tests.contract.standard import write_standard

SKILLS = ("collaboration", "technical-docs")


@lru_cache(maxsize=1)
def two_skills() -> Standard:
    """The shipped standard with two of its skills."""
    with TemporaryDirectory() as folder:
        return rubrics.load(write_standard(Path(folder) / "two", SKILLS))


def decision(
    key: str, subject: Member, skill: str, level: int | None, at: datetime, *, panel: str = "panel-a", **measures: Any
) -> Evidence:
    """A committee's decision on one level."""
    facts: dict[str, Any] = {"skill": skill, "level": level, "scale_min": 1, "scale_max": 5, "outcome": "confirmed"}
    return Evidence(
        f"decision/{key}",
        Kind.DECISION,
        at,
        "test/1",
        {**facts, "role": None, "job_level": None, "saw_estimate": False, **measures},
        participations=(
            Participation(Identity("panel", panel), ParticipationRole.RATER),
            Participation(subject.hr, ParticipationRole.SUBJECT),
        ),
        retention=Retention.DECISION,
    )


def committees(
    count: int = 80, labelled: int = 64, *, seed: int = 0, raters: int = 4, lenient: float = 0.0, noise: float = 0.45
) -> Department:
    """`count` people rated last October by `raters` colleagues; of `labelled` of them two levels are decided, half in February, half in May.

    lenient: levels that committees add to what people are able to.
    """
    chance = Random(seed)
    members = people(count, chance)
    made = Department(members).with_source("feedback360/2025", _ratings(members, chance, raters))
    held = []
    for number, member in enumerate(chance.sample(members, labelled)):
        at = instant(4, 5 + number % 20) if number % 2 else instant(1, 5 + number % 20)
        for skill in SKILLS:
            level = min(max(round(member.able + lenient + chance.gauss(0, noise)), 1), 5)
            held.append(decision(f"{member.key} {skill}", member, skill, level, at))
    return made.with_source("table/decisions", held)


def _ratings(members: Sequence[Member], chance: Random, raters: int) -> list[Evidence]:
    made = []
    for subject in members:
        for rater in chance.sample([one for one in members if one is not subject], k=raters):
            for skill in SKILLS:
                severity = 0.35 * (int(rater.key[1:]) % 3 - 1)
                score = min(max(round(subject.able - severity + chance.gauss(0, 0.7)), 1), 5)
                key = f"{subject.key} {rater.key} {skill}"
                made.append(rating(key, rater.hr, subject.hr, skill, score, at=instant(8, 10)))
    return made


def frames_over_time(made: Department) -> Callable[[datetime], Frames]:
    """The frames as of a moment."""
    whole = frames_of(made)

    def at(moment: datetime) -> Frames:
        evidence = whole.evidence[whole.evidence["occurred_at"] <= moment]
        parts = whole.participations[whole.participations["evidence"].isin(evidence["evidence"])]
        return replace(whole, evidence=evidence, participations=parts)

    return at
