import pandas as pd
import pytest

from calibrant.suggestions import suggest


def reasons(known, seen):
    """Why an unresolved address is suggested for Ada Sample, who is known by another."""
    identities = pd.DataFrame(
        {
            "identity": ["i1", "i2"],
            "provider": "git",
            "key": [known, seen],
            "name": "Ada Sample",
            "bot": False,
            "person": pd.array(["p1", None], dtype="str"),
            "state": ["linked", "unresolved"],
            "evidence": [3, 2],
        }
    )
    people = pd.DataFrame({"person": ["p1"], "key": ["E1"], "name": ["Ada Sample"]})
    (found,) = suggest(identities, people)
    assert (found.person, found.identity) == ("E1", "i2")
    return found.reasons


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
    first, *others = reasons(known, seen)
    assert first == reason
    assert "same name" in others
    assert not [other for other in others if "address" in other or "login" in other]
