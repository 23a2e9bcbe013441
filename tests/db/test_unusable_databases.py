"""A database that is damaged, later, earlier or none: a word about it, and nothing done to it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from db.errors import CalibrantError, Refusal
from db.ledger import Ledger
from db.schema import configuration
from db.tables import REVISION
from tests.conftest import Clock, repeatable_entropy


def _ledger(path: Path) -> Ledger:
    return Ledger(f"sqlite:///{path}", clock=Clock(), entropy=repeatable_entropy())


def _at(path: Path, revision: str) -> Ledger:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", [revision])
    return _ledger(path)


def test_the_revision_named_in_the_code_is_that_of_the_newest_migration(ledger: Ledger) -> None:
    with ledger._store.connect() as connection:
        assert ScriptDirectory.from_config(configuration(connection)).get_heads() == [REVISION]


def test_a_ledger_of_a_later_version_is_neither_read_nor_changed(sqlite_ledger: Ledger, tmp_path: Path) -> None:
    later = _at(tmp_path / "one.db", "9999")
    before = (tmp_path / "one.db").read_bytes()
    for act in (later.sources, later.init, later.verify):
        with pytest.raises(Refusal, match=r"later version of Calibrant \(9999"):
            act()
    assert (tmp_path / "one.db").read_bytes() == before


def test_a_ledger_of_an_earlier_version_says_how_to_bring_it_up(sqlite_ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"earlier version \(0000.*calibrant init"):
        _at(tmp_path / "one.db", "0000").sources()


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "roster.csv").write_text("person_id,name\n")
    for act in (_ledger(tmp_path / "roster.csv").init, _ledger(tmp_path / "roster.csv").sources):
        with pytest.raises(CalibrantError, match=r"not a database.*roster\.csv"):
            act()
    assert (tmp_path / "roster.csv").read_text() == "person_id,name\n"


def test_a_damaged_ledger_says_so(sqlite_ledger: Ledger, tmp_path: Path) -> None:
    whole = (tmp_path / "one.db").read_bytes()
    (tmp_path / "one.db").write_bytes(whole[: 4096 * 4] + b"\xab" * (len(whole) - 4096 * 4))
    with pytest.raises(CalibrantError, match=r"malformed.*one\.db.*restore a copy"):
        _ledger(tmp_path / "one.db").verify()


def test_a_folder_is_no_place_for_a_ledger(tmp_path: Path) -> None:
    with pytest.raises(CalibrantError, match=r"cannot be opened: unable to open database file"):
        _ledger(tmp_path).init()
