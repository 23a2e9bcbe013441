"""Cited evidence in words that a reader without access to the forge understands.

`read_exhibits` turns the ledger's frames into `Exhibit` values: when, what the person did, where, what was said, and
what is odd about it. Ratings are not exhibits: they have raters to protect and go through `comments`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from calibrant.reports.acceptance import accepted, vouched
from calibrant.reports.inert import NAME_LIMIT, safe_url, shown
from calibrant.reports.review_text import review_words
from db.records import Kind, ParticipationRole

__all__ = ["RATING_KINDS", "Exhibit", "cell", "day_text", "measures_of", "month_text", "read_exhibits"]

RATING_KINDS = frozenset({Kind.RATING.value, Kind.SCORECARD_RATING.value, Kind.DECISION.value})
"""Kinds that say what one human thought of another."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ROLES = (
    (ParticipationRole.AUTHOR.value, "wrote"),
    (ParticipationRole.CO_AUTHOR.value, "co-wrote"),
    (ParticipationRole.REVIEWER.value, "reviewed"),
    (ParticipationRole.TESTER.value, "tested"),
    (ParticipationRole.MERGER.value, "merged"),
    (ParticipationRole.COMMITTER.value, "committed"),
)
_THINGS = {
    Kind.COMMIT.value: "a change",
    Kind.CHANGE_REQUEST.value: "a change request",
    Kind.REVIEW.value: "a review",
    Kind.REVIEW_COMMENT.value: "a review comment",
    Kind.ISSUE.value: "an issue",
    Kind.RELEASE.value: "a release",
    Kind.INCIDENT.value: "an incident record",
    Kind.LEARNING.value: "a course",
}
_SHOWN_AREAS = 2


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One piece of work as printed. on: the day; what: what the person did; where: repository; areas: folders touched.

    accepted: how others let it in ("reviewed", "through a change request"), "" if nothing says so. marks: what a reader
    must know of it ("contested", "since erased").
    """

    evidence: str
    on: date
    kind: str
    what: str
    where: str
    areas: tuple[str, ...]
    quote: str
    url: str | None
    accepted: str
    marks: tuple[str, ...]

    @property
    def reviewed(self) -> bool:
        """Whether others accepted it, in any of the ways that inference counts."""
        return bool(self.accepted)

    @property
    def month(self) -> str:
        """ "2026-03"."""
        return f"{self.on.year:04d}-{self.on.month:02d}"

    @property
    def when(self) -> str:
        """ "14 Mar 2026"."""
        return day_text(self.on)

    @property
    def place(self) -> str:
        """Repository and up to two areas."""
        more = len(self.areas) - _SHOWN_AREAS
        areas = ", ".join(self.areas[:_SHOWN_AREAS]) + (f" and {more} more" if more > 0 else "")
        return f"{self.where}: {areas}" if areas else self.where


def day_text(day: date) -> str:
    """A day as people write it, in any locale: "14 Mar 2026"."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def month_text(month: str) -> str:
    """ "2026-03" as "Mar 2026"."""
    year, number = month.split("-")
    return f"{_MONTHS[int(number) - 1]} {year}"


def cell(value: object) -> object:
    """A frame's cell with every spelling of missing as None."""
    if isinstance(value, list | tuple | dict):
        return value
    return None if value is None or bool(pd.isna(value)) else value  # type: ignore[call-overload]


def measures_of(row: Mapping[str, object]) -> Mapping[str, object]:
    """The measures of an evidence row; empty where erased."""
    value = cell(row.get("measures"))
    parsed = json.loads(value) if isinstance(value, str) and value else value
    return parsed if isinstance(parsed, dict) else {}


def read_exhibits(
    cited: pd.DataFrame, participations: pd.DataFrame, person: str, contested: Collection[str] = ()
) -> dict[str, Exhibit]:
    """The cited work of one person, by evidence id. Rating kinds are left out.

    cited: evidence, kind, occurred_at, source, measures, paths, excerpt, url, erased, superseded.
    participations: evidence, role, person, identity, bot (all rows of the cited evidence, the subject's among them).
    An erased row of which not even the date is left is no exhibit.
    """
    roles: dict[str, set[str]] = {}
    vouching = vouched(participations, person)
    for row in participations[["evidence", "role", "person"]].to_dict("records"):
        if cell(row["person"]) == person:
            roles.setdefault(str(row["evidence"]), set()).add(str(row["role"]))
    exhibits: dict[str, Exhibit] = {}
    for row in cited.to_dict("records"):
        if row["kind"] not in RATING_KINDS and cell(row["occurred_at"]) is not None:
            key = str(row["evidence"])
            exhibits[key] = _exhibit(
                {str(k): cell(v) for k, v in row.items()},
                roles.get(key, set()),
                vouching.get(key, ""),
                key in contested,
            )
    return exhibits


def _exhibit(row: Mapping[str, object], roles: set[str], vouching: str, contested: bool) -> Exhibit:
    measures = measures_of(row)
    erased = bool(row.get("erased"))
    how = accepted(measures, vouching)
    marks = [
        mark
        for mark, holds in (
            ("contested", contested),
            ("since erased", erased),
            ("since changed at its source", bool(row.get("superseded"))),
        )
        if holds
    ]
    occurred = row["occurred_at"]
    if not isinstance(occurred, datetime):
        raise TypeError(f"occurred_at is an instant, not {type(occurred).__name__}")
    return Exhibit(
        evidence=str(row["evidence"]),
        on=occurred.date(),
        kind=str(row["kind"]),
        what=_what(str(row["kind"]), roles, measures, how),
        where=shown(row.get("source"), NAME_LIMIT),
        areas=() if erased else _areas(row.get("paths")),
        quote="" if erased else shown(row.get("excerpt")),
        url=None if erased else safe_url(row.get("url")),
        accepted=how,
        marks=tuple(marks),
    )


def _what(kind: str, roles: set[str], measures: Mapping[str, object], how: str) -> str:
    """What the person did, as the start of a sentence: "Wrote a change, reviewed"."""
    if kind == Kind.LEARNING.value:
        course = shown(measures.get("course"), NAME_LIMIT)
        return ("Completed" if measures.get("completed") else "Took") + " a course" + (f": {course}" if course else "")
    verb = next((word for role, word in _ROLES if role in roles), "took part in")
    if kind in {Kind.REVIEW.value, Kind.REVIEW_COMMENT.value} and verb == "reviewed":
        verb = "wrote"
    facts = []
    if cell(measures.get("revert_of")):
        facts.append("taking back an earlier one")
    if measures.get("merged") is False:
        facts.append("not merged")
    if kind in {Kind.REVIEW.value, Kind.REVIEW_COMMENT.value}:
        facts.extend(review_words(measures))
    if how:
        facts.append(how)
    if measures.get("ai_assist") == "declared":
        facts.append("AI assistance declared")
    return ", ".join([f"{verb} {_THINGS.get(kind, 'a record')}".capitalize(), *facts])


def _areas(paths: object) -> tuple[str, ...]:
    """Folders touched, two deep, most touched first."""
    listed = json.loads(paths) if isinstance(paths, str) and paths else paths
    if not isinstance(listed, list | tuple):
        return ()
    counts: dict[str, int] = {}
    for entry in listed:
        path = str(entry[0] if isinstance(entry, list | tuple) and entry else entry)
        area = "/".join(path.split("/")[:-1][:2]) or "top folder"
        counts[area] = counts.get(area, 0) + 1
    ordered = sorted(counts, key=lambda area: (-counts[area], area))
    return tuple(shown(area, NAME_LIMIT) for area in ordered)
