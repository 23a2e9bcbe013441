"""Plans what everybody does, month by month: which changes, where, about what, how large."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from calibrant.sample.areas import AREAS
from calibrant.sample.chance import count, maybe, stream
from calibrant.sample.habits import APPETITE, MISHAP, STEADY, Habits, is_core
from calibrant.sample.people import Department, Member
from calibrant.sample.projects import PROJECTS, Project

__all__ = ["Change", "planned"]


@dataclass(frozen=True, slots=True)
class Change:
    """A piece of work that lands at `at` (UTC) in `project`. files and lines are what the author means to touch."""

    at: datetime
    author: str
    project: str
    skill: str
    component: str
    files: int
    lines: int
    tests: bool
    docs: bool
    partner: str | None
    assisted: bool
    reverted: bool


def planned(department: Department, habits: dict[str, Habits], seed: int) -> list[Change]:
    """All changes in the order they land."""
    changes = [
        change
        for member in department.members
        for change in _of_member(stream(seed, "work", member.key), member, habits[member.key], department)
    ]
    return sorted(changes, key=lambda change: (change.at, change.author))


def _of_member(rng: Random, member: Member, habits: Habits, department: Department) -> list[Change]:
    changes: list[Change] = []
    last = department.as_of.date() - timedelta(days=2)
    begin, month, active = department.start, 0, set(AREAS)
    while begin < last:
        end = min(begin + timedelta(days=30), last)
        days = [begin + timedelta(days=day) for day in range((end - begin).days)]
        if month % 3 == 0:
            active = _quarter(rng, member, habits, begin)
        present = [day for day in days if member.present(day) and (day.weekday() < 5 or maybe(rng, habits.weekends))]
        share = len(present) / 21.0 * member.fte
        if present and not maybe(rng, habits.idle):
            tasks = count(rng, habits.changes_per_month * share, habits.spread)
            changes += [_change(rng, member, habits, department, rng.choice(present), active) for _ in range(tasks)]
        begin, month = end, month + 1
    return changes


def _quarter(rng: Random, member: Member, habits: Habits, day: date) -> set[str]:
    """The skills the person's tasks are about in this quarter."""
    return {skill for skill in AREAS if maybe(rng, STEADY[member.level(skill, day) - 1] + habits.steadiness)}


def _change(rng: Random, member: Member, habits: Habits, department: Department, day: date, active: set[str]) -> Change:
    team = member.spell(day).team
    project = rng.choices(PROJECTS, [_draw_of(project, team, member, day) for project in PROJECTS])[0]
    skill = rng.choices(project.skills, [_draw(member, habits, skill, day, active) for skill in project.skills])[0]
    level = member.level(skill, day)
    components = habits.components(skill, level)
    component = components[0] if maybe(rng, 0.5) else rng.choice(components)
    colleagues = [other.key for other in department.team(team, day) if other.key != member.key]
    at = datetime.combine(day, time(9), UTC) - timedelta(minutes=member.offset) + timedelta(minutes=rng.uniform(0, 560))
    return Change(
        at=at.replace(microsecond=0),
        author=member.key,
        project=project.name,
        skill=skill,
        component=component,
        files=1 + min(9, count(rng, habits.files, 0.6)),
        lines=2 + min(150, count(rng, habits.lines, 0.7)),
        tests=maybe(rng, habits.tests),
        docs=maybe(rng, habits.docs),
        partner=rng.choice(colleagues) if colleagues and maybe(rng, habits.pairs) else None,
        assisted=maybe(rng, habits.assisted) and (department.as_of.date() - day).days < 500,
        reverted=maybe(rng, MISHAP[level - 1] * rng.uniform(0.3, 1.7)),
    )


def _draw_of(project: Project, team: str, member: Member, day: date) -> float:
    """People work in their own team's repositories; good collaborators also elsewhere."""
    if project.team == team:
        return 1.0
    return 0.12 if member.level("collaboration", day) >= 4 else 0.03


def _draw(member: Member, habits: Habits, skill: str, day: date, active: set[str]) -> float:
    """How likely the next task is about the skill."""
    role = 1.0 if is_core(member, skill, day) else 0.3
    season = 1.0 if skill in active else 0.06
    return role * season * habits.tastes[skill] * APPETITE[member.level(skill, day) - 1]
