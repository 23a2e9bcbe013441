"""A small department as records: the one material of all contract tests, for frames made by hand and for a real ledger."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from db.records import (
    Absence,
    Batch,
    Employment,
    Evidence,
    Identity,
    IdentityLink,
    Kind,
    LinkBasis,
    Membership,
    Participation,
    ParticipationRole,
    Person,
    Purpose,
    Retention,
    RoleAssignment,
    Roster,
)

AS_OF = datetime(2026, 6, 30, tzinfo=UTC)
MONTHS = 24
SKILLS = ("ml-pipelines", "model-training", "code-review", "collaboration", "technical-docs")
"""Of the shipped standard: between them they count months, tested and documented months, areas, people and reviews."""

TEAMS = ("platform", "research", "language")
REPOSITORIES = ("git/factory", "git/models")
_PATHS: Mapping[str, tuple[str, ...]] = {
    "ml-pipelines": tuple(f"pipelines/part{n}/step.py" for n in range(8)),
    "model-training": ("training/core/loop.py", "training/core/optim.py"),
    "technical-docs": tuple(f"docs/book{n}/page.md" for n in range(8)),
}


@dataclass(frozen=True)
class Member:
    """One person of the department. able: true ability on the scale of levels. diligence: chance of work per month."""

    key: str
    name: str
    team: str
    role: str
    job_level: str
    able: float
    diligence: float
    hired_on: date = date(2020, 1, 1)

    @property
    def git(self) -> Identity:
        """The address they commit with."""
        return Identity("git", f"{self.key}@example.org", self.name)

    @property
    def hr(self) -> Identity:
        """Their HR id, as forms name them."""
        return Identity("hr", self.key)


@dataclass(frozen=True)
class Department:
    """sources: name ("git/<repository>", "feedback360/<cycle>", ...) -> the artefacts it shows. absences: of persons by key."""

    people: tuple[Member, ...]
    sources: Mapping[str, tuple[Evidence, ...]] = field(default_factory=dict)
    absences: tuple[Absence, ...] = ()

    def member(self, key: str) -> Member:
        """The person of that key."""
        return next(one for one in self.people if one.key == key)

    def with_source(self, name: str, evidence: Iterable[Evidence]) -> Department:
        """The same, with one source's artefacts put in the place of what it showed."""
        return replace(self, sources={**self.sources, name: tuple(evidence)})

    def adding(self, name: str, evidence: Iterable[Evidence]) -> Department:
        """The same, with more artefacts in a source."""
        return self.with_source(name, (*self.sources.get(name, ()), *evidence))

    def with_member(self, changed: Member) -> Department:
        """The same, with one person changed (by key)."""
        return replace(self, people=tuple(changed if one.key == changed.key else one for one in self.people))

    def roster(self) -> Roster:
        """Everybody as one import of people."""
        since = {one.key: one.hired_on for one in self.people}
        return Roster(
            persons=tuple(Person(one.key, one.name) for one in self.people),
            employments=tuple(Employment(key, day) for key, day in since.items()),
            memberships=tuple(Membership(one.key, one.team, one.hired_on) for one in self.people),
            role_assignments=tuple(
                RoleAssignment(one.key, one.role, one.job_level, one.hired_on) for one in self.people
            ),
            absences=self.absences,
            links=tuple(
                IdentityLink(identity, one.key, LinkBasis.ROSTER)
                for one in self.people
                for identity in (one.git, one.hr)
            ),
        )

    def store(self, ledger: Any, purposes: Sequence[Purpose] = tuple(Purpose)) -> None:
        """Put everything into a ledger, each source as one batch."""
        ledger.store_roster(self.roster())
        for name, evidence in sorted(self.sources.items()):
            kind = name.split("/")[0]
            lineage = name if kind == "git" else None
            source = ledger.source(kind, name, lineage=lineage, purposes=list(purposes))
            ledger.collect(source, [Batch(evidence=tuple(evidence), cursor={"at": len(evidence)})], extractor="test/1")


