"""Erasure and retention: gone for good, and the chain still verifies."""

import sqlite3
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from db.errors import Refusal
from db.ledger import Ledger
from db.records import (
    Absence,
    Batch,
    Decision,
    Identity,
    IdentityLink,
    LinkBasis,
    LinkState,
    ParticipationRole,
    Purpose,
    Retention,
    Roster,
    Source,
)
from tests.conftest import Clock, repeatable_entropy
from tests.db.samples import ANN, BOB, EVE, START, commit, oid, rating, roster
from tests.db.test_runs import save

_ANN_FORM = Identity("email", "ann@example.org")


def _fill(ledger: Ledger, git: Source) -> None:
    """Ann authors 1 and 2 and reviews 3; Bob authors 3 and rates Ann; Eve authors 4."""
    ledger.store_roster(roster())
    ledger.store_roster(Roster(absences=(Absence("p-ann", date(2025, 1, 1), date(2025, 2, 1)),)))
    ledger.collect(git, [_batch()], extractor="git/1")
    form = ledger.source("feedback360", "cycle", purposes=list(Purpose))
    ledger.collect(form, [Batch((rating(1, Identity("hr", "p-bob"), _ANN_FORM, 4.0),))], extractor="feedback360/1")


def _batch() -> Batch:
    return Batch(
        (
            commit(1, others=[(EVE, ParticipationRole.CO_AUTHOR)]),
            commit(2),
            commit(3, author=BOB, others=[(ANN, ParticipationRole.REVIEWER)]),
            commit(4, author=EVE),
        ),
        cursor={"at": 4},
    )


def _evidence(ledger: Ledger, clock: Clock):  # type: ignore[no-untyped-def]
    now = clock.advance(seconds=1)
    return ledger.evidence(as_of=now, known_at=now, purpose=None)


def test_erasing_a_person_destroys_their_evidence_and_leaves_others_whole(
    ledger: Ledger, git: Source, clock: Clock
) -> None:
    _fill(ledger, git)
    before = _evidence(ledger, clock).set_index("excerpt")["evidence"]
    report = ledger.erase_person("p-ann", reason="request 7")
    assert (report.artefacts, report.evidence, report.identities) == (3, 3, 3)
    after = _evidence(ledger, clock).set_index("excerpt")["evidence"]
    assert dict(after) == {name: before[name] for name in ("Change number 3", "Change number 4")}
    found = ledger.verify()
    assert found.problems == ()
    assert found.erased > 10


def _claim(ledger: Ledger, clock: Clock, key: str, person: str, state: LinkState) -> str:
    """Put an identity of git into a state towards a person by hand; its id."""
    frame = ledger.identities(known_at=clock.advance(seconds=1))
    identity = str(frame[frame["provider"] == "git"].set_index("key").at[key, "identity"])
    ledger.link(identity, person, basis=LinkBasis.ACCEPTED, state=state, reason="by hand")
    return identity


@pytest.mark.parametrize("erased", ["p-ann", "p-bob"])
@pytest.mark.parametrize("claim", [LinkState.LINKED, LinkState.CONTESTED])
def test_nobody_is_erased_while_an_identity_is_claimed_for_another_too(
    ledger: Ledger, git: Source, clock: Clock, claim: LinkState, erased: str
) -> None:
    _fill(ledger, git)
    identity = _claim(ledger, clock, BOB.key, "p-ann", claim)
    events, before = ledger.verify().events, set(_evidence(ledger, clock)["evidence"])
    with pytest.raises(Refusal, match="claimed for somebody else too") as refused:
        ledger.erase_person(erased, reason="request 7")
    assert refused.value.where == f"identity {identity} of p-ann, p-bob"
    assert "identities split" in refused.value.remedy
    assert ledger.verify().events == events
    assert set(_evidence(ledger, clock)["evidence"]) == before
    _claim(ledger, clock, BOB.key, "p-ann", LinkState.UNLINKED)
    ledger.erase_person("p-ann", reason="request 7")
    assert set(_evidence(ledger, clock)["excerpt"]) == {"Change number 3", "Change number 4"}
    assert ledger.verify().sound


