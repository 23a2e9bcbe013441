"""Signs from the work itself: who opened the change requests that hold an address's commits, and who works in the same places.

That somebody's commits lie in another's change request proves nothing; that an address's commits lie in hardly anybody else's is a sign.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Final

import pandas as pd

from calibrant.identity_signs import Family, Sign
from db.addresses import ADDRESSES
from db.records import Kind, ParticipationRole

__all__ = ["Footprint", "Work", "read_work"]

_WRITING = frozenset({ParticipationRole.AUTHOR.value, ParticipationRole.CO_AUTHOR.value})
_HANDOVER = timedelta(days=120)
_SEVERAL = 3
_OVERLAPS: Final = ((0.1, 0.18), (0.25, 0.25), (0.5, 0.35))
"""(share of the folders, each worth 1 / those who work in it; weight of the sign), from the least share on."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """Where and when an identity's commits are: places (repository and folder), first and last instant by repository."""

    places: frozenset[str]
    spans: dict[str, tuple[pd.Timestamp, pd.Timestamp]]


@dataclass(frozen=True, slots=True)
class Work:
    """pairs: change requests opened by an account whose commits are all one address's, by (account, address); totals: by identity.

    footprints: of the identities asked for. touched: how many identities work in a folder.
    """

    pairs: dict[tuple[str, str], int] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)
    footprints: dict[str, Footprint] = field(default_factory=dict)
    touched: dict[str, int] = field(default_factory=dict)

    def partners(self, identity: str) -> frozenset[str]:
        """Accounts whose change requests hold the address's commits, or the addresses of an account's."""
        if identity not in self.totals:
            return frozenset()
        return frozenset(pair[pair[0] == identity] for pair in self.pairs if identity in pair)

    def signs(self, mine: str, others: Collection[str]) -> Iterator[Sign]:
        """The signs between an identity and those of a person."""
        for other in sorted(others):
            together = self.pairs.get((mine, other), 0) + self.pairs.get((other, mine), 0)
            most = max(self.totals.get(mine, 0), 1)
            if together and 2 * together >= most:
                said = f"alone wrote {together} of {most} change requests together with an account or address of theirs"
                yield Sign(Family.CHANGES, said, 0.6 if together >= _SEVERAL else 0.4)
        yield from self._same_places(mine, others)

    def _same_places(self, mine: str, others: Collection[str]) -> Iterator[Sign]:
        mine_ = self.footprints.get(mine)
        theirs = [self.footprints[other] for other in sorted(others) if other in self.footprints]
        if mine_ is None or not theirs:
            return
        shared = mine_.places & frozenset().union(*(one.places for one in theirs))
        overlap = self._rarity(shared) / (self._rarity(mine_.places) or 1.0)
        if overlap >= _OVERLAPS[0][0]:
            weight = next(weight for least, weight in reversed(_OVERLAPS) if overlap >= least)
            yield Sign(Family.PLACES, f"works in the same folders ({overlap:.0%} by how rare they are)", weight)
        if any(_handed_over(mine_, one) for one in theirs):
            yield Sign(Family.TIME, "one falls silent as the other begins, in the same repository", 0.17)

    def _rarity(self, places: Collection[str]) -> float:
        return sum(1.0 / self.touched[place] for place in sorted(places))


def _handed_over(mine: Footprint, other: Footprint) -> bool:
    for repository in mine.spans.keys() & other.spans.keys():
        (first, last), (their_first, their_last) = mine.spans[repository], other.spans[repository]
        gap = their_first - last if last < their_first else first - their_last
        if timedelta(0) <= gap <= _HANDOVER:
            return True
    return False


def read_work(evidence: pd.DataFrame, participations: pd.DataFrame, wanted: Collection[str]) -> Work:
    """The work behind `Ledger.evidence` and `Ledger.participations`; footprints of the identities in `wanted` only."""
    writing = participations[participations["role"].isin(_WRITING) & ~participations["bot"].astype(bool)]
    rows = writing.merge(
        evidence[["evidence", "artefact", "kind", "same_as", "repository", "occurred_at"]], on="evidence"
    )
    pairs, totals = _pairs(rows)
    commits = rows[rows["kind"] == Kind.COMMIT.value]
    changed = evidence[evidence["kind"] == Kind.COMMIT.value]
    paths: dict[str, str] = dict(zip(changed["evidence"], changed["paths"], strict=True))
    touching: dict[str, set[str]] = defaultdict(set)
    places: dict[str, set[str]] = defaultdict(set)
    for identity, found, repository in commits[["identity", "evidence", "repository"]].itertuples(index=False):
        for path in json.loads(paths[found] or "[]"):
            place = f"{repository}\n{PurePosixPath(path[0]).parent}"
            touching[place].add(identity)
            if identity in wanted:
                places[identity].add(place)
    spans: dict[str, dict[str, tuple[pd.Timestamp, pd.Timestamp]]] = defaultdict(dict)
    mine = commits[commits["identity"].isin(list(wanted))]
    for (who, where), some in mine.groupby(["identity", "repository"])["occurred_at"]:
        spans[str(who)][str(where)] = (some.min(), some.max())
    prints = {identity: Footprint(frozenset(places[identity]), spans[identity]) for identity in sorted(spans)}
    return Work(pairs, totals, prints, {place: len(several) for place, several in touching.items()})


def _pairs(rows: pd.DataFrame) -> tuple[dict[tuple[str, str], int], dict[str, int]]:
    """Of the change requests with one opener whose commits are all one address's: by (account, address), and by either."""
    requests = set(rows.loc[rows["kind"] == Kind.CHANGE_REQUEST.value, "artefact"])
    openers: dict[str, set[str]] = defaultdict(set)
    addresses: dict[str, set[str]] = defaultdict(set)
    columns = ["artefact", "kind", "same_as", "identity", "role", "provider"]
    for artefact, kind, same_as, identity, role, provider in rows[columns].itertuples(index=False):
        request = artefact if kind == Kind.CHANGE_REQUEST.value else same_as
        if request not in requests:
            continue
        if provider in ADDRESSES:
            addresses[request].add(identity)
        elif kind == Kind.CHANGE_REQUEST.value and role == ParticipationRole.AUTHOR.value:
            openers[request].add(identity)
    pairs: Counter[tuple[str, str]] = Counter()
    totals: Counter[str] = Counter()
    for request in sorted(openers):
        if len(openers[request]) == len(addresses[request]) == 1:
            (account,), (address,) = openers[request], addresses[request]
            pairs[account, address] += 1
            totals.update((account, address))
    return dict(pairs), dict(totals)
