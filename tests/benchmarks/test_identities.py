"""The promise about identities, on two departments: no automatic link is wrong, and the right person is suggested first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from identities import AS_OF, interval, on_aliases, stored
from identities_mailmap import Author, Found, resolve_known

from calibrant.sample.aliases import aliases_of
from calibrant.sample.people import department
from db.records import LinkState


@pytest.mark.parametrize("seed", [2, 3])
def test_no_alias_is_linked_wrongly_and_the_right_person_comes_first(seed: int, tmp_path: Path) -> None:
    found = on_aliases(seed, 20, tmp_path)
    assert found.wrong_artefacts == 0
    assert found.linked_artefacts > 300
    assert found.first >= 0.9 * found.open_aliases > 20
    assert found.strangers_suggested == 0


def test_every_clash_is_planted_and_settled_by_nobody_but_a_human(tmp_path: Path) -> None:
    made = aliases_of(department(2, 20, AS_OF), 2)
    assert made == aliases_of(department(2, 20, AS_OF), 2)
    ledger = stored(made, f"sqlite:///{tmp_path / 'ledger.db'}")
    frame = ledger.identities(known_at=AS_OF).set_index(["provider", "key"])
    assert len({one.person for one in made.planted["one name"]}) == 2
    assert len({one.identity.name for one in made.planted["one name"] if one.identity.provider == "git"}) == 1
    for clash in ("stranger of the same name", "shared local part", "given up login"):
        (alias,) = made.planted[clash]
        row = frame.loc[(alias.identity.provider, alias.identity.key)]
        assert not isinstance(row["person"], str), clash
        assert row["state"] != LinkState.CONTESTED


def test_a_mailmap_is_a_truth_that_the_resolver_does_not_see() -> None:
    seen = {}
    for address in ("ada.sample@home.example", "sample@work.example", "bob@work.example", "zoe@work.example"):
        seen[address] = Author()
        seen[address].names[{"b": "Bob Other", "z": "Zoe Third"}.get(address[0], "Ada Sample")] += 1
    seen["asample@work.example"] = seen.pop("sample@work.example")
    found: Found = resolve_known(seen, {"ada.sample@home.example": ("asample@work.example", "Ada Sample")}, 1)
    assert found.truth["ada.sample@home.example"] == "P asample@work.example"
    assert json.dumps(sorted(found.suggestions)) == "[]"


def test_intervals_are_wilsons() -> None:
    assert interval(0, 0) == (0.0, 1.0)
    assert interval(9, 10) == pytest.approx((0.596, 0.982), abs=0.001)