def test_nobody_is_erased_while_an_identity_is_disputed(ledger: Ledger, git: Source, clock: Clock) -> None:
    _fill(ledger, git)
    identity = _claim(ledger, clock, EVE.key, "p-ann", LinkState.LINKED)
    dispute = ledger.open_dispute("p-bob", f"identity:{identity}", "that is my laptop")
    with pytest.raises(Refusal, match="or contested") as refused:
        ledger.erase_person("p-ann", reason="request 7")
    assert refused.value.where == f"identity {identity} of p-ann"
    assert "dispute --resolve" in refused.value.remedy
    ledger.resolve_dispute(dispute.id, "dismissed", "it is hers")
    ledger.erase_person("p-ann", reason="request 7")
    assert _evidence(ledger, clock)["excerpt"].tolist() == ["Change number 3"]


def test_nobody_is_erased_while_an_identity_was_anothers_at_another_time(
    ledger: Ledger, git: Source, clock: Clock
) -> None:
    day = date(2025, 3, 3)
    handed = (
        IdentityLink(EVE, "p-ann", LinkBasis.ROSTER, valid_to=day),
        IdentityLink(EVE, "p-bob", LinkBasis.ROSTER, valid_from=day),
    )
    ledger.store_roster(replace(roster(), links=handed))
    ledger.collect(git, [Batch((commit(1, author=EVE), commit(100, author=EVE)))], extractor="git/1")
    for person in ("p-ann", "p-bob"):
        with pytest.raises(Refusal, match="claimed for somebody else too"):
            ledger.erase_person(person, reason="request 7")
    assert len(_evidence(ledger, clock)) == 2


def test_what_a_mailmap_gives_to_one_and_a_dated_link_to_another_is_not_erased(
    ledger: Ledger, git: Source, clock: Clock
) -> None:
    dated = IdentityLink(EVE, "p-bob", LinkBasis.ROSTER, valid_from=date(2025, 3, 3))
    ledger.store_roster(replace(roster(), links=(*roster().links, dated)))
    mapped = IdentityLink(EVE, None, LinkBasis.MAILMAP, proper=ANN)
    ledger.collect(git, [Batch((commit(1), commit(100, author=EVE)), links=(mapped,))], extractor="git/1")
    with pytest.raises(Refusal, match="claimed for somebody else too"):
        ledger.erase_person("p-ann", reason="request 7")
    assert len(_evidence(ledger, clock)) == 2


def test_collecting_again_brings_nothing_back(ledger: Ledger, git: Source, clock: Clock) -> None:
    _fill(ledger, git)
    ledger.erase_person("p-ann", reason="request 7")
    known = ledger.known_artefacts([oid(1), oid(3), oid(9)])
    again = ledger.collect(git, [_batch()], extractor="git/1")
    clone = ledger.source("git", "clone", purposes=list(Purpose))
    other = ledger.collect(clone, [_batch()], extractor="git/1")
    assert known == {oid(1), oid(3)}
    assert (again.added, again.suppressed, again.unchanged) == (0, 2, 2)
    assert (other.artefacts, other.versions, other.identities, other.suppressed) == (0, 0, 0, 2)
    assert len(_evidence(ledger, clock)) == 2
    identities = ledger.identities(known_at=clock.now)
    assert not identities["key"].str.casefold().str.contains("ann").any()
    assert ledger.verify().sound


