"""Invents the department: who is in which team and role, since when, away when, and how able at what.

A person's ability at a skill is a number on the scale of the levels (2.0 is a typical level 2); the level is the
ability rounded and kept within 1..5. It is built from role, job level, a personal lean and plain triangular noise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random

from calibrant.sample.areas import SKILLS
from calibrant.sample.chance import maybe, stream
from calibrant.sample.names import CLASH, PEOPLE, PersonName
from calibrant.sample.roles import CORE, EVERYONE, GROWTH, JOB_LEVELS, NEAR, TEAMS, TYPICAL

__all__ = ["MONTHS", "Department", "Member", "Spell", "department", "level_of"]

MONTHS = 30
"""How many months of work the sample shows."""


def level_of(ability: float) -> int:
    """The proficiency level 1..5 of an ability.

    >>> [level_of(ability) for ability in (0.7, 1.5, 3.49, 5.6)]
    [1, 2, 3, 5]
    """
    return min(5, max(1, int(ability + 0.5)))


@dataclass(frozen=True, slots=True)
class Spell:
    """A half-open span of days in one team, role and job level. end is None while it lasts."""

    team: str
    role: str
    job_level: str
    start: date
    end: date | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """One person. abilities are those of the last day; growth is what a year adds to each. absences are half-open.

    talk: by skill, how much better (or worse) than true the person is said to be; everybody hears the same.
    """

    key: str
    name: str
    second_name: str
    login: str
    github_id: int
    work_email: str
    private_email: str
    roster_emails: tuple[str, ...]
    roster_github: bool
    offset: int
    spells: tuple[Spell, ...]
    hired_on: date
    left_on: date | None
    fte: float
    absences: tuple[tuple[date, date], ...]
    manager: str | None
    abilities: Mapping[str, float]
    talk: Mapping[str, float]
    growth: float
    last_day: date

    def present(self, day: date) -> bool:
        """Employed and not away on that day."""
        employed = self.hired_on <= day and (self.left_on is None or day < self.left_on)
        return employed and not any(start <= day < end for start, end in self.absences)

    def spell(self, day: date) -> Spell:
        """Team, role and job level on that day (the first spell before it, the last one after it)."""
        return next((spell for spell in reversed(self.spells) if spell.start <= day), self.spells[0])

    def ability(self, skill: str, day: date) -> float:
        """Ability on that day: what it is at the end, less what was still to be learned."""
        return self.abilities[skill] - self.growth * max(0, (self.last_day - day).days) / 365.25

    def level(self, skill: str, day: date) -> int:
        """Proficiency level 1..5 on that day."""
        return level_of(self.ability(skill, day))


@dataclass(frozen=True, slots=True)
class Department:
    """The people and the span of days the sample covers, `start` to `as_of`. planted: keys by planted feature."""

    members: tuple[Member, ...]
    start: date
    as_of: datetime
    planted: Mapping[str, tuple[str, ...]]

    def __getitem__(self, key: str) -> Member:
        return self.by_key()[key]

    def by_key(self) -> dict[str, Member]:
        """Members by person id."""
        return {member.key: member for member in self.members}

    def team(self, name: str, day: date) -> list[Member]:
        """Who is in that team and present on that day."""
        return [member for member in self.members if member.present(day) and member.spell(day).team == name]


def department(seed: int, people: int, as_of: datetime) -> Department:
    """The department of this seed."""
    rng = stream(seed, "people")
    today = as_of.date()
    start = today - timedelta(days=round(MONTHS * 30.44))
    seats = [(team, seat) for seat in range(people) for team in TEAMS][:people]
    seats.sort(key=lambda seat: (list(TEAMS).index(seat[0]), seat[1]))
    names = rng.sample(PEOPLE, people)
    members = [
        _member(rng, index, team, seat, name, today)
        for index, ((team, seat), name) in enumerate(zip(seats, names, strict=True))
    ]
    leads = {member.spells[-1].team: member.key for member, (_, seat) in zip(members, seats, strict=True) if seat == 0}
    head = leads["platform"]
    members = [replace(member, manager=_manager(member.key, leads[member.spells[-1].team], head)) for member in members]
    members, planted = _plant(rng, members, set(leads.values()), start, today)
    return Department(tuple(members), start, as_of, planted)


def _manager(key: str, lead: str, head: str) -> str | None:
    if key == head:
        return None
    return head if key == lead else lead


def _member(rng: Random, index: int, team: str, seat: int, name: PersonName, today: date) -> Member:
    role = TEAMS[team][seat % len(TEAMS[team])]
    job_level = (
        ("principal" if team == "platform" else "lead") if seat == 0 else rng.choices(JOB_LEVELS, (3, 6, 7, 2, 1))[0]
    )
    hired = today - timedelta(days=rng.randint(1_000, 2_600))
    login = name.ascii.replace(".", "-") + rng.choice(("", "", "-ml", "42", "-dev"))
    work, private = f"{name.ascii}@example.org", f"{name.ascii.split('.')[-1]}.{rng.randint(10, 99)}@example.com"
    return Member(
        key=f"E{1001 + index * 7}",
        name=name.name,
        second_name=name.second,
        login=login,
        github_id=990_000_000 + index * 1_013 + rng.randint(0, 999),
        work_email=work,
        private_email=private,
        roster_emails=(work, private) if maybe(rng, 0.4) else (work,),
        roster_github=maybe(rng, 0.75),
        offset=name.offset,
        spells=(Spell(team, role, job_level, hired),),
        hired_on=hired,
        left_on=None,
        fte=1.0,
        absences=(),
        manager=None,
        abilities=_abilities(rng, role, job_level),
        talk=_talk(rng),
        growth=GROWTH[job_level],
        last_day=today,
    )


def _abilities(rng: Random, role: str, job_level: str) -> dict[str, float]:
    lean = rng.triangular(-0.7, 0.7, 0.0)
    abilities = {}
    for skill in SKILLS:
        distance = 0.0 if skill in CORE[role] else 0.5 if skill in EVERYONE else 0.8 if skill in NEAR[role] else 1.7
        ability = TYPICAL[job_level] - distance + lean + rng.triangular(-1.3, 1.3, 0.0)
        abilities[skill] = round(min(5.4, max(0.6, ability)), 3)
    return abilities


def _talk(rng: Random) -> dict[str, float]:
    general = rng.triangular(-0.5, 0.5, 0.0)
    return {skill: round(general + rng.triangular(-0.7, 0.7, 0.0), 3) for skill in SKILLS}


def _plant(
    rng: Random, members: list[Member], leads: set[str], start: date, today: date
) -> tuple[list[Member], dict[str, tuple[str, ...]]]:
    """Gives some members the lives that a roster of constant full-timers would lack."""
    by_key = {member.key: member for member in members}
    free = [member.key for member in members if member.key not in leads]
    rng.shuffle(free)
    people = len(members)
    planted: dict[str, tuple[str, ...]] = {}
    for feature, wanted in (
        ("late_joiner", max(2, people // 7)),
        ("leaver", 1),
        ("long_absence", max(1, people // 10)),
        ("moved_team", 1),
        ("promoted", max(1, people // 6)),
    ):
        planted[feature], free = tuple(free[:wanted]), free[wanted:]
    others = [member.key for member in members if member.key not in leads | set(planted["leaver"])]
    planted["part_time"] = tuple(rng.sample(others, max(1, people // 10)))
    planted["private"] = tuple(rng.sample(others, max(1, people // 10)))
    unseen = {*planted["private"], *planted["late_joiner"]}
    makers = [key for key in others if key not in unseen and by_key[key].spells[-1].role != "ai-product-manager"]
    rng.shuffle(makers)
    planted["no_git_identity"] = (makers.pop(),)
    for key in planted["late_joiner"]:
        hired = today - timedelta(days=rng.randint(120, 330))
        by_key[key] = replace(by_key[key], hired_on=hired, spells=(replace(by_key[key].spells[0], start=hired),))
    for key in planted["leaver"]:
        by_key[key] = replace(by_key[key], left_on=today - timedelta(days=rng.randint(60, 240)))
    for key in planted["long_absence"]:
        gone = start + timedelta(days=rng.randint(240, 600))
        by_key[key] = replace(by_key[key], absences=((gone, gone + timedelta(days=rng.randint(120, 260))),))
    for key in (*planted["moved_team"], *planted["promoted"]):
        when = start + timedelta(days=rng.randint(200, 800))
        by_key[key] = _changed(by_key[key], when, moved=key in planted["moved_team"])
    for key in planted["part_time"]:
        by_key[key] = replace(by_key[key], fte=rng.choice((0.5, 0.6, 0.8)))
    for key in planted["no_git_identity"]:
        by_key[key] = replace(by_key[key], roster_emails=(by_key[key].work_email,), roster_github=False)
    planted["name_clash"] = _clash(by_key, makers)
    return [_away(rng, by_key[member.key], start) for member in members], planted


def _changed(member: Member, when: date, *, moved: bool) -> Member:
    """The member with an earlier spell: in another team, or one rung lower."""
    now = member.spells[-1]
    other = list(TEAMS)[(list(TEAMS).index(now.team) + 1) % len(TEAMS)]
    rung = max(1, JOB_LEVELS.index(now.job_level))
    before = replace(now, team=other, end=when) if moved else replace(now, job_level=JOB_LEVELS[rung - 1], end=when)
    after = replace(now, start=when) if moved else replace(now, job_level=JOB_LEVELS[rung], start=when)
    return replace(member, spells=(before, after))


def _clash(by_key: dict[str, Member], candidates: list[str]) -> tuple[str, str]:
    """Two members of different teams get one display name; their addresses and logins still differ."""
    first = candidates[0]
    team = by_key[first].spells[-1].team
    second = next(key for key in reversed(candidates) if by_key[key].spells[-1].team != team)
    for key, mark in ((first, ""), (second, "2")):
        emails = (f"{CLASH.ascii}{mark}@example.org", f"valdenholt{mark or 1}@example.com")
        by_key[key] = replace(
            by_key[key],
            name=CLASH.name,
            second_name="",
            offset=CLASH.offset,
            login=f"mira-vh{mark}",
            work_email=emails[0],
            private_email=emails[1],
            roster_emails=emails[:1],
        )
    return first, second


def _away(rng: Random, member: Member, start: date) -> Member:
    """Adds a summer holiday a year, kept clear of a long absence."""
    holidays = []
    for year in range(3):
        first = start + timedelta(days=365 * year + rng.randint(20, 250))
        holiday = (first, first + timedelta(days=rng.randint(9, 22)))
        clear = all(holiday[1] < begin or end < holiday[0] for begin, end in member.absences)
        if clear and member.present(first) and holiday[1] < member.last_day:
            holidays.append(holiday)
    return replace(member, absences=tuple(sorted((*member.absences, *holidays))))
