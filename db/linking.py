"""Automatic links from identities to persons: by HR id, roster e-mail and forge no-reply address, never by name.

A link is made only where exactly one person matches, never for bots, and never where a row for the same pair
exists already, so that what a human has rejected stays rejected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, func, select

from db.addresses import ADDRESSES, noreply_account
from db.canonical import clean, clean_key
from db.records import Identity, IdentityLink, LinkBasis, LinkState
from db.tables import metadata
from db.transaction import Transaction

__all__ = ["Directory", "add_link", "identity_key", "link_known", "link_new", "store_links"]

_identity, _link, _person = (metadata.tables[name] for name in ("identity", "identity_link", "person"))


def identity_key(identity: Identity) -> tuple[str, str]:
    """The identity's (provider, key) as stored: clean and of bounded length."""
    return clean_key(identity.provider), clean_key(identity.key)


@dataclass(slots=True)
class Directory:
    """What the roster says: person ids by HR id, by casefolded e-mail, and by (forge, numeric id)."""

    hr: dict[str, set[str]] = field(default_factory=dict)
    email: dict[str, set[str]] = field(default_factory=dict)
    forge: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, connection: Connection) -> Directory:
        """The directory as the ledger knows it now."""
        book = cls()
        for person in connection.execute(select(_person.c.id, _person.c.key).where(_person.c.key.is_not(None))):
            book.hr.setdefault(person.key, set()).add(person.id)
        state: dict[tuple[str, str], tuple[str, str, str]] = {}
        for row in connection.execute(
            select(_identity.c.provider, _identity.c.key, _link.c.person_id, _link.c.basis, _link.c.state)
            .join(_identity, _identity.c.id == _link.c.identity_id)
            .where(_link.c.person_id.is_not(None), _identity.c.key.is_not(None))
            .where(_link.c.basis.in_([LinkBasis.ROSTER.value, LinkBasis.VERIFIED_EMAIL.value]))
            .order_by(_link.c.sequence)
        ):
            state[(row.provider + "\n" + row.key, row.person_id)] = (row.provider, row.key, row.state)
        for (_, owner), (provider, key, link_state) in state.items():
            if link_state != LinkState.LINKED:
                continue
            if provider in ADDRESSES:
                book.email.setdefault(key.casefold(), set()).add(owner)
            else:
                book.forge.setdefault((provider, key), set()).add(owner)
        return book

    def match(self, provider: str, key: str) -> tuple[str, LinkBasis] | None:
        """The one person the identity must be, and why; None if nobody or more than one."""
        if provider == "hr":
            return _only(self.hr.get(key), LinkBasis.ROSTER)
        if provider not in ADDRESSES:
            return None
        address = key.casefold()
        if address in self.email:
            return _only(self.email[address], LinkBasis.VERIFIED_EMAIL)
        account = noreply_account(address)
        return _only(self.forge.get(account), LinkBasis.NOREPLY) if account else None


def _only(persons: set[str] | None, basis: LinkBasis) -> tuple[str, LinkBasis] | None:
    return (next(iter(persons)), basis) if persons and len(persons) == 1 else None


def add_link(
    unit: Transaction,
    identity_id: str,
    *,
    person_id: str | None,
    basis: LinkBasis,
    state: LinkState = LinkState.LINKED,
    proper_id: str | None = None,
    valid_from: str | None = None,
    valid_to: str | None = None,
    reason: str | None = None,
    score: float | None = None,
) -> None:
    """Append a row to the identity's history of links."""
    last = unit.connection.scalar(select(func.max(_link.c.sequence)).where(_link.c.identity_id == identity_id))
    unit.add(
        _link,
        identity_id=identity_id,
        sequence=(last or 0) + 1,
        person_id=person_id,
        proper_id=proper_id,
        basis=basis.value,
        state=state.value,
        valid_from=valid_from,
        valid_to=valid_to,
        reason=None if reason is None else clean(reason),
        score=score,
        known_at=unit.now,
    )
    unit.flush()


def link_new(unit: Transaction, fresh: Mapping[str, tuple[str, str, bool]]) -> int:
    """Link identities just added: id -> (provider, key, bot). Returns the number linked."""
    if not fresh:
        return 0
    book = Directory.read(unit.connection)
    linked = 0
    for identifier, (provider, key, bot) in fresh.items():
        found = None if bot else book.match(provider, key)
        if found:
            add_link(unit, identifier, person_id=found[0], basis=found[1])
            linked += 1
    return linked


def link_known(unit: Transaction) -> int:
    """Link every identity in the ledger that the roster now settles and that has no row for that person yet."""
    book = Directory.read(unit.connection)
    have = {(row[0], row[1]) for row in unit.connection.execute(select(_link.c.identity_id, _link.c.person_id))}
    known = unit.connection.execute(
        select(_identity.c.id, _identity.c.provider, _identity.c.key)
        .where(_identity.c.key.is_not(None), _identity.c.bot == 0)
        .order_by(_identity.c.provider, _identity.c.key)
    ).all()
    linked = 0
    for row in known:
        found = book.match(row.provider, row.key)
        if found and (row.id, found[0]) not in have:
            add_link(unit, row.id, person_id=found[0], basis=found[1])
            linked += 1
    return linked


def store_links(unit: Transaction, links: tuple[IdentityLink, ...], ids: Mapping[tuple[str, str], str]) -> int:
    """Append the links a collector saw (.mailmap and the like) where they change something. What a human decided stands."""
    if not links:
        return 0
    persons: dict[str, str] = {
        row.key: row.id for row in unit.connection.execute(select(_person).where(_person.c.key.is_not(None)))
    }
    latest = {
        (row.identity_id, row.person_id, row.proper_id): (row.state, row.basis)
        for row in unit.connection.execute(
            select(_link.c.identity_id, _link.c.person_id, _link.c.proper_id, _link.c.state, _link.c.basis).order_by(
                _link.c.sequence
            )
        )
    }
    added = 0
    for link in links:
        if link.identity.bot or (link.person is not None and link.person not in persons):
            continue
        identity = ids[identity_key(link.identity)]
        person = None if link.person is None else persons[link.person]
        proper = None if link.proper is None else ids[identity_key(link.proper)]
        pair = (identity, person, proper)
        state, basis = latest.get(pair, (None, None))
        if identity == proper or (person is None and proper is None):
            continue
        if state == link.state or basis == LinkBasis.ACCEPTED or (state is None and link.state == LinkState.UNLINKED):
            continue
        latest[pair] = (link.state.value, link.basis.value)
        add_link(
            unit,
            identity,
            person_id=person,
            proper_id=proper,
            basis=link.basis,
            state=LinkState(link.state),
            valid_from=None if link.valid_from is None else link.valid_from.isoformat(),
            valid_to=None if link.valid_to is None else link.valid_to.isoformat(),
            reason=link.reason,
            score=link.score,
        )
        added += 1
    return added
