"""Same inputs, same bytes: on both back ends, in any order, whole or in pieces."""

import json
import random
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from db.ledger import Ledger
from db.records import Batch, Identity, ParticipationRole, Purpose, SameAs, SameAsRelation
from tests.conftest import Clock, repeatable_entropy
from tests.db.samples import BOB, EVE, commit, oid, rating, roster


def export(ledger: Ledger, clock: Clock) -> str:
    now = clock.advance(days=1)
    lines = ledger.export_evidence(as_of=now, known_at=now)
    return "\n".join(json.dumps(line, sort_keys=True) for line in lines)


def _ledger(url: str, clock: Clock, seed: str = "same") -> Ledger:
    ledger = Ledger(url, clock=clock, entropy=repeatable_entropy(seed))
    ledger.init()
    return ledger


def _fill(ledger: Ledger, order: Sequence[int], size: int) -> None:
    git = ledger.source("git", "shop", lineage="root", purposes=list(Purpose))
    commits = [
        commit(
            number,
            others=[(BOB, ParticipationRole.REVIEWER), (EVE, ParticipationRole.CO_AUTHOR)],
            measures={"added": number, "share": number / 7, "text": "é\udce9 \U0001f600", "none": None, "big": 10**17},
        )
        for number in order
    ]
    pick = SameAs(oid(1), oid(2), SameAsRelation.CHERRY_PICK_OF)
    batches = [Batch(tuple(commits[at : at + size]), same_as=(pick,)) for at in range(0, len(commits), size)]
    ledger.collect(git, batches, extractor="git/1")
    ledger.collect(git, [Batch((commit(3, excerpt="Reworded"),), lost=(oid(4),))], extractor="git/1")
    form = ledger.source("feedback360", "cycle", purposes=list(Purpose))
    ledger.collect(
        form, [Batch((rating(1, Identity("hr", "p-bob"), Identity("hr", "p-ann"), 3.5),))], extractor="feedback360/1"
    )
    ledger.store_roster(roster())


@pytest.mark.postgres
def test_both_back_ends_hold_the_same_bytes(sqlite_url: str, postgres_url: str) -> None:
    heads, exports, frames = [], [], []
    for url in (sqlite_url, postgres_url):
        clock = Clock()
        ledger = _ledger(url, clock)
        _fill(ledger, range(240), 120)
        heads.append(ledger.verify())
        exports.append(export(ledger, clock))
        now = clock.now
        frames.append(
            [
                ledger.evidence(as_of=now, known_at=now, purpose=Purpose.PROMOTION).sort_values("evidence"),
                ledger.participations(as_of=now, known_at=now, purpose=None).sort_values(["evidence", "identity"]),
                ledger.people(as_of=now, known_at=now),
                ledger.identities(known_at=now),
                ledger.employments(known_at=now),
            ]
        )
    assert heads[0] == heads[1]
    assert heads[0].sound
    assert exports[0] == exports[1]
    for one, other in zip(*frames, strict=True):
        assert one.reset_index(drop=True).equals(other.reset_index(drop=True))
        assert (one.dtypes == other.dtypes).all()


def test_the_export_does_not_depend_on_order_batches_or_salts(ledger: Ledger, tmp_path: Path, clock: Clock) -> None:
    _fill(ledger, range(40), 40)
    other = _ledger(f"sqlite:///{tmp_path / 'other.db'}", Clock(clock.now + timedelta(days=40)), "another seed")
    _fill(other, random.Random(3).sample(range(40), 40), 7)
    clock.advance(days=80)
    ours = export(ledger, clock)
    assert export(other, clock) == ours
    assert len(ours.splitlines()) == 40


def test_the_export_is_in_the_order_of_keys_and_holds_no_secret(ledger: Ledger, clock: Clock) -> None:
    _fill(ledger, range(12), 5)
    rows = [json.loads(line) for line in export(ledger, clock).splitlines()]
    assert [row["artefact"] for row in rows] == sorted(row["artefact"] for row in rows)
    by_key = {row["artefact"]: row for row in rows}
    assert by_key[oid(1)]["same_as"] == [["cherry_pick_of", oid(2)]]
    assert by_key[oid(1)]["sources"] == [["git", "shop"]]
    assert ["author", "git", "Ann@Example.org"] in by_key[oid(1)]["participations"]
    assert by_key[oid(3)]["excerpt"] == "Reworded"
    assert oid(4) not in by_key
    assert set(by_key[oid(1)]) == {
        "artefact",
        "kind",
        "occurred_at",
        "extractor",
        "measures",
        "paths",
        "participations",
        "excerpt",
        "url",
        "retention",
        "sources",
        "same_as",
    }


def test_an_erased_identity_is_exported_without_a_value(ledger: Ledger, clock: Clock) -> None:
    _fill(ledger, range(3), 3)
    ledger.erase_person("p-bob", reason="test")
    rows = [json.loads(line) for line in export(ledger, clock).splitlines()]
    assert ["reviewer", None, None] in rows[0]["participations"]
    assert "bob" not in json.dumps(rows)
