"""Under which name and address people appear in git, and whom they ask for review."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from random import Random

from calibrant.sample.chance import maybe
from calibrant.sample.fast_import import Signature
from calibrant.sample.habits import ASKED, Habits
from calibrant.sample.people import Department, Member
from calibrant.sample.projects import Project
from calibrant.sample.work import Change

__all__ = ["BOTS", "CI_BOT", "FORGE", "Authors", "noreply"]

FORGE = ("GitHub", "noreply@github.com")
"""The committer of what is done in the forge's pages."""

BOTS = (
    ("dependabot[bot]", "49699333+dependabot[bot]@users.noreply.github.com"),
    ("github-actions[bot]", "41898282+github-actions[bot]@users.noreply.github.com"),
)
"""Bots that say that they are."""

CI_BOT = ("mlops-ci", "ci-bot@example.org")
"""A bot on the department's own domain."""


def noreply(member: Member, *, old: bool) -> str:
    """The address a forge gives to those who hide theirs; the old form has no number."""
    return f"{member.login if old else f'{member.github_id}+{member.login}'}@users.noreply.github.com"


class Authors:
    """Signs for people. rng is the repository's own stream."""

    def __init__(self, department: Department, habits: Mapping[str, Habits], rng: Random) -> None:
        self.department = department
        self.habits = habits
        self.members = department.by_key()
        self.rng = rng
        self._unlinked = set(department.planted["no_git_identity"])

    def named(self, member: Member, *, web: bool = False) -> tuple[str, str]:
        """Name and address under which the person commits this time; web: done in the forge's pages."""
        habits, rng = self.habits[member.key], self.rng
        address = member.work_email
        if member.key in self._unlinked or maybe(rng, habits.private_address):
            address = member.private_email
        elif maybe(rng, habits.web_editor if web else habits.web_editor / 6):
            address = noreply(member, old=habits.old_noreply and maybe(rng, 0.5))
        other_name = member.second_name and maybe(rng, 0.6 if address == member.private_email else 0.12)
        return (member.second_name if other_name else member.name), address

    def sign(self, member: Member, at: datetime, *, web: bool = False) -> Signature:
        """The person's signature at that instant, in the person's own time zone."""
        return Signature(*self.named(member, web=web), at, member.offset)

    def trailer(self, token: str, member: Member) -> str:
        """A trailer naming the person, under the work address where there is one."""
        address = member.private_email if member.key in self._unlinked else member.work_email
        return f"{token}: {member.name} <{address}>"

    def reviewers(self, change: Change, project: Project) -> list[Member]:
        """Whom the author asks: those at hand, with the habit, and known to be good at it. Often one, at times none."""
        day = change.at.date()
        candidates, weights = [], []
        for member in self.department.members:
            if member.key in (change.author, change.partner) or not member.present(day):
                continue
            near = 1.0 if member.spell(day).team == project.team else 0.04
            asked = ASKED[member.level(change.skill, day) - 1] * self.rng.uniform(0.5, 1.5)
            candidates.append(member)
            weights.append(near * asked * self.habits[member.key].reviews)
        wanted = self.rng.choices((0, 1, 2), (0.12, 0.7, 0.18))[0]
        if not any(weights):
            return []
        return list({member.key: member for member in self.rng.choices(candidates, weights, k=wanted)}.values())
