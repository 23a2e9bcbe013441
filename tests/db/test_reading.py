"""Purposes, duplicates and instants: who may read what, once."""

import zlib
from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.errors import Refusal
from db.ledger import Ledger
from db.records import Batch, Purpose, SameAs, SameAsRelation, Source
from tests.conftest import Clock
from tests.db.samples import commit, oid


def _keys(ledger: Ledger, clock: Clock, purpose: Purpose | None) -> list[str]:
    now = clock.advance(seconds=1)
    return sorted(ledger.evidence(as_of=now, known_at=now, purpose=purpose)["excerpt"])


def test_a_new_source_grants_nothing(ledger: Ledger, clock: Clock) -> None:
    source = ledger.source("git", "shop")
    ledger.collect(source, [Batch((commit(1),))], extractor="git/1")
    assert all(_keys(ledger, clock, purpose) == [] for purpose in Purpose)
    assert len(_keys(ledger, clock, None)) == 1


def test_purposes_are_dated_and_revocable(ledger: Ledger, clock: Clock) -> None:
    source = ledger.source("git", "shop", purposes=[Purpose.SELF_CHECK])
    ledger.collect(source, [Batch((commit(1),))], extractor="git/1")
    before = clock.now
    ledger.grant(source.id, [Purpose.PROMOTION])
    between = clock.now
    ledger.revoke(source.id, [Purpose.PROMOTION, Purpose.GAP_ANALYSIS])
    read = [
        len(ledger.evidence(as_of=before, known_at=known, purpose=Purpose.PROMOTION))
        for known in (before, between, clock.now)
    ]
    assert read == [0, 1, 0]
    assert ledger.sources()[0].purposes == {Purpose.SELF_CHECK}
    assert ledger.verify().sound


def test_giving_purposes_again_replaces_them(ledger: Ledger) -> None:
    first = ledger.source("git", "shop", purposes=[Purpose.SELF_CHECK, Purpose.PROMOTION])
    again = ledger.source("git", "shop", purposes=[Purpose.PROMOTION, Purpose.DEVELOPMENT])
    assert again == first
    assert ledger.sources()[0].purposes == {Purpose.PROMOTION, Purpose.DEVELOPMENT}
    events = ledger.verify().events
    ledger.source("git", "shop")
    ledger.source("git", "shop", purposes=[Purpose.DEVELOPMENT, Purpose.PROMOTION])
    assert ledger.verify().events == events


def test_an_artefact_may_be_read_if_any_source_that_shows_it_grants(ledger: Ledger, clock: Clock) -> None:
    closed = ledger.source("git", "a closed clone", purposes=[])
    open_ = ledger.source("git", "open clone", purposes=[Purpose.PROMOTION])
    ledger.collect(closed, [Batch((commit(1), commit(2)))], extractor="git/1")
    ledger.collect(open_, [Batch((commit(1),))], extractor="git/1")
    assert _keys(ledger, clock, Purpose.PROMOTION) == ["Change number 1"]
    ledger.collect(open_, [Batch(lost=(oid(1),))], extractor="git/1")
    assert _keys(ledger, clock, Purpose.PROMOTION) == []
    assert len(_keys(ledger, clock, None)) == 2


def test_participations_are_those_of_the_evidence_that_may_be_read(ledger: Ledger, clock: Clock) -> None:
    closed, open_ = ledger.source("git", "closed"), ledger.source("git", "open", purposes=[Purpose.PROMOTION])
    ledger.collect(closed, [Batch((commit(1),))], extractor="git/1")
    ledger.collect(open_, [Batch((commit(2),))], extractor="git/1")
    now = clock.advance(seconds=1)
    for purpose in (None, Purpose.PROMOTION):
        evidence = ledger.evidence(as_of=now, known_at=now, purpose=purpose)
        parts = ledger.participations(as_of=now, known_at=now, purpose=purpose)
        assert set(parts["evidence"]) == set(evidence["evidence"])


def test_a_source_that_does_not_exist_cannot_grant(ledger: Ledger) -> None:
    with pytest.raises(Refusal, match="no such source"):
        ledger.grant("nowhere", [Purpose.PROMOTION])


def test_a_lineage_may_be_learnt_later(ledger: Ledger) -> None:
    first = ledger.source("git", "shop")
    later = ledger.source("git", "shop", lineage="root")
    assert (first.lineage, later.lineage) == (None, "root")
    assert ledger.source("git", "shop").lineage == "root"


def _same_as(ledger: Ledger, clock: Clock) -> dict[str, str | None]:
    """excerpt -> excerpt of its primary."""
    now = clock.advance(seconds=1)
    frame = ledger.evidence(as_of=now, known_at=now, purpose=None)
    names = dict(frame[["artefact", "excerpt"]].itertuples(index=False))
    return {row.excerpt: names.get(row.same_as) for row in frame.itertuples()}


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_chain_of_cherry_picks_has_one_primary_in_whatever_order_it_came(
    ledger: Ledger, git: Source, clock: Clock, order: tuple[int, ...]
) -> None:
    picks = [SameAs(oid(3), oid(2), SameAsRelation.CHERRY_PICK_OF), SameAs(oid(2), oid(1), SameAsRelation.SQUASH_OF)]
    batches = [
        Batch((commit(number + 1),), same_as=tuple(one for one in picks if one.artefact == oid(number + 1)))
        for number in order
    ]
    ledger.collect(git, batches, extractor="git/1")
    ledger.collect(git, batches, extractor="git/1")
    assert _same_as(ledger, clock) == {
        "Change number 1": None,
        "Change number 2": "Change number 1",
        "Change number 3": "Change number 1",
    }
    assert ledger.verify().sound


def test_a_primary_that_is_not_there_does_not_hide_its_duplicates(ledger: Ledger, git: Source, clock: Clock) -> None:
    pick = [SameAs(oid(number), oid(9), SameAsRelation.CHERRY_PICK_OF) for number in (1, 2)]
    ledger.collect(git, [Batch((commit(1), commit(2)), same_as=tuple(pick))], extractor="git/1")
    assert _same_as(ledger, clock) == {"Change number 1": None, "Change number 2": "Change number 1"}
    ledger.collect(git, [Batch((commit(9),))], extractor="git/1")
    assert set(_same_as(ledger, clock).values()) == {None, "Change number 9"}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), max_size=8))
def test_every_group_of_duplicates_keeps_exactly_one(
    sqlite_ledger: Ledger, clock: Clock, pairs: list[tuple[int, int]]
) -> None:
    source = sqlite_ledger.source("git", repr(pairs))
    base = zlib.crc32(repr(pairs).encode()) * 100
    same = tuple(SameAs(oid(base + a), oid(base + b), SameAsRelation.CHERRY_PICK_OF) for a, b in pairs)
    batch = Batch(tuple(commit(base + number, at=clock.now) for number in range(1, 7)), same_as=same)
    sqlite_ledger.collect(source, [batch], extractor="git/1")
    now = clock.advance(seconds=1)
    frame = sqlite_ledger.evidence(as_of=now, known_at=now, purpose=None)
    frame = frame[frame["source"] == repr(pairs)]
    groups = {number: {number} for number in range(1, 7)}
    for a, b in pairs:
        joined = groups[a] | groups[b]
        for one in joined:
            groups[one] = joined
    assert frame["same_as"].isna().sum() == len({frozenset(group) for group in groups.values()})
    assert set(frame["same_as"].dropna()) <= set(frame.loc[frame["same_as"].isna(), "artefact"])
