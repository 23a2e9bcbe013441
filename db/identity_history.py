"""What hangs on each identity, and the whole history of its links, as frames."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, func, select

from db.canonical import micros
from db.frames import current, readable, shown_artefacts
from db.records import Purpose
from db.tables import metadata

__all__ = ["identity_evidence", "identity_links"]

_t = metadata.tables
_link, _event, _evidence, _participation = (
    _t[name] for name in ("identity_link", "audit_event", "evidence", "participation")
)
_LINK_COLUMNS = (
    "identity", "sequence", "person", "proper", "basis", "state", "valid_from", "valid_to", "reason", "score", "known_at",
    "actor",
)  # fmt: skip


def identity_links(connection: Connection, known_at: datetime) -> pd.DataFrame:
    """See `Ledger.identity_links`."""
    rows = connection.execute(
        select(
            _link.c.identity_id.label("identity"),
            _link.c.sequence,
            _link.c.person_id.label("person"),
            _link.c.proper_id.label("proper"),
            *(_link.c[name] for name in _LINK_COLUMNS[4:-1]),
            _event.c.actor,
        )
        .join(_event, _event.c.batch == _link.c.batch)
        .where(_link.c.known_at <= micros(known_at), _link.c.salt.is_not(None))
        .order_by(_link.c.identity_id, _link.c.sequence)
    ).all()
    frame = pd.DataFrame([tuple(row) for row in rows], columns=list(_LINK_COLUMNS))
    text = {name: "str" for name in _LINK_COLUMNS if name not in ("sequence", "score", "known_at")}
    frame = frame.astype({**text, "sequence": "int64", "score": "float64"})
    frame["known_at"] = pd.to_datetime(frame["known_at"].astype("int64"), unit="us", utc=True)
    return frame


def identity_evidence(connection: Connection, known_at: datetime, purpose: Purpose | None) -> pd.DataFrame:
    """See `Ledger.identity_evidence`."""
    known = micros(known_at)
    shown = shown_artefacts(readable(connection, known, purpose), known)
    rows = connection.execute(
        select(
            _participation.c.identity_id.label("identity"),
            _evidence.c.kind,
            func.count(_evidence.c.id.distinct()).label("artefacts"),
            func.max(_evidence.c.occurred_at).label("last"),
        )
        .join(_evidence, _evidence.c.id == _participation.c.evidence_id)
        .join(shown, shown.c.artefact_id == _evidence.c.artefact_id)
        .where(*current(known, known, None))
        .group_by(_participation.c.identity_id, _evidence.c.kind)
        .order_by(_participation.c.identity_id, _evidence.c.kind)
    ).all()
    frame = pd.DataFrame([tuple(row) for row in rows], columns=["identity", "kind", "artefacts", "last"])
    frame = frame.astype({"identity": "str", "kind": "str", "artefacts": "int64"})
    frame["last"] = pd.to_datetime(frame["last"].astype("int64"), unit="us", utc=True)
    return frame
