"""Distinct weeks, months, years and people, decayed by age: what is counted once however often it occurs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd

from inference.activity_record import ActivityRecord, Booleans, Floats, Integers
from inference.exposure import DAYS_PER_MONTH
from inference.recency import recency_weight

__all__ = ["NEVER_DAYS", "PART_LINES", "WEEK", "YEAR", "Owned", "decayed_people", "decayed_periods", "tally"]

PART_LINES: Final = 3.0
"""An authored change is a part in an area's work from so many of one's own lines on; any review is."""

WEEK: Final = 7.0
YEAR: Final = 12 * DAYS_PER_MONTH

NEVER_DAYS: Final = 20 * YEAR
"""Days since something that never was."""


@dataclass(frozen=True, slots=True)
class Owned:
    """Entries and their owners: key: the distinct owners, sorted; owner: position in it per entry; age: days; part: counts as one."""

    rows: ActivityRecord
    key: Integers
    owner: Integers
    age: Floats
    part: Booleans
    as_of: datetime

    @classmethod
    def of(cls, rows: ActivityRecord, key: Integers, as_of: datetime) -> Owned:
        """Entries, the key of each one's owner, and the moment ages are taken at."""
        keys, owner = np.unique(key, return_inverse=True)
        age = rows.age_days(as_of)
        part = ~rows.authored | (rows.own_lines >= PART_LINES)
        return cls(rows, keys, owner.astype(np.int64), age, part, as_of)

    def periods(self, rows: Booleans, days: float, half_lives: tuple[int, ...]) -> list[Floats]:
        """Per owner the distinct periods with such an entry, decayed by age."""
        return decayed_periods(self.owner[rows], self.age[rows], days, half_lives, len(self.key), self.as_of)

    def substance(self, lines: Floats, half: float, days: float, half_lives: tuple[int, ...]) -> list[Floats]:
        """Per owner the periods of authored parts, each worth L^2 / (L^2 + half^2), decayed by age."""
        own = self.rows.authored & self.part
        return decayed_periods(
            self.owner[own], self.age[own], days, half_lives, len(self.key), self.as_of, lines=lines[own], half=half
        )

    def since(self, rows: Booleans) -> Floats:
        """Per owner days since the last such entry."""
        last = np.full(len(self.key), NEVER_DAYS)
        np.minimum.at(last, self.owner[rows], self.age[rows])
        return last

    def first(self, rows: Booleans) -> Floats:
        """Per owner days since the first such entry."""
        first = np.zeros(len(self.key))
        np.maximum.at(first, self.owner[rows], self.age[rows])
        return first


def decayed_periods(
    owner: Integers,
    age: Floats,
    days: float,
    half_lives: tuple[int, ...],
    owners: int,
    as_of: datetime,
    *,
    lines: Floats | None = None,
    half: float = 1.0,
) -> list[Floats]:
    """Per owner, at each half-life (months), the distinct periods of so many days, decayed by the age of their middle.

    owner, age (days): per entry. lines: if given, a period is worth L^2 / (L^2 + half^2) instead of one.
    """
    period = (age // days).astype(np.int64)
    span = int(period.max(initial=0)) + 1
    key, which = np.unique(owner * span + period, return_inverse=True)
    worth = np.ones(len(key))
    if lines is not None:
        total = np.bincount(which, weights=lines, minlength=len(key)) ** 2
        worth = total / (total + half**2)
    middle = np.asarray((np.arange(span) + 0.5) * days, dtype=np.float64)
    return [tally(key // span, worth * _decay(middle, as_of, life)[key % span], owners) for life in half_lives]


def tally(owner: Integers, worth: Floats | Booleans, owners: int) -> Floats:
    """Sum of what belongs to each owner."""
    return np.bincount(owner, weights=worth, minlength=owners).astype(np.float64)


def _decay(age_days: Floats, as_of: datetime, half_life_months: int) -> Floats:
    """The engine's own discount by age, at given ages."""
    then = pd.Series(pd.Timestamp(as_of) - pd.to_timedelta(age_days, unit="D"))
    return recency_weight(then, as_of=as_of, half_life_months=float(half_life_months))


def decayed_people(
    owner: Integers, other: Integers, age: Floats, owners: int, as_of: datetime, half_lives: tuple[int, ...]
) -> list[Floats]:
    """Per owner, at each half-life (months), the distinct others, each decayed by the age of the last time."""
    wide = int(other.max(initial=0)) + 1
    key, which = np.unique(owner * wide + other, return_inverse=True)
    last = np.full(len(key), NEVER_DAYS)
    np.minimum.at(last, which, age)
    return [tally(key // wide, _decay(last, as_of, life), owners) for life in half_lives]
