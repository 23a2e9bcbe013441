"""Measures that name another artefact: which commit a commit says it reverts, which change request a review is about."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pandas as pd
from sqlalchemy import Connection, select

from db.frames import current
from db.lookup import values
from db.records import Kind
from db.tables import metadata

__all__ = ["reverts", "reviewed"]

_artefact, _evidence = metadata.tables["artefact"], metadata.tables["evidence"]
_OID_DIGITS = 40


def reverts(connection: Connection, as_of: int, known_at: int) -> pd.DataFrame:
    """artefact, target: opaque ids, sorted; reverts of what the ledger does not hold are left out.

    A shortened object id counts if exactly one artefact begins with it.
    """
    statement = select(_evidence.c.artefact_id, _evidence.c.measures).where(
        *current(as_of, known_at, None), _evidence.c.measures.like('%"revert_of":"%')
    )
    named = {row.artefact_id: f"git:{json.loads(row.measures)['revert_of']}" for row in connection.execute(statement)}
    known = _by_key(connection, sorted({key for key in named.values() if len(key) >= len("git:") + _OID_DIGITS}))
    for key in sorted(set(named.values()) - known.keys()):
        if len(key) < len("git:") + _OID_DIGITS:
            found = connection.scalars(
                select(_artefact.c.id).where(_artefact.c.key >= key, _artefact.c.key < key + "g").limit(2)
            ).all()
            if len(found) == 1:
                known[key] = found[0]
    return _pairs(named, known)


def reviewed(connection: Connection, as_of: int, known_at: int) -> pd.DataFrame:
    """artefact, target: opaque ids, sorted; reviews of what the ledger does not hold are left out."""
    statement = select(_evidence.c.artefact_id, _evidence.c.measures).where(
        *current(as_of, known_at, (Kind.REVIEW, Kind.REVIEW_COMMENT)),
        _evidence.c.measures.like('%"reviewed_change":"%'),
    )
    named = {row.artefact_id: json.loads(row.measures)["reviewed_change"] for row in connection.execute(statement)}
    return _pairs(named, _by_key(connection, sorted(set(named.values()))))


def _pairs(named: Mapping[str, str], known: Mapping[str, str]) -> pd.DataFrame:
    pairs = sorted((artefact, known[key]) for artefact, key in named.items() if key in known)
    return pd.DataFrame(pairs, columns=["artefact", "target"], dtype="str")


def _by_key(connection: Connection, keys: list[str]) -> dict[str, str]:
    if not keys:
        return {}
    listed = values(connection, keys)
    statement = select(_artefact.c.key, _artefact.c.id).join(listed, listed.c.value == _artefact.c.key)
    return {row.key: row.id for row in connection.execute(statement)}
