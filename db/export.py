"""The canonical export of evidence: the same lines from every back end, process and order of storing.

It holds no salt, no opaque id and no moment of collection: two ledgers that hold the same evidence export the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, select

from db.audit import streamed
from db.canonical import from_micros, micros
from db.content import restore
from db.frames import current, shows
from db.tables import metadata

__all__ = ["export_evidence"]

_t = metadata.tables
_artefact, _evidence, _participation = _t["artefact"], _t["evidence"], _t["participation"]
_identity, _sighting, _source, _same_as = _t["identity"], _t["sighting"], _t["source"], _t["same_as"]


def export_evidence(connection: Connection, as_of: datetime, known_at: datetime) -> Iterator[dict[str, object]]:
    """See `Ledger.export_evidence`."""
    known = micros(known_at)
    clauses = current(micros(as_of), known, None)
    versions = select(_artefact.c.key.label("artefact_key"), _evidence).join(
        _artefact, _artefact.c.id == _evidence.c.artefact_id
    )
    ordered = versions.where(*clauses).order_by(_artefact.c.key)
    roles = (
        select(_artefact.c.key.label("artefact_key"), _participation.c.role, _identity.c.provider, _identity.c.key)
        .select_from(_artefact)
        .join(_evidence, _artefact.c.id == _evidence.c.artefact_id)
        .join(_participation, _participation.c.evidence_id == _evidence.c.id)
        .join(_identity, _identity.c.id == _participation.c.identity_id)
        .where(*clauses)
        .order_by(_artefact.c.key, _participation.c.role, _identity.c.provider, _identity.c.key)
    )
    seen = (
        select(_artefact.c.key.label("artefact_key"), _source.c.kind, _source.c.name)
        .select_from(_artefact)
        .join(_evidence, _artefact.c.id == _evidence.c.artefact_id)
        .join(_sighting, _sighting.c.artefact_id == _artefact.c.id)
        .join(_source, _source.c.id == _sighting.c.source_id)
        .where(*clauses, *shows(known))
        .order_by(_artefact.c.key, _source.c.kind, _source.c.name)
    )
    other = _artefact.alias()
    joined = (
        select(_artefact.c.key.label("artefact_key"), _same_as.c.relation, other.c.key)
        .select_from(_artefact)
        .join(_evidence, _artefact.c.id == _evidence.c.artefact_id)
        .join(_same_as, _same_as.c.artefact_id == _artefact.c.id)
        .join(other, other.c.id == _same_as.c.other_id)
        .where(*clauses, _same_as.c.known_at <= known, other.c.key.is_not(None))
        .order_by(_artefact.c.key, _same_as.c.relation, other.c.key)
    )
    grouped = [_Grouped(connection, statement) for statement in (roles, seen, joined)]
    for row in streamed(connection, ordered):
        key = row["artefact_key"]
        participations, sources, same_as = (group.of(key) for group in grouped)
        if not sources:
            continue
        kind, occurred_at, measures, paths, excerpt, url, retention, _ = restore(row)
        yield {
            "artefact": key,
            "kind": kind,
            "occurred_at": from_micros(occurred_at).isoformat(),
            "extractor": row["extractor"],
            "measures": json.loads(measures),
            "paths": json.loads(paths),
            "participations": participations,
            "excerpt": excerpt,
            "url": url,
            "retention": retention,
            "sources": sources,
            "same_as": same_as,
        }


class _Grouped:
    """A statement sorted by artefact key, handed out group by group beside another in the same order."""

    def __init__(self, connection: Connection, statement: object) -> None:
        self.rows = streamed(connection, statement)
        self.pending = next(self.rows, None)

    def of(self, key: str) -> list[list[str | None]]:
        """The rows of that key, without it, sorted (an erased identity has neither provider nor key)."""
        mine: list[list[str | None]] = []
        while self.pending is not None and self.pending["artefact_key"] <= key:
            if self.pending["artefact_key"] == key:
                mine.append(list(self.pending.values())[1:])
            self.pending = next(self.rows, None)
        return sorted(mine, key=lambda one: [value or "" for value in one])
