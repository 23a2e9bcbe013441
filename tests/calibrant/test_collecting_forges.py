"""Many repositories of a forge into one ledger."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from calibrant.collecting import DEFAULT_PURPOSES
from calibrant.collecting_forges import Started, Watch, collect_repositories
from collectors.forge_records import Progress, Repository
from db.errors import Incomplete, Refusal
from db.ledger import Ledger
from db.records import Batch, Evidence, Kind, Purpose
from tests.conftest import repeatable_entropy

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def _repository(number: int, name: str | None = None, **facts: bool) -> Repository:
    facts = {"archived": False, "empty": False, "has_changes": True, "private": True, **facts}
    return Repository(
        key=f"forge.example:{number}",
        name=name or f"acme/r{number}",
        default_branch="main",
        clone_url="https://forge.example/x.git",
        **facts,
    )


@dataclass
class Fake:
    """A forge whose repositories hold three change requests each. failing: key -> what it raises after the first batch."""

    kind: str = "github"
    extractor: str = "fake/1"
    workers: int = 2
    content: bool = False
    failing: dict[str, Exception] = field(default_factory=dict)
    asked: dict[str, object] = field(default_factory=dict)

    def source_name(self, repository: Repository) -> str:
        return repository.name

    def fetch(
        self, repository: Repository, name: str, cursor: Mapping[str, object] | None, now: datetime, watch: Watch
    ) -> Iterator[Started | Batch]:
        self.asked[name] = cursor
        yield Started()
        done = int(str((cursor or {}).get("done", 0)))
        for number in range(done, 3):
            key = f"{repository.key}/{number}"
            evidence = Evidence(key, Kind.CHANGE_REQUEST, NOW, self.extractor, {"number": number})
            yield Batch((evidence,), {"repository": repository.key, "done": number + 1})
            watch(Progress(number + 1, 3, requests=number + 1))
            if repository.key in self.failing:
                raise self.failing[repository.key]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}", clock=lambda: NOW, entropy=repeatable_entropy())
    made.init()
    return made


def test_every_repository_is_a_source_of_its_own(ledger: Ledger) -> None:
    gathered = collect_repositories(ledger, Fake(), [_repository(n) for n in range(5)], now=NOW)
    assert [(one.source.kind, one.source.name, one.artefacts) for one in gathered.collected] == [
        ("github", f"acme/r{n}", 3) for n in range(5)
    ]
    assert not gathered.failed


def test_a_repository_that_is_refused_does_not_keep_the_others_from_being_collected(ledger: Ledger) -> None:
    forge = Fake(failing={"forge.example:1": Refusal("no access", where="acme/r1")})
    gathered = collect_repositories(ledger, forge, [_repository(n) for n in range(3)], now=NOW)
    assert [one.source.name for one in gathered.collected] == ["acme/r0", "acme/r2"]
    assert list(gathered.failed) == ["acme/r1"]
    assert not gathered.incomplete


def test_what_came_before_the_stop_is_kept_and_continued_from(ledger: Ledger) -> None:
    forge = Fake(failing={"forge.example:0": Incomplete("the quota is used up")})
    gathered = collect_repositories(ledger, forge, [_repository(0)], now=NOW)
    assert gathered.incomplete
    again = Fake()
    gathered = collect_repositories(ledger, again, [_repository(0)], now=NOW)
    assert again.asked["acme/r0"] == {"repository": "forge.example:0", "done": 1}
    assert [one.artefacts for one in gathered.collected] == [2]


def test_a_renamed_repository_stays_the_source_it_was(ledger: Ledger) -> None:
    collect_repositories(ledger, Fake(), [_repository(7, "acme/old")], now=NOW)
    forge = Fake()
    gathered = collect_repositories(ledger, forge, [_repository(7, "other/new")], now=NOW)
    assert gathered.renamed == {"acme/old": "other/new"}
    assert [status.source.name for status in ledger.sources()] == ["acme/old"]
    assert forge.asked["acme/old"] == {"repository": "forge.example:7", "done": 3}


def test_where_there_is_nothing_to_read_it_is_said(ledger: Ledger) -> None:
    repositories = [_repository(1, empty=True, has_changes=False), _repository(2)]
    gathered = collect_repositories(ledger, Fake(), repositories, now=NOW)
    assert list(gathered.skipped) == ["acme/r1"]
    assert [one.source.name for one in gathered.collected] == ["acme/r2"]


def test_progress_is_told_by_repository(ledger: Ledger) -> None:
    seen: dict[str, Progress] = {}
    collect_repositories(ledger, Fake(), [_repository(n) for n in range(2)], now=NOW, watch=seen.__setitem__)
    assert {name: one.done for name, one in seen.items()} == {"acme/r0": 3, "acme/r1": 3}


def _purposes(ledger: Ledger) -> dict[str, frozenset[Purpose]]:
    return {status.source.name: frozenset(status.purposes) for status in ledger.sources()}


def test_a_new_repository_under_an_old_name_is_a_source_of_its_own_and_widens_nothing(ledger: Ledger) -> None:
    collect_repositories(ledger, Fake(), [_repository(1, "acme/x")], now=NOW, purposes=[Purpose.DEVELOPMENT])
    both = [_repository(1, "acme/y"), _repository(2, "acme/x")]
    forge = Fake()
    gathered = collect_repositories(ledger, forge, both, now=NOW)
    (own,) = gathered.clashed
    assert gathered.clashed == {own: "acme/x"}
    assert gathered.renamed == {"acme/x": "acme/y"}
    assert own.startswith("acme/x~")
    assert _purposes(ledger) == {"acme/x": {Purpose.DEVELOPMENT}, own: set(DEFAULT_PURPOSES["github"])}
    assert forge.asked == {"acme/x": {"repository": "forge.example:1", "done": 3}, own: None}
    again = collect_repositories(ledger, Fake(), both, now=NOW)
    assert [one.source.name for one in again.collected] == ["acme/x", own]
    assert (again.clashed, again.renamed) == ({}, {"acme/x": "acme/y"})


def test_one_deleted_and_made_again_takes_neither_the_source_nor_its_cursor(ledger: Ledger) -> None:
    collect_repositories(ledger, Fake(), [_repository(1, "acme/x")], now=NOW)
    forge = Fake()
    gathered = collect_repositories(ledger, forge, [_repository(2, "acme/x")], now=NOW, purposes=[Purpose.SELF_CHECK])
    (own,) = gathered.clashed
    assert forge.asked == {own: None}
    assert _purposes(ledger) == {"acme/x": set(DEFAULT_PURPOSES["github"]), own: {Purpose.SELF_CHECK}}


@pytest.mark.parametrize(
    "mistake", [RecursionError("too deep"), OverflowError("of ghp_0123456789abcdef0123"), KeyError("id")]
)
def test_a_mistake_of_ours_in_one_repository_is_told_and_stops_no_other(ledger: Ledger, mistake: Exception) -> None:
    forge = Fake(failing={"forge.example:1": mistake})
    gathered = collect_repositories(ledger, forge, [_repository(n) for n in range(3)], now=NOW)
    assert [one.source.name for one in gathered.collected] == ["acme/r0", "acme/r2"]
    said = str(gathered.failed["acme/r1"])
    assert type(mistake).__name__ in said
    assert "ghp_" not in said


def test_whoever_stops_the_program_is_obeyed(ledger: Ledger) -> None:
    forge = Fake(failing={"forge.example:1": KeyboardInterrupt()})  # type: ignore[dict-item]
    with pytest.raises(KeyboardInterrupt):
        collect_repositories(ledger, forge, [_repository(n) for n in range(3)], now=NOW)
