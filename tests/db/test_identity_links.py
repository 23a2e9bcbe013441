"""What forges and no-reply addresses say about whose an identity is, and where nobody may be named."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from collectors.forge_identity import address_links, login_link
from db.ledger import Ledger
from db.records import (
    Batch,
    Identity,
    IdentityLink,
    LinkBasis,
    LinkState,
    ParticipationRole,
    Source,
)
from tests.conftest import Clock
from tests.db.samples import START, commit, roster

HOST = "github.com"
OLD_FORM = Identity("git", "Bob@users.noreply.github.com")
SHOWN = date(2025, 3, 3)


def whose(ledger: Ledger, clock: Clock, identity: Identity) -> tuple[object, ...]:
    """(person key, basis, state) as known now."""
    now = clock.advance(seconds=1)
    people = dict(ledger.people(as_of=now, known_at=now)[["person", "key"]].itertuples(index=False))
    row = ledger.identities(known_at=now).set_index(["provider", "key"]).loc[(identity.provider, identity.key)]
    return tuple(None if value != value else value for value in (people.get(row["person"]), row["basis"], row["state"]))


def by_day(ledger: Ledger, clock: Clock) -> list[object]:
    """Whose the commits are, the oldest first."""
    now = clock.advance(seconds=1)
    evidence = ledger.evidence(as_of=now, known_at=now, purpose=None)
    rows = ledger.participations(as_of=now, known_at=now, purpose=None).merge(evidence, on="evidence")
    people = dict(ledger.people(as_of=now, known_at=now)[["person", "key"]].itertuples(index=False))
    return [people.get(person) for person in rows.sort_values("occurred_at")["person"]]


@pytest.mark.parametrize("address", ["12-bob@users.noreply.gitlab.example.org", "12+b@users.noreply.git.example.org"])
@pytest.mark.parametrize("account_first", [True, False])
def test_a_number_in_a_noreply_address_is_the_account_on_that_host(
    ledger: Ledger, git: Source, clock: Clock, address: str, account_first: bool
) -> None:
    host = address.partition("users.noreply.")[2]
    seen = Identity("git", address)
    known = replace(roster(), links=(IdentityLink(Identity(host, "12"), "p-bob", LinkBasis.ROSTER),))
    steps = [lambda: ledger.collect(git, [Batch((commit(1, author=seen),))], extractor="git/1")]
    steps.insert(0 if account_first else 1, lambda: ledger.store_roster(known))
    for step in steps:
        step()
    assert whose(ledger, clock, seen) == ("p-bob", "noreply", "linked")


def test_digits_before_a_hyphen_are_a_number_only_where_the_host_is_a_gitlab(
    ledger: Ledger, git: Source, clock: Clock
) -> None:
    seen = Identity("git", "12-bob@users.noreply.git.example.org")
    known = replace(roster(), links=(IdentityLink(Identity("git.example.org", "12"), "p-bob", LinkBasis.ROSTER),))
    ledger.store_roster(known)
    ledger.collect(git, [Batch((commit(1, author=seen),))], extractor="git/1")
    assert whose(ledger, clock, seen)[0] is None
    forge = ledger.source("gitlab", "git.example.org/group/project")
    other = Identity("git.example.org", "99", "Zoe")
    ledger.collect(
        forge, [Batch((replace(commit(2, author=other), artefact="git.example.org:mr/2"),))], extractor="gitlab/1"
    )
    assert whose(ledger, clock, seen) == ("p-bob", "noreply", "linked")


def test_an_address_the_forge_gives_to_an_account_is_the_persons_either_way(
    ledger: Ledger, git: Source, clock: Clock
) -> None:
    laptop, office = Identity("git", "bob@home.example"), Identity("git", "ANN@example.org")
    ledger.store_roster(roster())
    said = (*address_links(HOST, "12", laptop.key), *address_links(HOST, "77", office.key))
    ledger.collect(git, [Batch((commit(1, author=laptop), commit(2, author=office)), links=said)], extractor="git/1")
    assert whose(ledger, clock, laptop) == ("p-bob", "forge", "linked")
    assert whose(ledger, clock, Identity(HOST, "77")) == ("p-ann", "forge", "linked")


def test_an_address_that_roster_and_forge_give_to_two_people_is_nobodys(
    ledger: Ledger, git: Source, clock: Clock
) -> None:
    office = Identity("git", "ann@example.org")
    ledger.store_roster(roster())
    ledger.collect(
        git, [Batch((commit(1, author=office),), links=address_links(HOST, "12", office.key))], extractor="g/1"
    )
    assert whose(ledger, clock, office) == (None, None, "contested")
    identity = ledger.identities(known_at=clock.now).set_index(["provider", "key"]).at[("git", office.key), "identity"]
    ledger.link(identity, "p-ann", basis=LinkBasis.ACCEPTED, state=LinkState.LINKED, reason="asked both")
    assert whose(ledger, clock, office) == ("p-ann", "accepted", "linked")


def test_an_account_that_two_people_share_is_nobodys_and_their_addresses_stay_theirs(
    ledger: Ledger, git: Source, clock: Clock
) -> None:
    ledger.store_roster(replace(roster(), links=tuple(
        IdentityLink(Identity("email", f"{name}@example.org"), f"p-{name}", LinkBasis.ROSTER) for name in ("ann", "bob")
    )))  # fmt: skip
    ann, bob = (Identity("git", f"{name}@example.org") for name in ("ann", "bob"))
    said = (*address_links(HOST, "5", ann.key), *address_links(HOST, "5", bob.key))
    ledger.collect(git, [Batch((commit(1, author=ann), commit(2, author=bob)), links=said)], extractor="git/1")
    assert whose(ledger, clock, Identity(HOST, "5")) == (None, None, "contested")
    assert [whose(ledger, clock, one)[0] for one in (ann, bob)] == ["p-ann", "p-bob"]


def test_a_mailmap_takes_nothing_from_whom_the_roster_names(ledger: Ledger, git: Source, clock: Clock) -> None:
    office = Identity("git", "ann@example.org")
    mapped = IdentityLink(office, None, LinkBasis.MAILMAP, proper=Identity("git", "12+bob@users.noreply.github.com"))
    ledger.store_roster(roster())
    ledger.collect(git, [Batch((commit(1, author=office),), links=(mapped,))], extractor="git/1")
    assert whose(ledger, clock, office) == ("p-ann", "verified_email", "linked")


@pytest.mark.parametrize("address_first", [True, False])
def test_an_old_noreply_address_is_somebodys_from_the_day_the_forge_showed_its_login(
    ledger: Ledger, git: Source, clock: Clock, address_first: bool
) -> None:
    ledger.store_roster(roster())
    days = (START, START + timedelta(days=1), START + timedelta(days=10))
    commits = tuple(commit(number, author=OLD_FORM, at=at) for number, at in enumerate(days))
    batches = [Batch(commits), Batch(links=(login_link(HOST, "12", "Bob", SHOWN),))]
    for batch in batches if address_first else reversed(batches):
        ledger.collect(git, [batch], extractor="git/1")
    assert by_day(ledger, clock) == [None, None, "p-bob"]
    assert whose(ledger, clock, OLD_FORM) == (None, None, "linked")


def test_a_login_that_another_account_takes_over_ends_there(ledger: Ledger, git: Source, clock: Clock) -> None:
    ledger.store_roster(roster())
    commits = tuple(commit(day, author=OLD_FORM, at=START + timedelta(days=day)) for day in (5, 15, 25))
    shown = [("12", "Bob", 3), ("99", "bob", 13), ("12", "Bob", 23)]
    for number, login, day in shown:
        link = login_link(HOST, number, login, (START + timedelta(days=day)).date())
        ledger.collect(git, [Batch(commits, links=(link,))], extractor="git/1")
    assert by_day(ledger, clock) == ["p-bob", None, None]


def test_an_account_that_was_renamed_leaves_its_login_behind(ledger: Ledger, git: Source, clock: Clock) -> None:
    ledger.store_roster(roster())
    commits = tuple(commit(day, author=OLD_FORM, at=START + timedelta(days=day)) for day in (5, 15))
    for login, day in (("bob", 3), ("robert", 13)):
        link = login_link(HOST, "12", login, (START + timedelta(days=day)).date())
        ledger.collect(git, [Batch(commits, links=(link,))], extractor="git/1")
    assert by_day(ledger, clock) == ["p-bob", None]


def test_a_login_of_the_roster_only_suggests(ledger: Ledger, git: Source, clock: Clock) -> None:
    login = IdentityLink(Identity("login:github.com", "ann"), "p-ann", LinkBasis.ROSTER, LinkState.SUGGESTED)
    ledger.store_roster(replace(roster(), links=(login,)))
    old = Identity("git", "ann@users.noreply.github.com")
    links = (login_link(HOST, "31", "Ann", SHOWN),)
    ledger.collect(git, [Batch((commit(1, author=old),), links=links)], extractor="git/1")
    assert whose(ledger, clock, Identity("login:github.com", "ann")) == (None, None, "suggested")
    assert whose(ledger, clock, Identity(HOST, "31"))[0] is None
    assert whose(ledger, clock, old)[0] is None


def test_a_rejected_owner_stays_rejected_whatever_the_forge_says(ledger: Ledger, git: Source, clock: Clock) -> None:
    laptop = Identity("git", "bob@home.example")
    ledger.store_roster(roster())
    ledger.collect(git, [Batch((commit(1, author=laptop),))], extractor="git/1")
    identity = ledger.identities(known_at=clock.now).set_index("key").at[laptop.key, "identity"]
    ledger.link(identity, "p-bob", basis=LinkBasis.ACCEPTED, state=LinkState.REJECTED, reason="a shared machine")
    ledger.collect(git, [Batch(links=address_links(HOST, "12", laptop.key))], extractor="git/1")
    assert whose(ledger, clock, laptop)[0] is None


def test_erasing_a_person_takes_their_logins_and_old_addresses_along(ledger: Ledger, git: Source, clock: Clock) -> None:
    ledger.store_roster(roster())
    done = commit(1, author=OLD_FORM, at=START + timedelta(days=10))
    seen = Identity(HOST, "12", "Bob")
    review = commit(2, others=[(seen, ParticipationRole.REVIEWER)])
    ledger.collect(git, [Batch((done, review), links=(login_link(HOST, "12", "Bob", SHOWN),))], extractor="git/1")
    ledger.erase_person("p-bob", reason="asked for it")
    left = ledger.identities(known_at=clock.advance(seconds=1))
    assert not left["key"].isin([OLD_FORM.key, "12", "bob"]).any()
    ledger.collect(git, [Batch((done, review), links=(login_link(HOST, "12", "Bob", SHOWN),))], extractor="git/1")
    assert not ledger.identities(known_at=clock.advance(seconds=1))["key"].isin([OLD_FORM.key, "12", "bob"]).any()


def test_a_listed_bot_is_one_whoever_it_says_it_is(ledger: Ledger, git: Source, clock: Clock) -> None:
    build, person = Identity("git", "Build@ci.example", "Ann"), Identity("git", "ann@example.org", "Ann")
    machine = Identity(HOST, "41", "deploys")
    ledger.collect(
        git, [Batch(tuple(commit(n, author=one) for n, one in enumerate((build, person, machine))))], extractor="g/1"
    )
    patterns = ("build@ci.*", f"{HOST}/41")
    assert [ledger.flag_bots(patterns) for _ in range(2)] == [2, 0]
    frame = ledger.identities(known_at=clock.advance(seconds=1))
    assert set(frame.loc[frame["bot"], "key"]) == {build.key, machine.key}
