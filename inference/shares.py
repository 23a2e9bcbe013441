"""Who took part in which change, and their shares of credit.

Participations are coded first: changes and people are numbers in the order of the ids they stand for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from db.records import ParticipationRole
from inference.coded import coded, positions
from inference.review_facts import ReviewFacts

__all__ = ["AUTHORS", "ROLES", "VOUCHERS", "Parts"]

ROLES: Final = ("author", "reviewer", "tester")
"""Parts in a change that are credited, in the order they are listed in."""

AUTHORS: Final = (ParticipationRole.AUTHOR.value, ParticipationRole.CO_AUTHOR.value)
"""Roles that make a change."""

VOUCHERS: Final = (
    ParticipationRole.REVIEWER.value,
    ParticipationRole.TESTER.value,
    ParticipationRole.COMMITTER.value,
    ParticipationRole.MERGER.value,
)
"""Roles that let a change of others in."""

_NAMED: Final = (ParticipationRole.REVIEWER.value, ParticipationRole.TESTER.value)

_CREDITED: Final = {
    ParticipationRole.AUTHOR.value: 0,
    ParticipationRole.CO_AUTHOR.value: 0,
    ParticipationRole.REVIEWER.value: 1,
    ParticipationRole.TESTER.value: 2,
}
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Parts:
    """Participations in changes, one entry each: position of the change, code of who (a person, else the identity), code of
    the role, bot, known (somebody in the roster), unit (of work that the change is or is about); shown: what was said about the unit is
    known; spoke: what they said has substance, which is granted where nobody can know (of an author: what somebody else said);
    moved: it has, and the change was altered; remark: the part is a single comment.

    names, roles: what the codes stand for, sorted. origin: row in the ledger's frame. changes: how many there are.
    """

    change: Integers
    who: Integers
    role: Integers
    bot: Booleans
    known: Booleans
    origin: Integers
    unit: Integers
    shown: Booleans
    spoke: Booleans
    moved: Booleans
    remark: Booleans
    names: pd.Index
    roles: pd.Index
    changes: int

    @classmethod
    def of(cls, participations: pd.DataFrame, evidence: pd.Index) -> Parts:
        """The participations in `evidence` (distinct ids, sorted), in the ledger's order."""
        change = positions(participations["evidence"], evidence)
        origin = np.flatnonzero(change >= 0)
        kept = participations.take(origin)
        who, names = coded(kept["person"].fillna(kept["identity"]))
        role, roles = coded(kept["role"])
        bot = kept["bot"].fillna(False).to_numpy(dtype=bool)
        known = kept["person"].notna().to_numpy(dtype=bool)
        change, nobody = change[origin], np.zeros(len(origin), dtype=bool)
        return cls(
            change, who, role, bot, known, origin, change, nobody, ~nobody, nobody, nobody, names, roles, len(evidence)
        )

    def reviewer(self) -> Integers:
        """Per change the code of who reviewed it; -1 where nobody did, or several people."""
        mine = self.in_role((ParticipationRole.REVIEWER.value,))
        first, last = np.full(self.changes, len(self.names)), np.full(self.changes, -1)
        np.minimum.at(first, self.change[mine], self.who[mine])
        np.maximum.at(last, self.change[mine], self.who[mine])
        return np.where(first == last, last, -1)

    def told(self, unit: Integers, shown: Booleans, reviews: ReviewFacts, remark: Booleans) -> Parts:
        """With what is known of reviews: unit, shown and remark hold one entry per change. Whom only a trailer names as
        reviewer of a change whose reviews are shown has no part in it.
        """
        review = unit != np.arange(len(unit))
        if not (shown.any() or review.any() or remark.any()):
            return self
        wide = max(len(self.names), 1)
        own = unit[self.change] * wide + self.who
        vouches = self.in_role(VOUCHERS) & ~np.isin(own, own[self.in_role(AUTHORS)])
        spoken, moved = (vouches & facts[self.change] for facts in (reviews.speaks, reviews.speaks & reviews.followed))
        heard = np.isin(own, own[spoken])
        by_others = np.isin(unit[self.change], unit[self.change][spoken])
        elsewhere = (
            shown[self.change] & ~(review | reviews.told)[self.change] & ~np.isin(own, own[reviews.told[self.change]])
        )
        told = np.where(self.in_role(AUTHORS), by_others, np.where(review[self.change], spoken, heard))
        return replace(
            self,
            unit=unit[self.change],
            shown=shown[self.change],
            spoke=told | ~shown[self.change],
            moved=vouches & np.isin(own, own[moved]),
            remark=remark[self.change],
        ).take(np.flatnonzero(~(elsewhere & self.in_role(_NAMED))))

    def take(self, rows: Integers) -> Parts:
        """Only these, in that order."""
        return replace(
            self,
            change=self.change[rows],
            who=self.who[rows],
            role=self.role[rows],
            bot=self.bot[rows],
            known=self.known[rows],
            origin=self.origin[rows],
            unit=self.unit[rows],
            shown=self.shown[rows],
            spoke=self.spoke[rows],
            moved=self.moved[rows],
            remark=self.remark[rows],
        )

    def in_role(self, roles: tuple[str, ...]) -> Booleans:
        """Which of them are in one of the roles."""
        return np.asarray(self.roles.isin(list(roles))[self.role])

    def pair(self) -> Integers:
        """One number per change and who."""
        return self.change * max(len(self.names), 1) + self.who

    def named(self) -> Booleans:
        """Per change: does the record name anybody as its reviewer?"""
        found = np.zeros(self.changes, dtype=bool)
        found[self.change[self.in_role((ParticipationRole.REVIEWER.value,))]] = True
        return found

    def vouched(self) -> Booleans:
        """Per change: did anybody but its authors vouch for it?"""
        pair, found = self.pair(), np.zeros(self.changes, dtype=bool)
        voucher = self.in_role(VOUCHERS) & ~self.bot
        found[self.change[voucher & ~np.isin(pair, pair[self.in_role(AUTHORS)])]] = True
        return found

    def shares(self, participations: pd.DataFrame, evidence: pd.Index, declares_ai: Booleans) -> pd.DataFrame:
        """One row per (change, role, who, counterpart), sorted so; two identities or two roles count once per role.

        Counterparts are all who vouched for an author's change, and all authors of what somebody vouched for: were it the
        first of them by an opaque id, chance would decide who worked with whom, and splitting a change would pay.

        participations: the frame this came from; evidence: ids of the changes; declares_ai: per change. Columns: `Attribution.shares`.
        """
        listed = np.flatnonzero(self.in_role(tuple(_CREDITED)))
        role = np.array([_CREDITED.get(str(name), -1) for name in self.roles], dtype=np.int64)[self.role[listed]]
        wide = max(len(self.names), 1)
        key = (self.change[listed] * len(ROLES) + role) * wide + self.who[listed]
        _, once = np.unique(key, return_index=True)
        rows, role = self.take(listed[once]), role[once]
        author, pair = role == 0, rows.pair()
        takers = np.bincount(rows.change[author], minlength=self.changes) + declares_ai
        share = np.where(author, 1.0 / np.maximum(takers, 1)[rows.change], 1.0)
        others_work = ~np.isin(pair, pair[author])
        kept, partner = rows._partners(author, (author | others_work) & ~rows.bot)
        origin = participations.take(rows.origin[kept])
        return pd.DataFrame(
            {
                "evidence": evidence.take(rows.change[kept]),
                "change": rows.change[kept],
                "person": origin["person"].array,
                "identity": origin["identity"].array,
                "role": pd.Categorical.from_codes(role[kept], pd.Index(ROLES)),
                "share": share[kept],
                "others_work": others_work[kept],
                "substance": rows.spoke[kept],
                "counterpart": pd.Categorical.from_codes(partner, self.names),
            }
        )

    def _partners(self, author: Booleans, wanted: Booleans) -> tuple[Integers, Integers]:
        """Each wanted entry once per counterpart on the other side of its change: (entries, codes of who; -1 for nobody)."""
        entries, partners = [], []
        for mine in (author, ~author):
            own = np.flatnonzero(mine & wanted)
            change, other = np.divmod(np.unique(self.pair()[~mine]), max(len(self.names), 1))
            start, end = (np.searchsorted(change, self.change[own], side) for side in ("left", "right"))
            count = np.maximum(end - start, 1)
            turn = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
            at = np.where(np.repeat(end > start, count), np.repeat(start, count) + turn, len(other))
            entries.append(np.repeat(own, count))
            partners.append(np.append(other, -1)[at])
        entry = np.concatenate(entries)
        order = np.argsort(entry, kind="stable")
        return entry[order], np.concatenate(partners)[order]
