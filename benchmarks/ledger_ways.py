"""The ways of writing evidence that `benchmarks/ledger.py` compares: each stores the rows of one transaction."""

from __future__ import annotations

import os
import sqlite3
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from sqlalchemy.dialects import postgresql, sqlite

from db import arrow
from db.ledger import Ledger
from db.tables import metadata
from db.transaction import Transaction

TABLES = ("artefact", "evidence", "participation", "sighting")
Rows = dict[str, list[tuple[Any, ...]]]


def ledger(url: str) -> Ledger:
    """The ledger at the URL, with the real clock and entropy."""
    return Ledger(url, clock=lambda: datetime.now(UTC), entropy=os.urandom)


class Way:
    """One way of writing; `store` is what is timed."""

    name, safe = "", True

    def __init__(self, url: str) -> None:
        self.url = url

    def store(self, rows: Rows) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """Give connections back."""


class Ours(Way):
    """The ledger's own transaction: bulk insert, Merkle tree and audit event."""

    name = "calibrant, rows ready"

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.stack = ExitStack()
        self.ledger = ledger(url)
        self.connection = self.stack.enter_context(self.ledger._store.writer())

    def store(self, rows: Rows) -> None:
        def work(unit: Transaction) -> None:
            for name in TABLES:
                unit.queue(metadata.tables[name], rows[name])
            unit.leaves += [row[0] for row in rows["artefact"]]
            unit.leaves += [row[0] for row in rows["evidence"]]
            unit.leaves += [f"{a}|{s}|{n}|{at}|{present}" for a, s, n, at, present, _ in rows["sighting"]]

        self.ledger._store.write("collect", work, self.connection)

    def close(self) -> None:
        self.stack.close()


class Stdlib(Way):
    """sqlite3.executemany with ON CONFLICT DO NOTHING."""

    name = "stdlib executemany, on conflict"

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        for pragma in ("foreign_keys=ON", "synchronous=NORMAL", "cache_size=-65536", "wal_autocheckpoint=8000"):
            self.connection.execute(f"PRAGMA {pragma}")

    def store(self, rows: Rows) -> None:
        self.connection.execute("BEGIN IMMEDIATE")
        for name in TABLES:
            marks = ",".join("?" * len(metadata.tables[name].c))
            self.connection.executemany(f"INSERT INTO {name} VALUES ({marks}) ON CONFLICT DO NOTHING", rows[name])
        self.connection.execute("COMMIT")

    def close(self) -> None:
        self.connection.close()


class Core(Way):
    """SQLAlchemy Core: on_conflict_do_nothing with dictionaries."""

    name = "SQLAlchemy Core, on conflict"

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.ledger = ledger(url)
        self.connection = self.ledger._store.engine.connect()
        self.insert = (sqlite if url.startswith("sqlite") else postgresql).insert

    def store(self, rows: Rows) -> None:
        with self.connection.begin():
            for name in TABLES:
                table = metadata.tables[name]
                keys = table.c.keys()
                statement = self.insert(table).on_conflict_do_nothing()
                self.connection.execute(statement, [dict(zip(keys, row, strict=True)) for row in rows[name]])

    def close(self) -> None:
        self.connection.close()


class Psycopg(Way):
    """psycopg executemany with ON CONFLICT DO NOTHING."""

    name = "psycopg executemany, on conflict"

    def __init__(self, url: str) -> None:
        super().__init__(url)
        import psycopg

        self.connection = psycopg.connect(url)

    def store(self, rows: Rows) -> None:
        with self.connection.cursor() as cursor:
            for name in TABLES:
                marks = ",".join(["%s"] * len(metadata.tables[name].c))
                cursor.executemany(f"INSERT INTO {name} VALUES ({marks}) ON CONFLICT DO NOTHING", rows[name])
        self.connection.commit()

    def close(self) -> None:
        self.connection.close()


class Copy(Psycopg):
    """COPY (text) into a temporary table, then INSERT .. SELECT .. ON CONFLICT DO NOTHING."""

    name = "COPY to stage, on conflict"

    def __init__(self, url: str) -> None:
        super().__init__(url)
        for name in TABLES:
            self.connection.execute(f"CREATE TEMPORARY TABLE stage_{name} (LIKE {name}) ON COMMIT DELETE ROWS")

    def store(self, rows: Rows) -> None:
        with self.connection.cursor() as cursor:
            for name in TABLES:
                with cursor.copy(f"COPY stage_{name} FROM STDIN") as copy:
                    for row in rows[name]:
                        copy.write_row(row)
                cursor.execute(f"INSERT INTO {name} SELECT * FROM stage_{name} ON CONFLICT DO NOTHING")
        self.connection.commit()


class Adbc(Way):
    """ADBC ingestion of Arrow into a temporary stage, then INSERT .. SELECT .. ON CONFLICT DO NOTHING."""

    name = "ADBC to stage, on conflict"

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.safe = not url.startswith("sqlite")
        if self.safe:
            from adbc_driver_postgresql import dbapi

            self.connection = dbapi.connect(url)
        else:
            from adbc_driver_sqlite import dbapi

            self.connection = dbapi.connect(url.removeprefix("sqlite:///"), autocommit=True)
            with self.connection.cursor() as cursor:
                for pragma in ("synchronous=NORMAL", "cache_size=-65536", "wal_autocheckpoint=8000"):
                    cursor.execute(f"PRAGMA {pragma}")
            self.connection.adbc_connection.set_autocommit(False)

    def store(self, rows: Rows) -> None:
        with self.connection.cursor() as cursor:
            for name in TABLES:
                table = metadata.tables[name]
                schema = pa.schema([(column.name, arrow.arrow_type(column.type)) for column in table.columns])
                columns = [
                    pa.array(values, field.type)
                    for values, field in zip(zip(*rows[name], strict=True), schema, strict=True)
                ]
                staged = pa.table(columns, schema=schema)
                cursor.adbc_ingest(f"stage_{name}", staged, mode="replace", temporary=True)
                listed = ",".join(f'"{column.name}"' for column in table.columns)
                cursor.execute(
                    f"INSERT INTO {name} ({listed}) SELECT {listed} FROM stage_{name} WHERE true ON CONFLICT DO NOTHING"
                )
        self.connection.adbc_connection.commit()

    def close(self) -> None:
        self.connection.close()


WAYS: dict[str, tuple[type[Way], ...]] = {
    "sqlite": (Ours, Stdlib, Core, Adbc),
    "postgresql": (Ours, Psycopg, Core, Copy, Adbc),
}


if __name__ == "__main__":
    print(f"{__doc__}\nA part of `python benchmarks/ledger.py`: run that.")
