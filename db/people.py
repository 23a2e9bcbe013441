"""People as frames: who they are, what they did when, and whose each identity is."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Table, func, select

from db.canonical import canonical, clean, micros
from db.errors import Refusal
from db.linking import add_link
from db.links import resolve_links
from db.records import LinkBasis, LinkState
from db.tables import metadata
from db.transaction import Transaction

__all__ = ["declined", "identities", "link", "people", "person_id", "spans"]

_t = metadata.tables
_person, _name, _team = _t["person"], _t["person_name"], _t["team"]
_identity, _identity_name, _event = _t["identity"], _t["identity_name"], _t["audit_event"]
_participation, _supersession, _evidence = _t["participation"], _t["supersession"], _t["evidence"]
_TYPES = {"fte": "float64", "remote": "boolean"}


def people(connection: Connection, as_of: datetime, known_at: datetime) -> pd.DataFrame:
    """See `Ledger.people`."""
    day, known = as_of.date().isoformat(), micros(known_at)
    names: dict[str, str] = {}
    for row in connection.execute(
        select(_name.c.person_id, _name.c.name)
        .where(_name.c.known_at <= known, _name.c.name.is_not(None))
        .order_by(_name.c.sequence)
    ):
        names[row.person_id] = row.name
    tables = {name: _latest(connection, _t[name], known) for name in ("employment", "membership", "role_assignment")}
    teams: dict[str, str] = {row.id: row.name for row in connection.execute(select(_team.c.id, _team.c.name))}
    rows = []
    for row in connection.execute(
        select(_person.c.id, _person.c.key)
        .where(_person.c.key.is_not(None), _person.c.known_at <= known)
        .order_by(_person.c.key)
    ):
        work = sorted(tables["employment"].get(row.id, []), key=lambda one: one["valid_from"])
        now = {name: _at(table.get(row.id, []), day) for name, table in tables.items()}
        rows.append(
            {
                "person": row.id,
                "key": row.key,
                "name": names.get(row.id),
                "team": teams.get(now["membership"].get("team_id", "")),
                "role": now["role_assignment"].get("role"),
                "job_level": now["role_assignment"].get("job_level"),
                "fte": now["employment"].get("fte"),
                "remote": now["employment"].get("remote"),
                "joined_on": work[0]["valid_from"] if work else None,
                "left_on": work[-1]["valid_to"] if work else None,
            }
        )
    columns = ("person", "key", "name", "team", "role", "job_level", "fte", "remote", "joined_on", "left_on")
    return _frame(rows, columns, _TYPES)


def spans(connection: Connection, table: str, known_at: datetime) -> pd.DataFrame:
    """The spans of `employment`, `membership`, `role_assignment` or `absence` as known then, by person and first day."""
    facts = {
        "employment": ("fte", "remote"),
        "membership": ("team",),
        "role_assignment": ("role", "job_level"),
        "absence": (),
    }
    teams: dict[str, str] = {row.id: row.name for row in connection.execute(select(_team.c.id, _team.c.name))}
    rows = [
        {**row, "team": teams.get(row.get("team_id", ""))}
        for person in _latest(connection, _t[table], micros(known_at)).values()
        for row in person
    ]
    rows.sort(key=lambda row: (row["person_id"], row["valid_from"], row["id"]))
    renamed = [{"person": row["person_id"], **row} for row in rows]
    return _frame(renamed, ("person", "valid_from", "valid_to", *facts[table]), _TYPES)


def identities(connection: Connection, known_at: datetime) -> pd.DataFrame:
    """See `Ledger.identities`."""
    known = micros(known_at)
    links = resolve_links(connection, known)
    names: dict[str, list[tuple[str | None, int]]] = {}
    for row in connection.execute(
        select(_identity_name).where(_identity_name.c.known_at <= known).order_by(_identity_name.c.name)
    ):
        names.setdefault(row.identity_id, []).append((row.name, row.bot))
    counts: dict[str, int] = {row[0]: row[1] for row in connection.execute(_evidence_counts(known))}
    rows = []
    for row in connection.execute(
        select(_identity)
        .join(_event, _event.c.batch == _identity.c.batch)
        .where(_identity.c.key.is_not(None), _event.c.at <= known)
        .order_by(_identity.c.provider, _identity.c.key)
    ):
        seen = [(row.name, row.bot), *names.get(row.id, [])]
        claim, state = links.claim(row.id), links.state(row.id)
        rows.append(
            {
                "identity": row.id,
                "provider": row.provider,
                "key": row.key,
                "name": next((name for name, _ in seen if name), None),
                "names": canonical(sorted({name for name, _ in seen if name})),
                "bot": any(bot for _, bot in seen),
                "person": claim.person if claim else None,
                "basis": claim.basis.value if claim else None,
                "state": state.value if state else None,
                "evidence": counts.get(row.id, 0),
            }
        )
    columns = ("identity", "provider", "key", "name", "names", "bot", "person", "basis", "state", "evidence")
    return _frame(rows, columns, {"bot": "bool", "evidence": "int64"})


def declined(connection: Connection, known_at: datetime) -> frozenset[tuple[str, str]]:
    """See `Ledger.declined`."""
    return resolve_links(connection, micros(known_at)).declined()


def link(
    unit: Transaction,
    identity_id: str,
    person_key: str,
    basis: LinkBasis,
    state: LinkState,
    reason: str,
    score: float | None,
) -> None:
    """See `Ledger.link`."""
    if unit.connection.execute(select(_identity.c.id).where(_identity.c.id == identity_id)).first() is None:
        raise Refusal("there is no such identity", where=identity_id, remedy="see `calibrant identities list`")
    person = person_id(unit.connection, person_key)
    add_link(
        unit,
        identity_id,
        person_id=person,
        basis=LinkBasis(basis),
        state=LinkState(state),
        reason=clean(reason),
        score=score,
    )
    unit.detail |= {"identity": identity_id, "person": person, "state": LinkState(state).value}


def person_id(connection: Connection, key_or_id: str) -> str:
    """See `Ledger.person_id`."""
    known = connection.execute(select(_person.c.id, _person.c.key).where(_person.c.key.is_not(None))).all()
    for row in known:
        if key_or_id in (row.id, row.key):
            return str(row.id)
    near = difflib.get_close_matches(key_or_id, sorted(row.key for row in known), n=3, cutoff=0.5)
    raise Refusal(
        f"the ledger knows no person {key_or_id!r}",
        remedy="near: " + ", ".join(near) if near else "import people first, or check the id",
    )


def _latest(connection: Connection, table: Table, known: int) -> dict[str, list[Mapping[str, Any]]]:
    """Per person the rows of the last revision known at that instant."""
    last = (
        select(table.c.person_id, func.max(table.c.revision).label("revision"))
        .where(table.c.known_at <= known)
        .group_by(table.c.person_id)
        .subquery()
    )
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in connection.execute(
        select(table)
        .join(last, (last.c.person_id == table.c.person_id) & (last.c.revision == table.c.revision))
        .order_by(table.c.person_id, table.c.valid_from, table.c.id)
    ).mappings():
        found.setdefault(row["person_id"], []).append(dict(row))
    return found


def _at(rows: list[Mapping[str, Any]], day: str) -> Mapping[str, Any]:
    """The span that holds on that day (the latest if several)."""
    holding = [row for row in rows if row["valid_from"] <= day and (row["valid_to"] is None or day < row["valid_to"])]
    return max(holding, key=lambda row: row["valid_from"], default={})


def _evidence_counts(known: int) -> Any:
    """Current versions per identity."""
    replaced = (
        select(_supersession.c.old)
        .where(_supersession.c.old == _evidence.c.id, _supersession.c.collected_at <= known)
        .exists()
    )
    return (
        select(_participation.c.identity_id, func.count(_participation.c.evidence_id.distinct()))
        .join(_evidence, _evidence.c.id == _participation.c.evidence_id)
        .where(_evidence.c.collected_at <= known, _evidence.c.withdrawn == 0, ~replaced)
        .group_by(_participation.c.identity_id)
    )


def _frame(rows: list[dict[str, Any]], columns: tuple[str, ...], types: Mapping[str, str]) -> pd.DataFrame:
    """A frame with these columns in this order; text unless a type is named, also when there are no rows."""
    return pd.DataFrame(
        {name: pd.Series([row.get(name) for row in rows], dtype=types.get(name, "str")) for name in columns}
    )
