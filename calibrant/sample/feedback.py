"""Two yearly cycles of 360 feedback: managers, peers, reports and the people themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from calibrant.sample.areas import SKILLS
from calibrant.sample.chance import maybe, stream
from calibrant.sample.people import Department, Member
from calibrant.sample.raters import Rater, mark
from calibrant.sample.roles import CORE

__all__ = ["COLUMNS", "FORMULA_COMMENT", "Answer", "answers"]

COLUMNS = (
    *("cycle", "subject_id", "rater_id", "relationship", "competency_code", "item_code", "rating", "scale"),
    *("comment", "submitted_at"),
)
FORMULA_COMMENT = '=HYPERLINK("https://example.com/collect?who=","Open the full review")'
"""A comment that a spreadsheet must not run."""

_KIND_WORDS = (
    "I go to {name} first when this breaks.",
    "{name} explains the choice before making it. The rest of us learn from that.",
    "Quietly holds the standard for all of us here.",
)
_FLAT_WORDS = (
    "Solid. Would like to see more of it outside the own project.",
    "Does this well when asked; does not yet look for it.",
    "Hard to say more than that it works.",
)
_HARD_WORDS = (
    "Needs a second pair of eyes on most of it, and does not always ask for one.",
    "I had to redo parts of this twice this year.",
    "Not what the role needs yet. With guidance it can come.",
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One rater's answer on one competency. rating None: not answered."""

    cycle: str
    subject: Member
    rater: Member
    relationship: str
    skill: str
    rating: int | None
    comment: str
    submitted_at: datetime

    def row(self, *, by_email: bool) -> tuple[str, ...]:
        """The answer in the order of `COLUMNS`; by_email: people are named by work address, not by HR id."""
        return (
            self.cycle,
            self.subject.work_email if by_email else self.subject.key,
            self.rater.work_email if by_email else self.rater.key,
            self.relationship,
            self.skill,
            f"{self.skill}-q1",
            ("" if by_email else "n/a") if self.rating is None else str(self.rating),
            "1-5",
            self.comment,
            self.submitted_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        )


def answers(department: Department, raters: Mapping[str, Rater], seed: int) -> list[Answer]:
    """All answers of both cycles. The second closes six weeks before the end of the sample, the first a year earlier."""
    rng = stream(seed, "feedback")
    made: list[Answer] = []
    for years in (1, 0):
        closes = department.as_of.date() - timedelta(days=42 + 365 * years)
        for subject in department.members:
            if subject.present(closes) and (closes - subject.hired_on).days > 90:
                made += _of_subject(rng, department, raters, subject, closes)
    return _with_formula(made)


def _of_subject(
    rng: Random, department: Department, raters: Mapping[str, Rater], subject: Member, closes: date
) -> Iterator[Answer]:
    asked = _competencies(rng, subject, closes)
    for rater, relationship in _panel(rng, department, subject, closes):
        day = closes - timedelta(days=rng.randint(0, 20))
        at = datetime.combine(day, time(7), UTC) + timedelta(seconds=rng.randint(0, 36_000))
        together = rater.spell(day).team == subject.spell(day).team
        distance = 0 if relationship in ("manager", "self") or maybe(rng, 0.4) else 1 if together else 2
        for skill in asked:
            rating = mark(raters[rater.key], subject, skill, day, distance, rng)
            comment = _comment(rng, rating, subject) if rating and relationship != "self" else ""
            yield Answer(str(closes.year), subject, rater, relationship, skill, rating, comment, at)


def _competencies(rng: Random, subject: Member, day: date) -> list[str]:
    """Six to ten competencies: the role's own, the common ones, and a few more."""
    core = CORE[subject.spell(day).role]
    wanted = rng.randint(6, 10)
    rest = [skill for skill in SKILLS if skill not in core]
    common = [skill for skill in ("code-quality", "code-review", "technical-docs", "collaboration") if skill in rest]
    rare = [skill for skill in rest if skill not in common]
    rest = rng.sample(common, len(common)) + rng.sample(rare, len(rare))
    chosen = {*core, *rest[: wanted - len(core)]}
    return [skill for skill in SKILLS if skill in chosen]


def _panel(rng: Random, department: Department, subject: Member, day: date) -> list[tuple[Member, str]]:
    """Who is asked about the subject, and as what."""
    members = department.by_key()
    panel = [(subject, "self")] if maybe(rng, 0.9) else []
    manager = members.get(subject.manager or "")
    if manager and manager.present(day):
        panel.append((manager, "manager"))
    reports = [other for other in department.members if other.manager == subject.key and other.present(day)]
    panel += [(report, "report") for report in rng.sample(reports, min(4, len(reports)))]
    known = {subject.key, subject.manager, *(report.key for report in reports)}
    mates = [other for other in department.team(subject.spell(day).team, day) if other.key not in known]
    others = [
        other for other in department.members if other.present(day) and other not in mates and other.key not in known
    ]
    peers = rng.sample(mates, min(rng.randint(3, 5), len(mates))) + rng.sample(others, min(1, len(others)))
    return panel + [(peer, "peer") for peer in peers]


def _comment(rng: Random, rating: int, subject: Member) -> str:
    if not maybe(rng, 0.14):
        return ""
    words = _KIND_WORDS if rating >= 4 else _FLAT_WORDS if rating == 3 else _HARD_WORDS
    return rng.choice(words).format(name=subject.name.split()[0])


def _with_formula(made: list[Answer]) -> list[Answer]:
    """The first comment of a peer in the last cycle becomes the formula."""
    for index, answer in enumerate(made):
        if answer.comment and answer.relationship == "peer" and answer.cycle == made[-1].cycle:
            made[index] = Answer(
                *(answer.cycle, answer.subject, answer.rater, answer.relationship, answer.skill, answer.rating),
                FORMULA_COMMENT,
                answer.submitted_at,
            )
            break
    return made
