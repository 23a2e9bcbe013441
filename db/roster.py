"""Storing a roster: persons, spans and links, each row only if it says something new.

The spans of a person in one table (employment, team, role, absence) form a revision: if a roster states any span of
that kind for the person and the set differs from the last revision, the whole set is written as the next one. What a
roster does not mention stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from datetime import date
from typing import Any, Final

from sqlalchemy import Table, func, select

from db.canonical import clean, clean_key
from db.errors import BadInput
from db.identities import resolve
from db.linking import add_link, identity_key, link_known
from db.records import IdentityLink, Person, Roster
from db.results import StoreCounts
from db.suppression import person_text, suppressed
from db.tables import metadata
from db.transaction import Transaction

__all__ = ["store_roster"]

_t = metadata.tables
_person, _name, _team, _link = _t["person"], _t["person_name"], _t["team"], _t["identity_link"]
_LENGTH: Final = 200
_Span = tuple[str, str | None, tuple[Any, ...]]


def store_roster(unit: Transaction, roster: Roster) -> StoreCounts:
    """Store one import of people. Raises `BadInput` if a span or link names a person that neither roster nor ledger knows."""
    roster, suppressed_ = _without_erased(unit, roster)
    persons, added = _store_persons(unit, roster.persons)
    teams = _store_teams(unit, {clean(one.team, _LENGTH) for one in roster.memberships})
    unit.flush()
    tables: tuple[tuple[str, Iterable[Any], Callable[[Any], tuple[Any, ...]]], ...] = (
        (
            "employment",
            roster.employments,
            lambda one: (float(one.fte), None if one.remote is None else int(one.remote)),
        ),
        ("membership", roster.memberships, lambda one: (teams[clean(one.team, _LENGTH)],)),
        ("role_assignment", roster.role_assignments, lambda one: (clean(one.role), clean(one.job_level))),
        ("absence", roster.absences, lambda _: ()),
    )
    spans = sum(_store_spans(unit, _t[name], rows, facts, persons) for name, rows, facts in tables)
    identities, links = _store_links(unit, roster.links, persons)
    unit.flush()
    links += link_known(unit)
    unit.detail |= {"persons": added, "spans": spans, "links": links}
    return StoreCounts(persons=added, spans=spans, identities=identities, links=links, suppressed=suppressed_)


def _without_erased(unit: Transaction, roster: Roster) -> tuple[Roster, int]:
    """The roster without persons who were erased; a file that still lists them does not bring them back."""
    erased = suppressed(unit.connection, [person_text(clean_key(one.key)) for one in roster.persons])
    gone = {one.key for one in roster.persons if person_text(clean_key(one.key)) in erased}
    if not gone:
        return roster, 0
    kept = {
        one.name: tuple(row for row in getattr(roster, one.name) if getattr(row, "person", None) not in gone)
        for one in fields(roster)
        if one.name != "persons"
    }
    return Roster(persons=tuple(one for one in roster.persons if one.key not in gone), **kept), len(gone)


def _store_persons(unit: Transaction, persons: Iterable[Person]) -> tuple[dict[str, str], int]:
    known: dict[str, str] = {
        row.key: row.id
        for row in unit.connection.execute(select(_person.c.id, _person.c.key).where(_person.c.key.is_not(None)))
    }
    names: dict[str, tuple[int, str]] = {}
    for row in unit.connection.execute(select(_name).order_by(_name.c.sequence)):
        names[row.person_id] = (row.sequence, row.name)
    added = 0
    for one in sorted(persons, key=lambda person: person.key):
        key, name = clean_key(one.key), clean(one.name, _LENGTH)
        if key not in known:
            known[key] = unit.add(_person, key=key, known_at=unit.now)
            added += 1
        sequence, last = names.get(known[key], (0, None))
        if name != last:
            unit.add(_name, person_id=known[key], sequence=sequence + 1, name=name, known_at=unit.now)
            names[known[key]] = (sequence + 1, name)
            added += sequence > 0
    return known, added


def _store_teams(unit: Transaction, names: set[str]) -> dict[str, str]:
    known: dict[str, str] = {row.name: row.id for row in unit.connection.execute(select(_team.c.id, _team.c.name))}
    for name in sorted(names - known.keys()):
        known[name] = unit.add(_team, name=name, known_at=unit.now)
    return known


def _store_spans(
    unit: Transaction,
    table: Table,
    rows: Iterable[Any],
    facts: Callable[[Any], tuple[Any, ...]],
    persons: Mapping[str, str],
) -> int:
    stated: dict[str, set[_Span]] = {}
    for row in rows:
        person = _person_id(persons, row.person, table.name)
        if row.valid_to is not None and row.valid_to < row.valid_from:
            raise BadInput(f"a span in {table.name} ends before it begins", (), remedy="correct the roster")
        stated.setdefault(person, set()).add((row.valid_from.isoformat(), _iso(row.valid_to), facts(row)))
    if not stated:
        return 0
    columns = [name for name in table.c.keys() if name not in _FIXED]  # noqa: SIM118 - a ColumnCollection iterates columns
    last: dict[str, int] = {
        row[0]: row[1]
        for row in unit.connection.execute(
            select(table.c.person_id, func.max(table.c.revision)).group_by(table.c.person_id)
        )
    }
    held: dict[str, set[_Span]] = {}
    for row in unit.connection.execute(select(table).where(table.c.person_id.is_not(None))).mappings():
        if row["revision"] == last[row["person_id"]]:
            values = tuple(row[name] for name in columns)
            held.setdefault(row["person_id"], set()).add((row["valid_from"], row["valid_to"], values))
    added = 0
    for person in sorted(stated, key=lambda one: min(stated[one], key=_order)[0] + one):
        if stated[person] == held.get(person):
            continue
        for valid_from, valid_to, values in sorted(stated[person], key=_order):
            unit.add(
                table,
                person_id=person,
                revision=last.get(person, 0) + 1,
                valid_from=valid_from,
                valid_to=valid_to,
                known_at=unit.now,
                **dict(zip(columns, values, strict=True)),
            )
            added += 1
    return added


_FIXED: Final = frozenset({"id", "person_id", "revision", "valid_from", "valid_to", "known_at", "salt", "batch"})


def _order(span: _Span) -> tuple[str, str, str]:
    return span[0], span[1] or "", repr(span[2])


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _person_id(persons: Mapping[str, str], key: str, where: str) -> str:
    try:
        return persons[clean_key(key)]
    except KeyError:
        raise BadInput(
            f"{where} names the person {key!r}, whom neither this roster nor the ledger knows",
            (),
            remedy="import the person first",
        ) from None


def _store_links(unit: Transaction, links: tuple[IdentityLink, ...], persons: Mapping[str, str]) -> tuple[int, int]:
    found = resolve(unit, [link.identity for link in links] + [link.proper for link in links if link.proper])
    ids = found.ids
    last: dict[tuple[str, str | None], tuple[Any, ...]] = {}
    for row in unit.connection.execute(select(_link).order_by(_link.c.sequence)):
        last[(row.identity_id, row.person_id or row.proper_id)] = (row.basis, row.state, row.valid_from, row.valid_to)
    added = found.links
    for link in links:
        identity = ids[identity_key(link.identity)]
        person = None if link.person is None else _person_id(persons, link.person, "a link")
        proper = None if link.proper is None else ids[identity_key(link.proper)]
        facts = (link.basis.value, link.state.value, _iso(link.valid_from), _iso(link.valid_to))
        before = last.get((identity, person or proper))
        if before == facts or (before is not None and before[0] == "accepted"):
            continue
        last[(identity, person or proper)] = facts
        add_link(
            unit,
            identity,
            person_id=person,
            proper_id=proper,
            basis=link.basis,
            state=link.state,
            valid_from=facts[2],
            valid_to=facts[3],
            reason=link.reason,
            score=link.score,
        )
        added += 1
    return found.identities, added
