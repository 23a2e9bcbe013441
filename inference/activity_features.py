"""What a record of work says about a person in an area at a moment: sustained, substantial, reviewed, varied, recent.

An area is whatever the question is about: a skill of the standard, a part of a repository. Nothing here counts changes, and
lines only say whether a period held substance: a change in which one wrote fewer than three is left out. Authored work is seen
in *periods*: a week with L of one's lines is worth L^2 / (L^2 + 20^2), so one commit or ten are the same week, and no week is
worth more than one; a year is worth likewise by its added lines and 1,000. Reviews make a week of reviewing, however many;
people are counted once. Periods decay by age (`recency_weight`) at several half-lives, so that what is recent, what is usual and
what lasted can be told apart. The word of two people for each other is set aside where they mostly vouch for each other
(`activity_record.CLOSED_SHARE`).

Absent is not zero. Where an area's record holds no reviews (or no acknowledgements), everything that would be read off them is
missing (NaN) for everybody there, not nought. Whether it does is seen from the record: `RECORDED_SHARE`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd

from inference.activity_periods import NEVER_DAYS, PART_LINES, WEEK, YEAR, Owned, decayed_people, decayed_periods, tally
from inference.activity_record import ActivityRecord, Booleans, Floats, Integers
from inference.exposure import DAYS_PER_MONTH

__all__ = ["ACK_FEATURES", "FEATURES", "RECORDED_SHARE", "REVIEW_FEATURES", "activity_features"]

WEEK_LINES: Final = 20.0
"""A week with so many of one's lines is worth half a week."""

YEAR_LINES: Final = 1000.0
"""A year with so many lines added is worth half a year."""

RECORDED_SHARE: Final = 0.05
"""An area records reviews if at least this share of its authors' weeks of two years was vouched for by somebody on the record .."""

RECORDED_PEOPLE: Final = 3
""".. by so many people, or as large a share of the whole record is: what one or two can bring about says nothing of what is recorded."""

PEERS_MONTHS: Final = 24
"""Whoever had a part in the area in so many months is somebody the others are compared with."""

_PRIOR_WEEKS: Final = 20.0
"""How many weeks' worth the rest of the record counts when an area has few to judge from."""

_LEADS: Final = (
    *("own_3", "own_12", "own_36", "own_120", "built_12", "built_120", "part_12", "part_120"),
    *("review_12", "review_120", "ack_12", "ack_120", "subjects_12", "subjects_120"),
)
_RANKS: Final = ("own_12", "own_36", "own_120", "part_12", "part_120", "review_12", "review_120")

FEATURES: Final[Mapping[str, str]] = {
    "own_3": "substantial weeks of authored work, half-life 3 months",
    "own_12": "the same, half-life 12 months",
    "own_36": "the same, half-life 36 months",
    "own_120": "the same, half-life 120 months",
    "built_12": "years by lines added, half-life 12 months",
    "built_120": "the same, half-life 120 months",
    "part_3": "months with a part in the area's work, half-life 3 months",
    "part_12": "the same, half-life 12 months",
    "part_120": "the same, half-life 120 months",
    "review_12": "weeks with somebody else's work reviewed, tested or acknowledged, half-life 12 months",
    "review_120": "the same, half-life 120 months",
    "ack_12": "weeks with somebody else's work acknowledged, half-life 12 months",
    "ack_120": "the same, half-life 120 months",
    "subjects_12": "people whose work was vouched for, each once, by the age of the last time, half-life 12 months",
    "subjects_120": "the same, half-life 120 months",
    "vouched_12": "weeks with authored work that somebody else vouched for, half-life 12 months",
    "vouchers_12": "people who vouched for authored work, each once, by the age of the last time, half-life 12 months",
    "vouchers_120": "the same, half-life 120 months",
    "last": "days since the last part in the area's work",
    "last_own": "days since the last week of authored work that is a part",
    "tenure": "days since the first part in the area's work",
    "everywhere_12": "months with a part in anything on record, half-life 12 months",
    "everywhere_120": "the same, half-life 120 months",
    "reviews_everywhere_12": "months with a review in anything on record, half-life 12 months",
    "everywhere_tenure": "days since the first part in anything on record",
    "areas_12": "areas with a part, each once, by the age of the last time, half-life 12 months",
    "areas_120": "the same, half-life 120 months",
    "focus": "part_12 as a share of everywhere_12",
    **{f"{name}_lead": f"{name} as a share of the highest in the area" for name in _LEADS},
    **{f"{name}_rank": f"share of the area's peers with less {name}, half of those with as much" for name in _RANKS},
    "peers": "people with a part in the area in two years",
    "people": "people who ever had a part in the area",
    "area_own_12": "own_12 of all people of the area together",
    "area_own_120": "own_120 of all people of the area together",
}
"""What is computed, by name. Amounts, days and shares are at least nought; shares are at most one."""

ACK_FEATURES: Final = tuple(name for name in FEATURES if name.startswith("ack_"))
"""Missing where the record holds no acknowledgements."""

