"""Links that collectors saw: what a .mailmap maps, and what a forge says of logins and addresses.

A login is one account's at a time. Once the forge shows it with another account, or the account with another login, it
ends that day; one that comes back afterwards stays ended, because nobody can tell any more whose it was when.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from db.addresses import LOGIN
from db.linking import add_link, identity_key
from db.records import IdentityLink, LinkBasis, LinkState
from db.tables import metadata
from db.transaction import Transaction

__all__ = ["store_links"]

_link, _person = metadata.tables["identity_link"], metadata.tables["person"]
_Pair = tuple[str, str | None, str | None]


@dataclass(frozen=True, slots=True)
class _Held:
    """The last row of a pair."""

    state: str
    basis: str
    valid_from: str | None = None
    valid_to: str | None = None


def store_links(unit: Transaction, links: tuple[IdentityLink, ...], ids: Mapping[tuple[str, str], str]) -> int:
    """Append the links where they change something; how many rows. What a human decided stands."""
    if not links:
        return 0
    persons: dict[str, str] = {
        row.key: row.id for row in unit.connection.execute(select(_person).where(_person.c.key.is_not(None)))
    }
    latest = _latest(unit.connection)
    added = 0
    for link in links:
        if link.identity.bot or (link.person is not None and link.person not in persons):
            continue
        identity = ids[identity_key(link.identity)]
        person = None if link.person is None else persons[link.person]
        proper = None if link.proper is None else ids[identity_key(link.proper)]
        pair = (identity, person, proper)
        held = latest.get(pair)
        if identity == proper or (person is None and proper is None):
            continue
        if held is None and link.state == LinkState.UNLINKED:
            continue
        if held is not None and (held.state == link.state or held.basis == LinkBasis.ACCEPTED):
            continue
        row = _Held(link.state.value, link.basis.value, _iso(link.valid_from), _iso(link.valid_to))
        if link.identity.provider.startswith(LOGIN):
            added += _end_others(unit, latest, pair, row.valid_from)
        latest[pair] = row
        _append(unit, pair, row, link)
        added += 1
    return added


def _latest(connection: Connection) -> dict[_Pair, _Held]:
    columns = (_link.c.state, _link.c.basis, _link.c.valid_from, _link.c.valid_to)
    statement = select(_link.c.identity_id, _link.c.person_id, _link.c.proper_id, *columns).order_by(_link.c.sequence)
    return {tuple(row[:3]): _Held(*row[3:]) for row in connection.execute(statement)}


def _end_others(unit: Transaction, latest: dict[_Pair, _Held], pair: _Pair, day: str | None) -> int:
    """End the login's other accounts, and the account's other logins, on the day the forge showed this pair."""
    login, _, account = pair
    ended = [
        (other, held)
        for other, held in latest.items()
        if other != pair and held.basis == LinkBasis.FORGE and held.valid_to is None and held.valid_from is not None
        and other[2] is not None and (other[0] == login or other[2] == account) and held.state == LinkState.LINKED
    ]  # fmt: skip
    for other, held in ended:
        latest[other] = _Held(held.state, held.basis, held.valid_from, day)
        _append(unit, other, latest[other], None)
    return len(ended)


def _append(unit: Transaction, pair: _Pair, row: _Held, link: IdentityLink | None) -> None:
    add_link(
        unit,
        pair[0],
        person_id=pair[1],
        proper_id=pair[2],
        basis=LinkBasis(row.basis),
        state=LinkState(row.state),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        reason=link.reason if link else "the forge showed it otherwise",
        score=link.score if link else None,
    )


def _iso(day: object) -> str | None:
    return None if day is None else str(day)
