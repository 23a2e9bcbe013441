"""One change of the ledger: rows queued, stored in bulk, and sealed by one audit event.

Rows are planned on the client with their ids, then inserted with ON CONFLICT DO NOTHING. A planned row that is
not added means that a parallel writer got there first: `Raced`, roll back, plan again. So nothing is ever
stored twice and nothing half.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, Float, Integer, SmallInteger, Table, select, update

from db import bulk, merkle
from db.canonical import canonical, commitment, micros
from db.tables import ADDED, audit_event, audit_head, metadata

__all__ = ["GENESIS", "Raced", "Transaction", "columns_of", "event_hash", "row_text"]

GENESIS = "0" * 64
"""The hash before the first event."""

_ORDER = tuple(metadata.sorted_tables)
_PLAIN: dict[str, tuple[tuple[str, Callable[[Any], Any] | None], ...]] = {}


class Raced(Exception):
    """A parallel writer stored one of the planned rows first."""


class Transaction:
    """The rows of one change. `batch` names it, `now` is its instant in microseconds, `detail` goes into its event."""

    def __init__(
        self,
        connection: Connection,
        now: datetime,
        entropy: Callable[[int], bytes],
        actor: str,
        action: str,
    ) -> None:
        self.connection = connection
        self.instant = now
        self.now = micros(now)
        self.actor, self.action = actor, action
        self.entropy = entropy
        self.batch = entropy(8).hex()
        self.detail: dict[str, object] = {}
        self.leaves: list[str] = []
        self.event: dict[str, object] | None = None
        self._queue: dict[str, list[tuple[Any, ...]]] = {}
        self._head: tuple[int, str] | None = None

    def salts(self, count: int) -> list[str]:
        """That many fresh salts of 32 hexadecimal digits."""
        digits = self.entropy(16 * count).hex()
        return [digits[start : start + 32] for start in range(0, len(digits), 32)]

    def add(self, table: Table, **values: Any) -> str:
        """Queue one row, all columns but id, salt and batch given by name; returns its id. A salt may be given too."""
        salt = values.pop("salt", None) or self.salts(1)[0]
        row = [kind(values[name]) if kind and values[name] is not None else values[name] for name, kind in _plan(table)]
        identifier = commitment(self.batch, salt, row_text(table.name, row))
        self.queue(table, [(identifier, *row, salt, self.batch)])
        self.leaves.append(identifier)
        return identifier

    def queue(self, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Queue finished rows (all columns in the table's order). Their leaves are the caller's to add."""
        self._queue.setdefault(table.name, []).extend(rows)

    def flush(self) -> None:
        """Store what is queued, parents first, so that later reads in this transaction see it."""
        for table in _ORDER:
            rows = self._queue.pop(table.name, None)
            if rows and bulk.insert(self.connection, table, rows) != len(rows):
                raise Raced

    def lock_head(self) -> tuple[int, str]:
        """Lock the end of the chain until the commit; (sequence number, hash) of the last event. Others wait from here."""
        if self._head is None:
            found = self.connection.execute(select(audit_head.c.seq, audit_head.c.hash).with_for_update()).one()
            self._head = (int(found.seq), str(found.hash))
        return self._head

    def finish(self) -> None:
        """Store the queue and, if anything changed, the event; the chain is locked only now, so writers run side by side."""
        self.flush()
        if not self.leaves:
            return
        tree = merkle.row_tree(self.leaves)
        seq, prev = self.lock_head()
        event: dict[str, object] = {
            "seq": seq + 1,
            "batch": self.batch,
            "at": self.now,
            "actor": self.actor,
            "action": self.action,
            "detail": canonical(self.detail),
            "rows": len(tree),
            "root": merkle.root(tree),
            "prev": prev,
        }
        event["hash"] = event_hash(event)
        self.connection.execute(audit_event.insert(), event)
        self.connection.execute(update(audit_head).values(seq=seq + 1, hash=event["hash"]))
        self.event = event


def event_hash(event: Mapping[str, object]) -> str:
    """The hash of an audit event over all its other fields, the previous event's hash among them."""
    fields = ("seq", "batch", "at", "actor", "action", "detail", "rows", "root", "prev")
    return merkle.leaf(canonical([event[field] for field in fields])).hex()


def row_text(table: str, values: Iterable[object]) -> str:
    """What a row's id commits to: the table's name and the row's columns in order, without id, salt and batch.

    Columns that were added to the table stand last; those that say nothing are left out, as they are of older rows.

    >>> row_text("employment", ["p1", 1, "2025-01-01", None, 1.0, 5, None])
    '["employment","p1",1,"2025-01-01",null,1.0,5]'
    """
    said = list(values)
    for _ in range(ADDED.get(table, 0)):
        if said[-1] is not None:
            break
        said.pop()
    return canonical([table, *said])


def columns_of(table: Table) -> tuple[str, ...]:
    """The columns a row's id commits to, in order."""
    return tuple(name for name, _ in _plan(table))


def _plan(table: Table) -> tuple[tuple[str, Callable[[Any], Any] | None], ...]:
    """Column names in order with the cast that makes a value read back as it was written."""
    if table.name not in _PLAIN:
        _PLAIN[table.name] = tuple(
            (column.name, _cast(column.type)) for column in table.columns if column.name not in {"id", "salt", "batch"}
        )
    return _PLAIN[table.name]


def _cast(kind: object) -> Callable[[Any], Any] | None:
    if isinstance(kind, Float):
        return float
    return int if isinstance(kind, BigInteger | Integer | SmallInteger) else None
