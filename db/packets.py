"""Sealed packets: recorded in the chain, and checked without the ledger.

The ledger's row of a packet commits to its whole body and to the list of evidence it cites. The sealing event holds, beside its
place in the chain, the Merkle root over all earlier events. So from the head printed on the packet everything follows:
head = the event's hash -> the packet's row -> the body; and event -> history -> each cited row's event -> the row.

Ordinary activity is *opened* in the seal: salt and content are there, so anyone can check what was cited. Feedback, interviews and
decisions are *closed*: only their ids and proofs are, which shows that they were in the ledger then and are unchanged in
number, and tells nothing about what a rater said.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, select

from db import merkle
from db.audit import leaves_of
from db.canonical import canonical, clean, commitment, from_micros
from db.content import content_hash, content_text, restore
from db.errors import Refusal
from db.lookup import values
from db.payload import encode
from db.people import person_id
from db.records import Retention
from db.results import Seal
from db.tables import metadata
from db.transaction import Transaction, columns_of, event_hash, row_text

__all__ = ["compose", "open_packet", "openings", "record_packet", "verify_packet"]

_t = metadata.tables
_packet, _opening, _event = _t["packet"], _t["packet_opening"], _t["audit_event"]
_evidence, _participation = _t["evidence"], _t["participation"]
_EVENT: Final = ("seq", "batch", "at", "actor", "action", "detail", "rows", "root", "prev", "hash")
_SEAL: Final = frozenset({"packet_id", "sealed_at", "head", "packet", "proof", "event", "events", "cited"})
_OPENED: Final = ("artefact_id", "sequence", "occurred_at", "collected_at", "extractor", "content", "salt")
_Json = Mapping[str, Any]


def record_packet(
    unit: Transaction, run_id: str, person: str, role: str, job_level: str, body: _Json, ids: Sequence[str]
) -> dict[str, Any]:
    """Queue the packet's row and gather the proofs of what it cites; `compose` makes the seal once the event stands."""
    owner = person_id(unit.connection, person)
    _, prev = unit.lock_head()
    history = [bytes.fromhex(one) for one in unit.connection.scalars(select(_event.c.hash).order_by(_event.c.seq))]
    cited, events = _cite(unit, sorted(set(ids)), history)
    salt = unit.salts(1)[0]
    packet = {
        "packet": unit.entropy(8).hex(),
        "run": run_id,
        "person_id": owner,
        "role": role,
        "job_level": job_level,
        "body_hash": _body_hash(body, cited),
        "sealed_at": unit.now,
    }
    row = unit.add(_packet, **packet, salt=salt)
    unit.detail |= {"packet": packet["packet"], "row": row, "history": merkle.root(history), "after": prev}
    return {"packet": {"id": row, "salt": salt, **packet}, "cited": cited, "events": events}


def compose(unit: Transaction, parts: dict[str, Any]) -> Seal:
    """The seal, after the transaction has written its event."""
    event, packet = unit.event, parts["packet"]
    assert event is not None
    tree = merkle.row_tree(unit.leaves)
    return Seal(
        packet_id=packet["packet"],
        sealed_at=from_micros(packet["sealed_at"]),
        head=str(event["hash"]),
        packet=packet,
        proof=tuple(merkle.proof(tree, tree.index(merkle.leaf(packet["id"])))),
        event=event,
        events=tuple(parts["events"]),
        cited=tuple(parts["cited"]),
    )


def open_packet(unit: Transaction, packet_id: str, reason: str) -> None:
    """Record that somebody opened the sealed result, and why."""
    if unit.connection.execute(select(_packet.c.id).where(_packet.c.packet == packet_id)).first() is None:
        raise Refusal("the ledger sealed no such packet", where=packet_id, remedy="check the packet's id")
    unit.add(_opening, packet=packet_id, actor=unit.actor, reason=clean(reason), at=unit.now)
    unit.detail |= {"packet": packet_id}


def openings(connection: Connection, packet_id: str) -> list[tuple[datetime, str, str]]:
    """Who opened the packet: (instant, actor, reason), the first first."""
    found = connection.execute(select(_opening).where(_opening.c.packet == packet_id).order_by(_opening.c.at))
    return [(from_micros(row.at), row.actor, row.reason) for row in found]


