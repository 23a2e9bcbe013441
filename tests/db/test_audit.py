"""The chain finds what was done to the ledger behind its back."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from db.ledger import Ledger
from db.records import Batch, Decision, ParticipationRole, Purpose, SameAs, SameAsRelation
from tests.conftest import Clock, repeatable_entropy
from tests.db.samples import BOB, START, commit, oid, roster
from tests.db.test_runs import save


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with something in every kind of table."""
    path = tmp_path_factory.mktemp("full") / "full.db"
    clock = Clock()
    ledger = Ledger(f"sqlite:///{path}", clock=clock, entropy=repeatable_entropy("full"))
    ledger.init()
    git = ledger.source("git", "shop", lineage="root", purposes=list(Purpose))
    ledger.store_roster(roster())
    batch = Batch(
        tuple(commit(number, others=[(BOB, ParticipationRole.REVIEWER)]) for number in range(6)),
        same_as=(SameAs(oid(1), oid(2), SameAsRelation.CHERRY_PICK_OF),),
    )
    ledger.collect(git, [batch, Batch((commit(3, excerpt="Reworded"),), lost=(oid(4),))], extractor="git/1")
    now = clock.advance(seconds=1)
    evidence = ledger.evidence(as_of=now, known_at=now, purpose=None)
    ann = ledger.person_id("p-ann")
    save(ledger, "r1", {ann: list(evidence["evidence"])})
    ledger.record_decision(Decision(ann, START, "panel", "promoted"))
    ledger.erase_evidence([evidence.set_index("excerpt").at["Change number 5", "evidence"]], "test")
    return path


@pytest.fixture
def tamper(full: Path, tmp_path: Path, clock: Clock) -> Callable[..., tuple[str, ...]]:
    """Run statements on a copy without its triggers and foreign keys; what `verify` says then."""

    def run(*statements: str, head: str | None = None) -> tuple[str, ...]:
        shutil.copy(full, tmp_path / "copy.db")
        connection = sqlite3.connect(tmp_path / "copy.db")
        for verb in ("update", "delete"):
            connection.execute(f"DROP TRIGGER audit_event_no_{verb}")
        for statement in statements:
            cursor = connection.execute(statement)
            assert cursor.rowcount != 0, statement
        connection.commit()
        connection.close()
        ledger = Ledger(f"sqlite:///{tmp_path / 'copy.db'}", clock=clock, entropy=repeatable_entropy())
        return ledger.verify(head).problems

    return run


def test_an_untouched_ledger_is_sound(full: Path, clock: Clock, tamper: Callable[..., tuple[str, ...]]) -> None:
    report = Ledger(f"sqlite:///{full}", clock=clock, entropy=repeatable_entropy()).verify()
    assert report.sound
    assert report.rows > 40
    assert tamper(head=report.head) == ()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE evidence SET measures = replace(measures, '1', '2') WHERE measures IS NOT NULL",
        "UPDATE evidence SET excerpt = 'better' WHERE sequence = 1 AND salt IS NOT NULL",
        "UPDATE evidence SET occurred_at = occurred_at + 1 WHERE salt IS NOT NULL",
        "UPDATE evidence SET collected_at = collected_at + 1 WHERE salt IS NOT NULL",
        "UPDATE evidence SET withdrawn = 0 WHERE withdrawn = 1",
        "UPDATE participation SET role = 'author' WHERE role = 'reviewer'",
        "UPDATE identity SET key = 'me@example.org' WHERE key LIKE '%bob%'",
        "UPDATE person SET key = 'p-zoe' WHERE key = 'p-ann'",
        "UPDATE employment SET valid_from = '2010-01-01'",
        "UPDATE role_assignment SET job_level = 'principal'",
        "UPDATE source_purpose SET granted = 0",
        "UPDATE sighting SET present = 1 WHERE present = 0",
        "UPDATE supersession SET collected_at = collected_at + 1",
        "UPDATE same_as SET relation = 'squash_of'",
        "UPDATE assessment SET theta = 9.0",
        "UPDATE assessment SET payload = replace(payload, '0.7', '0.9')",
        "UPDATE decision SET payload = replace(payload, 'promoted', 'held')",
        "UPDATE citation SET stance = 'against'",
        "UPDATE collection_cursor SET cursor = '{}' || ' '",
        "UPDATE assessment_run SET model = 'other'",
    ],
)
def test_an_edit_of_any_row_is_found(tamper: Callable[..., tuple[str, ...]], statement: str) -> None:
    assert any("edited" in one or "not those it recorded" in one for one in tamper(statement))


