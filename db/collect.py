"""Running a collection into the ledger: one transaction per batch, each with the cursor to continue from.

A killed run loses at most the batch it was storing; the next one starts at the last stored cursor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from db.canonical import clean
from db.engine import Store
from db.records import Batch, Source
from db.results import StoreCounts
from db.sources import add_cursor, cursor
from db.tables import metadata
from db.transaction import Transaction
from db.write import store_batch

__all__ = ["collect"]

_MANY: Final = 20_000


def collect(
    store: Store,
    source: Source,
    batches: Iterable[Batch],
    extractor: str,
    on_batch: Callable[[StoreCounts], None] | None,
) -> StoreCounts:
    """See `Ledger.collect`."""
    total = StoreCounts()
    run: list[str] = []
    with store.writer() as connection:
        for batch in batches:
            counts, identifier = store.write("collect", _storing(source, batch, extractor, run), connection)
            run[:] = [identifier]
            total += counts
            if on_batch is not None:
                on_batch(counts)
        store.write("collected", _ending(source, extractor, run, total), connection)
    if total.added >= _MANY:
        store.refresh_statistics()
    return total


def _storing(
    source: Source, batch: Batch, extractor: str, run: list[str]
) -> Callable[[Transaction], tuple[StoreCounts, str]]:
    def work(unit: Transaction) -> tuple[StoreCounts, str]:
        identifier = _collection(unit, source, extractor, run)
        counts = store_batch(unit, source.id, batch)
        add_cursor(unit, identifier, source.id, batch.cursor, counts.as_mapping(), done=False)
        unit.detail |= {"source": source.id, "counts": counts.as_mapping()}
        return counts, identifier

    return work


def _ending(source: Source, extractor: str, run: list[str], total: StoreCounts) -> Callable[[Transaction], None]:
    def work(unit: Transaction) -> None:
        identifier = _collection(unit, source, extractor, run)
        unit.flush()
        where = cursor(unit.connection, source.id) or {}
        add_cursor(unit, identifier, source.id, where, total.as_mapping(), done=True)
        unit.detail |= {"source": source.id, "counts": total.as_mapping()}

    return work


def _collection(unit: Transaction, source: Source, extractor: str, run: list[str]) -> str:
    """The running collection, recorded with its first transaction."""
    if run:
        return run[0]
    table = metadata.tables["collection"]
    return unit.add(table, source_id=source.id, extractor=clean(extractor), started_at=unit.now)
