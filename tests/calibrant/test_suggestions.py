from datetime import UTC, datetime

import pandas as pd
import pytest

from calibrant.identity_signs import Commonness, Family, compare
from calibrant.identity_traces import trace
from calibrant.identity_work import read_work
from calibrant.suggestions import suggest

AS_OF = datetime(2026, 6, 30, tzinfo=UTC)


def found(known, seen, state=None, declined=frozenset()):
    """What is suggested for an unresolved address, where Ada Sample is known by another."""
    identities = pd.DataFrame(
        {
            "identity": ["i1", "i2"],
            "provider": "git",
            "key": [known, seen],
            "name": "Ada Sample",
            "bot": False,
            "person": pd.array(["p1", None], dtype="str"),
            "state": pd.array(["linked", state], dtype="str"),
            "evidence": [3, 2],
        }
    )
    people = pd.DataFrame({"person": ["p1"], "key": ["E1"], "name": ["Ada Sample"]})
    return suggest(identities, people, declined=declined)


@pytest.mark.parametrize(
    ("known", "seen", "reason"),
    [
        ("4711+adasam@users.noreply.github.com", "adasam@users.noreply.github.com", "same login"),
        ("adasam@users.noreply.github.com", "4711+AdaSam@users.noreply.github.com", "same login"),
        ("AdaSam@users.noreply.github.com", "adasam@users.noreply.github.com", "same address but for letter case"),
        ("adasam@example.org", "AdaSam@Example.org", "same address but for letter case"),
        ("adasam@example.org", "adasam+git@example.org", "same address but for a +tag"),
        ("adasam@example.org", "adasam@home.example", "same local part as adasam@example.org"),
    ],
)
def test_the_reason_says_what_two_addresses_share(known, seen, reason):
    (one,) = found(known, seen)
    assert (one.person, one.identity) == ("E1", "i2")
    first, *others = one.reasons
    assert first == reason
    assert "same name" in others
    assert not [other for other in others if "address" in other or "login" in other]


def test_what_was_split_is_not_offered_again_for_the_same_person():
    pair = ("adasam@example.org", "adasam@home.example")
    assert found(*pair, declined={("i2", "p1")}) == []
    assert found(*pair, declined={("i2", "p2"), ("i1", "p1")}) == found(*pair) != []


def test_nothing_is_offered_for_an_identity_that_is_contested():
    assert found("adasam@example.org", "adasam@home.example", state="contested") == []
    assert found("adasam@example.org", "adasam@home.example", state="suggested") != []


def signs(mine, theirs):
    """The signs between two addresses, each with a name."""
    one, other = (next(trace("git", key, [name])) for key, name in (mine, theirs))
    return list(compare(one, other, Commonness()))


def families(mine, theirs):
    return {sign.family for sign in signs(mine, theirs)}


def test_a_name_and_an_address_that_spells_it_are_one_family():
    assert families(("ada.sample@home.example", "Ada Sample"), ("lovelace@work.example", "Ada Sample")) == {Family.NAME}
    assert found("lovelace@work.example", "ada.sample@home.example") == []


def test_a_digit_more_is_another_handle_and_a_swapped_letter_a_slip():
    known = ("ada.sample@work.example", "A")
    assert Family.HANDLE in families(("ada.sampel@work.example", "B"), known)
    reasons = [sign.reason for sign in signs(("ada.sample2@work.example", "B"), ("ada.sample@work.example", "A"))]
    assert "one letter off ada.sample@work.example" not in reasons


@pytest.mark.parametrize("domain", ["gmail.com", "users.noreply.github.com"])
def test_a_domain_that_anybody_may_have_says_nothing(domain):
    assert Family.ORGANISATION not in families((f"one@{domain}", "A"), (f"other@{domain}", "B"))
    assert Family.ORGANISATION in families(("one@work.example", "A"), ("other@work.example", "B"))


def test_a_handle_that_several_people_have_weighs_less():
    one, other = (next(trace("git", f"adasam@{domain}.example", [])) for domain in ("home", "work"))
    rare, common = (
        next(sign.weight for sign in compare(one, other, Commonness(handles={"adasam": people}))) for people in (1, 3)
    )
    assert rare > common


def work_of(*requests):
    """Work where each request is (opener, address of its commits)."""
    rows = [(f"e{n}", identity, role, provider) for n, pair in enumerate(requests) for identity, role, provider in (
        (pair[0], "author", "github.com"), (pair[1], "co_author", "git"),
    )]  # fmt: skip
    parts = pd.DataFrame(rows, columns=["evidence", "identity", "role", "provider"]).assign(bot=False)
    evidence = pd.DataFrame({"evidence": [f"e{n}" for n in range(len(requests))]})
    evidence = evidence.assign(
        artefact=evidence["evidence"],
        kind="change_request",
        same_as=None,
        repository="r",
        occurred_at=AS_OF,
        paths="[]",
    )
    return read_work(evidence, parts, set())


def test_who_alone_writes_what_an_account_opens_is_a_sign_and_an_occasional_guest_is_none():
    work = work_of(("account", "mine"), ("account", "mine"), ("account", "mine"), ("other", "mine"))
    assert [sign.weight for sign in work.signs("mine", ["account"])] == [0.6]
    assert list(work.signs("mine", ["other"])) == []
    assert work.partners("mine") == {"account", "other"}
    assert work.partners("nobody") == frozenset()