REVIEW_FEATURES: Final = tuple(
    name for name in FEATURES if name.startswith(("review", "subjects", "vouched", "vouchers"))
)
"""Missing where the record holds no reviews, tests or acknowledgements."""


def activity_features(record: ActivityRecord, asked: pd.DataFrame, *, as_of: datetime) -> pd.DataFrame:
    """One row per row of `asked` (columns person, area), in that order and with its index; columns `FEATURES`, floats.

    record: what was on record; only what happened before `as_of` is looked at. Whoever has no part in the area's
    work has nought of everything and never (20 years) for days since.

    >>> work = pd.DataFrame({"person": ["ann", "bo"], "area": "io", "role": "author", "artefact": ["c1", "c2"], "counterpart": None,
    ...     "occurred_at": pd.Timestamp("2026-01-01"), "share": 1.0, "added": [20, 2], "deleted": 0})
    >>> found = activity_features(ActivityRecord.of(work), work[["person", "area"]], as_of=datetime(2026, 1, 2))
    >>> found[["own_12", "part_12", "review_12"]].round(1).to_numpy().tolist()
    [[0.5, 1.0, nan], [0.0, 0.0, nan]]
    """
    known = record.before(as_of)
    person, area = known.codes(asked["person"], asked["area"])
    fair = known.without_closed_pairs_of(known)
    inside = fair.only(np.isin(fair.area, area))
    pairs = Owned.of(inside, inside.area * max(len(known.people), 1) + inside.person, as_of)
    amounts = {**_own(pairs), **_parts(pairs), **_given(pairs), **_received(pairs)}
    row = _found(pairs.key, area * max(len(known.people), 1) + person, (person >= 0) & (area >= 0))
    columns = {name: _at(values, row, 0.0) for name, values in {**amounts, **_relative(pairs, amounts)}.items()}
    columns["last"] = _at(pairs.since(pairs.part), row, NEVER_DAYS)
    columns["last_own"] = _at(pairs.since(pairs.part & pairs.rows.authored), row, NEVER_DAYS)
    columns["tenure"] = _at(pairs.first(pairs.part), row, 0.0)
    columns |= _everywhere(fair, person, as_of)
    columns["focus"] = np.minimum(columns["part_12"] / np.maximum(columns["everywhere_12"], 1e-9), 1.0)
    columns |= {name: values[area] for name, values in _of_area(pairs, amounts).items()}
    for names, kind in ((REVIEW_FEATURES, ~fair.authored), (ACK_FEATURES, fair.acked)):
        unrecorded = ~_records(fair, kind, as_of)[area]
        columns |= {name: np.where(unrecorded, np.nan, columns[name]) for name in names}
    return pd.DataFrame({name: columns[name] for name in FEATURES}, index=asked.index)


def _at(values: Floats, row: Integers, otherwise: float) -> Floats:
    return np.where(row >= 0, values[row], otherwise) if len(values) else np.full(len(row), otherwise)


def _found(keys: Integers, wanted: Integers, valid: Booleans) -> Integers:
    place = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    hit = valid & (keys[place] == wanted) if len(keys) else np.zeros(len(wanted), dtype=bool)
    return np.where(hit, place, -1)


def _own(pairs: Owned) -> dict[str, Floats]:
    weeks = pairs.substance(pairs.rows.own_lines, WEEK_LINES, WEEK, (3, 12, 36, 120))
    years = pairs.substance(pairs.rows.own_added, YEAR_LINES, YEAR, (12, 120))
    return dict(zip(("own_3", "own_12", "own_36", "own_120", "built_12", "built_120"), weeks + years, strict=True))


def _parts(pairs: Owned) -> dict[str, Floats]:
    months = pairs.periods(pairs.part, DAYS_PER_MONTH, (3, 12, 120))
    return dict(zip(("part_3", "part_12", "part_120"), months, strict=True))


def _given(pairs: Owned) -> dict[str, Floats]:
    rows = pairs.rows
    vouched = ~rows.authored
    named = vouched & (rows.counterpart >= 0)
    subjects = decayed_people(
        pairs.owner[named], rows.counterpart[named], pairs.age[named], len(pairs.key), pairs.as_of, (12, 120)
    )
    weeks = pairs.periods(vouched, WEEK, (12, 120)) + pairs.periods(rows.acked, WEEK, (12, 120))
    names = ("review_12", "review_120", "ack_12", "ack_120", "subjects_12", "subjects_120")
    return dict(zip(names, weeks + subjects, strict=True))


def _received(pairs: Owned) -> dict[str, Floats]:
    """Vouching is also about somebody: the owner it is about is its counterpart in its area."""
    rows, owners = pairs.rows, len(pairs.key)
    place = _found(pairs.key, rows.area * max(len(rows.people), 1) + rows.counterpart, rows.counterpart >= 0)
    got = place >= 0
    weeks = decayed_periods(place[got], pairs.age[got], WEEK, (12,), owners, pairs.as_of)
    people = decayed_people(place[got], rows.person[got], pairs.age[got], owners, pairs.as_of, (12, 120))
    return dict(zip(("vouched_12", "vouchers_12", "vouchers_120"), weeks + people, strict=True))


