"""Rosters, and whose an identity is."""

import json
from dataclasses import replace
from datetime import date

import pytest

from db.errors import BadInput, Refusal
from db.ledger import Ledger
from db.records import (
    Absence,
    Batch,
    Employment,
    Identity,
    IdentityLink,
    LinkBasis,
    LinkState,
    Membership,
    ParticipationRole,
    Person,
    Roster,
    Source,
)
from tests.conftest import Clock
from tests.db.samples import ANN, BOB, BOT, EVE, START, commit, rating, roster


def _whose(ledger: Ledger, clock: Clock) -> dict[tuple[str, str], tuple[object, ...]]:
    """(provider, key) -> (person key, basis, state) as known now."""
    now = clock.advance(seconds=1)
    keys = dict(ledger.people(as_of=now, known_at=now)[["person", "key"]].itertuples(index=False))
    return {
        (row.provider, row.key): (keys.get(row.person), _text(row.basis), _text(row.state))
        for row in ledger.identities(known_at=now).itertuples()
    }


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _all_three(ledger: Ledger, git: Source) -> None:
    others = [(BOB, ParticipationRole.REVIEWER), (EVE, ParticipationRole.CO_AUTHOR)]
    ledger.collect(git, [Batch((commit(1, others=others),))], extractor="git/1")


def test_an_unchanged_roster_adds_no_row(ledger: Ledger) -> None:
    first = ledger.store_roster(roster())
    assert (first.persons, first.spans) == (2, 4)
    events = ledger.verify().events
    assert ledger.store_roster(roster()).added == 0
    assert ledger.verify().events == events


def test_people_show_what_held_on_the_day(ledger: Ledger, clock: Clock) -> None:
    ledger.store_roster(roster())
    now = clock.advance(seconds=1)
    frame = ledger.people(as_of=now, known_at=now)
    assert list(frame["key"]) == ["p-ann", "p-bob"]
    assert list(frame.loc[0, ["name", "team", "role", "job_level", "fte", "joined_on"]]) == [
        "Ann Archer",
        "Platform",
        "ml-engineer",
        "senior",
        1.0,
        "2020-01-01",
    ]
    early = ledger.people(as_of=START.replace(year=2020, month=6), known_at=now)
    assert early["fte"].isna().tolist() == [False, True]
    assert early["role"].isna().all()


def test_changed_values_supersede_and_the_past_stays_readable(ledger: Ledger, clock: Clock) -> None:
    ledger.store_roster(roster())
    before = clock.now
    changed = ledger.store_roster(roster(ann="Ann Baker", team="Search", fte=0.8))
    assert (changed.persons, changed.spans) == (1, 2)
    now = clock.advance(seconds=1)
    new, old = (ledger.people(as_of=now, known_at=known).iloc[0] for known in (now, before))
    assert [new["name"], new["team"], new["fte"]] == ["Ann Baker", "Search", 0.8]
    assert [old["name"], old["team"], old["fte"]] == ["Ann Archer", "Platform", 1.0]
    assert len(ledger.memberships(known_at=now)) == 1


def test_who_works_remotely_is_a_fact_of_employment(ledger: Ledger, clock: Clock) -> None:
    ledger.store_roster(roster())
    for remote in (True, False, None):
        assert ledger.store_roster(roster(remote=remote)).spans == 1
        assert ledger.store_roster(roster(remote=remote)).added == 0
        now = clock.advance(seconds=1)
        told = ledger.people(as_of=now, known_at=now)["remote"]
        assert told.dtype == "boolean"
        assert told.astype(object).where(told.notna(), None).tolist() == [remote, None]
        spans = ledger.employments(known_at=now)["remote"]
        assert spans.isna().sum() == (1 if remote is not None else 2)
    assert ledger.verify().sound


def test_what_a_roster_does_not_mention_stays(ledger: Ledger, clock: Clock) -> None:
    ledger.store_roster(roster())
    ledger.store_roster(Roster(absences=(Absence("p-ann", date(2025, 1, 1), date(2025, 4, 1)),)))
    ledger.store_roster(roster())
    now = clock.advance(seconds=1)
    assert ledger.absences(known_at=now)[["valid_from", "valid_to"]].to_numpy().tolist() == [
        ["2025-01-01", "2025-04-01"]
    ]
    assert len(ledger.employments(known_at=now)) == 2
    assert len(ledger.role_assignments(known_at=now)) == 1


