"""Raw identities: found or added under their opaque ids, with every name they were seen under."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

from sqlalchemy import select

from db import linking
from db.addresses import ADDRESSES, LOGIN
from db.canonical import clean
from db.linking import identity_key
from db.lookup import values
from db.records import Identity
from db.suppression import identity_texts, suppressed
from db.tables import metadata
from db.transaction import Transaction

__all__ = ["IdentityKey", "Resolved", "flag_bots", "resolve"]

IdentityKey = tuple[str, str]
"""(provider, key) as stored."""

_identity, _name = metadata.tables["identity"], metadata.tables["identity_name"]
_NAME_LENGTH: Final = 200


class Resolved(NamedTuple):
    """Opaque ids by key, those of them that are tombstones, and how many identities and links were added."""

    ids: dict[IdentityKey, str]
    tombstones: frozenset[str]
    identities: int
    links: int


def resolve(unit: Transaction, seen: Iterable[Identity]) -> Resolved:
    """The opaque id of every identity; new ones are added and linked to persons where the roster settles it.

    An erased identity resolves to its tombstone.
    """
    wanted: dict[IdentityKey, set[tuple[str | None, int]]] = {}
    for identity in seen:
        name = None if identity.name is None else clean(identity.name, _NAME_LENGTH)
        wanted.setdefault(identity_key(identity), set()).add((name, int(identity.bot)))
    if not wanted:
        return Resolved({}, frozenset(), 0, 0)
    ids, known_names = _known(unit, wanted)
    missing = sorted(wanted.keys() - ids.keys())
    texts = {pair: identity_texts(*pair) for pair in missing}
    erased = suppressed(unit.connection, sorted({text for several in texts.values() for text in several}))
    tombstones = set()
    fresh: dict[str, tuple[str, str, bool]] = {}
    for pair in missing:
        tombstone = next((erased[text] for text in texts[pair] if text in erased), None)
        if tombstone is not None:
            ids[pair] = tombstone
            tombstones.add(tombstone)
            continue
        name, bot = min(wanted[pair], key=lambda one: (one[0] is None, one))
        ids[pair] = unit.add(_identity, provider=pair[0], key=pair[1], name=name, bot=bot)
        known_names[ids[pair]] = {(name, bot)}
        fresh[ids[pair]] = (*pair, bool(bot))
    for pair, names in wanted.items():
        known = known_names.get(ids[pair])
        if known is not None and not names <= known:
            _add_names(unit, ids[pair], names - known, known)
    unit.flush()
    return Resolved(ids, frozenset(tombstones), len(fresh), linking.link_new(unit, fresh))


def flag_bots(unit: Transaction, patterns: Collection[str]) -> int:
    """See `Ledger.flag_bots`."""
    wanted = [one.casefold() for one in patterns]
    flagged = set(unit.connection.scalars(select(_name.c.identity_id).where(_name.c.bot == 1)))
    found = [
        row.id
        for row in unit.connection.execute(
            select(_identity.c.id, _identity.c.provider, _identity.c.key)
            .where(_identity.c.key.is_not(None), _identity.c.bot == 0)
            .order_by(_identity.c.provider, _identity.c.key)
        )
        if row.id not in flagged
        and any(fnmatchcase(text, one) for text in _called(row.provider, row.key) for one in wanted)
    ]
    for identifier in found:
        unit.add(_name, identity_id=identifier, name=None, bot=1, known_at=unit.now)
    unit.detail |= {"bots": len(found)}
    return len(found)


def _called(provider: str, key: str) -> tuple[str, ...]:
    """What a pattern may name: an address or login as it is, an account by host and number."""
    plain = provider in ADDRESSES or provider.startswith(LOGIN)
    return (key.casefold(),) if plain else (f"{provider}/{key}".casefold(),)


def _known(
    unit: Transaction, wanted: dict[IdentityKey, set[tuple[str | None, int]]]
) -> tuple[dict[IdentityKey, str], dict[str, set[tuple[str | None, int]]]]:
    listed = values(unit.connection, sorted({key for _, key in wanted}))
    ids: dict[IdentityKey, str] = {}
    names: dict[str, set[tuple[str | None, int]]] = {}
    for row in unit.connection.execute(select(_identity).join(listed, _identity.c.key == listed.c.value)):
        if (row.provider, row.key) in wanted:
            ids[(row.provider, row.key)] = row.id
            names[row.id] = {(row.name, row.bot)}
    if names:
        listed = values(unit.connection, sorted(names))
        for row in unit.connection.execute(select(_name).join(listed, _name.c.identity_id == listed.c.value)):
            names[row.identity_id].add((row.name, row.bot))
    return ids, names


def _add_names(
    unit: Transaction, identity_id: str, names: set[tuple[str | None, int]], known: set[tuple[str | None, int]]
) -> None:
    """Record further names; a sighting without a name adds something only if it is the first to show a bot."""
    for name, bot in sorted(names, key=lambda one: (one[0] or "", one[1])):
        if name is None and bot in {flag for _, flag in known}:
            continue
        unit.add(_name, identity_id=identity_id, name=name, bot=bot, known_at=unit.now)
