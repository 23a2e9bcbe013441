"""Fixtures of the ledger's own tests."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from db.ledger import Ledger
from db.records import Purpose, Source
from tests.conftest import Clock


@pytest.fixture
def git(ledger: Ledger) -> Source:
    return ledger.source("git", "shop", lineage="root-of-shop", purposes=list(Purpose))


@pytest.fixture
def sqlite_ledger(tmp_path: Path, blank_sqlite: Path, clock: Clock, entropy: Callable[[int], bytes]) -> Ledger:
    """For what does not depend on the back end."""
    shutil.copy(blank_sqlite, tmp_path / "one.db")
    return Ledger(f"sqlite:///{tmp_path / 'one.db'}", clock=clock, entropy=entropy, actor="test")
