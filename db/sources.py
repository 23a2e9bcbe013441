"""Sources, the purposes they grant, and how far each has been collected."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, func, select

from db.canonical import canonical, clean_key, from_micros
from db.errors import Refusal
from db.records import Purpose, Source
from db.results import SourceStatus
from db.tables import metadata
from db.transaction import Transaction

__all__ = ["add_cursor", "cursor", "granting", "register", "set_purposes", "shown", "sources_at", "status"]

_t = metadata.tables
_source, _lineage, _purpose = _t["source"], _t["source_lineage"], _t["source_purpose"]
_cursor, _sighting, _artefact = _t["collection_cursor"], _t["sighting"], _t["artefact"]


def register(
    unit: Transaction, kind: str, name: str, lineage: str | None, purposes: Collection[Purpose] | None
) -> Source:
    """The source of this kind and name, made if new. A lineage or purposes that are given and differ are recorded."""
    kind, name = clean_key(kind), clean_key(name)
    known = unit.connection.execute(select(_source.c.id).where(_source.c.kind == kind, _source.c.name == name)).scalar()
    identifier = known or unit.add(_source, kind=kind, name=name)
    unit.flush()
    current = sources_at(unit.connection, unit.now).get(identifier)
    shown = current.lineage if current else None
    if lineage is not None and lineage != shown:
        sequence = unit.connection.scalar(
            select(func.count()).select_from(_lineage).where(_lineage.c.source_id == identifier)
        )
        lineage = clean_key(lineage)
        unit.add(_lineage, source_id=identifier, sequence=(sequence or 0) + 1, lineage=lineage, known_at=unit.now)
        shown = lineage
    if purposes is not None:
        wanted = frozenset(purposes)
        before = granting(unit.connection, unit.now).get(identifier, frozenset())
        set_purposes(unit, identifier, wanted - before, granted=True)
        set_purposes(unit, identifier, before - wanted, granted=False)
    unit.detail |= {"source": identifier}
    return Source(identifier, kind, name, shown)


def set_purposes(unit: Transaction, source_id: str, purposes: Collection[Purpose], *, granted: bool) -> None:
    """Grant or revoke from now on; what already is so is left alone. Raises `Refusal` for an unknown source."""
    if unit.connection.execute(select(_source.c.id).where(_source.c.id == source_id)).first() is None:
        raise Refusal("there is no such source", where=source_id, remedy="list the sources first")
    held = granting(unit.connection, unit.now).get(source_id, frozenset())
    for purpose in sorted(Purpose(purpose) for purpose in purposes):
        if (purpose in held) == granted:
            continue
        sequence = unit.connection.scalar(
            select(func.count())
            .select_from(_purpose)
            .where(_purpose.c.source_id == source_id, _purpose.c.purpose == purpose.value)
        )
        unit.add(
            _purpose,
            source_id=source_id,
            purpose=purpose.value,
            sequence=(sequence or 0) + 1,
            granted=granted,
            known_at=unit.now,
        )
    unit.flush()


def sources_at(connection: Connection, known_at: int) -> dict[str, Source]:
    """Every source by id, with its lineage as known at that instant."""
    lineages: dict[str, str] = {}
    for row in connection.execute(
        select(_lineage.c.source_id, _lineage.c.lineage)
        .where(_lineage.c.known_at <= known_at)
        .order_by(_lineage.c.sequence)
    ):
        lineages[row.source_id] = row.lineage
    found = connection.execute(select(_source.c.id, _source.c.kind, _source.c.name).order_by(_source.c.name))
    return {row.id: Source(row.id, row.kind, row.name, lineages.get(row.id)) for row in found}


def granting(connection: Connection, known_at: int) -> dict[str, frozenset[Purpose]]:
    """The purposes each source grants, as known at that instant (sources that grant none are left out)."""
    state: dict[tuple[str, str], int] = {}
    for row in connection.execute(
        select(_purpose.c.source_id, _purpose.c.purpose, _purpose.c.granted)
        .where(_purpose.c.known_at <= known_at)
        .order_by(_purpose.c.sequence)
    ):
        state[(row.source_id, row.purpose)] = row.granted
    held: dict[str, set[Purpose]] = {}
    for (source_id, purpose), granted in state.items():
        if granted:
            held.setdefault(source_id, set()).add(Purpose(purpose))
    return {source_id: frozenset(purposes) for source_id, purposes in held.items()}


def cursor(connection: Connection, source_id: str) -> dict[str, object] | None:
    """Where the last stored batch of the source ended; None before the first."""
    text = connection.scalar(
        select(_cursor.c.cursor).where(_cursor.c.source_id == source_id).order_by(_cursor.c.sequence.desc()).limit(1)
    )
    return None if text is None else json.loads(text)


def add_cursor(
    unit: Transaction,
    collection_id: str,
    source_id: str,
    where: Mapping[str, object],
    counts: Mapping[str, object],
    *,
    done: bool,
) -> None:
    """Record how far the collection has come, in the transaction of the batch that got it there."""
    last = unit.connection.scalar(select(func.max(_cursor.c.sequence)).where(_cursor.c.source_id == source_id))
    unit.add(
        _cursor,
        source_id=source_id,
        sequence=(last or 0) + 1,
        collection_id=collection_id,
        at=unit.now,
        cursor=canonical(dict(where)),
        counts=canonical(dict(counts)),
        done=done,
    )


def _latest_present() -> list[Any]:
    """What makes a sighting the last of its artefact and source, and one that shows it."""
    later = _sighting.alias()
    superseded = (
        select(later.c.artefact_id)
        .where(
            later.c.artefact_id == _sighting.c.artefact_id,
            later.c.source_id == _sighting.c.source_id,
            later.c.sequence == _sighting.c.sequence + 1,
        )
        .exists()
    )
    return [_sighting.c.present == 1, ~superseded]


def shown(connection: Connection, source_id: str) -> list[str]:
    """Keys of the artefacts that the source shows now, sorted; erased ones have none."""
    statement = (
        select(_artefact.c.key)
        .join(_sighting, _sighting.c.artefact_id == _artefact.c.id)
        .where(_sighting.c.source_id == source_id, _artefact.c.key.is_not(None), *_latest_present())
    )
    return sorted(connection.scalars(statement))


def status(connection: Connection, known_at: int) -> list[SourceStatus]:
    """Every source by name, with its purposes, its last collection and how many artefacts it shows."""
    purposes = granting(connection, known_at)
    latest = select(_cursor.c.source_id, func.max(_cursor.c.sequence).label("last")).group_by(_cursor.c.source_id)
    last = latest.subquery()
    collected = {
        row.source_id: (row.at, bool(row.done))
        for row in connection.execute(
            select(_cursor.c.source_id, _cursor.c.at, _cursor.c.done).join(
                last, (last.c.source_id == _cursor.c.source_id) & (last.c.last == _cursor.c.sequence)
            )
        )
    }
    artefacts: dict[str, int] = {
        row[0]: row[1]
        for row in connection.execute(
            select(_sighting.c.source_id, func.count()).where(*_latest_present()).group_by(_sighting.c.source_id)
        )
    }
    return [
        SourceStatus(
            source=one,
            purposes=purposes.get(identifier, frozenset()),
            last_collected=from_micros(collected[identifier][0]) if identifier in collected else None,
            done=identifier in collected and collected[identifier][1],
            artefacts=artefacts.get(identifier, 0),
        )
        for identifier, one in sources_at(connection, known_at).items()
    ]
