"""What is erased is inferred without and stays erased; a packet stays verifiable: contract test 6."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from calibrant.assessing import replay
from calibrant.consequences import consequences
from calibrant.reporting import write_packet
from db.packets import verify_packet
from db.records import Purpose
from tests.contract.department import department
from tests.contract.files import collect_files, write_files
from tests.contract.outputs import JOB_LEVEL, NOW, ROLE, assess

ERASED, CANDIDATE = "p02", "p04"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write_files(department(5, count=6, raters=4), tmp_path_factory.mktemp("files"))


@pytest.fixture
def walked_ledger(ledger, clock, files, standard_folder):
    """A ledger (SQLite or PostgreSQL) with real files collected and assessed for promotion."""
    clock.now = NOW - timedelta(days=1)
    collect_files(ledger, files)
    assert collect_files(ledger, files) == 0
    return ledger


def run_of(ledger, standard_folder):
    return assess(ledger, standard_folder, (Purpose.PROMOTION,))[Purpose.PROMOTION]


def sealed_packet(ledger, folder):
    written = write_packet(ledger, CANDIDATE, ROLE, JOB_LEVEL, folder, now=NOW, unseal="for the test")
    return json.loads(written.files[-1].read_text(encoding="utf-8"))


def evidence_of(ledger):
    return [json.dumps(row, sort_keys=True) for row in ledger.export_evidence(as_of=NOW, known_at=NOW)]


def test_an_erased_person_is_inferred_without_and_stays_erased(walked_ledger, files, standard_folder, tmp_path):
    ledger = walked_ledger
    run = run_of(ledger, standard_folder)
    packet = sealed_packet(ledger, tmp_path)
    opaque, other = ledger.person_id(ERASED), ledger.person_id(CANDIDATE)
    before = {one.skill: one for one in ledger.assessments(run, other)}

    report = ledger.erase_person(ERASED, reason="asked for it")

    assert report.evidence > 0
    assert run in report.affected_runs
    assert other in report.affected_persons
    told = consequences(ledger, report.affected_runs)
    assert told.changes or told.slight
    again = run_of(ledger, standard_folder)
    after = {one.skill: one for one in ledger.assessments(again, other)}
    assert ledger.assessments(again, opaque) == []
    assert any(after[skill].raters < before[skill].raters for skill in before)
    assert all(after[skill].theta_sd != before[skill].theta_sd for skill in before)

    kept = evidence_of(ledger)
    assert collect_files(ledger, files) == 0
    assert evidence_of(ledger) == kept
    assert ERASED not in "".join(kept)
    assert "Person 02" not in ledger.identities(known_at=NOW)["name"].to_string()
    assert ERASED not in set(ledger.people(as_of=NOW, known_at=NOW)["key"])
    assert run_of(ledger, standard_folder) == again
    assert ledger.verify().problems == ()
    assert ledger.verify(head=packet["seal"]["head"]).problems == ()
    assert verify_packet(packet) == []


@pytest.mark.parametrize("ledger", ["sqlite"], indirect=True)
def test_erased_evidence_is_named_by_replay_and_stays_erased(walked_ledger, files, standard_folder, tmp_path):
    ledger = walked_ledger
    run = run_of(ledger, standard_folder)
    assert replay(ledger, run) == []
    packet = sealed_packet(ledger, tmp_path)
    other = ledger.person_id(CANDIDATE)
    cited = ledger.cited(run, other)
    ratings = sorted(cited.loc[cited["kind"] == "rating", "evidence"])[:4]
    gone = [*ratings, *sorted(cited.loc[cited["kind"] == "commit", "evidence"])[:2]]

    report = ledger.erase_evidence(gone, reason="not theirs to keep")

    assert (report.artefacts, report.affected_runs) == (len(gone), (run,))
    differences = replay(ledger, run)
    assert {f"cited evidence erased since: {one}" for one in gone} <= set(differences)
    assert any(line.startswith(other) for line in differences)
    assert set(ledger.cited(run, other).query("erased")["evidence"]) == set(gone)
    kept = evidence_of(ledger)
    assert collect_files(ledger, files) == 0
    assert evidence_of(ledger) == kept
    assert ledger.verify(head=packet["seal"]["head"]).problems == ()
    assert verify_packet(packet) == []


# -- edits of a packet ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def packet(walked):
    name = next(
        name
        for name in walked.outputs
        if name.startswith("packet") and "-reading" not in name and name.endswith(".json")
    )
    return walked.outputs[name]


def places(value, path=()) -> Iterator[tuple[tuple[object, ...], object]]:
    """Every value in a JSON document, with where it is."""
    yield path, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, held in inner:
        yield from places(held, (*path, key))


def edited(value, chance):
    """Something else than the value."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + chance.choice([1, -1, 0.5])
    if isinstance(value, str):
        return chance.choice([value + " ", value[1:], value[::-1] + "x", ""]) if value else "x"
    if isinstance(value, list):
        return chance.choice([value[1:], [*value, *value[-1:]], value[::-1]]) if len(value) > 1 else [*value, 0]
    if isinstance(value, dict):
        return {**value, "more": 1} if chance.random() < 0.5 or not value else dict(list(value.items())[1:])
    return 0


def test_the_packet_of_the_shared_department_verifies(packet):
    assert verify_packet(json.loads(packet)) == []


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(place=st.integers(min_value=1), chance=st.randoms(use_true_random=False))
def test_any_edit_of_a_packet_is_found_offline(packet, place, chance):
    body = json.loads(packet)
    every = list(places(body))
    path, value = every[1 + place % (len(every) - 1)]
    new = edited(value, chance)
    if new == value and type(new) is type(value):
        return
    holder = body
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = new
    assert verify_packet(body) != []


def test_a_packet_that_never_was_sealed_here_is_not_in_the_chain(walked, packet):
    head = json.loads(packet)["seal"]["head"]
    assert walked.ledger.verify(head=head).problems == ()
    assert walked.ledger.verify(head=head[::-1]).problems != ()
