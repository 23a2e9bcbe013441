"""When work on each skill was seen: one mark per skill and month, never a count.

A month with one reviewed change and a month with forty look alike on purpose: volume is not evidence of skill.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from calibrant.reports.evidence_text import Exhibit

__all__ = ["MonthMark", "Timeline", "timeline"]


@dataclass(frozen=True, slots=True)
class MonthMark:
    """What one month shows of one skill: "reviewed" work (accepted by others), "other" work, or work cited "against" it."""

    skill: str
    month: str
    shows: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """months: the window, oldest first ("2026-03"); skills: row names in order; earlier: works before the window."""

    months: tuple[str, ...]
    skills: tuple[str, ...]
    marks: tuple[MonthMark, ...]
    earlier: int = 0


def timeline(
    skills: Mapping[str, tuple[Iterable[Exhibit], Iterable[Exhibit]]], until: date, window_months: int
) -> Timeline:
    """skills: row name -> (exhibits for, exhibits against). The window is the months up to that of `until`."""
    last = until.year * 12 + until.month - 1
    months = tuple(f"{m // 12:04d}-{m % 12 + 1:02d}" for m in range(last - window_months + 1, last + 1))
    marks: set[MonthMark] = set()
    earlier: set[str] = set()
    for name, (supporting, opposing) in skills.items():
        supporting, opposing = list(supporting), list(opposing)
        earlier |= {exhibit.evidence for exhibit in supporting + opposing if exhibit.month < months[0]}
        reviewed = {exhibit.month for exhibit in supporting if exhibit.reviewed}
        marks |= {MonthMark(name, month, "reviewed") for month in reviewed}
        marks |= {MonthMark(name, exhibit.month, "other") for exhibit in supporting if exhibit.month not in reviewed}
        marks |= {MonthMark(name, exhibit.month, "against") for exhibit in opposing}
    inside = [mark for mark in marks if mark.month in months]
    order = {name: number for number, name in enumerate(skills)}
    inside.sort(key=lambda mark: (order[mark.skill], mark.month, mark.shows))
    return Timeline(months, tuple(skills), tuple(inside), len(earlier))
