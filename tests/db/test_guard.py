"""The trap of two SQLite libraries in one process, its guard, and the loss without it."""

import sqlite3
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from db import arrow, guard
from db.ledger import Ledger
from db.records import Batch, Purpose
from tests.conftest import Clock, repeatable_entropy
from tests.db.samples import commit

_LOSS = """
import sqlite3, subprocess, sys
from adbc_driver_sqlite import dbapi

path, journal = sys.argv[1:]
ours = sqlite3.connect(path, isolation_level=None)
ours.execute(f"PRAGMA journal_mode={journal}")
ours.execute("CREATE TABLE t (x)")
ours.execute("BEGIN IMMEDIATE")                      # from here on this process holds the write lock
ours.execute("INSERT INTO t VALUES ('ours')")
with dbapi.connect(path) as other, other.cursor() as cursor:
    cursor.execute("SELECT count(*) FROM t")         # a mere read ...
    cursor.fetch_arrow_table()                       # ... whose closing drops that lock
stranger = '''
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=0)
connection.execute("INSERT INTO t VALUES ('stranger')")
connection.commit()
print("committed")
'''
run = subprocess.run([sys.executable, "-c", stranger, path], capture_output=True, text=True)
print(run.stdout.strip() or "kept out")
try:
    ours.execute("COMMIT")
except sqlite3.OperationalError:
    pass
ours.close()
print([row[0] for row in sqlite3.connect(path).execute("SELECT x FROM t")])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="shown with POSIX locks")
@pytest.mark.parametrize("journal", ["WAL", "DELETE"])
def test_without_the_guard_a_mere_adbc_read_loses_what_another_process_committed(tmp_path: Path, journal: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", _LOSS, str(tmp_path / "lost.db"), journal], capture_output=True, text=True, check=True
    )
    said, rows = run.stdout.splitlines()
    assert said == "committed"
    assert "stranger" not in rows


def test_adbc_may_not_open_a_file_that_the_standard_library_holds(tmp_path: Path) -> None:
    path = str(tmp_path / "x.db")
    release = guard.hold_standard(path, owner := _Owner())
    assert not guard.free_for_adbc(path)
    with pytest.raises(guard.TwoLibrariesError, match="already holds the file through the standard library"):
        guard.hold_adbc(path).__enter__()
    release()
    with guard.hold_adbc(path):
        assert owner


def test_the_standard_library_may_not_open_a_file_within_an_adbc_reader(tmp_path: Path) -> None:
    path = str(tmp_path / "x.db")
    with guard.hold_adbc(path), pytest.raises(guard.TwoLibrariesError, match="through ADBC"):
        guard.hold_standard(path, _Owner())


def test_the_standard_library_waits_for_an_adbc_reader_in_another_thread(tmp_path: Path) -> None:
    path = str(tmp_path / "x.db")
    order: list[str] = []

    def write() -> None:
        guard.hold_standard(path, _Owner())()
        order.append("written")

    with guard.hold_adbc(path):
        writer = threading.Thread(target=write)
        writer.start()
        writer.join(timeout=0.2)
        order.append("read")
    writer.join()
    assert order == ["read", "written"]


def test_the_same_file_under_another_name_is_the_same_file(tmp_path: Path) -> None:
    (tmp_path / "x.db").touch()
    (tmp_path / "link.db").symlink_to(tmp_path / "x.db")
    release = guard.hold_standard(str(tmp_path / "x.db"), owner := _Owner())
    assert not guard.free_for_adbc(str(tmp_path / "link.db"))
    release()
    assert owner


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="file handles are seen through /proc only")
def test_a_connection_that_nobody_registered_is_seen_too(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    stray = sqlite3.connect(path)
    stray.execute("CREATE TABLE t (x)")
    assert not guard.free_for_adbc(str(path))
    with pytest.raises(guard.TwoLibrariesError, match="unregistered"):
        guard.hold_adbc(str(path)).__enter__()
    stray.close()
    assert guard.free_for_adbc(str(path))


def test_reading_beside_an_open_connection_gives_the_same_frame(
    sqlite_url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(sqlite_url, clock=clock, entropy=repeatable_entropy())
    ledger.init()
    source = ledger.source("git", "shop", purposes=list(Purpose))
    ledger.collect(source, [Batch((commit(1, excerpt=None), commit(2)))], extractor="git/1")
    now = clock.now + timedelta(seconds=9)
    ways: list[str] = []
    for way in ("_adbc_sqlite", "_plain"):
        real = getattr(arrow, way)
        monkeypatch.setattr(arrow, way, lambda *args, real=real, way=way: (ways.append(way), real(*args))[1])
    alone = ledger.evidence(as_of=now, known_at=now, purpose=None)
    with ledger._store.connect():
        beside = ledger.evidence(as_of=now, known_at=now, purpose=None)
    assert ways == ["_adbc_sqlite"] * 2 + ["_plain"] * 2  # sightings and evidence, each time
    assert alone.equals(beside)
    assert (alone.dtypes == beside.dtypes).all()


class _Owner:
    """Something a registration ends with."""