@pytest.mark.parametrize(
    "identity",
    [
        Identity("git", "ANN@example.ORG", "Ann Archer"),
        Identity("email", "ann@example.org"),
        Identity("hr", "p-ann"),
        Identity("hr", "p-bob"),
        Identity("github.com", "12"),
        Identity("git", "12+bobby@users.noreply.github.com", "Bob"),
    ],
)
def test_nothing_further_of_the_erased_is_taken_in_under_any_of_their_identities(
    ledger: Ledger, git: Source, clock: Clock, identity: Identity
) -> None:
    ledger.store_roster(roster())
    ledger.collect(git, [Batch((commit(1),))], extractor="git/1")
    for person in ("p-ann", "p-bob"):
        ledger.erase_person(person, reason="request")
    batch = Batch((commit(8, author=identity), rating(2, EVE, identity, 2.0)))
    counts = ledger.collect(git, [batch], extractor="git/1")
    assert (counts.versions, counts.suppressed, counts.identities) == (0, 2, 1)  # the one identity is Eve's
    keys = ledger.identities(known_at=clock.advance(seconds=1))["key"].tolist()
    assert keys == [EVE.key]
    assert ledger.verify().sound


def test_importing_the_roster_again_brings_nobody_back(ledger: Ledger, git: Source, clock: Clock) -> None:
    _fill(ledger, git)
    ledger.erase_person("p-ann", reason="request 7")
    counts = ledger.store_roster(roster())
    assert (counts.added, counts.suppressed) == (0, 1)
    now = clock.advance(seconds=1)
    assert ledger.people(as_of=now, known_at=now)["key"].tolist() == ["p-bob"]
    assert len(ledger.absences(known_at=now)) == 0
    with pytest.raises(Refusal, match="no person 'p-ann'"):
        ledger.erase_person("p-ann", reason="again")


def test_the_erased_identity_stays_as_a_tombstone_in_others_work(ledger: Ledger, git: Source, clock: Clock) -> None:
    _fill(ledger, git)
    ledger.erase_person("p-ann", reason="request 7")
    ledger.collect(
        git, [Batch((commit(5, author=BOB, others=[(ANN, ParticipationRole.REVIEWER)]),))], extractor="git/1"
    )
    now = clock.advance(seconds=1)
    parts = ledger.participations(as_of=now, known_at=now, purpose=None)
    reviews = parts[parts["role"] == "reviewer"]
    assert reviews["identity"].nunique() == 1
    assert len(reviews) == 2
    assert reviews["provider"].isna().all()
    assert reviews["person"].isna().all()


def test_all_versions_go_and_new_ones_do_not_come(ledger: Ledger, git: Source, clock: Clock) -> None:
    ledger.collect(git, [Batch((commit(1),)), Batch((commit(1, excerpt="Reworded"),))], extractor="git/1")
    (identifier,) = _evidence(ledger, clock)["evidence"]
    report = ledger.erase_evidence([identifier], "a password in it")
    assert (report.artefacts, report.evidence) == (1, 2)
    assert ledger.collect(git, [Batch((commit(1, excerpt="Third"),))], extractor="git/1").suppressed == 1
    assert ledger.collect(git, [Batch(lost=(oid(1),))], extractor="git/1").added == 0
    assert len(_evidence(ledger, clock)) == 0
    assert ledger.verify().sound
    with pytest.raises(Refusal, match="no evidence 'feed'"):
        ledger.erase_evidence(["feed"], "typo")


def test_erasure_names_the_runs_and_persons_to_assess_again(ledger: Ledger, git: Source, clock: Clock) -> None:
    _fill(ledger, git)
    frame = _evidence(ledger, clock).set_index("excerpt")
    ann, bob = ledger.person_id("p-ann"), ledger.person_id("p-bob")
    save(ledger, "run-1", {ann: [frame.at["Change number 1", "evidence"]]})
    save(ledger, "run-2", {bob: [frame.at["Change number 2", "evidence"], frame.at["Change number 3", "evidence"]]})
    save(ledger, "run-3", {bob: [frame.at["Change number 3", "evidence"]]})
    ledger.record_decision(Decision(ann, START, "panel", "promoted"))
    ledger.add_reply(ann, "thank you")
    report = ledger.erase_person("p-ann", reason="request 7")
    assert report.affected_runs == ("run-1", "run-2")
    assert report.affected_persons == (bob,)
    assert ledger.assessments("run-1") == []
    assert ledger.citations("run-1") == []
    assert ledger.posteriors("run-1") == []
    assert ledger.decisions() == []
    cited = ledger.cited("run-2", bob).sort_values("erased")
    assert cited["erased"].tolist() == [False, True]
    assert cited["excerpt"].isna().tolist() == [False, True]
    assert ledger.verify().sound


