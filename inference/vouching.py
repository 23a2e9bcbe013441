"""Whose word for whom counts: what is left of reviewing, testing, committing and merging once circles and strangers are set aside.

What a closed group or a circle of stamps says for its own is set aside (`circles`), except for a review that says something
and after which the change was altered: two or three people who only have each other keep what their forge shows to be work.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from inference.circles import closed_groups, rubber_stamps
from inference.shares import AUTHORS, VOUCHERS, Parts

__all__ = ["STRANGERS_PEOPLE", "trusted"]

STRANGERS_PEOPLE: Final = 3
"""How many people an identity that is nobody's must have vouched for before its word counts: fewer may be an author's own alias."""

Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]


def trusted(parts: Parts) -> Parts:
    """The parts without the vouching that cannot be taken as independent."""
    return _without_circles(_without_strangers(parts))


def _without_strangers(parts: Parts) -> Parts:
    """Without the vouching of identities that are nobody's and vouch for few: they may be an author's own."""
    voucher = parts.in_role(VOUCHERS)
    vouching = _vouching(parts, voucher & ~parts.known)
    people = vouching[["who", "who_for"]].drop_duplicates().groupby("who").size()
    several = people.index[people >= STRANGERS_PEOPLE].to_numpy()
    return parts.take(np.flatnonzero(~voucher | parts.known | np.isin(parts.who, several)))


def _without_circles(parts: Parts) -> Parts:
    """Without what closed groups and circles of rubber stamps say for their own and did not change anything by."""
    voucher = parts.in_role(VOUCHERS)
    vouching = _vouching(parts, voucher)
    told = vouching[vouching["shown"]]
    circles = np.concatenate(
        [
            closed_groups(vouching["who"].to_numpy(), vouching["who_for"].to_numpy()),
            rubber_stamps(told["who"].to_numpy(), told["who_for"].to_numpy(), told["spoke"].to_numpy(dtype=bool)),
        ]
    )
    if not len(circles):
        return parts
    wide = max(len(parts.names), 1)
    pair = vouching["who"].to_numpy() * wide + vouching["who_for"].to_numpy()
    within = vouching[np.isin(pair, circles[:, 0] * wide + circles[:, 1])]
    gone = np.isin(parts.unit * wide + parts.who, within["unit"].to_numpy() * wide + within["who"].to_numpy())
    return parts.take(np.flatnonzero(~(gone & voucher & ~parts.moved)))


def _vouching(parts: Parts, vouchers: Booleans) -> pd.DataFrame:
    """unit, who, who_for, shown, spoke: each of these vouchers with each author of the unit but themselves, once; bots apart."""
    authors = parts.in_role(AUTHORS) & ~parts.bot
    given = vouchers & ~parts.bot & ~parts.remark
    theirs = pd.DataFrame({"unit": parts.unit[authors], "who_for": parts.who[authors]}).drop_duplicates()
    theirs = theirs[np.isin(theirs["unit"].to_numpy(), parts.unit[given])]
    word = pd.DataFrame(
        {
            "unit": parts.unit[given],
            "who": parts.who[given],
            "shown": parts.shown[given],
            "spoke": parts.spoke[given],
        }
    )
    word = word.groupby(["unit", "who"], as_index=False, sort=False).max()
    pairs = word.merge(theirs, on="unit")
    return pairs[pairs["who"] != pairs["who_for"]]
