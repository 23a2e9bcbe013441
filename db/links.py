"""Whose an identity is, as known at an instant: the rows of `identity_link` resolved.

The last row of an (identity, person) pair decides the pair. An identity with exactly one linked person is theirs; one
that a human accepted outweighs automatic ones; several persons, a contested pair or an open or upheld dispute leave
it with nobody. An identity without a person of its own follows its .mailmap to the proper identity's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, select

from db.records import LinkBasis, LinkState
from db.tables import metadata

__all__ = ["Claim", "Resolution", "resolve_links"]

_link, _dispute = metadata.tables["identity_link"], metadata.tables["dispute"]
_DECLINED: Final = frozenset({LinkState.REJECTED, LinkState.UNLINKED})


@dataclass(frozen=True, slots=True)
class Claim:
    """The present state between an identity and a person (or, for .mailmap, a proper identity)."""

    person: str | None
    proper: str | None
    basis: LinkBasis
    state: LinkState
    valid_from: str | None
    valid_to: str | None

    def holds(self, day: str | None) -> bool:
        """Linked, and for work of that ISO day (None: for all time)?"""
        if self.state != LinkState.LINKED:
            return False
        if day is None:
            return self.valid_from is None and self.valid_to is None
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class Resolution:
    """Claims by identity and the identities contested."""

    claims: dict[str, list[Claim]]
    contested: frozenset[str]

    def is_contested(self, identity: str) -> bool:
        """Is it disputed, or a claim to it contested?"""
        claims = self.claims.get(identity, [])
        return identity in self.contested or any(claim.state == LinkState.CONTESTED for claim in claims)

    def declined(self) -> frozenset[tuple[str, str]]:
        """The (identity, person) pairs that were rejected or unlinked, and not linked again."""
        return frozenset(
            (identity, claim.person)
            for identity, claims in self.claims.items()
            for claim in claims
            if claim.person is not None and claim.state in _DECLINED
        )

    def dated(self) -> frozenset[str]:
        """Identities with a link that holds for a part of the time only, or that follow such a one."""
        direct = {
            identity
            for identity, claims in self.claims.items()
            if any(claim.state == LinkState.LINKED and not claim.holds(None) for claim in claims)
        }
        while True:
            more = {
                identity
                for identity, claims in self.claims.items()
                if identity not in direct and any(claim.proper in direct for claim in claims)
            }
            if not more:
                return frozenset(direct)
            direct |= more

    def claim(self, identity: str, day: str | None = None) -> Claim | None:
        """The claim that settles whose the identity is; None if nobody's."""
        return self._follow(identity, day, frozenset())

    def person(self, identity: str, day: str | None = None) -> str | None:
        """The opaque id of the person whose identity this is."""
        claim = self.claim(identity, day)
        return None if claim is None else claim.person

    def _follow(self, identity: str, day: str | None, seen: frozenset[str]) -> Claim | None:
        claims = self.claims.get(identity, [])
        if self.is_contested(identity):
            return None
        holding = [claim for claim in claims if claim.holds(day)]
        direct = [claim for claim in holding if claim.person is not None]
        accepted = [claim for claim in direct if claim.basis == LinkBasis.ACCEPTED]
        for group in (accepted, direct):
            if len({claim.person for claim in group}) == 1:
                return group[0]
        if direct:
            return None
        found = []
        for claim in holding:
            if claim.proper is not None and claim.proper not in seen:
                target = self._follow(claim.proper, day, seen | {identity})
                if target is not None and not self._rejected(identity, target.person):
                    found.append(
                        Claim(target.person, claim.proper, claim.basis, claim.state, claim.valid_from, claim.valid_to)
                    )
        return found[0] if len({claim.person for claim in found}) == 1 else None

    def _rejected(self, identity: str, person: str | None) -> bool:
        return any(claim.person == person and claim.state in _DECLINED for claim in self.claims.get(identity, []))


def resolve_links(connection: Connection, known_at: int) -> Resolution:
    """Every identity's claims as known at that instant."""
    pairs: dict[tuple[str, str], Claim] = {}
    for row in connection.execute(
        select(_link)
        .where(_link.c.known_at <= known_at, _link.c.salt.is_not(None))
        .order_by(_link.c.identity_id, _link.c.sequence)
    ):
        pairs[(row.identity_id, row.person_id or row.proper_id)] = Claim(
            row.person_id, row.proper_id, LinkBasis(row.basis), LinkState(row.state), row.valid_from, row.valid_to
        )
    claims: dict[str, list[Claim]] = {}
    for (identity, _), claim in pairs.items():
        claims.setdefault(identity, []).append(claim)
    return Resolution(claims, _disputed(connection, known_at))


def _disputed(connection: Connection, known_at: int) -> frozenset[str]:
    state: dict[str, Any] = {}
    for row in connection.execute(
        select(_dispute.c.dispute, _dispute.c.target, _dispute.c.state)
        .where(_dispute.c.known_at <= known_at, _dispute.c.target.is_not(None))
        .order_by(_dispute.c.sequence)
    ):
        state[row.dispute] = row
    return frozenset(
        row.target.removeprefix("identity:")
        for row in state.values()
        if row.target.startswith("identity:") and row.state in {"open", "upheld"}
    )
