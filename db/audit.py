"""Verifying the ledger against its audit chain.

Every event names the number of rows its transaction added and the Merkle root over them. Verification reads everything
once: the chain of events (edits, gaps, reorderings, a cut-off end), every row's commitment (edits), every batch's
root (rows lost, added or moved), and every erased row's tombstone (erasing outside the ledger).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from sqlalchemy import Connection, Table, select

from db import content as contents
from db import merkle
from db.canonical import commitment
from db.results import VerificationReport
from db.tables import metadata, rests_on_id
from db.transaction import GENESIS, columns_of, event_hash, row_text

__all__ = ["last_hash", "leaves_of", "streamed", "verify", "with_participations"]

_t = metadata.tables
_event, _head, _tombstone = _t["audit_event"], _t["audit_head"], _t["tombstone"]
_evidence, _participation = _t["evidence"], _t["participation"]
_MOST: Final = 100
_UNSEALED: Final = frozenset({"audit_event", "audit_head", "participation"})
_Row = Mapping[str, Any]


def verify(connection: Connection, head: str | None) -> VerificationReport:
    """See `Ledger.verify`."""
    problems: list[str] = []
    events = _verify_chain(connection, head, problems)
    erased = {(row.of_table, row.row_id) for row in connection.execute(select(_tombstone))}
    found: dict[str, bytearray] = {}
    rows = 0
    for table in metadata.sorted_tables:
        if table.name in _UNSEALED:
            continue
        for row, sound in _rows(connection, table):
            rows += 1
            found.setdefault(row["batch"], bytearray()).extend(merkle.leaf(leaf_text(table, row)))
            _verify_row(table, row, sound, erased, problems)
    _verify_roots(events, found, problems)
    if len(problems) > _MOST:
        problems = [*problems[:_MOST], f"and {len(problems) - _MOST} more"]
    return VerificationReport(tuple(problems), len(events), rows, len(erased), last_hash(connection))


def last_hash(connection: Connection) -> str:
    """Hash of the last event."""
    return str(connection.scalar(select(_event.c.hash).order_by(_event.c.seq.desc()).limit(1)) or GENESIS)


def leaf_text(table: Table, row: _Row) -> str:
    """What stands for a row in its batch's tree."""
    if rests_on_id(table):
        return str(row["id"])
    return "|".join(str(row[column.name]) for column in table.columns if column.name != "batch")


def leaves_of(connection: Connection, batches: set[str]) -> dict[str, list[str]]:
    """Batch to the leaf texts of all its rows, for these batches."""
    found: dict[str, list[str]] = {batch: [] for batch in batches}
    for table in metadata.sorted_tables:
        if table.name in _UNSEALED:
            continue
        columns = [table.c.id, table.c.batch] if rests_on_id(table) else list(table.columns)
        for row in streamed(connection, select(*columns).where(table.c.batch.in_(sorted(batches)))):
            found[row["batch"]].append(leaf_text(table, row))
    return found


def streamed(connection: Connection, statement: Any) -> Iterator[_Row]:
    """The statement's rows, a few thousand at a time."""
    result = connection.execute(statement, execution_options={"stream_results": True, "yield_per": 5_000})
    for row in result.mappings():
        yield cast(_Row, row)


def with_participations(connection: Connection) -> Iterator[tuple[_Row | None, list[tuple[str, str]]]]:
    """Every version by id with its (identity, role) pairs; None for pairs whose version does not exist."""
    pairs = streamed(
        connection,
        select(_participation).order_by(
            _participation.c.evidence_id, _participation.c.identity_id, _participation.c.role
        ),
    )
    pending = next(pairs, None)
    for row in streamed(connection, select(_evidence).order_by(_evidence.c.id)):
        mine: list[tuple[str, str]] = []
        while pending is not None and pending["evidence_id"] <= row["id"]:
            if pending["evidence_id"] == row["id"]:
                mine.append((pending["identity_id"], pending["role"]))
            else:
                yield None, [(pending["identity_id"], pending["role"])]
            pending = next(pairs, None)
        yield row, mine
    while pending is not None:
        yield None, [(pending["identity_id"], pending["role"])]
        pending = next(pairs, None)


