"""Decisions, disputes and replies: what people decide and answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, func, select

from db import payload
from db.canonical import clean, from_micros, micros
from db.errors import Refusal
from db.people import person_id
from db.records import Decision, Dispute, Reply
from db.tables import metadata
from db.transaction import Transaction

__all__ = ["add_reply", "decisions", "disputes", "open_dispute", "record_decision", "replies", "resolve_dispute"]

_decision, _dispute, _reply = (metadata.tables[name] for name in ("decision", "dispute", "reply"))


def record_decision(unit: Transaction, decision: Decision) -> None:
    """Keep a human judgement. Its person may be named by key or id."""
    person = person_id(unit.connection, decision.person)
    decision = replace(decision, person=person)
    unit.add(_decision, person_id=person, decided_at=micros(decision.decided_at), payload=payload.encode(decision))
    unit.detail |= {"person": person}


def decisions(connection: Connection) -> list[Decision]:
    """Every decision, by instant and person; those erased are left out."""
    statement = (
        select(_decision.c.payload)
        .where(_decision.c.payload.is_not(None))
        .order_by(_decision.c.decided_at, _decision.c.person_id, _decision.c.payload)
    )
    return [payload.decode_decision(text) for text in connection.scalars(statement)]


def open_dispute(unit: Transaction, person: str, target: str, reason: str) -> Dispute:
    """Contest an evidence id or "identity:<id>" in the name of a person."""
    owner = person_id(unit.connection, person)
    table = metadata.tables["identity" if target.startswith("identity:") else "evidence"]
    wanted = target.removeprefix("identity:")
    if unit.connection.execute(select(table.c.id).where(table.c.id == wanted)).first() is None:
        raise Refusal("there is nothing of that id to contest", where=target, remedy="take the id from a report")
    dispute = Dispute(unit.entropy(8).hex(), owner, target, clean(reason), "open", unit.instant)
    _append(unit, dispute, 1)
    return dispute


def resolve_dispute(unit: Transaction, dispute_id: str, state: str, reason: str) -> Dispute:
    """Close a dispute as "upheld" or "dismissed"; the reason for that is added to the reason given for the dispute."""
    if state not in {"upheld", "dismissed"}:
        raise Refusal(f"a dispute cannot end as {state!r}", where=dispute_id, remedy='use "upheld" or "dismissed"')
    found = {one.id: one for one in disputes(unit.connection)}.get(dispute_id)
    if found is None:
        raise Refusal("there is no such dispute", where=dispute_id, remedy="list the disputes first")
    last = unit.connection.scalar(select(func.max(_dispute.c.sequence)).where(_dispute.c.dispute == dispute_id))
    said = f"{found.reason} [{state}: {clean(reason)}]"
    closed = replace(found, state=state, reason=said, known_at=unit.instant)
    _append(unit, closed, (last or 0) + 1)
    return closed


def _append(unit: Transaction, dispute: Dispute, sequence: int) -> None:
    unit.add(
        _dispute,
        dispute=dispute.id,
        sequence=sequence,
        person_id=dispute.person,
        target=dispute.target,
        reason=dispute.reason,
        state=dispute.state,
        known_at=unit.now,
    )
    unit.detail |= {"dispute": dispute.id, "state": dispute.state}


def disputes(connection: Connection, known_at: datetime | None = None) -> list[Dispute]:
    """Every dispute in its present state, or the one known then, by the instant of that state and id."""
    statement = select(_dispute).where(_dispute.c.target.is_not(None)).order_by(_dispute.c.sequence)
    if known_at is not None:
        statement = statement.where(_dispute.c.known_at <= micros(known_at))
    last: dict[str, Dispute] = {}
    for row in connection.execute(statement):
        last[row.dispute] = Dispute(
            row.dispute, row.person_id, row.target, row.reason, row.state, from_micros(row.known_at)
        )
    return sorted(last.values(), key=lambda one: (one.known_at, one.id))


def add_reply(unit: Transaction, person: str, text: str) -> Reply:
    """Keep what the person answers to a packet."""
    owner = person_id(unit.connection, person)
    unit.add(_reply, person_id=owner, text=clean(text), known_at=unit.now)
    unit.detail |= {"person": owner}
    return Reply(owner, clean(text), unit.instant)


def replies(connection: Connection, person: str) -> list[Reply]:
    """The person's replies, oldest first."""
    owner = person_id(connection, person)
    return [
        Reply(row.person_id, row.text, from_micros(row.known_at))
        for row in connection.execute(
            select(_reply).where(_reply.c.person_id == owner).order_by(_reply.c.known_at, _reply.c.id)
        )
    ]
