"""Fixtures of the contract tests: the small standard, and one department gone all the way to its reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from db.ledger import Ledger
from rubrics import Standard
from tests.contract.department import Department, department
from tests.contract.outputs import everything, reopened
from tests.contract.standard import small_standard, write_standard


@dataclass(frozen=True)
class Walked:
    """A department in a SQLite ledger, assessed and reported on. Read only: tests share it."""

    made: Department
    url: str
    outputs: Mapping[str, bytes]

    @property
    def ledger(self) -> Ledger:
        return reopened(self.url)


@pytest.fixture(scope="session")
def standard() -> Standard:
    return small_standard()


@pytest.fixture(scope="session")
def standard_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same standard as files."""
    return write_standard(tmp_path_factory.mktemp("standard") / "small")


@pytest.fixture(scope="session")
def walked(tmp_path_factory: pytest.TempPathFactory, standard_folder: Path) -> Walked:
    folder = tmp_path_factory.mktemp("walked")
    made, url = department(0), f"sqlite:///{folder / 'ledger.db'}"
    return Walked(made, url, everything(url, made, standard_folder, folder / "reports"))
