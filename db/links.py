"""Whose an identity is, as known at an instant: the rows of `identity_link` resolved.

The last row of an (identity, person) pair decides the pair. What a human accepted outweighs everything automatic; then
come links to a person and what a forge verifies (an address or login of an account, a number in a no-reply address);
then .mailmap, through the proper identity. Claims of one rank for different persons, a contested pair and an open or
upheld dispute leave the identity with nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, select

from db.records import LinkBasis, LinkState
from db.tables import metadata

__all__ = ["EVER", "Claim", "Resolution", "resolve_links"]

EVER: Final = "ever"
"""In the place of a day: whatever the days a link holds for."""

_link, _dispute = metadata.tables["identity_link"], metadata.tables["dispute"]
_DECLINED: Final = frozenset({LinkState.REJECTED, LinkState.UNLINKED})
_VERIFYING: Final = frozenset({LinkBasis.FORGE, LinkBasis.NOREPLY})


@dataclass(frozen=True, slots=True)
class Claim:
    """The present state between an identity and a person, or the proper identity that it stands for."""

    person: str | None
    proper: str | None
    basis: LinkBasis
    state: LinkState
    valid_from: str | None
    valid_to: str | None

    def holds(self, day: str | None) -> bool:
        """Linked, and for work of that ISO day (None: for all time; EVER: for some time)?"""
        if self.state != LinkState.LINKED or day == EVER:
            return self.state == LinkState.LINKED
        if day is None:
            return self.valid_from is None and self.valid_to is None
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class Resolution:
    """Claims by identity and the identities disputed."""

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
        found = [] if self.is_contested(identity) else self._claims(identity, day, frozenset())
        return found[0] if len({claim.person for claim in found}) == 1 else None

    def person(self, identity: str, day: str | None = None) -> str | None:
        """The opaque id of the person whose identity this is."""
        claim = self.claim(identity, day)
        return None if claim is None else claim.person

    def claimants(self, identity: str) -> frozenset[str]:
        """Everybody for whom the identity is linked or contested, at whatever time."""
        claims = self.claims.get(identity, [])
        found = {claim.person for claim in claims if claim.state in (LinkState.LINKED, LinkState.CONTESTED)}
        verified = [claim for claim in claims if claim.basis in _VERIFYING and claim.holds(EVER)]
        followed = self._follow(identity, verified, EVER, frozenset())
        for several in (followed, *(self._claims(identity, day, frozenset()) for day in (None, EVER))):
            found |= {claim.person for claim in several}
        return frozenset(person for person in found if person is not None)

    def state(self, identity: str) -> LinkState | None:
        """Linked (if only for some time), contested, suggested, or None if there never was anything."""
        states = {one.state for one in self.claims.get(identity, [])}
        if self.claim(identity) is not None:
            return LinkState.LINKED
        persons = {claim.person for claim in self._claims(identity, EVER, frozenset())}
        if self.is_contested(identity) or len(persons) > 1:
            return LinkState.CONTESTED
        if persons:
            return LinkState.LINKED
        return LinkState.SUGGESTED if LinkState.SUGGESTED in states else None

    def _claims(self, identity: str, day: str | None, seen: frozenset[str]) -> list[Claim]:
        """The claims of the highest rank, each with its person."""
        holding = [claim for claim in self.claims.get(identity, []) if claim.holds(day)]
        direct = [claim for claim in holding if claim.person is not None]
        accepted = [claim for claim in direct if claim.basis == LinkBasis.ACCEPTED]
        if accepted:
            return accepted
        verified, mapped = (
            [claim for claim in holding if claim.proper is not None and (claim.basis in _VERIFYING) == verifying]
            for verifying in (True, False)
        )
        if direct:
            rivals = [claim for claim in verified if self._has_own(claim.proper, day)]
            return direct + self._follow(identity, rivals, day, seen)
        return self._follow(identity, verified, day, seen) or self._follow(identity, mapped, day, seen)

    def _has_own(self, identity: str | None, day: str | None) -> bool:
        """Is the identity linked to a person by itself, not through another?"""
        return any(claim.person is not None and claim.holds(day) for claim in self.claims.get(identity or "", []))

    def _follow(self, identity: str, claims: list[Claim], day: str | None, seen: frozenset[str]) -> list[Claim]:
        """What the proper identities of the claims lead to, less what was rejected."""
        found = []
        for claim in claims:
            if claim.proper is None or claim.proper in seen or self.is_contested(claim.proper):
                continue
            for target in self._claims(claim.proper, day, seen | {identity}):
                if not self._rejected(identity, target.person):
                    span = claim.valid_from, claim.valid_to
                    found.append(Claim(target.person, claim.proper, claim.basis, claim.state, *span))
        return found

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