def _verify_chain(connection: Connection, head: str | None, problems: list[str]) -> dict[str, _Row]:
    events: dict[str, _Row] = {}
    hashes = {GENESIS}
    prev, seq = GENESIS, 0
    for row in streamed(connection, select(_event).order_by(_event.c.seq)):
        if row["seq"] != seq + 1:
            problems.append(f"event {seq + 1}: missing; the next is {row['seq']}")
        if row["prev"] != prev:
            problems.append(f"event {row['seq']}: does not follow the event before it")
        if event_hash(row) != row["hash"]:
            problems.append(f"event {row['seq']}: edited, its hash does not fit")
        prev, seq = row["hash"], row["seq"]
        hashes.add(prev)
        events[row["batch"]] = dict(row)
    last = connection.execute(select(_head.c.seq, _head.c.hash)).one_or_none()
    if last is None or (last.seq, last.hash) != (seq, prev):
        problems.append(f"the chain ends at event {seq}, but the ledger's head says {last.seq if last else 'nothing'}")
    if head is not None and head not in hashes:
        problems.append(f"no event has the hash {head}: the chain was cut off or rewritten")
    return events


def _rows(connection: Connection, table: Table) -> Iterator[tuple[_Row, bool]]:
    """Every row of the table with whether its commitment holds (True where there is nothing left to recompute)."""
    if table.name == "evidence":
        for row, participations in with_participations(connection):
            if row is None:
                yield {"id": "?", "batch": "participation without evidence", "salt": ""}, False
            else:
                yield row, _sound_evidence(row, participations)
        return
    columns = columns_of(table) if rests_on_id(table) else ()
    for row in streamed(connection, select(table)):
        sound = True
        if columns and row["salt"] is not None:
            text = row_text(table.name, [row[name] for name in columns])
            sound = commitment(row["batch"], row["salt"], text) == row["id"]
        yield row, sound


def _sound_evidence(row: _Row, participations: list[tuple[str, str]]) -> bool:
    if row["salt"] is None:
        return not participations
    try:
        hashed = contents.content_hash(contents.content_text(row["artefact_id"], contents.restore(row), participations))
    except (TypeError, ValueError):
        return False
    text = contents.evidence_text(
        row["artefact_id"], row["sequence"], hashed, row["occurred_at"], row["collected_at"], row["extractor"]
    )
    return bool(hashed == row["content_hash"] and commitment(row["batch"], row["salt"], text) == row["id"])


def _verify_row(table: Table, row: _Row, sound: bool, erased: set[tuple[str, str]], problems: list[str]) -> None:
    if not sound:
        problems.append(f"{table.name} {row.get('id', '')}: edited, it is not what was committed to")
    if not rests_on_id(table):
        return
    gone, tombstone = row["salt"] is None, (table.name, row["id"]) in erased
    if gone and not tombstone:
        problems.append(f"{table.name} {row['id']}: emptied, but no erasure is recorded")
    if tombstone and not gone:
        problems.append(f"{table.name} {row['id']}: erased according to the chain, but it is there")


def _verify_roots(events: Mapping[str, _Row], found: Mapping[str, bytearray], problems: list[str]) -> None:
    for batch, event in events.items():
        digests = found.get(batch, bytearray())
        tree = sorted(bytes(digests[start : start + 32]) for start in range(0, len(digests), 32))
        if len(tree) != event["rows"]:
            problems.append(f"event {event['seq']}: recorded {event['rows']} rows, {len(tree)} are there")
        elif merkle.root(tree) != event["root"]:
            problems.append(f"event {event['seq']}: its rows are not those it recorded")
    problems.extend(
        f"{len(found[batch]) // 32} rows belong to batch {batch!r}, which no event recorded"
        for batch in sorted(found.keys() - events.keys())
    )
