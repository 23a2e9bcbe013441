"""Storing batches: what adds rows, what does not, and what is the current version."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from db.errors import BadInput
from db.ledger import Ledger
from db.records import Batch, Evidence, Identity, Kind, Participation, ParticipationRole, Purpose, Source
from tests.conftest import Clock
from tests.db.samples import ANN, BOB, EVE, commit, oid


def _frame(ledger: Ledger, clock: Clock, **more: object):  # type: ignore[no-untyped-def]
    now = clock.advance(seconds=1)
    return ledger.evidence(**{"as_of": now, "known_at": now, "purpose": None, **more})  # type: ignore[arg-type]


def test_storing_again_adds_no_row(ledger: Ledger, git: Source) -> None:
    batch = Batch(tuple(commit(number, others=[(BOB, ParticipationRole.REVIEWER)]) for number in range(300)))
    first = ledger.collect(git, [batch], extractor="git/1")
    again = ledger.collect(git, [batch], extractor="git/1")
    assert (first.artefacts, first.versions, first.sightings, first.participations) == (300, 300, 300, 600)
    assert again.added == 0
    assert again.unchanged == 300


def test_a_newer_extractor_that_sees_the_same_adds_no_row(ledger: Ledger, git: Source) -> None:
    ledger.collect(git, [Batch((commit(1),))], extractor="git/1")
    other = Evidence(**{**_fields(commit(1)), "extractor": "git/2"})
    assert ledger.collect(git, [Batch((other,))], extractor="git/2").added == 0


def test_a_change_makes_a_version_that_supersedes_the_last(ledger: Ledger, git: Source, clock: Clock) -> None:
    ledger.collect(git, [Batch((commit(1),))], extractor="git/1")
    before = clock.now
    ledger.collect(git, [Batch((commit(1, excerpt="Reworded"),))], extractor="git/1")
    assert list(_frame(ledger, clock)["excerpt"]) == ["Reworded"]
    assert list(_frame(ledger, clock, known_at=before)["excerpt"]) == ["Change number 1"]


def test_one_batch_may_hold_two_versions_of_one_artefact(ledger: Ledger, git: Source, clock: Clock) -> None:
    counts = ledger.collect(git, [Batch((commit(1), commit(1, excerpt="Reworded")))], extractor="git/1")
    assert (counts.artefacts, counts.versions) == (1, 2)
    assert list(_frame(ledger, clock)["excerpt"]) == ["Reworded"]
    assert ledger.verify().sound


def test_two_sources_that_show_the_same_history_count_once(ledger: Ledger, git: Source, clock: Clock) -> None:
    clone = ledger.source("git", "another clone", lineage="root-of-shop", purposes=list(Purpose))
    batch = Batch(tuple(commit(number) for number in range(5)))
    ledger.collect(git, [batch], extractor="git/1")
    counts = ledger.collect(clone, [batch], extractor="git/1")
    assert (counts.artefacts, counts.versions, counts.sightings) == (0, 0, 5)
    frame = _frame(ledger, clock)
    assert len(frame) == 5
    assert set(frame["source"]) == {"another clone"}
    assert set(frame["repository"]) == {"root-of-shop"}


def test_an_artefact_is_withdrawn_only_when_no_source_shows_it(ledger: Ledger, git: Source, clock: Clock) -> None:
    clone = ledger.source("git", "clone", purposes=list(Purpose))
    for source in (git, clone):
        ledger.collect(source, [Batch((commit(1), commit(2)))], extractor="git/1")
    first = ledger.collect(git, [Batch(lost=(oid(1),))], extractor="git/1")
    assert (first.withdrawn, first.sightings) == (0, 1)
    assert len(_frame(ledger, clock)) == 2
    second = ledger.collect(clone, [Batch(lost=(oid(1),))], extractor="git/1")
    assert (second.withdrawn, second.versions) == (1, 1)
    between = clock.now
    assert list(_frame(ledger, clock)["excerpt"]) == ["Change number 2"]
    back = ledger.collect(git, [Batch((commit(1),))], extractor="git/1")
    assert (back.versions, back.sightings, back.artefacts) == (1, 1, 0)
    assert len(_frame(ledger, clock)) == 2
    assert len(_frame(ledger, clock, known_at=between)) == 1
    assert ledger.verify().sound


def test_losing_what_was_never_shown_changes_nothing(ledger: Ledger, git: Source, clock: Clock) -> None:
    ledger.collect(git, [Batch((commit(1),))], extractor="git/1")
    clone = ledger.source("git", "clone", purposes=list(Purpose))
    counts = ledger.collect(clone, [Batch(lost=(oid(1), oid(9)))], extractor="git/1")
    assert counts.added == 0
    assert len(_frame(ledger, clock)) == 1


def test_what_the_collector_itself_withdraws_is_not_read(ledger: Ledger, git: Source, clock: Clock) -> None:
    ledger.collect(git, [Batch((commit(1), commit(2)))], extractor="git/1")
    ledger.collect(git, [Batch((commit(1, withdrawn=True),))], extractor="git/1")
    assert list(_frame(ledger, clock)["excerpt"]) == ["Change number 2"]


def test_a_date_in_the_future_is_held_back_to_the_day_of_collection(ledger: Ledger, git: Source, clock: Clock) -> None:
    ahead = commit(1, at=datetime(2099, 1, 1, tzinfo=UTC))
    ledger.collect(git, [Batch((ahead,))], extractor="git/1")
    again = ledger.collect(git, [Batch((ahead,))], extractor="git/1")
    frame = _frame(ledger, clock)
    assert frame["occurred_at"].iat[0] <= clock.now
    assert json.loads(frame["measures"].iat[0])["clock_ahead"] is True
    assert again.added == 0
    assert ledger.verify().sound


def test_the_claimed_time_cannot_be_forged_as_a_measure(ledger: Ledger, git: Source) -> None:
    with pytest.raises(BadInput, match=r"git:0+1' cannot be stored.*ledger's own"):
        ledger.collect(git, [Batch((commit(1, measures={"claimed_at": 1}),))], extractor="git/1")


def test_the_cursor_is_that_of_the_last_stored_batch(ledger: Ledger, git: Source) -> None:
    assert ledger.cursor(git) is None

    def breaking():  # type: ignore[no-untyped-def]
        yield Batch((commit(1),), cursor={"heads": ["a"]})
        yield Batch((commit(2),), cursor={"heads": ["b"]})
        raise OSError("the clone went away")

    with pytest.raises(OSError, match="went away"):
        ledger.collect(git, breaking(), extractor="git/1")
    assert ledger.cursor(git) == {"heads": ["b"]}
    (status,) = ledger.sources()
    assert (status.done, status.artefacts) == (False, 2)
    ledger.collect(git, [], extractor="git/1")
    assert ledger.cursor(git) == {"heads": ["b"]}
    assert ledger.sources()[0].done


def test_a_batch_that_cannot_be_stored_leaves_nothing_of_itself(ledger: Ledger, git: Source, clock: Clock) -> None:
    with pytest.raises(BadInput, match="NUL"):
        ledger.collect(git, [Batch((commit(1), commit(2, excerpt="a\0b")), cursor={"x": 1})], extractor="git/1")
    assert len(_frame(ledger, clock)) == 0
    assert ledger.cursor(git) is None
    assert ledger.verify().sound


def test_hostile_text_is_stored_inert_and_comes_back(ledger: Ledger, git: Source, clock: Clock) -> None:
    hostile = "=cmd|'/c calc'!A1 <script>alert(1)</script> \x1b[31m \u202e \U0001f600 '; DROP TABLE evidence; -- %s :x"
    who = Identity("git", hostile + "\udcff" * 400, hostile)
    one = Evidence(
        "git:" + hostile,
        Kind.COMMIT,
        datetime(2025, 1, 1, tzinfo=UTC),
        "git/1",
        {"subject": hostile, "k'\"": ["\udc80", "x" * 50_000]},
        ((hostile, 1, 2, "\udce9"),),
        (Participation(who, ParticipationRole.AUTHOR),),
        hostile,
        "javascript:alert(1)",
    )
    batch = Batch((one,), cursor={"c": hostile})
    ledger.collect(git, [batch], extractor="git/1")
    assert ledger.collect(git, [batch], extractor="git/1").added == 0
    frame = _frame(ledger, clock)
    assert frame["excerpt"].iat[0] == hostile
    assert json.loads(frame["paths"].iat[0]) == [[hostile, 1, 2, "\\udce9"]]
    assert json.loads(frame["measures"].iat[0])["k'\""][0] == "\\udc80"
    assert ledger.cursor(git) == {"c": hostile}
    assert ledger.identities(known_at=clock.now)["name"].iat[0] == hostile
    assert ledger.verify().sound


def test_an_excerpt_is_cut_to_280_characters(ledger: Ledger, git: Source, clock: Clock) -> None:
    ledger.collect(git, [Batch((commit(1, excerpt="x" * 1000),))], extractor="git/1")
    assert len(_frame(ledger, clock)["excerpt"].iat[0]) == 280


def test_known_artefacts_are_told_apart_from_new_ones(ledger: Ledger, git: Source) -> None:
    ledger.collect(git, [Batch((commit(1), commit(2)))], extractor="git/1")
    assert ledger.known_artefacts([oid(1), oid(2), oid(3)]) == {oid(1), oid(2)}
    assert ledger.known_artefacts([]) == set()


def test_each_batch_is_one_event(ledger: Ledger, git: Source) -> None:
    before = ledger.verify().events
    ledger.collect(git, [Batch((commit(1),)), Batch((commit(2), commit(3)))], extractor="git/1")
    assert ledger.verify().events == before + 3  # two batches and the end of the collection


def test_the_counts_of_batches_are_heard_and_summed(ledger: Ledger, git: Source) -> None:
    heard: list[int] = []
    total = ledger.collect(
        git,
        [Batch((commit(1),), talk={"merges": 2}), Batch((commit(2),), talk={"merges": 1, "bots": 4})],
        extractor="git/1",
        on_batch=lambda counts: heard.append(counts.versions),
    )
    assert heard == [1, 1]
    assert total.talk == {"bots": 4, "merges": 3}


def test_kinds_and_dates_narrow_what_is_read(ledger: Ledger, git: Source, clock: Clock) -> None:
    ledger.collect(git, [Batch((commit(1), commit(50)))], extractor="git/1")
    assert len(_frame(ledger, clock, kinds=[Kind.REVIEW])) == 0
    assert len(_frame(ledger, clock, kinds=[Kind.COMMIT, Kind.REVIEW])) == 2
    assert len(_frame(ledger, clock, as_of=commit(1).occurred_at + timedelta(hours=1))) == 1


def test_everyone_who_took_part_is_named_once_per_role(ledger: Ledger, git: Source, clock: Clock) -> None:
    others = [(BOB, ParticipationRole.REVIEWER), (EVE, ParticipationRole.CO_AUTHOR), (BOB, ParticipationRole.REVIEWER)]
    ledger.collect(git, [Batch((commit(1, others=[*others, (ANN, ParticipationRole.COMMITTER)]),))], extractor="git/1")
    now = clock.advance(seconds=1)
    frame = ledger.participations(as_of=now, known_at=now, purpose=None)
    assert sorted(frame["role"]) == ["author", "co_author", "committer", "reviewer"]
    assert frame["person"].isna().all()
    assert not frame["bot"].any()


def _fields(one: Evidence) -> dict[str, object]:
    return {name: getattr(one, name) for name in one.__dataclass_fields__}