def _cite(unit: Transaction, ids: list[str], history: list[bytes]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    listed = values(unit.connection, ids)
    rows = {
        row["id"]: row
        for row in unit.connection.execute(select(_evidence).join(listed, _evidence.c.id == listed.c.value)).mappings()
    }
    missing = [one for one in ids if one not in rows]
    if missing:
        raise Refusal(f"the packet cites evidence {missing[0]!r}, which the ledger does not hold")
    batches = {row["batch"] for row in rows.values()}
    listed = values(unit.connection, sorted(batches))
    found = unit.connection.execute(select(_event).join(listed, _event.c.batch == listed.c.value)).mappings()
    events = {row["batch"]: dict(row) for row in found}
    trees = {batch: merkle.row_tree(texts) for batch, texts in leaves_of(unit.connection, batches).items()}
    places = {batch: {leaf: place for place, leaf in enumerate(tree)} for batch, tree in trees.items()}
    cited = []
    for one in ids:
        batch = rows[one]["batch"]
        cited.append(
            {
                "evidence": one,
                "event": events[batch]["seq"],
                "proof": merkle.proof(trees[batch], places[batch][merkle.leaf(one)]),
                **_opened(unit, rows[one]),
            }
        )
    proven = [
        {**{name: event[name] for name in _EVENT}, "proof": merkle.proof(history, event["seq"] - 1)}
        for event in sorted(events.values(), key=lambda event: event["seq"])
    ]
    return cited, proven


def _opened(unit: Transaction, row: Any) -> dict[str, Any]:
    """What lets anyone recompute a cited row's id; nothing for what stays closed or is erased."""
    if row["salt"] is None or row["retention"] != Retention.ACTIVITY.value:
        return {}
    roles = unit.connection.execute(
        select(_participation.c.identity_id, _participation.c.role).where(_participation.c.evidence_id == row["id"])
    )
    content = content_text(row["artefact_id"], restore(row), [(each[0], each[1]) for each in roles])
    return {**{name: row[name] for name in _OPENED if name != "content"}, "content": content}


def _body_hash(body: _Json, cited: Sequence[_Json]) -> str:
    """The hash of what the reader sees and of which evidence stands behind it, opened or closed."""
    listed = [[one["evidence"], one["event"], "content" in one] for one in cited]
    normal = json.loads(encode(body))
    return hashlib.sha256(canonical([normal["reading"], normal["sealed"], listed]).encode()).hexdigest()


# -- without a ledger ----------------------------------------------------------------------------------------


def verify_packet(packet: Mapping[str, Any]) -> list[str]:
    """Check a packet offline; what is wrong with it, nothing if it is as it was sealed.

    packet: the JSON object {"reading": ..., "sealed": ..., "seal": Seal.as_mapping()}. Any edit of any value in it is found.
    What cannot be found offline is a packet sealed by another ledger: compare `seal.head` with the ledger's
    (`Ledger.verify(head=...)`) or with a printed copy.
    """
    if not isinstance(packet, Mapping) or set(packet) != {"reading", "sealed", "seal"}:
        return ["a packet consists of reading, sealed and seal, nothing less and nothing more"]
    seal = packet["seal"]
    if not isinstance(seal, Mapping) or set(seal) != _SEAL:
        return ["the seal is not complete, or holds more than a seal"]
    try:
        return [*_verify_sealing(packet, seal), *_verify_cited(seal)]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return [f"the seal is malformed: {type(error).__name__} {error}"]


def _verify_sealing(packet: _Json, seal: _Json) -> list[str]:
    event, row = seal["event"], seal["packet"]
    detail = json.loads(event["detail"])
    text = row_text("packet", [row[name] for name in columns_of(_packet)])
    checks = {
        "the sealing event was edited": set(event) == set(_EVENT) and event_hash(event) == event["hash"],
        "the head is not the sealing event's hash": seal["head"] == event["hash"],
        "the event sealed another packet": [detail["packet"], detail["row"], detail["after"]]
        == [seal["packet_id"], row["id"], event["prev"]]
        and row["packet"] == seal["packet_id"],
        "the packet's row was edited": set(row) == {"id", "salt", *columns_of(_packet)}
        and commitment(event["batch"], row["salt"], text) == row["id"],
        "the date of sealing was edited": from_micros(row["sealed_at"]).isoformat() == seal["sealed_at"],
        "the packet's row is not in the sealing event": merkle.verify_proof(
            merkle.leaf(row["id"]), seal["proof"], event["root"]
        ),
        "the body was edited": _body_hash(packet, seal["cited"]) == row["body_hash"],
    }
    return [problem for problem, fine in checks.items() if not fine]


def _verify_cited(seal: _Json) -> list[str]:
    problems = []
    history = json.loads(seal["event"]["detail"])["history"]
    events = {event["seq"]: event for event in seal["events"]}
    if [event["seq"] for event in seal["events"]] != sorted({one["event"] for one in seal["cited"]}):
        problems.append("the events are not those of the cited evidence")
    for seq, event in events.items():
        chained = merkle.verify_proof(bytes.fromhex(event["hash"]), event["proof"], history)
        if set(event) != {*_EVENT, "proof"} or event_hash(event) != event["hash"] or not chained:
            problems.append(f"event {seq} was edited or is not before the sealing")
    ids = [one["evidence"] for one in seal["cited"]]
    if ids != sorted(set(ids)):
        problems.append("the cited evidence was reordered")
    edited = [one["evidence"] for one in seal["cited"] if not _holds(one, events[one["event"]])]
    return [*problems, *(f"evidence {one} was edited" for one in edited)]


def _holds(one: _Json, event: _Json) -> bool:
    closed = {"evidence", "event", "proof"}
    if not merkle.verify_proof(merkle.leaf(one["evidence"]), one["proof"], event["root"]):
        return False
    if set(one) == closed:
        return True
    row = [one["artefact_id"], one["sequence"], content_hash(one["content"])]
    text = row_text("evidence", [*row, one["occurred_at"], one["collected_at"], one["extractor"]])
    return set(one) == {*closed, *_OPENED} and commitment(event["batch"], one["salt"], text) == one["evidence"]
