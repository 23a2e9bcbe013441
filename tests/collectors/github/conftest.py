"""GitHub for the tests: its schema and payloads, and two servers, one emulated with state, one made up with faults."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from graphql import GraphQLSchema

from benchmarks.github_server import serving
from db.ledger import Ledger
from tests.collectors.github.packages import fetched
from tests.collectors.github.running import Collector, Watch, made_up
from tests.collectors.github.schema import published


@pytest.fixture(scope="session")
def packages() -> Path:
    return fetched()


@pytest.fixture(scope="session")
def schema(packages: Path) -> GraphQLSchema:
    return published(packages)


@pytest.fixture
def ledger_at(tmp_path: Path, blank_sqlite: Path) -> Callable[[str], Ledger]:
    """Empty ledgers, by name."""

    def make(name: str = "ledger") -> Ledger:
        path = tmp_path / f"{name}.db"
        if not path.exists():
            shutil.copy(blank_sqlite, path)
        return Ledger(f"sqlite:///{path}", clock=Watch().now, entropy=os.urandom, actor="test")

    return make


class Expected:
    """What a run without faults exports, and the operations it takes, per number of change requests."""

    def __init__(self, folder: Path, blank: Path) -> None:
        self.folder, self.blank = folder, blank
        self.known: dict[tuple[int, tuple[int, ...], int], tuple[bytes, list[str]]] = {}

    def __call__(self, changes: int, touched: tuple[int, ...] = (), page_size: int = 10) -> tuple[bytes, list[str]]:
        """touched: change requests that were updated again, before the run."""
        key = (changes, touched, page_size)
        if key not in self.known:
            path = self.folder / f"{changes}-{len(self.known)}.db"
            shutil.copy(self.blank, path)
            ledger = Ledger(f"sqlite:///{path}", clock=Watch().now, entropy=os.urandom, actor="test")
            server = made_up(changes=changes)
            for number in touched:
                server.rows.people.touch(number)
            with serving(server) as url:
                collector = Collector(url, ledger, given={"page_size": page_size})
                collector.run()
                assert collector.watch.slept < 1  # our own pace, on a clock that stands still
            exported = collector.exported()
            assert exported.count(b"\n") > changes * 5
            self.known[key] = exported, server.log
        return self.known[key]


@pytest.fixture(scope="session")
def faultless(tmp_path_factory: pytest.TempPathFactory, blank_sqlite: Path) -> Expected:
    return Expected(tmp_path_factory.mktemp("faultless"), blank_sqlite)
