"""Everything a ledger's readers get to see: exports, assessments and all reports, as bytes by name."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

from calibrant.assessing import assess_purposes
from calibrant.exporting import assessment_rows
from calibrant.rater_reporting import write_rater_page, write_raters
from calibrant.reporting import write_gap, write_packet, write_self_check
from db.ledger import Ledger
from db.records import Purpose
from tests.conftest import Clock, repeatable_entropy
from tests.contract.department import AS_OF, Department, department

NOW = AS_OF + timedelta(days=10)
ROLE, JOB_LEVEL = "ml-engineer", "senior"


def filled(url: str, made: Department, *, salt: str = "contract") -> Ledger:
    """A ledger with the department in it, whose clock and entropy repeat."""
    ledger = Ledger(url, clock=Clock(NOW - timedelta(days=1)), entropy=repeatable_entropy(salt), actor="test")
    ledger.init()
    made.store(ledger)
    return ledger


def reopened(url: str) -> Ledger:
    """The same ledger on another day, with other entropy."""
    return Ledger(url, clock=Clock(NOW + timedelta(days=1)), entropy=repeatable_entropy("another day"), actor="test")


def assess(ledger: Ledger, standard: Path, purposes: tuple[Purpose, ...] = tuple(Purpose)) -> dict[Purpose, str]:
    """One run per purpose; run ids."""
    done = assess_purposes(ledger, str(standard), purposes=purposes, as_of=AS_OF, known_at=NOW)
    return {one.purpose: one.run for one in done}


def reports(ledger: Ledger, folder: Path, person: str, team: str) -> Mapping[str, bytes]:
    """Every report's files: the person's packet, self-check and page as a rater, the gap analysis, the team lead's copy of it, the raters' report."""
    write_packet(ledger, person, ROLE, JOB_LEVEL, folder, now=NOW, unseal="the test opens it")
    write_self_check(ledger, person, folder, now=NOW)
    write_gap(ledger, folder, now=NOW, department="Department of tests")
    write_gap(ledger, folder, now=NOW, department="Department of tests", lead_of=team)
    write_raters(ledger, folder, now=NOW, department="Department of tests")
    write_rater_page(ledger, person, folder, now=NOW)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def exports(ledger: Ledger) -> Mapping[str, bytes]:
    """Evidence and assessments as the export commands print them."""
    rows = {
        "evidence": list(ledger.export_evidence(as_of=NOW, known_at=NOW)),
        "assessments": [row for purpose in Purpose for row in assessment_rows(ledger, purpose, now=NOW)],
    }
    return {name: json.dumps(held, sort_keys=True, ensure_ascii=True).encode() for name, held in rows.items()}


def runs(ledger: Ledger) -> bytes:
    """Runs with all that they stored, canonical."""
    stored = [
        [
            asdict(run),
            [asdict(one) for one in (*ledger.assessments(run.id), *ledger.citations(run.id))],
            [asdict(one) for one in ledger.posteriors(run.id)],
        ]
        for run in ledger.runs()
    ]
    return json.dumps(stored, sort_keys=True, default=str).encode()


def everything(url: str, made: Department, standard: Path, folder: Path) -> Mapping[str, bytes]:
    """From an empty ledger to all outputs, in one go."""
    ledger = filled(url, made)
    ids = assess(ledger, standard)
    person = made.people[3]
    found = {**reports(ledger, folder, person.key, person.team), **exports(ledger)}
    return {**found, "runs": runs(ledger), "run ids": json.dumps(ids).encode(), "head": ledger.head().encode()}


if __name__ == "__main__":  # for another process: print the hash of every output as JSON
    seed, url, standard, folder = sys.argv[1:]
    found = everything(url, department(int(seed)), Path(standard), Path(folder))
    print(json.dumps({name: hashlib.sha256(text).hexdigest() for name, text in found.items()}))
