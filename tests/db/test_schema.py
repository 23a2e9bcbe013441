import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from db.errors import CalibrantError, Refusal
from db.ledger import Ledger
from db.tables import ERASABLE, metadata
from tests.conftest import Clock, repeatable_entropy


def test_the_migrations_make_the_tables_the_code_speaks_of(ledger: Ledger) -> None:
    with ledger._store.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_init_the_second_time_changes_nothing(ledger: Ledger) -> None:
    before = ledger.verify()
    ledger.init()
    assert ledger.verify() == before
    assert before.sound
    assert before.events == 1


def test_no_method_makes_a_ledger_but_init(ledger_url: str, clock: Clock, tmp_path: Path) -> None:
    ledger = Ledger(ledger_url, clock=clock, entropy=repeatable_entropy())
    with pytest.raises(Refusal, match=r"no ledger here.*calibrant init"):
        ledger.sources()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://localhost/x"])
def test_a_ledger_lives_in_a_file_or_on_postgresql(url: str, clock: Clock) -> None:
    with pytest.raises(CalibrantError, match="sqlite:///FILE"):
        Ledger(url, clock=clock, entropy=repeatable_entropy())


def test_a_password_does_not_show(clock: Clock) -> None:
    ledger = Ledger("postgresql://ann:secret@host/db", clock=clock, entropy=repeatable_entropy())
    assert "secret" not in repr(ledger) + repr(ledger._store)


def test_the_chain_can_neither_be_edited_nor_cut_with_plain_sql(ledger: Ledger) -> None:
    for statement in ("UPDATE audit_event SET actor = 'x'", "DELETE FROM audit_event"):
        with ledger._store.writer() as connection, pytest.raises(DBAPIError, match="append-only"):
            connection.execute(text(statement))


def test_foreign_keys_are_held(ledger: Ledger) -> None:
    with ledger._store.writer() as connection, pytest.raises(DBAPIError, match=r"(?i)foreign key"):
        connection.execute(text("INSERT INTO participation VALUES ('a', 'b', 'author')"))


def test_what_can_be_erased_can_be_null() -> None:
    for table, columns in ERASABLE.items():
        assert all(metadata.tables[table].c[name].nullable for name in (*columns, "salt"))


def test_sqlite_runs_in_wal_mode(sqlite_url: str, clock: Clock) -> None:
    Ledger(sqlite_url, clock=clock, entropy=repeatable_entropy()).init()
    connection = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_the_migrations_come_from_the_package_whatever_the_folder(tmp_path: Path) -> None:
    program = (
        "from datetime import datetime, UTC; from db.ledger import Ledger; "
        "Ledger('sqlite:///x.db', clock=lambda: datetime(2026, 1, 1, tzinfo=UTC), entropy=lambda n: b'x' * n).init()"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], cwd=tmp_path, check=True)
    assert (tmp_path / "x.db").exists()
