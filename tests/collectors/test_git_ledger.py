"""The collector and the ledger together: once is once, whoever shows it and however often the run is cut short."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors import git
from db.ledger import Ledger
from db.records import Batch
from db.results import StoreCounts
from tests.collectors.git_repository import NOW, Repository, run_git, settings


@pytest.fixture
def stores(
    blank_sqlite: Path, tmp_path: Path, clock: Callable[[], datetime], entropy: Callable[[int], bytes]
) -> Callable[[str], Ledger]:
    """Makes empty ledgers by name."""

    def make(name: str) -> Ledger:
        shutil.copy(blank_sqlite, tmp_path / name)
        return Ledger(f"sqlite:///{tmp_path / name}", clock=clock, entropy=entropy)

    return make


@pytest.fixture
def store(stores: Callable[[str], Ledger]) -> Ledger:
    return stores("ledger.db")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.setattr("collectors.git_batch.COMMITS", 5)
    made = Repository(tmp_path / "one.git")
    made.commit({".mailmap": "Ada <ada@new.org> <ada@example.org>\n"})
    for number in range(23):
        made.commit({f"f{number % 4}.py": f"{number}\n"}, f"Step {number}\n\nReviewed-by: Bo <bo@x.org>\n")
    made.write()
    return made


def collect(ledger: Ledger, path: Path, name: str = "one", stop: int | None = None) -> StoreCounts:
    source = ledger.source("git", name, lineage=git.lineage(settings(path)))

    def batches() -> Iterator[Batch]:
        for number, batch in enumerate(git.collect(settings(path), ledger.cursor(source), now=NOW)):
            if number == stop:
                raise KeyboardInterrupt
            yield batch

    return ledger.collect(source, batches(), extractor=git.EXTRACTOR)


def export(ledger: Ledger) -> list[object]:
    far = datetime(2030, 1, 1, tzinfo=UTC)
    return [
        {key: value for key, value in row.items() if key != "collected_at"}
        for row in ledger.export_evidence(as_of=far, known_at=far)
    ]


def test_the_second_run_adds_no_row(store: Ledger, repository: Repository) -> None:
    assert collect(store, repository.path).artefacts == 24
    assert collect(store, repository.path).added == 0


def test_new_commits_add_only_themselves(store: Ledger, repository: Repository) -> None:
    collect(store, repository.path)
    repository.commit({"new.py": "1\n"})
    repository.write()
    again = collect(store, repository.path)
    assert (again.artefacts, again.versions) == (1, 1)


def test_one_history_in_two_clones_counts_once(store: Ledger, repository: Repository, tmp_path: Path) -> None:
    run_git(tmp_path, "clone", "-q", str(repository.path), "two")
    collect(store, repository.path)
    other = collect(store, tmp_path / "two", "two")
    assert (other.artefacts, other.versions, other.sightings) == (0, 0, 24)


def test_a_force_push_withdraws_what_no_clone_shows_and_takes_it_back_when_it_returns(
    store: Ledger, repository: Repository
) -> None:
    collect(store, repository.path)
    before = export(store)
    tip = run_git(repository.path, "rev-parse", "main")
    run_git(repository.path, "update-ref", "refs/heads/main", "main~3")
    assert collect(store, repository.path).withdrawn == 3
    run_git(repository.path, "update-ref", "refs/heads/main", tip)
    collect(store, repository.path)
    assert len(export(store)) == len(before)
    assert store.verify().problems == ()


@pytest.mark.parametrize("stop", [0, 1, 3, 4])
def test_a_run_cut_short_is_completed_by_the_next(
    stores: Callable[[str], Ledger], repository: Repository, stop: int
) -> None:
    store, undisturbed = stores("one.db"), stores("other.db")
    with pytest.raises(KeyboardInterrupt):
        collect(store, repository.path, stop=stop)
    rest = collect(store, repository.path)
    assert rest.artefacts == 24 - 5 * stop, "nothing is read twice"
    collect(undisturbed, repository.path)
    assert export(store) == export(undisturbed)
    assert store.verify().problems == ()
