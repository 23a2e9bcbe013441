"""Writes the whole sample department as files, from one seed."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from calibrant.sample import decisions, feedback, interviews, pulse
from calibrant.sample.areas import SKILLS
from calibrant.sample.authors import noreply
from calibrant.sample.habits import habits_of
from calibrant.sample.names import PEOPLE
from calibrant.sample.people import Department, Member, department, level_of
from calibrant.sample.raters import Rater, raters_of
from calibrant.sample.repositories import Repository, write_repositories
from calibrant.sample.work import planned
from db.errors import Refusal

__all__ = ["SampleDepartment", "generate"]

FEWEST = 12
"""The fewest people among whom every planted feature still finds somebody."""


@dataclass(frozen=True, slots=True)
class SampleDepartment:
    """Where everything lies, and how much there is.

    Every path but those in `truth` is an input of ordinary commands. subjects maps the candidates of
    scorecards_json to persons; feedback360_wide needs pulse_mapping. planted: person ids by planted feature.
    commits counts each commit once, also where the fork shares it.
    """

    folder: Path
    roster: Path
    absences: Path
    feedback360: Path
    feedback360_wide: Path
    feedback360_mapping: Path
    scorecards_json: Path
    subjects: Path
    scorecards_csv: Path
    decisions: Path
    repositories: tuple[Repository, ...]
    truth: Path
    truth_raters: Path
    truth_identities: Path
    people: int
    commits: int
    ratings: int
    scorecard_ratings: int
    decided: int
    planted: Mapping[str, tuple[str, ...]]


def generate(folder: Path, *, seed: int, people: int = 30, as_of: datetime) -> SampleDepartment:
    """Writes the sample department of this seed into `folder`, which must not exist or be empty.

    people: 12 to 46. as_of: timezone-aware; the last day of the sample. The same arguments give the same bytes,
    git object ids included. Needs git on the path; takes a few seconds.

    Raises db.errors.Refusal if the folder holds something, or people or as_of are out of range.
    """
    if as_of.tzinfo is None:
        raise Refusal("as_of has no time zone", where="sample", remedy="give an aware datetime")
    if not FEWEST <= people <= len(PEOPLE):
        raise Refusal(
            f"expected {FEWEST} to {len(PEOPLE)} people, found {people}", where="sample", remedy="choose fewer or more"
        )
    if folder.exists() and any(folder.iterdir()):
        raise Refusal("the folder is not empty", where=str(folder), remedy="name a new folder, or empty it")
    (folder / "truth").mkdir(parents=True)
    made = department(seed, people, as_of)
    habits, raters = habits_of(made, seed), raters_of(made, seed)
    repositories = write_repositories(folder / "repositories", made, habits, planned(made, habits, seed), seed)
    answers = feedback.answers(made, raters, seed)
    cards = interviews.scorecards(made, raters, seed)
    candidates = sorted({card.candidate for card in cards})
    exported = [card for card in cards if card.candidate in candidates[: len(candidates) // 2]]
    typed = [card for card in cards if card not in exported]
    decided = decisions.decision_rows(made, seed)
    subjects = sorted({(str(card.candidate), card.hire.key) for card in exported})
    last = answers[-1].cycle
    (folder / "scorecards.json").write_text(
        json.dumps(interviews.greenhouse(exported), indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    (folder / "pulse.yaml").write_text(pulse.MAPPING, encoding="utf-8")
    return SampleDepartment(
        folder=folder,
        roster=_table(folder / "roster.csv", _ROSTER, _roster(made)),
        absences=_table(folder / "absences.csv", ("person_id", "absent_from", "absent_to"), _absences(made)),
        feedback360=_table(
            folder / "feedback360.csv",
            feedback.COLUMNS,
            [answer.row(by_email=answer.cycle == last) for answer in answers],
        ),
        feedback360_wide=_table(folder / "feedback360_wide.csv", *pulse.table(made, raters, seed)),
        feedback360_mapping=folder / "pulse.yaml",
        scorecards_json=folder / "scorecards.json",
        subjects=_table(folder / "subjects.csv", ("candidate_id", "person_id"), subjects),
        scorecards_csv=_table(folder / "scorecards.csv", interviews.LONG_COLUMNS, interviews.long_rows(typed)),
        decisions=_table(folder / "decisions.csv", decisions.COLUMNS, decided),
        repositories=tuple(repositories),
        truth=_table(folder / "truth" / "levels.csv", ("person_id", "skill", "ability", "level"), _levels(made)),
        truth_raters=_table(folder / "truth" / "raters.csv", ("person_id", "kind", "shift"), _kinds(raters)),
        truth_identities=_table(folder / "truth" / "identities.csv", ("email", "person_id"), _identities(made)),
        people=people,
        commits=_distinct(repositories),
        ratings=sum(answer.rating is not None for answer in answers),
        scorecard_ratings=sum(mark is not None for card in cards for mark in card.marks.values()),
        decided=len(decided),
        planted=made.planted,
    )


_ROSTER = (
    *(
        "person_id",
        "name",
        "emails",
        "github_id",
        "gitlab_id",
        "team",
        "role",
        "job_level",
        "hired_on",
        "left_on",
        "fte",
    ),
    *("valid_from", "valid_to"),
)


def _table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    return path


def _roster(made: Department) -> list[tuple[str, ...]]:
    """One row per person and spell, as an HR system exports a history."""
    return [
        (
            *(member.key, member.name, ";".join(member.roster_emails)),
            *(str(member.github_id) if member.roster_github else "", ""),
            *(spell.team, spell.role, spell.job_level, member.hired_on.isoformat()),
            *(member.left_on.isoformat() if member.left_on else "", f"{member.fte:g}", spell.start.isoformat()),
            spell.end.isoformat() if spell.end else "",
        )
        for member in made.members
        for spell in member.spells
    ]


def _absences(made: Department) -> list[tuple[str, ...]]:
    return [(m.key, start.isoformat(), end.isoformat()) for m in made.members for start, end in m.absences]


def _levels(made: Department) -> list[tuple[str, ...]]:
    return [
        (member.key, skill, f"{member.abilities[skill]:.3f}", str(level_of(member.abilities[skill])))
        for member in made.members
        for skill in SKILLS
    ]


def _kinds(raters: Mapping[str, Rater]) -> list[tuple[str, ...]]:
    return [(rater.key, rater.kind, f"{rater.shift:.3f}") for rater in raters.values()]


def _identities(made: Department) -> list[tuple[str, str]]:
    return [(address, member.key) for member in made.members for address in _addresses(member)]


def _addresses(member: Member) -> tuple[str, ...]:
    return member.work_email, member.private_email, noreply(member, old=False), noreply(member, old=True)


def _distinct(repositories: Sequence[Repository]) -> int:
    return sum(repository.own_commits for repository in repositories)
