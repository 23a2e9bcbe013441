"""A commit read from a poorer clone does not replace what a fuller clone showed; a fuller one replaces the poorer."""

from typing import Any

import pytest

from db.ledger import Ledger
from db.records import Batch, Purpose, Source
from tests.conftest import Clock
from tests.db.samples import commit

FULL: dict[str, Any] = {"missing_blobs": False, "added": 3, "whitespace_only": False}
POOR: dict[str, Any] = {"missing_blobs": True, "added": None, "whitespace_only": None}
READ: dict[str, Any] = {**FULL, "imports": ["torch"]}


@pytest.fixture
def clone(ledger: Ledger) -> Source:
    return ledger.source("git", "a partial clone", lineage="root-of-shop", purposes=list(Purpose))


def measures(ledger: Ledger, clock: Clock) -> list[str]:
    now = clock.advance(seconds=1)
    return list(ledger.evidence(as_of=now, known_at=now, purpose=None)["measures"])


@pytest.mark.parametrize(("first", "second"), [(FULL, POOR), (READ, FULL), (READ, POOR)])
def test_the_fuller_reading_stands(
    ledger: Ledger, git: Source, clone: Source, clock: Clock, first: dict[str, Any], second: dict[str, Any]
) -> None:
    ledger.collect(git, [Batch((commit(1, measures=first),))], extractor="git/1")
    before = measures(ledger, clock)
    counts = ledger.collect(clone, [Batch((commit(1, measures=second),))], extractor="git/1")
    assert (counts.versions, counts.sightings, counts.unchanged) == (0, 1, 1)
    assert measures(ledger, clock) == before
    again = ledger.collect(git, [Batch((commit(1, measures=first),))], extractor="git/1")
    assert again.added == 0


@pytest.mark.parametrize(("first", "second"), [(POOR, FULL), (FULL, READ)])
def test_a_fuller_reading_replaces_a_poorer_one(
    ledger: Ledger, git: Source, clone: Source, clock: Clock, first: dict[str, Any], second: dict[str, Any]
) -> None:
    ledger.collect(clone, [Batch((commit(1, measures=first),))], extractor="git/1")
    counts = ledger.collect(git, [Batch((commit(1, measures=second),))], extractor="git/1")
    assert counts.versions == 1
    assert len(measures(ledger, clock)) == 1
    assert ledger.verify().sound


def test_another_reading_of_equal_knowledge_is_a_new_version(ledger: Ledger, git: Source) -> None:
    ledger.collect(git, [Batch((commit(1, measures=FULL),))], extractor="git/1")
    counts = ledger.collect(git, [Batch((commit(1, measures={**FULL, "added": 4}),))], extractor="git/2")
    assert counts.versions == 1
