"""Evidence and participations as pandas frames, as of one instant and as known at another.

A row is read when it is the current version as then known, not withdrawn, not erased, and a source that grants the
purpose shows its artefact. What counts once is decided here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, case, func, select

from db import arrow
from db.canonical import from_micros, micros
from db.engine import Store
from db.links import resolve_links
from db.lookup import values
from db.records import Kind, Purpose, Source
from db.same_as import primaries
from db.sources import granting, sources_at
from db.tables import metadata

__all__ = ["EVIDENCE_COLUMNS", "cited", "current", "evidence", "participations", "readable", "shown_artefacts", "shows"]

_t = metadata.tables
_evidence, _participation, _identity = _t["evidence"], _t["participation"], _t["identity"]
_sighting, _supersession, _name = _t["sighting"], _t["supersession"], _t["identity_name"]
_citation = _t["citation"]
_EVER: Final = 2**62

EVIDENCE_COLUMNS = (
    "evidence",
    "artefact",
    "kind",
    "occurred_at",
    "source_kind",
    "source",
    "repository",
    "extractor",
    "measures",
    "paths",
    "excerpt",
    "url",
    "retention",
    "same_as",
)


def evidence(
    store: Store, as_of: datetime, known_at: datetime, purpose: Purpose | None, kinds: Collection[Kind] | None
) -> pd.DataFrame:
    """See `Ledger.evidence`."""
    known = micros(known_at)
    with store.connect() as connection:
        sources = readable(connection, known, purpose)
        primary = primaries(connection, known)
    shown = arrow.read(store, select(*(column for column in shown_artefacts(sources, known).c)))
    table = arrow.read(store, select(*_columns()).where(*current(micros(as_of), known, kinds)))
    place = pc.index_in(table["artefact"], value_set=shown["artefact_id"])
    table = table.append_column("number", pc.take(shown["number"], place))
    if place.null_count:
        table = table.filter(pc.is_valid(place))
    return _framed(table, sources, primary)


def cited(store: Store, run_id: str, person: str) -> pd.DataFrame:
    """See `Ledger.cited`."""
    with store.connect() as connection:
        sources = readable(connection, _EVER, None)
        listed = values(connection, sorted(set(connection.scalars(_cited_ids(run_id, person)))))
        primary = primaries(connection, _EVER)
        replaced = select(_supersession.c.old).where(_supersession.c.old == _evidence.c.id).exists()
        shown = shown_artefacts(sources, None)
        statement = (
            select(
                *_columns(),
                shown.c.number.label("number"),
                case((_evidence.c.salt.is_(None), 1), else_=0).label("erased"),
                case((replaced, 1), else_=0).label("superseded"),
            )
            .join(shown, shown.c.artefact_id == _evidence.c.artefact_id)
            .join(listed, listed.c.value == _evidence.c.id)
            .order_by(_evidence.c.id)
        )
        table = arrow.read(store, statement, connection)
    frame = _framed(table, sources, primary)
    for name in ("erased", "superseded"):
        frame[name] = table[name].to_numpy().astype(bool)
    return frame


def _cited_ids(run_id: str, person: str) -> Any:
    return select(_citation.c.evidence_id).where(
        _citation.c.run == run_id, _citation.c.person_id == person, _citation.c.evidence_id.is_not(None)
    )


def _columns() -> list[Any]:
    return [
        _evidence.c.id.label("evidence"),
        _evidence.c.artefact_id.label("artefact"),
        _evidence.c.kind,
        _evidence.c.occurred_at,
        _evidence.c.extractor,
        _evidence.c.measures,
        _evidence.c.paths,
        _evidence.c.excerpt,
        _evidence.c.url,
        _evidence.c.retention,
    ]


def _framed(table: pa.Table, sources: list[Source], primary: dict[str, list[str]]) -> pd.DataFrame:
    """The frame of `evidence` from its raw rows: sources by number, instants, primaries among what is there."""
    number = table["number"].to_numpy()
    for name, known in (
        ("source_kind", [one.kind for one in sources]),
        ("source", [one.name for one in sources]),
        ("repository", [one.lineage or one.id for one in sources]),
    ):
        table = table.append_column(name, pc.take(pa.array(known, pa.string()), pa.array(number)))
    table = table.append_column("same_as", _same_as(table["artefact"], primary))
    moment = table["occurred_at"].cast(pa.timestamp("us", tz="UTC"))
    table = table.set_column(table.schema.get_field_index("occurred_at"), "occurred_at", moment)
    return arrow.framed(table.select(EVIDENCE_COLUMNS))


def participations(store: Store, as_of: datetime, known_at: datetime, purpose: Purpose | None) -> pd.DataFrame:
    """See `Ledger.participations`."""
    known = micros(known_at)
    with store.connect() as connection:
        sources = readable(connection, known, purpose)
        links = resolve_links(connection, known)
        identities = connection.execute(select(_identity.c.id, _identity.c.provider, _identity.c.bot)).all()
        bots = set(connection.scalars(select(_name.c.identity_id).where(_name.c.bot == 1, _name.c.known_at <= known)))
    shown = shown_artefacts(sources, known)
    dated = links.dated()
    columns: list[Any] = [
        _participation.c.evidence_id.label("evidence"),
        _participation.c.identity_id.label("identity"),
        _participation.c.role,
        *([_evidence.c.occurred_at] if dated else []),
    ]
    statement = (
        select(*columns)
        .select_from(_evidence)
        .join(shown, shown.c.artefact_id == _evidence.c.artefact_id)
        .join(_participation, _participation.c.evidence_id == _evidence.c.id)
        .where(*current(micros(as_of), known, None))
    )
    table = arrow.read(store, statement)
    ids = pa.array([row.id for row in identities], pa.string())
    position = pc.index_in(table["identity"], value_set=ids)
    facts = {
        "person": pa.array([links.person(row.id) for row in identities], pa.string()),
        "provider": pa.array([row.provider for row in identities], pa.string()),
        "bot": pa.array([bool(row.bot) or row.id in bots for row in identities], pa.bool_()),
    }
    for name, fact in facts.items():
        table = table.append_column(name, pc.take(fact, position))
    frame = arrow.framed(table.select(["evidence", "identity", "role", *facts]))
    if dated:
        _date_persons(frame, table["occurred_at"].to_numpy(), dated, links)
    return frame


def _date_persons(frame: pd.DataFrame, occurred_at: np.ndarray[Any, Any], dated: Iterable[str], links: Any) -> None:
    """Set the person row by row where an identity changed hands."""
    rows = np.flatnonzero(frame["identity"].isin(list(dated)).to_numpy())
    persons = list(frame["person"])
    identities = frame["identity"].to_numpy()
    for row in rows:
        day = from_micros(int(occurred_at[row])).date().isoformat()
        persons[row] = links.person(identities[row], day)
    frame["person"] = pd.array(persons, dtype="str")


def readable(connection: Connection, known: int, purpose: Purpose | None) -> list[Source]:
    """The sources that may be read for the purpose, by name."""
    grants = granting(connection, known)
    every = sources_at(connection, known).values()
    may = [one for one in every if purpose is None or Purpose(purpose) in grants.get(one.id, ())]
    return sorted(may, key=lambda one: (one.name, one.kind, one.id))


def shown_artefacts(sources: list[Source], known: int | None) -> Any:
    """Artefacts that one of the sources shows (None: ever showed), with the number of the first such source in the list."""
    ranks = {one.id: number for number, one in enumerate(sources)}
    number = case(ranks, value=_sighting.c.source_id) if ranks else _sighting.c.sequence
    return (
        select(_sighting.c.artefact_id, func.min(number).label("number"))
        .where(_sighting.c.source_id.in_(list(ranks)), *([] if known is None else shows(known)))
        .group_by(_sighting.c.artefact_id)
        .subquery("shown")
    )


def shows(known: int) -> list[Any]:
    """What makes a sighting the latest of its source then known, and one that shows the artefact."""
    later = _sighting.alias("later")
    replaced = (
        select(later.c.artefact_id)
        .where(
            later.c.artefact_id == _sighting.c.artefact_id,
            later.c.source_id == _sighting.c.source_id,
            later.c.sequence == _sighting.c.sequence + 1,
            later.c.sequence > 1,  # says nothing new, but spares PostgreSQL from hashing every sighting
            later.c.at <= known,
        )
        .exists()
    )
    return [_sighting.c.present == 1, _sighting.c.at <= known, ~replaced]


def current(as_of: int, known: int, kinds: Collection[Kind] | None) -> list[Any]:
    """What makes a version the one to read."""
    replaced = (
        select(_supersession.c.old)
        .where(_supersession.c.old == _evidence.c.id, _supersession.c.collected_at <= known)
        .exists()
    )
    clauses = [
        _evidence.c.collected_at <= known,
        _evidence.c.occurred_at <= as_of,
        _evidence.c.withdrawn == 0,
        _evidence.c.content_hash.is_not(None),
        ~replaced,
    ]
    if kinds is not None:
        clauses.append(_evidence.c.kind.in_(sorted(Kind(kind).value for kind in kinds)))
    return clauses


def _same_as(artefacts: pa.ChunkedArray, primary: dict[str, list[str]]) -> pa.Array:
    """Per artefact the first of its primaries that is itself among the rows."""
    if not primary:
        return pa.nulls(len(artefacts), pa.string())
    candidates = pa.array(sorted(set(primary) | {one for chain in primary.values() for one in chain}), pa.string())
    here = set(candidates.filter(pc.is_in(candidates, value_set=artefacts)).to_pylist())
    chosen = {one: next((other for other in chain if other in here), None) for one, chain in primary.items()}
    position = pc.index_in(artefacts, value_set=pa.array(list(chosen), pa.string()))
    return pc.take(pa.array(list(chosen.values()), pa.string()), position)
