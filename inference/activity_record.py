"""A record of work as numbers: who had which part in which change of which area, when, and about whose work."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from inference.coded import coded, positions

__all__ = ["CLOSED_SHARE", "ActivityRecord", "Booleans", "Floats", "Integers", "closed_pairs"]

CLOSED_SHARE: Final = 0.5
"""Two people form a closed pair if each gives the other more than this share of all the vouching they do. Attribution is milder
and looks for rings as well (`circles`); the classifier keeps the rule that its published figures were measured with."""

UNKNOWN_LINES: Final = 25.0
"""Lines added, and lines deleted, of a change whose lines nobody counted."""

MOST_LINES: Final = 1000.0
"""No change counts for more lines than this."""

Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]
Floats = NDArray[np.float64]


def closed_pairs(who: Integers, who_for: Integers) -> Integers:
    """Pairs (n x 2, both directions) that give each other more than `CLOSED_SHARE` of all the vouching they do.

    who, who_for: one entry per act of vouching.

    >>> closed_pairs(np.array([0, 0, 1, 2]), np.array([1, 1, 0, 0])).tolist()
    [[0, 1], [1, 0]]
    """
    width = int(max(who.max(initial=0), who_for.max(initial=0))) + 1
    pair, count = np.unique(who * width + who_for, return_counts=True)
    giver, taker = np.divmod(pair, width)
    most = count > CLOSED_SHARE * np.bincount(giver, weights=count)[giver] if len(pair) else np.zeros(0, dtype=bool)
    closed = pair[most & np.isin(taker * width + giver, pair[most])]
    return np.stack(np.divmod(closed, width), axis=1)


@dataclass(frozen=True, slots=True)
class ActivityRecord:
    """One entry per part: an author's in a change (once per person, area and change), or a voucher's in somebody else's change
    (once per person, area, change and author).

    person, counterpart: position in `people` (-1: nobody); area: position in `areas`; artefact: a number below `artefacts`;
    authored, acked (an acknowledgement, not a review); own_lines: the person's share of the change's lines; own_added: of those added;
    day: days since 1970 (UTC); origin: row of the frame.
    """

    person: Integers
    area: Integers
    artefact: Integers
    counterpart: Integers
    authored: Booleans
    acked: Booleans
    own_lines: Floats
    own_added: Floats
    day: Floats
    origin: Integers
    people: pd.Index
    areas: pd.Index
    artefacts: int

    @classmethod
    def of(cls, activity: pd.DataFrame) -> ActivityRecord:
        """From columns person, area, role (author, or a voucher's: reviewer | tester | acker), artefact, counterpart (who was vouched
        for, or null), occurred_at, share (of the credit, in (0, 1]), added and deleted (lines, null where nobody counted).
        Vouching for one's own work is left out, also where one was only one of its authors.
        """
        size = len(activity)
        both, people = coded(pd.concat([activity["person"].astype("str"), activity["counterpart"].astype("str")]))
        person, counterpart = both[:size], both[size:]
        area, areas = coded(activity["area"].astype("str"))
        artefact, names = coded(activity["artefact"].astype("str"))
        authored = (activity["role"] == "author").to_numpy(dtype=bool)
        share = activity["share"].to_numpy(dtype=np.float64)
        added, deleted = (_lines(activity[name]) for name in ("added", "deleted"))
        whole = cls(
            person,
            area,
            artefact,
            np.where(authored, -1, counterpart),
            authored,
            (activity["role"] == "acker").to_numpy(dtype=bool),
            np.minimum(added + deleted, MOST_LINES) * share,
            added * share,
            _days(activity["occurred_at"]),
            np.arange(size),
            people,
            areas,
            len(names),
        )
        return whole.only((person >= 0) & (area >= 0))._of_others()._once()

    def only(self, rows: Booleans | Integers) -> ActivityRecord:
        """Only these entries."""
        columns = [one.name for one in fields(self) if one.name not in ("people", "areas", "artefacts")]
        return replace(self, **{name: getattr(self, name)[rows] for name in columns})

    def before(self, as_of: datetime) -> ActivityRecord:
        """Only what happened before a moment."""
        return self.only(self.day < _day(as_of))

    def age_days(self, as_of: datetime) -> Floats:
        """Days from each entry to a moment."""
        return _day(as_of) - self.day

    def codes(self, person: pd.Series, area: pd.Series) -> tuple[Integers, Integers]:
        """Positions of people and areas; -1 where the record has none of the name."""
        return positions(person.astype("str"), self.people), positions(area.astype("str"), self.areas)

    def without_closed_pairs_of(self, whole: ActivityRecord) -> ActivityRecord:
        """Without the vouching of two people for one another who, in the whole record, mostly vouch for each other."""
        vouching = ~whole.authored & (whole.counterpart >= 0)
        wide = len(self.people)
        pair = whole.person * wide + whole.counterpart
        once = np.unique(pair[vouching] * max(self.artefacts, 1) + whole.artefact[vouching]) // max(self.artefacts, 1)
        closed = closed_pairs(*np.divmod(once, max(wide, 1)))
        own = np.where(self.counterpart >= 0, self.person * wide + self.counterpart, -1)
        return self if not len(closed) else self.only(~np.isin(own, closed[:, 0] * wide + closed[:, 1]))

    def _of_others(self) -> ActivityRecord:
        """Authors' parts, and vouching for work that is not one's own."""
        part = self.artefact * len(self.people) + self.person
        own = np.isin(part, part[self.authored]) | (self.counterpart == self.person)
        return self.only(self.authored | ~own)

    def _once(self) -> ActivityRecord:
        """The first of each part."""
        key = pd.DataFrame(
            {
                "person": self.person,
                "area": self.area,
                "artefact": self.artefact,
                "counterpart": self.counterpart,
                "part": self.authored + 2 * self.acked,
            }
        )
        return self.only(~key.duplicated().to_numpy())


def _lines(counted: pd.Series) -> Floats:
    return np.asarray(counted.astype("float64").fillna(UNKNOWN_LINES).clip(0.0, MOST_LINES), dtype=np.float64)


def _days(moments: pd.Series) -> Floats:
    utc = pd.to_datetime(moments, utc=True)
    return np.asarray((utc - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(days=1), dtype=np.float64)


def _day(moment: datetime) -> float:
    stamp = pd.Timestamp(moment)
    utc = stamp.tz_localize("UTC") if stamp.tzinfo is None else stamp.tz_convert("UTC")
    return float((utc - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(days=1))
