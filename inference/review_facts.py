"""What is known of each review: whether it says anything, and whether it changed anything.

A review or comment has *substance* if its words are about a defect, design, tests or security, or ask something
(`SPEAKING`), or if it held a change up with a reason of some length and the change was altered. Approvals, remarks on style and talk have none,
however many; nor has what its writer has said before (`repeats`). Where no source shows what was said (a trailer, a merge), nobody can tell, and it is taken to have substance.

Where a forge shows what was said about a change, only what it shows counts: a trailer or a merge there adds no review.
A commit that no change request stands for shows nothing, unless review in its repository usually happens on such a forge
(`USUAL`): then a trailer is no way round it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from db.records import Kind
from inference.repeats import repeats
from inference.work_units import WorkUnits

__all__ = ["LONG_REASON", "SPEAKING", "USUAL", "ReviewFacts"]

SPEAKING: Final = frozenset({"security", "defect", "test", "design", "question"})
"""Kinds of comments that say something about a change."""

LONG_REASON: Final = 60
"""Characters of a request for changes from which on it counts as a reason, in whatever language."""

USUAL: Final = 0.5
"""Share of a repository's vouched changes that a forge shows, from which on that is how changes are reviewed there."""

Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]
Kinds = dict[int, set[str]]


@dataclass(frozen=True, slots=True)
class ReviewFacts:
    """Per row of `WorkUnits.work`. told: it is a review or comment, and what it says is known; weighed: so are the change request it is about, and whether that was altered. speaks: it has substance.
    followed: the change was altered after it. applied: a suggestion of it was taken over. request: it is a change request of a source that
    shows reviews.
    """

    told: Booleans
    weighed: Booleans
    speaks: Booleans
    followed: Booleans
    applied: Booleans
    request: Booleans

    @classmethod
    def of(cls, units: WorkUnits, facts: pd.DataFrame, reviewer: Integers) -> ReviewFacts:
        """From the facts of `units.work` (`facts.WORK_FACTS`). reviewer: per row the code of who reviewed, -1 where nobody knows."""
        reviewing = units.of_kind(Kind.REVIEW, Kind.REVIEW_COMMENT)
        told = reviewing & (facts["kind"].notna() | facts["kinds"].notna()).to_numpy(dtype=bool)
        again = _again(units, told, reviewer)
        followed = reviewing & _true(facts["change_followed"])
        held_up = (facts["state"] == "changes_requested") & (facts["body_length"] >= LONG_REASON)
        applied = _true(facts["suggestion_applied"]) | _true(facts["suggestions_applied"] > 0)
        linked = told & (units.unit != np.arange(len(told)))
        shows = units.work["source"].isin(units.work.loc[linked, "source"].unique()).to_numpy(dtype=bool)
        return cls(
            told=told,
            weighed=linked & facts["change_followed"].notna().to_numpy(dtype=bool),
            speaks=told & (_speaks(units, facts, reviewer, again) | (_true(held_up) & followed & ~again)),
            followed=followed,
            applied=reviewing & applied,
            request=units.of_kind(Kind.CHANGE_REQUEST) & shows,
        )

    def shown(self, units: WorkUnits, vouched: Booleans) -> Booleans:
        """Per row: is what was said about it known? vouched: per row, somebody but its authors vouched for it."""
        commit = units.of_kind(Kind.COMMIT)
        repository = units.work["repository"]
        counted = vouched & (self.request | commit)
        usual = pd.Series(self.request[counted]).groupby(repository[counted].to_numpy()).mean()
        reviewed_there = repository.isin(usual.index[usual >= USUAL]).to_numpy(dtype=bool)
        return self.told | self.request | (commit & reviewed_there)


def _again(units: WorkUnits, told: Booleans, reviewer: Integers) -> Booleans:
    again, at = np.zeros(len(told), dtype=np.bool_), np.flatnonzero(told)
    again[at] = repeats(units.work.iloc[at], reviewer[at])
    return again


def _speaks(units: WorkUnits, facts: pd.DataFrame, reviewer: Integers, again: Booleans) -> Booleans:
    """Which rows are of a kind that says something, repeats left out.

    A review's kinds are those of its text and of its comments. Of a repeated text those stay that new comments of its writer on
    that change have; of a new one all but those that only repeated comments have.
    """
    speaks = facts["kind"].isin(SPEAKING).to_numpy(dtype=bool) & ~again
    whose = (units.unit * (int(reviewer.max(initial=0)) + 2) + reviewer + 1).tolist()
    new, old = (_kinds(facts["kind"], whose, rows) for rows in (~again, again))
    several = np.flatnonzero(facts["kinds"].notna().to_numpy(dtype=bool))
    for row, kinds in zip(several.tolist(), facts["kinds"].iloc[several].tolist(), strict=True):
        said, fresh = SPEAKING.intersection(kinds), new.get(whose[row], set())
        speaks[row] |= bool(said & fresh if again[row] else said - (old.get(whose[row], set()) - fresh))
    return speaks


def _kinds(kind: pd.Series, whose: list[int], rows: Booleans) -> Kinds:
    """Kinds of comments among these rows, by writer and change."""
    found: Kinds = {}
    known = np.flatnonzero(rows & kind.notna().to_numpy(dtype=bool))
    for row, one in zip(known.tolist(), kind.iloc[known].tolist(), strict=True):
        found.setdefault(whose[row], set()).add(one)
    return found


def _true(flag: pd.Series) -> Booleans:
    return flag.fillna(False).to_numpy(dtype=bool)