def test_dated_history_is_kept_as_spans(ledger: Ledger, clock: Clock) -> None:
    spans = (
        Membership("p-ann", "Search", date(2020, 1, 1), date(2024, 1, 1)),
        Membership("p-ann", "Ads", date(2024, 1, 1)),
    )
    ledger.store_roster(Roster(persons=(Person("p-ann", "Ann"),), memberships=spans))
    now = clock.advance(seconds=1)
    assert ledger.people(as_of=START, known_at=now)["team"].tolist() == ["Ads"]
    assert ledger.people(as_of=START.replace(year=2022), known_at=now)["team"].tolist() == ["Search"]


def test_a_span_of_nobody_is_refused_and_nothing_is_stored(ledger: Ledger) -> None:
    events = ledger.verify().events
    with pytest.raises(BadInput, match="names the person 'p-zoe'"):
        ledger.store_roster(replace(roster(), absences=(Absence("p-zoe", date(2025, 1, 1), date(2025, 2, 1)),)))
    with pytest.raises(BadInput, match="ends before it begins"):
        ledger.store_roster(replace(roster(), employments=(Employment("p-ann", date(2025, 1, 1), date(2024, 1, 1)),)))
    assert ledger.verify().events == events


@pytest.mark.parametrize("roster_first", [True, False])
def test_the_roster_links_emails_and_noreply_ids_in_either_order(
    ledger: Ledger, git: Source, clock: Clock, roster_first: bool
) -> None:
    for step in (1, 2) if roster_first else (2, 1):
        if step == 1:
            ledger.store_roster(roster())
        else:
            _all_three(ledger, git)
    whose = _whose(ledger, clock)
    assert whose[("git", ANN.key)] == ("p-ann", "verified_email", "linked")
    assert whose[("git", BOB.key)] == ("p-bob", "noreply", "linked")
    assert whose[("git", EVE.key)] == (None, None, None)


def test_hr_ids_link_by_themselves(ledger: Ledger, clock: Clock) -> None:
    ledger.store_roster(roster())
    form = ledger.source("feedback360", "cycle 1")
    batch = Batch((rating(1, Identity("email", "ANN@example.org"), Identity("hr", "p-bob"), 3.0),))
    ledger.collect(form, [batch], extractor="feedback360/1")
    whose = _whose(ledger, clock)
    assert whose[("hr", "p-bob")] == ("p-bob", "roster", "linked")
    assert whose[("email", "ANN@example.org")][0] == "p-ann"


def test_a_name_alone_never_links(ledger: Ledger, git: Source, clock: Clock) -> None:
    ledger.store_roster(roster())
    stranger = Identity("git", "archer@home.example", "Ann Archer")
    ledger.collect(git, [Batch((commit(1, author=stranger),))], extractor="git/1")
    assert _whose(ledger, clock)[("git", stranger.key)] == (None, None, None)


def test_bots_are_flagged_and_never_linked(ledger: Ledger, git: Source, clock: Clock) -> None:
    ledger.store_roster(roster())
    ledger.collect(git, [Batch((commit(1, author=BOT),))], extractor="git/1")
    now = clock.advance(seconds=1)
    assert _whose(ledger, clock)[("git", BOT.key)][0] is None
    assert ledger.participations(as_of=now, known_at=now, purpose=None)["bot"].tolist() == [True]


def test_an_identity_once_seen_as_a_bot_stays_one(ledger: Ledger, git: Source, clock: Clock) -> None:
    ledger.collect(git, [Batch((commit(1, author=EVE),))], extractor="git/1")
    ledger.collect(git, [Batch((commit(2, author=replace(EVE, bot=True)),))], extractor="git/1")
    now = clock.advance(seconds=1)
    assert ledger.participations(as_of=now, known_at=now, purpose=None)["bot"].tolist() == [True, True]


def test_other_names_are_kept_once(ledger: Ledger, git: Source, clock: Clock) -> None:
    for number, name in enumerate(["Eve", "Eve E.", None, "Eve", "Eve E."]):
        ledger.collect(git, [Batch((commit(number, author=replace(EVE, name=name)),))], extractor="git/1")
    frame = ledger.identities(known_at=clock.advance(seconds=1))
    assert json.loads(frame["names"].iat[0]) == ["Eve", "Eve E."]
    assert frame["evidence"].tolist() == [5]


