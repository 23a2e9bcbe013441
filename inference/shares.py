"""Who took part in which change: shares of credit, and whose word for whom counts.

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

__all__ = ["CLOSED_SHARE", "ROLES", "STRANGERS_PEOPLE", "Parts", "closed_pairs"]

CLOSED_SHARE: Final = 0.5
"""Two people form a closed pair if each gives the other more than this share of all the vouching they do."""

STRANGERS_PEOPLE: Final = 3
"""How many people an identity that is nobody's must have vouched for before its word counts: fewer may be an author's own alias."""

ROLES: Final = ("author", "reviewer", "tester")
"""Parts in a change that are credited, in the order they are listed in."""

_CREDITED: Final = {
    ParticipationRole.AUTHOR.value: 0,
    ParticipationRole.CO_AUTHOR.value: 0,
    ParticipationRole.REVIEWER.value: 1,
    ParticipationRole.TESTER.value: 2,
}
_AUTHORS: Final = [ParticipationRole.AUTHOR.value, ParticipationRole.CO_AUTHOR.value]
_VOUCHERS: Final = [
    ParticipationRole.REVIEWER.value,
    ParticipationRole.TESTER.value,
    ParticipationRole.COMMITTER.value,
    ParticipationRole.MERGER.value,
]

Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]


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
class Parts:
    """Participations in changes, one entry each: position of the change, code of who (a person, else the identity), code of
    the role, bot, known (somebody in the roster).

    names, roles: what the codes stand for, sorted. origin: row in the ledger's frame. changes: how many there are.
    """

    change: Integers
    who: Integers
    role: Integers
    bot: Booleans
    known: Booleans
    origin: Integers
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
        return cls(change[origin], who, role, bot, known, origin, names, roles, len(evidence))

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
        )

    def in_role(self, roles: list[str]) -> Booleans:
        """Which of them are in one of the roles."""
        return np.asarray(self.roles.isin(roles)[self.role])

    def pair(self) -> Integers:
        """One number per change and who."""
        return self.change * max(len(self.names), 1) + self.who

    def vouched(self) -> Booleans:
        """Per change: did anybody but its authors vouch for it?"""
        pair, found = self.pair(), np.zeros(self.changes, dtype=bool)
        voucher = self.in_role(_VOUCHERS) & ~self.bot
        found[self.change[voucher & ~np.isin(pair, pair[self.in_role(_AUTHORS)])]] = True
        return found

    def without_strangers(self) -> Parts:
        """Without the vouching of identities that are nobody's and vouch for few: they may be an author's own."""
        voucher = self.in_role(_VOUCHERS)
        vouching = self._vouching(voucher & ~self.known)
        people = vouching[["who", "who_for"]].drop_duplicates().groupby("who").size()
        trusted = people.index[people >= STRANGERS_PEOPLE].to_numpy()
        return self.take(np.flatnonzero(~voucher | self.known | np.isin(self.who, trusted)))

    def without_closed_pairs(self) -> Parts:
        """Without the participations by which two people who mostly vouch for each other vouch for one another."""
        voucher = self.in_role(_VOUCHERS)
        vouching = self._vouching(voucher)
        found = closed_pairs(vouching["who"].to_numpy(), vouching["who_for"].to_numpy())
        closed = pd.DataFrame(found, columns=["who", "who_for"])
        if closed.empty:
            return self
        within = vouching.merge(closed, on=["who", "who_for"])
        gone = within["change"].to_numpy() * max(len(self.names), 1) + within["who"].to_numpy()
        return self.take(np.flatnonzero(~(np.isin(self.pair(), gone) & voucher)))

    def _vouching(self, vouchers: Booleans) -> pd.DataFrame:
        """change, who, who_for: each of these vouchers with each author of the change but themselves, bots apart."""
        authors = self._each(self.in_role(_AUTHORS) & ~self.bot)
        pairs = self._each(vouchers & ~self.bot).merge(authors, on="change", suffixes=("", "_for"))
        return pairs[pairs["who"] != pairs["who_for"]]

    def _each(self, chosen: Booleans) -> pd.DataFrame:
        return pd.DataFrame({"change": self.change[chosen], "who": self.who[chosen]}).drop_duplicates()

    def shares(self, participations: pd.DataFrame, evidence: pd.Index, declares_ai: Booleans) -> pd.DataFrame:
        """One row per (change, role, who, counterpart), sorted so; two identities or two roles count once per role.

        Counterparts are all who vouched for an author's change, and all authors of what somebody vouched for: were it the
        first of them by an opaque id, chance would decide who worked with whom, and splitting a change would pay.

        participations: the frame this came from; evidence: ids of the changes; declares_ai: per change. Columns: `Attribution.shares`.
        """
        listed = np.flatnonzero(self.in_role(list(_CREDITED)))
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
