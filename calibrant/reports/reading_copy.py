"""The reading copy as a value, and how long it takes to read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from calibrant.reports.case import ContestedItem, Heading, ReplyText
from calibrant.reports.comments import CommentGroup
from calibrant.reports.evidence_text import Exhibit
from calibrant.reports.excerpts import Scope, words
from calibrant.reports.inputs import LevelText
from calibrant.reports.timeline import Timeline

__all__ = [
    "FRONT_WORDS",
    "READING_WORDS",
    "CriterionReading",
    "Groundwork",
    "PrintedExhibit",
    "ReadingCopy",
    "SkillReading",
    "minutes",
    "words_of",
]

READING_WORDS = 1250
"""Five minutes at 250 words a minute."""

FRONT_WORDS = 120
"""Words of the first page that are the same for everybody."""


@dataclass(frozen=True, slots=True)
class PrintedExhibit:
    """An exhibit with its number in the copy. again: printed in full above."""

    number: int
    exhibit: Exhibit
    again: bool = False


@dataclass(frozen=True, slots=True)
class CriterionReading:
    """One criterion of the expected level. counted: the fact counted beside what the standard looks for."""

    code: str
    statement: str
    by_people: bool
    counted: str
    scope: Scope
    supporting: tuple[PrintedExhibit, ...]
    more_supporting: int
    opposing: tuple[PrintedExhibit, ...]
    more_opposing: int
    missing: str
    waiver: str


@dataclass(frozen=True, slots=True)
class Groundwork:
    """A counted criterion of a lower level, in a few words: counted is "Months with reviewed work 7, asked for 4"."""

    level: int
    statement: str
    counted: str


@dataclass(frozen=True, slots=True)
class SkillReading:
    """One expected skill. expected: the level the profile asks for; opposing: evidence against no criterion in particular."""

    code: str
    name: str
    expected: int
    level_name: str
    level_summary: str
    optional: bool
    scope: Scope
    works_against: int
    criteria: tuple[CriterionReading, ...]
    groundwork: tuple[Groundwork, ...]
    opposing: tuple[PrintedExhibit, ...]
    more_opposing: int
    comments: tuple[CommentGroup, ...]
    erased: int

    @property
    def gaps(self) -> int:
        """Criteria of the expected level for which something is missing."""
        return sum(bool(criterion.missing) for criterion in self.criteria)


@dataclass(frozen=True, slots=True)
class ReadingCopy:
    """The whole copy, required skills first. words, minutes: of everything but optional skills, at 250 words a minute."""

    heading: Heading
    skills: tuple[SkillReading, ...]
    levels: tuple[LevelText, ...]
    timeline: Timeline
    contested: tuple[ContestedItem, ...]
    replies: tuple[ReplyText, ...]
    words: int
    minutes: int
    optional_minutes: int


def words_of(
    skills: Iterable[SkillReading], contested: tuple[ContestedItem, ...], replies: tuple[ReplyText, ...]
) -> int:
    """Words a reader meets. Groundwork is for looking up and notes of withheld comments repeat: neither is counted."""
    total = (
        120 + sum(words(item.about, item.reason) for item in contested) + sum(words(reply.text) for reply in replies)
    )
    for skill in skills:
        total += words(skill.name, skill.level_summary)
        for criterion in skill.criteria:
            total += words(criterion.statement, criterion.counted, criterion.scope.reach, criterion.missing)
            total += _exhibit_words(criterion.supporting) + _exhibit_words(criterion.opposing)
        total += _exhibit_words(skill.opposing)
        total += sum(words(*group.comments) for group in skill.comments)
    return total


def minutes(count: int) -> int:
    """Reading time in started minutes, one at least."""
    return max(1, -(-count // (READING_WORDS // 5)))


def _exhibit_words(items: tuple[PrintedExhibit, ...]) -> int:
    """What was done is told of the first of a list. Dates, places and the fixed words on how a work was accepted are for
    looking up: together they count as one word.
    """
    told = words(items[0].exhibit.what) - words(items[0].exhibit.accepted) if items else 0
    return told + sum(1 if item.again else 1 + words(item.exhibit.quote) for item in items)
