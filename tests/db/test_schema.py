import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from db.canonical import canonical, commitment
from db.errors import CalibrantError, Refusal
from db.ledger import Ledger
from db.tables import ERASABLE, metadata
from tests.conftest import Clock, repeatable_entropy
from tests.db.samples import roster


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


def _at_0002(ledger: Ledger) -> list[dict[str, object]]:
    """Take the ledger back to the tables of 0002; its rows of employment."""
    with ledger._store.writer() as connection, connection.begin():
        connection.execute(text("ALTER TABLE employment DROP COLUMN remote"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0002'"))
        return [dict(row) for row in connection.execute(text("SELECT * FROM employment")).mappings()]


def test_a_ledger_from_before_remote_work_was_recorded_still_verifies(ledger_url: str, clock: Clock) -> None:
    old = Ledger(ledger_url, clock=clock, entropy=repeatable_entropy())
    old.init()
    old.store_roster(roster())
    before = old.verify()
    rows = _at_0002(old)
    assert len(rows) == 2
    for row in rows:  # what 0002 committed to
        facts = [row[name] for name in ("person_id", "revision", "valid_from", "valid_to", "fte", "known_at")]
        assert commitment(row["batch"], row["salt"], canonical(["employment", *facts])) == row["id"]
    ledger = Ledger(ledger_url, clock=clock, entropy=repeatable_entropy("later"))
    with pytest.raises(Refusal, match=r"earlier version \(0002.*calibrant init"):
        ledger.verify()
    ledger.init()
    assert ledger.verify() == before
    assert ledger.store_roster(roster()).added == 0
    assert ledger.store_roster(roster(remote=True)).spans == 1
    assert ledger.verify().sound
    now = clock.advance(seconds=1)
    assert ledger.people(as_of=now, known_at=now)["remote"].isna().tolist() == [False, True]


@pytest.mark.parametrize("edit", ["SET remote = 1 WHERE remote IS NULL", "SET remote = NULL WHERE remote = 0"])
def test_saying_that_somebody_works_remotely_with_plain_sql_is_found(ledger: Ledger, edit: str) -> None:
    ledger.store_roster(roster(remote=False))
    assert ledger.verify().sound
    with ledger._store.writer() as connection, connection.begin():
        assert connection.execute(text(f"UPDATE employment {edit}")).rowcount == 1
    assert any("employment" in problem for problem in ledger.verify().problems)


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