def _area_of(pairs: Owned) -> Integers:
    return np.asarray(pairs.key // max(len(pairs.rows.people), 1))


def _relative(pairs: Owned, amounts: Mapping[str, Floats]) -> dict[str, Floats]:
    """Beside the other people of the area: as a share of the highest, and the rank among peers."""
    found: dict[str, Floats] = {}
    area, peer = _area_of(pairs), _peers(pairs)
    for name in _LEADS:
        highest = np.zeros(len(pairs.rows.areas) + 1)
        np.maximum.at(highest, area, amounts[name])
        found[f"{name}_lead"] = amounts[name] / np.maximum(highest[area], 1e-9)
    for name in _RANKS:
        found[f"{name}_rank"] = _rank(area, amounts[name], peer)
    return found


def _peers(pairs: Owned) -> Booleans:
    return np.asarray(pairs.since(pairs.part) <= PEERS_MONTHS * DAYS_PER_MONTH)


def _rank(area: Integers, value: Floats, peer: Booleans) -> Floats:
    """Share of the area's other peers that have less, ties counted half; nought where there are none."""
    level = np.unique(value, return_inverse=True)[1].astype(np.int64)
    wide = len(value) + 1
    mine = area * wide + level
    theirs = np.sort(mine[peer])
    start, end = np.searchsorted(theirs, area * wide), np.searchsorted(theirs, (area + 1) * wide)
    below, until = np.searchsorted(theirs, mine), np.searchsorted(theirs, mine, side="right")
    others = end - start - peer
    ahead = below - start + (until - below - peer) / 2
    return np.where(others > 0, ahead / np.maximum(others, 1), 0.0)


def _everywhere(known: ActivityRecord, person: Integers, as_of: datetime) -> dict[str, Floats]:
    """What the asked people did anywhere on record."""
    theirs = known.only(np.isin(known.person, person[person >= 0]))
    owned = Owned.of(theirs, theirs.person, as_of)
    row = _found(owned.key, person, person >= 0)
    months = owned.periods(owned.part, DAYS_PER_MONTH, (12, 120))
    part = owned.part
    areas = decayed_people(owned.owner[part], theirs.area[part], owned.age[part], len(owned.key), as_of, (12, 120))
    found = {
        "everywhere_12": months[0],
        "everywhere_120": months[1],
        "reviews_everywhere_12": owned.periods(~theirs.authored, DAYS_PER_MONTH, (12,))[0],
        "everywhere_tenure": owned.first(part),
        "areas_12": areas[0],
        "areas_120": areas[1],
    }
    return {name: _at(values, row, 0.0) for name, values in found.items()}


def _of_area(pairs: Owned, amounts: Mapping[str, Floats]) -> dict[str, Floats]:
    area, areas = _area_of(pairs), len(pairs.rows.areas) + 1
    return {
        "peers": tally(area, _peers(pairs), areas),
        "people": tally(area, pairs.since(pairs.part) < NEVER_DAYS, areas),
        "area_own_12": tally(area, amounts["own_12"], areas),
        "area_own_120": tally(area, amounts["own_120"], areas),
    }


def _records(known: ActivityRecord, kind: Booleans, as_of: datetime) -> Booleans:
    """Per area, and once more for an area nobody knows: are enough of its authors' weeks of two years vouched for, by several people?"""
    recent = known.only(known.age_days(as_of) <= PEERS_MONTHS * DAYS_PER_MONTH)
    kind = kind[known.age_days(as_of) <= PEERS_MONTHS * DAYS_PER_MONTH] & (recent.counterpart >= 0)
    areas, people = len(known.areas) + 1, max(len(known.people), 1)
    week = (recent.age_days(as_of) // WEEK).astype(np.int64) * people
    author = np.where(recent.authored, recent.person, recent.counterpart)
    key = recent.area * (people * 1_000) + week + author
    worked, vouched = np.unique(key[recent.authored & (recent.own_lines >= PART_LINES)]), np.unique(key[kind])
    weeks = tally(worked // (people * 1_000), np.ones(len(worked)), areas)
    both = vouched[np.isin(vouched, worked)]
    having = tally(both // (people * 1_000), np.ones(len(both)), areas)
    vouchers = np.unique(recent.area[kind] * people + recent.person[kind]) // people
    overall = having.sum() / max(weeks.sum(), 1.0)
    share = (having + _PRIOR_WEEKS * overall) / (weeks + _PRIOR_WEEKS)
    several = tally(vouchers, np.ones(len(vouchers)), areas) >= RECORDED_PEOPLE
    everywhere = overall >= RECORDED_SHARE and len(np.unique(recent.person[kind])) >= RECORDED_PEOPLE
    return np.asarray((share >= RECORDED_SHARE) & (several | everywhere))