def test_no_erased_value_is_left_in_the_file(sqlite_ledger: Ledger, tmp_path: Path) -> None:
    git = sqlite_ledger.source("git", "shop")
    _fill(sqlite_ledger, git)
    held = (tmp_path / "one.db").read_bytes()
    sqlite_ledger.erase_person("p-ann", reason="request 7")
    left = b"".join(path.read_bytes() for path in sorted(tmp_path.glob("one.db*")))
    for trace in (b"Ann@Example.org", b"ann@example.org", b"Ann Archer", b"p-ann", b"Change number 1", oid(2).encode()):
        assert trace in held
        assert trace not in left


def test_erasing_only_shows_as_erasing_if_the_chain_says_so(sqlite_ledger: Ledger, tmp_path: Path) -> None:
    git = sqlite_ledger.source("git", "shop")
    sqlite_ledger.collect(git, [Batch((commit(1),))], extractor="git/1")
    connection = sqlite3.connect(tmp_path / "one.db")
    connection.execute("UPDATE evidence SET content_hash = NULL, measures = NULL, salt = NULL")
    connection.execute("DELETE FROM participation")
    connection.commit()
    connection.close()
    (problem,) = sqlite_ledger.verify().problems
    assert "emptied, but no erasure is recorded" in problem


def test_retention_destroys_what_is_over_age_in_its_class_only(ledger: Ledger, git: Source, clock: Clock) -> None:
    _fill(ledger, git)
    ledger.record_decision(Decision("p-bob", START, "panel", "promoted"))
    age = (clock.now - START).days
    report = ledger.run_retention({Retention.FEEDBACK: age - 2, Retention.ACTIVITY: age + 2, Retention.DECISION: 1})
    assert dict(report.evidence) == {"activity": 0, "feedback": 1, "decision": 0}
    assert report.decisions == 1
    assert set(_evidence(ledger, clock)["kind"]) == {"commit"}
    form = ledger.source("feedback360", "cycle")
    again = ledger.collect(
        form, [Batch((rating(1, Identity("hr", "p-bob"), _ANN_FORM, 4.0),))], extractor="feedback360/1"
    )
    assert (again.versions, again.suppressed) == (0, 1)
    assert ledger.verify().sound
    events = ledger.verify().events
    ledger.run_retention({Retention.FEEDBACK: age - 2})
    assert ledger.verify().events == events


def test_keeping_nothing_at_all_is_refused(ledger: Ledger) -> None:
    with pytest.raises(Refusal, match="cannot be kept 0 days"):
        ledger.run_retention({Retention.ACTIVITY: 0})


def test_two_ledgers_do_not_share_their_keyed_hashes(tmp_path: Path, clock: Clock) -> None:
    seen = []
    for name in ("a", "b"):
        ledger = Ledger(f"sqlite:///{tmp_path / name}.db", clock=clock, entropy=repeatable_entropy(name))
        ledger.init()
        git = ledger.source("git", "shop")
        ledger.collect(git, [Batch((commit(1),))], extractor="git/1")
        now = clock.advance(seconds=1)
        ledger.erase_evidence(list(ledger.evidence(as_of=now, known_at=now, purpose=None)["evidence"]), "test")
        connection = sqlite3.connect(tmp_path / f"{name}.db")
        seen.append(connection.execute("SELECT hmac FROM suppression").fetchone())
        connection.close()
    assert seen[0] != seen[1]