def instant(month: int, day: int = 1, minute: int = 0) -> datetime:
    """An instant in the month that lies `month` months before the last one (0)."""
    back = AS_OF.year * 12 + AS_OF.month - 1 - month
    return datetime(back // 12, back % 12 + 1, day, 10, tzinfo=UTC) + timedelta(minutes=minute)


def commit(
    key: str,
    author: Identity,
    at: datetime,
    paths: Sequence[str],
    *,
    reviewers: Iterable[Identity] = (),
    committer: Identity | None = None,
    co_authors: Iterable[Identity] = (),
    **measures: Any,
) -> Evidence:
    """A commit; the same key makes the same artefact."""
    parts = [Participation(author, ParticipationRole.AUTHOR)]
    parts += [Participation(one, ParticipationRole.CO_AUTHOR) for one in co_authors]
    parts += [Participation(one, ParticipationRole.REVIEWER) for one in reviewers]
    if committer is not None:
        parts.append(Participation(committer, ParticipationRole.COMMITTER))
    facts = {"parents": 1, "files": len(paths), "added": 12 * len(paths), "deleted": 3, "renames": 0}
    return Evidence(
        f"git:{hashlib.sha1(key.encode()).hexdigest()}",
        Kind.COMMIT,
        at,
        "test/1",
        {**facts, "whitespace_only": False, "revert_of": None, **measures},
        tuple((path, 12, 3, None) for path in paths),
        tuple(parts),
        excerpt=f"Change {hashlib.sha1(key.encode()).hexdigest()[:8]}",
    )


def change_request(
    key: str, author: Identity, at: datetime, paths: Sequence[str], *, reviewers: Sequence[Identity]
) -> Evidence:
    """A merged change request with a review by each reviewer."""
    return Evidence(
        f"forge:{key}",
        Kind.CHANGE_REQUEST,
        at,
        "test/1",
        {"merged": True, "reviews": len(reviewers), "files": len(paths), "additions": 12, "deletions": 3},
        tuple((path, 12, 3, None) for path in paths),
        (
            Participation(author, ParticipationRole.AUTHOR),
            *(Participation(one, ParticipationRole.REVIEWER) for one in reviewers),
        ),
        excerpt=f"Change request {hashlib.sha1(key.encode()).hexdigest()[:8]}",
    )


def rating(
    key: str,
    rater: Identity,
    subject: Identity,
    skill: str,
    score: float,
    *,
    at: datetime,
    relation: str = "peer",
    item: str | None = None,
    comment: str | None = None,
    kind: Kind = Kind.RATING,
) -> Evidence:
    """One answer of a 360 form, or one mark on a scorecard."""
    facts: dict[str, Any] = {"competency": skill, "item": item or skill, "score": score}
    facts |= {"scale_min": 1, "scale_max": 5, "scale": "1-5", "relationship": relation, "cycle": "2026"}
    if kind is Kind.SCORECARD_RATING:
        facts = {name: value for name, value in facts.items() if name not in ("relationship", "cycle")}
    return Evidence(
        f"{kind.value}/{key}",
        kind,
        at,
        "test/1",
        facts,
        participations=(
            Participation(rater, ParticipationRole.RATER),
            Participation(subject, ParticipationRole.SUBJECT),
        ),
        excerpt=comment,
        retention=Retention.INTERVIEW if kind is Kind.SCORECARD_RATING else Retention.FEEDBACK,
    )


def people(count: int, chance: Random) -> tuple[Member, ...]:
    """Members of three teams, of all abilities."""
    roles = ("mlops-engineer", "ml-engineer", "data-scientist")
    ladder = ("junior", "middle", "senior", "lead")
    members = []
    for number in range(count):
        able = 1.2 + 3.6 * (number + chance.random()) / count
        members.append(
            Member(
                f"p{number:02d}",
                f"Person {number:02d}",
                TEAMS[number % len(TEAMS)],
                roles[number % len(roles)],
                ladder[number % len(ladder)],
                able=able,
                diligence=min(0.1 + 0.14 * able + 0.2 * chance.random(), 0.95),
            )
        )
    return tuple(members)


def department(seed: int, count: int = 9, *, raters: int = 5, interviewers: int = 3) -> Department:
    """Two years of commits and change requests in two repositories, a 360 cycle and interviews of everybody."""
    chance = Random(seed)
    members = people(count, chance)
    made = Department(members)
    for repository in REPOSITORIES:
        made = made.with_source(repository, _history(repository, members, chance))
    made = made.with_source("feedback360/2026", _feedback(members, chance, raters))
    return made.with_source("scorecards/hiring", _interviews(members, chance, interviewers)) if interviewers else made


def _history(repository: str, members: Sequence[Member], chance: Random) -> list[Evidence]:
    """Each member works mostly in one of the repositories; a change is reviewed by one or two others."""
    made = []
    for number, member in enumerate(members):
        home = REPOSITORIES[number % len(REPOSITORIES)] == repository
        for month in range(MONTHS):
            if chance.random() > member.diligence * (1.0 if home else 0.25):
                continue
            for piece in range(1 + (chance.random() < 0.3)):
                skill = chance.choice(list(_PATHS))
                paths = chance.sample(_PATHS[skill], k=chance.choice([1, 2]))
                if skill == "model-training" and chance.random() < 0.5:
                    paths.append("training/core/tests/test_loop.py")
                others = [one.git for one in members if one is not member]
                reviewers = chance.sample(others, k=chance.choice([0, 1, 1, 2]))
                key = f"{repository} {member.key} {month} {piece}"
                at = instant(month, chance.randint(1, 26), piece)
                if reviewers and chance.random() < 0.2:
                    made.append(change_request(key, member.git, at, paths, reviewers=reviewers))
                else:
                    made.append(commit(key, member.git, at, paths, reviewers=reviewers, committer=member.git))
    return made


def _score(able: float, rater: Member, chance: Random) -> int:
    severity = 0.35 * (int(rater.key[1:]) % 3 - 1)
    return min(max(round(able - severity + chance.gauss(0, 0.45)), 1), 5)


def _feedback(members: Sequence[Member], chance: Random, count: int) -> list[Evidence]:
    made = []
    for subject in members:
        raters = chance.sample([one for one in members if one is not subject], k=count)
        for place, rater in enumerate(raters):
            for skill in SKILLS:
                key = f"{subject.key} {rater.key} {skill}"
                relation = "manager" if place == 0 else "peer"
                score = _score(subject.able, rater, chance)
                comment = f"On {skill}: remark {chance.randrange(10**6)}"
                at = instant(2, 10)
                made.append(rating(key, rater.hr, subject.hr, skill, score, at=at, relation=relation, comment=comment))
    return made


def _interviews(members: Sequence[Member], chance: Random, count: int) -> list[Evidence]:
    made = []
    for subject in members:
        for rater in chance.sample([one for one in members if one is not subject], k=count):
            for skill in SKILLS:
                key = f"{subject.key} {rater.key} {skill}"
                score = _score(subject.able, rater, chance)
                made.append(
                    rating(key, rater.hr, subject.hr, skill, score, at=instant(4, 5), kind=Kind.SCORECARD_RATING)
                )
    return made
