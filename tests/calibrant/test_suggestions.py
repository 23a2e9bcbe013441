import pandas as pd
import pytest

from calibrant.suggestions import suggest


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
