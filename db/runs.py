"""Rubric snapshots and assessment runs with their assessments, citations and joint posteriors."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Connection, select

from db import payload
from db.canonical import canonical, clean, digest, from_micros, micros
from db.errors import Refusal
from db.records import Assessment, Citation, JointPosterior, Purpose, Run, Stance
from db.tables import metadata
from db.transaction import Transaction

__all__ = [
    "assessments",
    "citations",
    "erased_citations",
    "posteriors",
    "rubric_text",
    "runs",
    "save_rubric",
    "save_run",
]

_t = metadata.tables
_rubric, _run, _person = _t["rubric_snapshot"], _t["assessment_run"], _t["person"]
_assessment, _posterior, _citation = _t["assessment"], _t["joint_posterior"], _t["citation"]


def save_rubric(unit: Transaction, hashed: str, name: str, version: str, text: str) -> None:
    """Keep the text of a rubric under its content hash, once."""
    if unit.connection.execute(select(_rubric.c.id).where(_rubric.c.hash == hashed)).first() is None:
        unit.add(_rubric, hash=hashed, name=clean(name), version=clean(version), text=clean(text), known_at=unit.now)
        unit.detail |= {"rubric": hashed}


def rubric_text(connection: Connection, hashed: str) -> str:
    """The text of a rubric snapshot. Raises `Refusal` if there is none."""
    text = connection.scalar(select(_rubric.c.text).where(_rubric.c.hash == hashed))
    if text is None:
        raise Refusal("the ledger holds no such rubric", where=hashed, remedy="assess with it first")
    return str(text)


def save_run(
    unit: Transaction,
    run: Run,
    found: Sequence[Assessment],
    cited: Sequence[Citation],
    joint: Sequence[JointPosterior],
) -> None:
    """See `Ledger.save_run`."""
    details = canonical(json.loads(payload.encode(run)).get("details", {}))
    body = canonical(
        [
            details,
            sorted(payload.encode(one) for one in found),
            sorted(payload.encode(one) for one in cited),
            sorted(payload.encode(one) for one in joint),
        ]
    )
    summary = {"run": run.id, "purpose": run.purpose.value, "body": digest(body)}
    if unit.connection.execute(select(_run.c.id).where(_run.c.run == run.id)).first() is not None:
        _same_again(unit, run, summary)
        return
    _check_persons(unit, {one.person for one in found} | {one.person for one in cited} | {one.person for one in joint})
    unit.detail |= summary
    unit.add(
        _run,
        run=run.id,
        purpose=run.purpose.value,
        as_of=micros(run.as_of),
        known_at=micros(run.known_at),
        rubric_hash=run.rubric_hash,
        model=run.model,
        details=details,
        saved_at=unit.now,
    )
    for one in sorted(found, key=lambda each: (each.person, each.skill)):
        unit.add(
            _assessment,
            run=run.id,
            person_id=one.person,
            skill=one.skill,
            state=one.state.value,
            modal=one.modal,
            theta=one.theta,
            theta_sd=one.theta_sd,
            payload=payload.encode(one),
        )
    for posterior in sorted(joint, key=lambda each: each.person):
        unit.add(_posterior, run=run.id, person_id=posterior.person, payload=payload.encode(posterior))
    for each in cited:
        unit.add(
            _citation,
            run=run.id,
            person_id=each.person,
            skill=each.skill,
            evidence_id=each.evidence,
            stance=each.stance.value,
            criterion=each.criterion,
        )


def _same_again(unit: Transaction, run: Run, summary: dict[str, str]) -> None:
    event = _t["audit_event"]
    stored = unit.connection.scalar(
        select(event.c.detail).join(_run, _run.c.batch == event.c.batch).where(_run.c.run == run.id)
    )
    if stored != canonical(summary):
        raise Refusal("a run with this id and other content is already saved", where=run.id, remedy="use another id")


def _check_persons(unit: Transaction, persons: set[str]) -> None:
    known = set(unit.connection.scalars(select(_person.c.id).where(_person.c.key.is_not(None))))
    unknown = sorted(persons - known)
    if unknown:
        raise Refusal(
            f"{len(unknown)} assessed persons are not in the ledger, first {unknown[0]!r}",
            remedy="use the ids of the `person` column of people()",
        )


def runs(connection: Connection) -> list[Run]:
    """Every run, the first saved first."""
    event = _t["audit_event"]
    return [
        Run(
            row.run,
            Purpose(row.purpose),
            from_micros(row.as_of),
            from_micros(row.known_at),
            row.rubric_hash,
            row.model,
            json.loads(row.details),
        )
        for row in connection.execute(select(_run).join(event, event.c.batch == _run.c.batch).order_by(event.c.seq))
    ]


def assessments(connection: Connection, run_id: str, person: str | None) -> list[Assessment]:
    """The run's assessments by person and skill; those erased are left out."""
    statement = (
        select(_assessment.c.payload)
        .where(_assessment.c.run == run_id, _assessment.c.payload.is_not(None))
        .order_by(_assessment.c.person_id, _assessment.c.skill)
    )
    if person is not None:
        statement = statement.where(_assessment.c.person_id == person)
    return [payload.decode_assessment(text) for text in connection.scalars(statement)]


def citations(connection: Connection, run_id: str, person: str | None) -> list[Citation]:
    """The run's citations by person, skill, criterion, stance and evidence."""
    statement = select(_citation).where(_citation.c.run == run_id, _citation.c.person_id.is_not(None))
    if person is not None:
        statement = statement.where(_citation.c.person_id == person)
    found = [
        Citation(row.person_id, row.skill, row.evidence_id, Stance(row.stance), row.criterion)
        for row in connection.execute(statement)
    ]
    return sorted(found, key=lambda one: (one.person, one.skill, one.criterion or "", one.stance, one.evidence))


def posteriors(connection: Connection, run_id: str, person: str | None) -> list[JointPosterior]:
    """The run's joint posteriors by person."""
    statement = (
        select(_posterior.c.payload)
        .where(_posterior.c.run == run_id, _posterior.c.payload.is_not(None))
        .order_by(_posterior.c.person_id)
    )
    if person is not None:
        statement = statement.where(_posterior.c.person_id == person)
    return [payload.decode_posterior(text) for text in connection.scalars(statement)]


def erased_citations(connection: Connection, run_id: str) -> list[str]:
    """See `Ledger.erased_citations`."""
    evidence = _t["evidence"]
    statement = (
        select(_citation.c.evidence_id)
        .join(evidence, evidence.c.id == _citation.c.evidence_id)
        .where(_citation.c.run == run_id, evidence.c.salt.is_(None))
        .distinct()
    )
    return sorted(connection.scalars(statement))