@pytest.mark.parametrize(
    "table", ["evidence", "artefact", "sighting", "supersession", "identity", "decision", "citation", "tombstone"]
)
def test_a_lost_row_is_found(tamper: Callable[..., tuple[str, ...]], table: str) -> None:
    column = {"sighting": "artefact_id", "supersession": "old"}.get(table, "id")
    problems = tamper(f"DELETE FROM {table} WHERE {column} = (SELECT max({column}) FROM {table})")
    assert any("recorded" in one and "are there" in one for one in problems)


def test_a_lost_participation_is_found(tamper: Callable[..., tuple[str, ...]]) -> None:
    assert any(
        "evidence" in one and "edited" in one for one in tamper("DELETE FROM participation WHERE role = 'reviewer'")
    )


def test_a_participation_without_evidence_is_found(tamper: Callable[..., tuple[str, ...]]) -> None:
    problems = tamper("INSERT INTO participation VALUES ('0', '0', 'author')")
    assert any("participation without evidence" in one for one in problems)


def test_a_smuggled_row_is_found_in_an_old_batch_and_in_none(tamper: Callable[..., tuple[str, ...]]) -> None:
    row = "INSERT INTO team SELECT 'aa', 'Ghosts', known_at, salt, {} FROM team LIMIT 1"
    old = tamper(row.format("batch"))
    assert any("recorded" in one and "are there" in one for one in old)
    assert any("belong to batch 'x', which no event recorded" in one for one in tamper(row.format("'x'")))


def test_an_edited_event_is_found(tamper: Callable[..., tuple[str, ...]]) -> None:
    for change in ("actor = 'nobody'", "at = at + 1", "detail = '{}'", "action = 'x'", "rows = rows + 1"):
        assert any("event 3: edited" in one for one in tamper(f"UPDATE audit_event SET {change} WHERE seq = 3"))


def test_a_gap_is_found(tamper: Callable[..., tuple[str, ...]]) -> None:
    assert any("event 4: missing" in one for one in tamper("DELETE FROM audit_event WHERE seq = 4"))


def test_a_reordering_is_found(tamper: Callable[..., tuple[str, ...]]) -> None:
    swap = [f"UPDATE audit_event SET seq = {new} WHERE seq = {old}" for old, new in ((3, 99), (4, 3), (99, 4))]
    assert any("does not follow" in one for one in tamper(*swap))


def test_a_cut_off_end_is_found(tamper: Callable[..., tuple[str, ...]], full: Path, clock: Clock) -> None:
    printed = Ledger(f"sqlite:///{full}", clock=clock, entropy=repeatable_entropy()).verify().head
    cut = "DELETE FROM audit_event WHERE seq = (SELECT max(seq) FROM audit_event)"
    assert any("but the ledger's head says" in one for one in tamper(cut))
    whole = [
        "DELETE FROM tombstone",
        "DELETE FROM suppression",
        cut,
        "UPDATE audit_head SET (seq, hash) = (SELECT seq, hash FROM audit_event ORDER BY seq DESC LIMIT 1)",
    ]
    assert any("cut off or rewritten" in one for one in tamper(*whole, head=printed))


def test_a_row_put_back_after_erasure_is_found(tamper: Callable[..., tuple[str, ...]]) -> None:
    back = "UPDATE artefact SET key = 'git:5', salt = '00' WHERE key IS NULL"
    assert any("erased according to the chain" in one for one in tamper(back))


def test_many_problems_are_cut_short(tamper: Callable[..., tuple[str, ...]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("db.audit._MOST", 2)
    problems = tamper("UPDATE evidence SET excerpt = 'x' WHERE salt IS NOT NULL")
    assert len(problems) == 3
    assert problems[-1].endswith("more")
