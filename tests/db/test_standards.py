"""Standard-setting records and model versions: kept, dated, sealed, and naming nobody."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from alembic import command
from sqlalchemy import text

from db import schema
from db.canonical import canonical
from db.errors import BadInput, Refusal
from db.ledger import Ledger
from db.records import Batch, Identity, ModelVersion, Person, Purpose, Roster, StandardSetting
from tests.conftest import Clock
from tests.db.samples import START, rating, roster

BOOKMARK = StandardSetting("containers", "bookmark", "rp-67", 2, 5, {"judges": {"1": [2, 4]}, "items": ["build", "é"]})
MODEL = ModelVersion(
    "pilot", "abc", START, START, {"recalibration": None, "format": 1}, {"n": 12}, {"validated": {"holds": None}}
)


def test_a_standard_setting_comes_back_as_it_was_saved(ledger: Ledger, clock: Clock) -> None:
    before = clock.now
    first = ledger.save_standard_setting(BOOKMARK)
    after_first = clock.now
    second = ledger.save_standard_setting(replace(BOOKMARK, judges=6))
    assert first != second
    found = ledger.standard_settings(known_at=clock.now)
    assert [replace(one, known_at=None) for one in found] == [BOOKMARK, replace(BOOKMARK, judges=6)]
    assert all(one.known_at is not None for one in found)
    assert len(ledger.standard_settings(known_at=after_first)) == 1
    assert ledger.standard_settings(known_at=before) == []
    assert ledger.verify().sound


def test_the_record_that_stands_is_not_stored_twice_but_an_earlier_one_can_return(ledger: Ledger, clock: Clock) -> None:
    first = ledger.save_standard_setting(BOOKMARK)
    events = ledger.verify().events
    assert ledger.save_standard_setting(BOOKMARK) == first
    assert ledger.verify().events == events
    ledger.save_standard_setting(replace(BOOKMARK, rule="rp-50"))
    assert ledger.save_standard_setting(BOOKMARK) != first
    assert [one.rule for one in ledger.standard_settings(known_at=clock.now)] == ["rp-67", "rp-50", "rp-67"]


@pytest.mark.parametrize("named", ["p-ann", "ann@example.org"])
def test_a_record_that_names_a_person_is_refused(ledger: Ledger, clock: Clock, named: str) -> None:
    ledger.store_roster(roster())
    for record in ({"judges": [named]}, {"judges": {named: [1]}}, {"rounds": [[{"judge": named}]]}):
        with pytest.raises(Refusal, match="number the judges"):
            ledger.save_standard_setting(replace(BOOKMARK, record=record))
    assert ledger.standard_settings(known_at=clock.now) == []


@pytest.mark.parametrize(
    "text", ["asked of p-ann (lead)", "mail ANN@example.org", "as Ann Archer would", "ships-like-p-ann", "p-ann/v1"]
)
def test_a_person_inside_a_longer_text_is_found_and_its_place_told(ledger: Ledger, text: str) -> None:
    ledger.store_roster(roster())
    record = {"vignettes": [{"vignette": "v1", "level": 1}, {"vignette": text, "level": 2}]}
    with pytest.raises(Refusal) as refused:
        ledger.save_standard_setting(replace(BOOKMARK, record=record))
    assert refused.value.where == "vignettes[1].vignette"


@pytest.mark.parametrize("text", ["feedback 2026", "step 12", "ann archers", "Anne", "xp-anna"])
def test_what_only_looks_like_a_person_is_nobody(ledger: Ledger, text: str) -> None:
    ledger.store_roster(Roster(persons=(Person("2026", "Ann Archer"), Person("12", "Bob"), Person("p-ann", "Anne"))))
    ledger.save_standard_setting(replace(BOOKMARK, record={"vignettes": [{"vignette": text, "level": 1}]}))


def test_names_of_levels_are_nobody_even_where_ids_are_small_numbers(ledger: Ledger, clock: Clock) -> None:
    ledger.store_roster(Roster(persons=(Person("2", "Ann Archer"), Person("3", "Bob Baker"))))
    ledger.save_standard_setting(replace(BOOKMARK, record={"rounds": [{"2": [1, 2], "3": [2, 3]}]}))
    assert len(ledger.standard_settings(known_at=clock.now)) == 1
    with pytest.raises(Refusal, match="number the judges"):
        ledger.save_standard_setting(replace(BOOKMARK, record={"judges": ["2"]}))


def test_a_record_may_name_vignettes_that_have_been_rated(ledger: Ledger, clock: Clock) -> None:
    ledger.store_roster(roster())
    source = ledger.source("feedback360", "spring", purposes=list(Purpose))
    rated = rating(1, Identity("hr", "p-bob"), Identity("vignette", "v1", bot=True), 4.0)
    ledger.collect(source, [Batch((rated,))], extractor="test/1")
    ledger.save_standard_setting(replace(BOOKMARK, record={"vignettes": [{"vignette": "v1", "level": 3}]}))
    assert len(ledger.standard_settings(known_at=clock.now)) == 1


def test_unknown_methods_and_negative_counts_are_refused(ledger: Ledger) -> None:
    with pytest.raises(BadInput, match="no method 'guess'"):
        ledger.save_standard_setting(replace(BOOKMARK, method="guess"))
    with pytest.raises(BadInput, match="counts"):
        ledger.save_standard_setting(replace(BOOKMARK, judges=-1))


def test_erasing_a_person_leaves_the_standard_whole_and_without_them(ledger: Ledger, clock: Clock) -> None:
    ledger.store_roster(roster())
    ledger.save_standard_setting(BOOKMARK)
    ledger.erase_person("p-ann", reason="asked")
    (found,) = ledger.standard_settings(known_at=clock.now)
    assert found.record == BOOKMARK.record
    assert ledger.verify().sound


def test_an_edited_standard_is_found(ledger: Ledger) -> None:
    ledger.save_standard_setting(BOOKMARK)
    with ledger._store.writer() as connection:
        connection.execute(text("UPDATE standard_setting SET rule = 'rp-50'"))
        connection.commit()
    (problem,) = ledger.verify().problems
    assert "standard_setting" in problem
    assert "edited" in problem


def test_a_model_version_is_registered_once_by_the_hash_of_its_coefficients(ledger: Ledger, clock: Clock) -> None:
    before = clock.now
    hashed = ledger.register_model(MODEL)
    assert hashed == hashlib.sha256(canonical(MODEL.coefficients).encode()).hexdigest()
    after_first = clock.now
    assert ledger.register_model(replace(MODEL, name="another name")) == hashed
    ledger.register_model(replace(MODEL, coefficients={"recalibration": None, "format": 2}))
    first, second = ledger.models()
    assert replace(first, hash="", known_at=None) == MODEL
    assert first.hash == hashed
    assert ledger.current_model(known_at=clock.now) == second
    assert ledger.current_model(known_at=after_first) == first
    assert ledger.current_model(known_at=before) is None
    assert ledger.verify().sound


def test_a_ledger_of_the_first_schema_is_brought_up_to_date_by_init(
    ledger_url: str, clock: Clock, entropy: Callable[[int], bytes]
) -> None:
    def first(connection):  # type: ignore[no-untyped-def]
        command.upgrade(schema.configuration(connection), "0001")
        schema.start_chain(connection)

    ledger = Ledger(ledger_url, clock=clock, entropy=entropy)
    ledger._store.create(first)
    with pytest.raises(Refusal, match="earlier version"):
        ledger.standard_settings(known_at=clock.now)
    ledger.init()
    ledger.save_standard_setting(BOOKMARK)
    assert len(ledger.standard_settings(known_at=clock.now)) == 1
    assert ledger.verify().sound