def test_an_address_of_two_persons_links_to_neither(ledger: Ledger, git: Source, clock: Clock) -> None:
    both = roster()
    shared = IdentityLink(Identity("email", "ann@example.org"), "p-bob", LinkBasis.ROSTER)
    ledger.store_roster(replace(both, links=(*both.links, shared)))
    _all_three(ledger, git)
    whose = _whose(ledger, clock)
    assert whose[("git", ANN.key)][0] is None
    assert whose[("email", "ann@example.org")] == (None, None, "contested")


def test_a_mailmap_gives_an_identity_to_the_person_of_the_proper_one(ledger: Ledger, git: Source, clock: Clock) -> None:
    ledger.store_roster(roster())
    mapped = IdentityLink(EVE, None, LinkBasis.MAILMAP, proper=Identity("git", "ann@EXAMPLE.org"))
    batch = Batch((commit(1, author=EVE),), links=(mapped,))
    assert ledger.collect(git, [batch], extractor="git/1").links == 2
    assert ledger.collect(git, [batch], extractor="git/1").added == 0
    assert _whose(ledger, clock)[("git", EVE.key)] == ("p-ann", "mailmap", "linked")


def test_an_entry_gone_from_a_mailmap_unlinks_and_one_that_returns_links_again(
    ledger: Ledger, git: Source, clock: Clock
) -> None:
    ledger.store_roster(roster())
    mapped = IdentityLink(EVE, None, LinkBasis.MAILMAP, proper=Identity("git", "ann@EXAMPLE.org"))
    gone = replace(mapped, state=LinkState.UNLINKED)
    whose = []
    for link in (mapped, gone, gone, mapped):
        clock.advance(seconds=1)
        whose.append(ledger.collect(git, [Batch((commit(1, author=EVE),), links=(link,))], extractor="git/1").links)
        whose.append(_whose(ledger, clock)[("git", EVE.key)][0])
    assert whose == [2, "p-ann", 1, None, 0, None, 1, "p-ann"]


def test_mailmaps_in_a_circle_end(ledger: Ledger, git: Source, clock: Clock) -> None:
    one, two = Identity("git", "one@x.org"), Identity("git", "two@x.org")
    links = tuple(IdentityLink(a, None, LinkBasis.MAILMAP, proper=b) for a, b in ((one, two), (two, one)))
    ledger.collect(git, [Batch((commit(1, author=one),), links=links)], extractor="git/1")
    assert _whose(ledger, clock)[("git", "one@x.org")][0] is None


def test_what_a_human_rejects_no_import_links_again(ledger: Ledger, git: Source, clock: Clock) -> None:
    ledger.store_roster(roster())
    _all_three(ledger, git)
    now = clock.advance(seconds=1)
    frame = ledger.identities(known_at=now).set_index("key")
    ledger.link(
        frame.at[ANN.key, "identity"], "p-ann", basis=LinkBasis.ACCEPTED, state=LinkState.REJECTED, reason="not mine"
    )
    ledger.store_roster(roster(ann="Ann B."))
    _all_three(ledger, git)
    assert _whose(ledger, clock)[("git", ANN.key)][0] is None
    assert ledger.identities(known_at=now).set_index("key").at[ANN.key, "state"] == "linked"


def test_a_human_accepts_what_no_rule_would_link(ledger: Ledger, git: Source, clock: Clock) -> None:
    ledger.store_roster(roster())
    _all_three(ledger, git)
    identity = ledger.identities(known_at=clock.now).set_index("key").at[EVE.key, "identity"]
    ledger.link(identity, "p-bob", basis=LinkBasis.ACCEPTED, state=LinkState.LINKED, reason="his laptop")
    assert _whose(ledger, clock)[("git", EVE.key)] == ("p-bob", "accepted", "linked")
    with pytest.raises(Refusal, match="no such identity"):
        ledger.link("0" * 32, "p-bob", basis=LinkBasis.ACCEPTED, state=LinkState.LINKED, reason="")
    with pytest.raises(Refusal, match=r"no person 'p-bop': near: p-bob"):
        ledger.link(identity, "p-bop", basis=LinkBasis.ACCEPTED, state=LinkState.LINKED, reason="")


