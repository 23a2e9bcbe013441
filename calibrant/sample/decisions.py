"""What calibration panels decided about some people's levels, most before the end of the sample, some after.

Three members look, each with an own error; the panel takes the middle view, and stays with what the job level is
usually held to need when the difference is small.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from calibrant.sample.chance import maybe, stream, wobble
from calibrant.sample.people import Department, Member, level_of
from calibrant.sample.roles import CORE

__all__ = ["COLUMNS", "decision_rows"]

COLUMNS = (
    "person_id",
    "skill",
    "level",
    "outcome",
    "role",
    "job_level",
    "panel",
    "decided_on",
    "saw_estimate",
    "reason",
)

_USUAL = {"junior": 2, "middle": 3, "senior": 3, "lead": 4, "principal": 4}
_REASONS = (
    "Shown over several quarters, in more than one repository.",
    "Strong in the own project; the panel saw little outside it.",
    "Two members had worked with the person directly.",
    "Agreed after discussion; one member held out for a level less.",
)


def decision_rows(department: Department, seed: int) -> list[tuple[str, ...]]:
    """Rows in the order of `COLUMNS`, for about eight people of thirty; a quarter of them decided after the end."""
    rng = stream(seed, "decisions")
    today = department.as_of.date()
    eligible = [
        member
        for member in department.members
        if member.left_on is None and (today - member.hired_on).days > 500 and member.manager is not None
    ]
    wanted = min(len(eligible), max(4, round(len(department.members) * 8 / 30)))
    rows: list[tuple[str, ...]] = []
    for index, member in enumerate(rng.sample(eligible, wanted)):
        after = index % 4 == 3
        day = today + timedelta(days=rng.randint(20, 60)) if after else today - timedelta(days=rng.randint(60, 420))
        rows += _of_member(rng, member, day)
    return sorted(rows, key=lambda row: (row[7], row[0], row[1]))


def _of_member(rng: Random, member: Member, day: date) -> list[tuple[str, ...]]:
    spell = member.spell(day)
    core = CORE[spell.role]
    rows: list[tuple[str, ...]] = []
    for skill in rng.sample(core, min(rng.choice((2, 3)), len(core))):
        views = sorted(member.ability(skill, day) + wobble(rng, 0.9) for _ in range(3))
        usual = _USUAL[spell.job_level]
        level = usual if abs(views[1] - usual) < 0.7 and maybe(rng, 0.5) else level_of(views[1])
        outcome = "confirmed" if level >= usual else "not yet"
        rows.append(
            (
                *(member.key, skill, str(level), outcome, spell.role, spell.job_level, f"panel-{spell.team}"),
                *(day.isoformat(), "false", rng.choice(_REASONS)),
            )
        )
    return rows
