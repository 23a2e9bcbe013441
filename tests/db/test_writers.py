"""Writers side by side, and writers killed: nothing doubled, nothing half, the chain whole."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from db.errors import CalibrantError, Incomplete
from db.ledger import Ledger
from db.records import Batch, ParticipationRole, Purpose
from tests.conftest import Clock
from tests.db.samples import ANN, BOB, EVE, commit

_WRITER = """
import os, sys
from datetime import UTC, datetime
from db.ledger import Ledger
from tests.db.test_writers import batches

url, name, first, last, pause = sys.argv[1:]
ledger = Ledger(url, clock=lambda: datetime.now(UTC), entropy=os.urandom, actor=name)
source = ledger.source("git", name)
start = (ledger.cursor(source) or {"next": int(first)})["next"]
print("go", flush=True)
ledger.collect(source, batches(start, int(last), float(pause)), extractor="git/1")
"""
_SIZE = 20
_ROOT = Path(__file__).parents[2]


def batches(first: int, last: int, pause: float = 0.0):  # type: ignore[no-untyped-def]
    """Commits first..last in batches that know where they end."""
    for start in range(first, last, _SIZE):
        stop = min(start + _SIZE, last)
        time.sleep(pause)
        yield Batch(
            tuple(
                commit(number, author=(ANN, BOB, EVE)[number % 3], others=[(BOB, ParticipationRole.COMMITTER)])
                for number in range(start, stop)
            ),
            cursor={"next": stop},
        )


def _start(url: str, name: str, first: int, last: int, pause: float = 0.0) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _WRITER, url, name, str(first), str(last), str(pause)],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _real(url: str) -> Ledger:
    return Ledger(url, clock=lambda: datetime.now(UTC), entropy=os.urandom)


def _export(ledger: Ledger) -> list[str]:
    now = datetime.now(UTC) + timedelta(days=1)
    lines = [{**line, "sources": []} for line in ledger.export_evidence(as_of=now, known_at=now)]
    return [json.dumps(line, sort_keys=True) for line in lines]


def test_writers_of_overlapping_histories_keep_the_chain_whole(ledger_url: str) -> None:
    ledger = _real(ledger_url)
    ledger.init()
    spans = {"one": (0, 300), "two": (100, 400), "three": (0, 400)}
    writers = [_start(ledger_url, name, first, last) for name, (first, last) in spans.items()]
    for writer in writers:
        _, errors = writer.communicate(timeout=120)
        assert (writer.returncode, errors) == (0, "")
    report = ledger.verify()
    assert report.problems == ()
    assert {one.source.name: one.artefacts for one in ledger.sources()} == {"one": 300, "two": 300, "three": 400}
    assert len(_export(ledger)) == 400
    assert len(ledger.identities(known_at=datetime.now(UTC))) == 3


def test_a_killed_collection_is_continued_to_the_same_evidence(sqlite_url: str, tmp_path: Path, clock: Clock) -> None:
    ledger = _real(sqlite_url)
    ledger.init()
    chance = random.Random(20260101)
    total, killed = 400, 0
    for _ in range(3):
        writer = _start(sqlite_url, "shop", 0, total, pause=0.02)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(chance.uniform(0.02, 0.25))
        killed += writer.poll() is None
        os.kill(writer.pid, signal.SIGKILL)
        writer.communicate()
        assert ledger.verify().problems == ()
    assert killed
    last = _start(sqlite_url, "shop", 0, total)
    _, errors = last.communicate(timeout=120)
    assert (last.returncode, errors) == (0, "")
    undisturbed = Ledger(f"sqlite:///{tmp_path / 'calm.db'}", clock=clock, entropy=os.urandom)
    undisturbed.init()
    undisturbed.collect(undisturbed.source("git", "shop", purposes=list(Purpose)), batches(0, total), extractor="git/1")
    assert ledger.verify().sound
    assert _export(ledger) == _export(undisturbed)
    assert len(_export(ledger)) == total


def test_a_ledger_that_stays_busy_says_so(
    sqlite_ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.engine._BUSY_MILLISECONDS", 20)
    other = sqlite3.connect(tmp_path / "one.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Incomplete, match="another process is writing"):
        sqlite_ledger.source("git", "shop")
    other.close()
    sqlite_ledger.source("git", "shop")


@pytest.mark.postgres
def test_a_server_that_is_not_there_is_named_without_its_password(clock: Clock, tmp_path: Path) -> None:
    url = f"postgresql://ann:secret@/nothing?host={tmp_path}"
    ledger = Ledger(url, clock=clock, entropy=os.urandom)
    with pytest.raises(CalibrantError, match="cannot be opened") as caught:
        ledger.sources()
    assert "secret" not in str(caught.value)


@pytest.mark.postgres
def test_a_writer_killed_on_postgresql_leaves_whole_batches_only(postgres_url: str) -> None:
    ledger = _real(postgres_url)
    ledger.init()
    writer = _start(postgres_url, "shop", 0, 2_000, pause=0.01)
    assert writer.stdout is not None
    writer.stdout.readline()
    time.sleep(0.3)
    os.kill(writer.pid, signal.SIGKILL)
    writer.communicate()
    report = ledger.verify()
    assert report.problems == ()
    source = ledger.source("git", "shop")
    stored = (ledger.cursor(source) or {"next": 0})["next"]
    assert len(_export(ledger)) == stored