def test_a_split_or_rejected_pair_is_declined_until_it_is_linked_again(
    ledger: Ledger, git: Source, clock: Clock
) -> None:
    ledger.store_roster(roster())
    _all_three(ledger, git)
    eve = str(ledger.identities(known_at=clock.now).set_index("key").at[EVE.key, "identity"])
    ann, bob = ledger.person_id("p-ann"), ledger.person_id("p-bob")
    seen = []
    for person, state in (
        ("p-ann", LinkState.LINKED),
        ("p-ann", LinkState.UNLINKED),
        ("p-bob", LinkState.REJECTED),
        ("p-ann", LinkState.LINKED),
    ):
        ledger.link(eve, person, basis=LinkBasis.ACCEPTED, state=state, reason="by hand")
        seen.append(clock.advance(seconds=1))
    declined = [ledger.declined(known_at=one) for one in seen]
    assert declined == [frozenset(), {(eve, ann)}, {(eve, ann), (eve, bob)}, {(eve, bob)}]


def test_a_mailmap_entry_that_is_gone_declines_nobody(ledger: Ledger, git: Source, clock: Clock) -> None:
    mapped = IdentityLink(EVE, None, LinkBasis.MAILMAP, proper=ANN)
    for link in (mapped, replace(mapped, state=LinkState.UNLINKED)):
        ledger.collect(git, [Batch((commit(1, author=EVE),), links=(link,))], extractor="git/1")
    assert ledger.declined(known_at=clock.advance(seconds=1)) == frozenset()


def test_a_disputed_identity_is_nobodys_until_dismissed(ledger: Ledger, git: Source, clock: Clock) -> None:
    ledger.store_roster(roster())
    _all_three(ledger, git)
    identity = ledger.identities(known_at=clock.now).set_index("key").at[ANN.key, "identity"]
    dispute = ledger.open_dispute("p-ann", f"identity:{identity}", "I never used that address")
    assert _whose(ledger, clock)[("git", ANN.key)] == (None, None, "contested")
    ledger.resolve_dispute(dispute.id, "dismissed", "it is on the laptop")
    assert _whose(ledger, clock)[("git", ANN.key)][0] == "p-ann"


def test_an_address_that_changed_hands_follows_the_day_of_the_work(ledger: Ledger, git: Source, clock: Clock) -> None:
    desk = Identity("git", "desk@example.org")
    handed = (
        IdentityLink(desk, "p-ann", LinkBasis.ROSTER, valid_to=date(2025, 3, 3)),
        IdentityLink(desk, "p-bob", LinkBasis.ROSTER, valid_from=date(2025, 3, 3)),
    )
    ledger.store_roster(replace(roster(), links=handed))
    ledger.collect(git, [Batch((commit(1, author=desk), commit(100, author=desk)))], extractor="git/1")
    now = clock.advance(seconds=1)
    evidence = ledger.evidence(as_of=now, known_at=now, purpose=None)
    parts = ledger.participations(as_of=now, known_at=now, purpose=None).merge(evidence, on="evidence")
    keys = dict(ledger.people(as_of=now, known_at=now)[["person", "key"]].itertuples(index=False))
    by_day = parts.sort_values("occurred_at")["person"].map(keys).tolist()
    assert by_day == ["p-ann", "p-bob"]


def test_people_may_be_named_by_key_or_id(ledger: Ledger) -> None:
    ledger.store_roster(roster())
    identifier = ledger.person_id("p-ann")
    assert ledger.person_id(identifier) == identifier


def test_identities_are_known_from_their_first_sighting_on(ledger: Ledger, git: Source, clock: Clock) -> None:
    before = clock.now
    _all_three(ledger, git)
    assert len(ledger.identities(known_at=before)) == 0
    assert len(ledger.identities(known_at=clock.now)) == 3


def test_an_empty_ledger_gives_empty_frames_with_their_columns(ledger: Ledger, clock: Clock) -> None:
    now = clock.now
    for frame in (
        ledger.people(as_of=now, known_at=now),
        ledger.identities(known_at=now),
        ledger.absences(known_at=now),
        ledger.evidence(as_of=now, known_at=now, purpose=None),
        ledger.participations(as_of=now, known_at=now, purpose=None),
    ):
        assert len(frame) == 0
        assert len(frame.columns) >= 3
