"""Connections: one way to open a ledger on SQLite, one on PostgreSQL, and how a change is made in one transaction.

SQLite runs in WAL mode without a pool. Writers begin IMMEDIATE, so what a writer has read cannot change under it.
On PostgreSQL writers run side by side; one that finds that another was faster (`Raced`) is rolled back and
planned again.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from db import guard
from db.errors import CalibrantError, Incomplete, Refusal
from db.tables import REVISION
from db.transaction import Raced, Transaction

__all__ = ["Store"]

_T = TypeVar("_T")
_ATTEMPTS: Final = 20
_BUSY_MILLISECONDS: Final = 120_000
_RETRY_STATES: Final = {"40001", "40P01", "23505"}
_PRAGMAS: Final = (
    f"busy_timeout={_BUSY_MILLISECONDS}",
    "foreign_keys=ON",
    "synchronous=NORMAL",
    "cache_size=-65536",
    "wal_autocheckpoint=8000",
)


class _Guarded(sqlite3.Connection):
    """A connection that the guard knows of from before it opens until it is closed."""

    def __init__(self, path: str, **settings: Any) -> None:
        self._release = guard.hold_standard(path, self)
        try:
            super().__init__(path, **settings)
        except BaseException:
            self._release()
            raise

    def close(self) -> None:
        super().close()
        self._release()


class Store:
    """A ledger's database: where it is, what time it is, who acts. Opening one changes nothing.

    url: `sqlite:///file.db` or `postgresql://...`. clock gives the present instant; entropy(n) gives n secret random bytes.
    """

    def __init__(self, url: str, *, clock: Callable[[], datetime], entropy: Callable[[int], bytes], actor: str) -> None:
        parsed = make_url(url)
        self.dialect = parsed.get_backend_name()
        if self.dialect not in {"sqlite", "postgresql"}:
            raise CalibrantError(
                f"a ledger cannot live in {self.dialect!r}", remedy="use sqlite:///FILE or postgresql://..."
            )
        self.clock, self.entropy, self.actor = clock, entropy, actor
        self.path = _file(parsed.database) if self.dialect == "sqlite" else None
        self.adbc_url = parsed.set(drivername="postgresql").render_as_string(hide_password=False)
        self.where = self.path or parsed.render_as_string(hide_password=True)
        self._known_ready = False
        if self.dialect == "sqlite":
            self.engine = create_engine("sqlite://", creator=self._open_sqlite, poolclass=NullPool)
            event.listen(self.engine, "begin", _begin_sqlite)
        else:
            self.engine = create_engine(parsed.set(drivername="postgresql+psycopg"), poolclass=NullPool)

    def __repr__(self) -> str:
        return f"Store({self.where!r})"

    def _open_sqlite(self) -> sqlite3.Connection:
        assert self.path is not None
        if not self._known_ready and not Path(self.path).exists():
            raise _no_ledger(self.where)
        return self._connect_sqlite()

    def _connect_sqlite(self) -> sqlite3.Connection:
        assert self.path is not None
        connection = _Guarded(
            self.path, timeout=_BUSY_MILLISECONDS / 1000, isolation_level=None, check_same_thread=False
        )
        try:
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise
        return connection

    def create(self, migrate: Callable[[Connection], None]) -> None:
        """Make the database if there is none and bring its tables up to date, in one transaction."""
        if self.path is not None:
            Path(self.path).parent.mkdir(parents=True, exist_ok=True)
            with self._failing("the ledger cannot be opened"), closing(self._connect_sqlite()) as plain:
                plain.execute("PRAGMA journal_mode=WAL")
        with self._failing("the ledger cannot be made"), self._writer() as connection:
            if self.dialect == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(7246)"))
            found = _version(connection)
            if found > REVISION:
                raise _later(self.where, found)
            migrate(connection)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection for reading, within one snapshot. Raises `Refusal` if there is no ledger of this version."""
        self.ready()
        with self._open() as connection:
            if self.dialect == "postgresql":
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with self._failing("the ledger cannot be read"), connection.begin():
                yield connection

    @contextmanager
    def _open(self) -> Iterator[Connection]:
        with self._failing("the ledger cannot be opened"):
            connection = self.engine.connect()
        try:
            yield connection
        finally:
            connection.close()

    @contextmanager
    def _failing(self, what: str) -> Iterator[None]:
        """Failures of the database itself, not of what it was asked, become errors that say where it is."""
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:
            told = self._translate(error, what)
            if told is error:
                raise
            raise told from error

    @contextmanager
    def writer(self) -> Iterator[Connection]:
        """A connection to hand to `write` again and again, for many transactions in a row."""
        self.ready()
        with self._open() as connection:
            yield connection.execution_options(calibrant_write=True)

    @contextmanager
    def _writer(self) -> Iterator[Connection]:
        with self._open() as connection:
            writing = connection.execution_options(calibrant_write=True)
            with writing.begin():
                yield writing

    def write(self, action: str, work: Callable[[Transaction], _T], connection: Connection | None = None) -> _T:
        """Run `work` in one transaction that ends in one audit event (none if it changed nothing); again if raced.

        Raises `Incomplete` if others keep being faster or the ledger stays busy.
        """
        if connection is None:
            with self.writer() as own:
                return self.write(action, work, own)
        for attempt in range(_ATTEMPTS):
            try:
                with connection.begin():
                    transaction = Transaction(connection, self.clock(), self.entropy, self.actor, action)
                    result = work(transaction)
                    transaction.finish()
                return result
            except Raced:
                time.sleep(0.01 * attempt)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in _RETRY_STATES:
                    raise self._translate(error) from error
                time.sleep(0.01 * attempt)
        raise Incomplete("other writers were faster every time", where=self.where, remedy="run it again")

    def refresh_statistics(self) -> None:
        """Tell PostgreSQL's planner how much there is now; without it the first reads after a large collection crawl."""
        if self.dialect == "postgresql":
            with self._open() as connection, connection.begin():
                connection.exec_driver_sql("ANALYZE artefact, evidence, participation, sighting, supersession")

    def scrub(self) -> None:
        """Empty SQLite's write-ahead log, where erased values may still stand (as far as other readers allow)."""
        if self.path is not None:
            with self._open() as connection:
                connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]

    def _translate(self, error: DBAPIError | sqlite3.Error, what: str = "the ledger cannot be written") -> Exception:
        reason = error.orig if isinstance(error, DBAPIError) else error
        if "database is locked" in str(reason):
            return Incomplete("another process is writing", where=self.where, remedy="run it again when it is done")
        if type(reason) is sqlite3.DatabaseError:
            return CalibrantError(f"{what}: {reason}", where=self.where, remedy="check the URL, or restore a copy")
        if isinstance(error, OperationalError | sqlite3.OperationalError):
            remedy = "check the URL, its permissions and the disk" if self.path else "check the URL and the server"
            return CalibrantError(f"{what}: {reason}", where=self.where, remedy=remedy)
        return error

    def ready(self) -> None:
        """Raise `Refusal` unless the ledger's tables are there, as this version of the code knows them."""
        if self._known_ready:
            return
        with self._open() as connection, self._failing("the ledger cannot be read"):
            found = _version(connection)
        if not found:
            raise _no_ledger(self.where)
        if found > REVISION:
            raise _later(self.where, found)
        if found < REVISION:
            what = f"this ledger is of an earlier version ({found}, the present one is {REVISION})"
            raise Refusal(what, where=self.where, remedy="bring it up with `calibrant init`; keep a copy")
        self._known_ready = True


def _version(connection: Connection) -> str:
    """The revision the tables are of, empty where there are none."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.scalar(text("SELECT version_num FROM alembic_version")) or "")


def _later(where: str, found: str) -> Refusal:
    what = f"this ledger was made by a later version of Calibrant ({found}, this one knows {REVISION})"
    return Refusal(what, where=where, remedy="use that version")


def _no_ledger(where: str) -> Refusal:
    return Refusal("there is no ledger here", where=where, remedy="make one with `calibrant init`")


def _file(database: str | None) -> str:
    if not database or database == ":memory:":
        raise CalibrantError("a ledger needs a file", remedy="use sqlite:///FILE")
    return str(Path(database).absolute())


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("calibrant_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
