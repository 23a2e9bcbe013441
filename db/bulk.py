"""Inserting many rows fast, with conflicts handled: executemany on SQLite, COPY into a stage on PostgreSQL.

SQLite writes go through the standard library only (see `guard`). On PostgreSQL a few rows go as they are; many go by
binary COPY into a temporary table and from there by INSERT .. SELECT .. ON CONFLICT DO NOTHING. In both cases
within the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, Float, Integer, SmallInteger, Table, Text

__all__ = ["chunks", "insert"]

_COPY_FROM: Final = 100
_FEW: Final = {"sqlite": "?", "postgresql": "%s"}


def insert(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> int:
    """Insert rows (all columns in order), skipping those already there by any unique key; the number really added."""
    if connection.dialect.name == "postgresql" and len(rows) >= _COPY_FROM:
        return _copy(connection, table, rows)
    columns = ",".join(f'"{column.name}"' for column in table.columns)
    marks = ",".join([_FEW[connection.dialect.name]] * len(table.columns))
    statement = f'INSERT INTO "{table.name}" ({columns}) VALUES ({marks}) ON CONFLICT DO NOTHING'  # noqa: S608 - our own names
    return int(connection.exec_driver_sql(statement, list(rows)).rowcount)


def _copy(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> int:
    """One copy in, one statement out. Callers sort by the unique key, so that parallel writers wait but never deadlock."""
    stage = f'"stage_{table.name}"'
    columns = ",".join(f'"{column.name}"' for column in table.columns)
    connection.exec_driver_sql(
        f'CREATE TEMPORARY TABLE IF NOT EXISTS {stage} (LIKE "{table.name}") ON COMMIT DELETE ROWS'
    )
    driver = connection.connection.driver_connection
    assert driver is not None
    with driver.cursor() as cursor:
        if cursor.execute(f"SELECT 1 FROM {stage} LIMIT 1").fetchone():  # noqa: S608 - our own names
            cursor.execute(f"DELETE FROM {stage}")  # noqa: S608 - our own names
        with cursor.copy(f"COPY {stage} ({columns}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types([_wire(column.type) for column in table.columns])
            for row in rows:
                copy.write_row(row)
        cursor.execute(f'INSERT INTO "{table.name}" ({columns}) SELECT {columns} FROM {stage} ON CONFLICT DO NOTHING')  # noqa: S608 - our own names
        return int(cursor.rowcount)


def _wire(kind: object) -> str:
    if isinstance(kind, Text):
        return "text"
    if isinstance(kind, Float):
        return "float8"
    if isinstance(kind, SmallInteger):
        return "int2"
    if isinstance(kind, BigInteger):
        return "int8"
    if isinstance(kind, Integer):
        return "int4"
    raise TypeError(f"no wire type for {kind!r}")


def chunks(values: Sequence[Any], size: int = 5_000) -> Iterator[Sequence[Any]]:
    """Consecutive slices of at most `size`."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
