"""Automatic links: from identities to persons by HR id and roster e-mail, from no-reply addresses to the accounts they name.

Never by name. A link is made only where exactly one person matches, never for bots, and never where a row for the same
pair exists already, so that what a human has rejected stays rejected. A no-reply address with a number is linked to the account, and so to
whoever has the account; one with a login only, to the login, which is somebody's only while the forge shows it to be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, func, select

from db.addresses import ADDRESSES, LOGIN, login_provider, noreply_account, noreply_login
from db.canonical import clean, clean_key
from db.records import Identity, LinkBasis, LinkState
from db.tables import metadata
from db.transaction import Transaction

__all__ = ["Directory", "Match", "add_link", "identity_key", "link_known", "link_new"]

_t = metadata.tables
_identity, _link, _person, _source = _t["identity"], _t["identity_link"], _t["person"], _t["source"]


def identity_key(identity: Identity) -> tuple[str, str]:
    """The identity's (provider, key) as stored: clean and of bounded length."""
    return clean_key(identity.provider), clean_key(identity.key)


@dataclass(frozen=True, slots=True)
class Match:
    """The one person, or the one account or login, that an identity must be; and why."""

    basis: LinkBasis
    person: str | None = None
    proper: str | None = None


@dataclass(slots=True)
class Directory:
    """What roster and forges say: person ids by HR id and by casefolded e-mail, ids of accounts and logins by (provider, key).

    gitlab: hosts that were collected as GitLab.
    """

    hr: dict[str, set[str]] = field(default_factory=dict)
    email: dict[str, set[str]] = field(default_factory=dict)
    accounts: dict[tuple[str, str], str] = field(default_factory=dict)
    gitlab: frozenset[str] = frozenset()

    @classmethod
    def read(cls, connection: Connection) -> Directory:
        """The directory as the ledger knows it now."""
        book = cls(gitlab=_gitlab_hosts(connection))
        for person in connection.execute(select(_person.c.id, _person.c.key).where(_person.c.key.is_not(None))):
            book.hr.setdefault(person.key, set()).add(person.id)
        for row in connection.execute(
            select(_identity.c.id, _identity.c.provider, _identity.c.key).where(
                _identity.c.key.is_not(None), _identity.c.provider.not_in([*sorted(ADDRESSES), "hr"])
            )
        ):
            book.accounts[(row.provider, row.key)] = row.id
        state: dict[tuple[str, str], str] = {}
        for row in connection.execute(
            select(_identity.c.key, _link.c.person_id, _link.c.state)
            .join(_identity, _identity.c.id == _link.c.identity_id)
            .where(_link.c.person_id.is_not(None), _identity.c.key.is_not(None))
            .where(_identity.c.provider.in_(sorted(ADDRESSES)))
            .where(_link.c.basis.in_([LinkBasis.ROSTER.value, LinkBasis.VERIFIED_EMAIL.value]))
            .order_by(_link.c.sequence)
        ):
            state[(row.key, row.person_id)] = row.state
        for (key, owner), link_state in state.items():
            if link_state == LinkState.LINKED:
                book.email.setdefault(key.casefold(), set()).add(owner)
        return book

    def match(self, provider: str, key: str) -> Match | None:
        """What the identity must be; None if nothing or nobody, or more than one person."""
        if provider == "hr":
            return _only(self.hr.get(key), LinkBasis.ROSTER)
        if provider not in ADDRESSES:
            return None
        address = key.casefold()
        if address in self.email:
            return _only(self.email[address], LinkBasis.VERIFIED_EMAIL)
        account, login = noreply_account(address, self.gitlab), noreply_login(address, self.gitlab)
        named = account or (login and (login_provider(login[0]), login[1]))
        proper = self.accounts.get(named) if named else None
        return Match(LinkBasis.NOREPLY, proper=proper) if proper else None


def _only(persons: set[str] | None, basis: LinkBasis) -> Match | None:
    return Match(basis, person=next(iter(persons))) if persons and len(persons) == 1 else None


def _gitlab_hosts(connection: Connection) -> frozenset[str]:
    """The hosts of sources named "host/group/project"."""
    names = connection.scalars(select(_source.c.name).where(_source.c.kind == "gitlab"))
    return frozenset(host for host, _, rest in (name.partition("/") for name in names) if "." in host and rest)


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
    """Link identities just added: id -> (provider, key, bot). Returns the number of links.

    A new account or login also settles no-reply addresses that were seen before it.
    """
    if not fresh:
        return 0
    if any(provider not in ADDRESSES and provider != "hr" for provider, _, _ in fresh.values()):
        return link_known(unit)
    book = Directory.read(unit.connection)
    return sum(
        _add(unit, identifier, book.match(provider, key))
        for identifier, (provider, key, bot) in fresh.items()
        if not bot
    )


def link_known(unit: Transaction) -> int:
    """Link every identity in the ledger that roster and forges now settle and that has no row for that pair yet."""
    book = Directory.read(unit.connection)
    have = {
        (row[0], row[1] or row[2])
        for row in unit.connection.execute(select(_link.c.identity_id, _link.c.person_id, _link.c.proper_id))
    }
    known = unit.connection.execute(
        select(_identity.c.id, _identity.c.provider, _identity.c.key)
        .where(_identity.c.key.is_not(None), _identity.c.bot == 0, ~_identity.c.provider.startswith(LOGIN))
        .order_by(_identity.c.provider, _identity.c.key)
    ).all()
    linked = 0
    for row in known:
        found = book.match(row.provider, row.key)
        if found and (row.id, found.person or found.proper) not in have:
            linked += _add(unit, row.id, found)
    return linked


def _add(unit: Transaction, identity: str, found: Match | None) -> int:
    if found is not None:
        add_link(unit, identity, person_id=found.person, proper_id=found.proper, basis=found.basis)
    return int(found is not None)
