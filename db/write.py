"""Storing a batch of evidence: artefacts, versions, sightings, participations, supersession.

Per artefact: unknown -> the artefact and its first version; known with the same content -> nothing but, if this
source had not shown it, a sighting; known with other content -> a further version that supersedes the last,
unless it is a commit and the new reading knows less of it (see `knowledge`). An artefact that no source shows any more gets a withdrawn version.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select

from db import content as contents
from db.canonical import canonical, clean, clean_key, commitment, micros
from db.errors import BadInput
from db.identities import resolve
from db.knowledge import knows_less
from db.linking import identity_key
from db.lookup import values
from db.records import Batch, Evidence, Identity, Kind
from db.results import StoreCounts
from db.same_as import record_same_as
from db.seen_links import store_links
from db.suppression import OWN_ROLES, artefact_text, suppressed
from db.tables import metadata
from db.transaction import Transaction

__all__ = ["known_artefacts", "store_batch"]

_t = metadata.tables
_artefact, _evidence, _participation = _t["artefact"], _t["evidence"], _t["participation"]
_sighting, _supersession = _t["sighting"], _t["supersession"]
_EXTRACTOR_LENGTH: Final = 200


@dataclass(slots=True)
class _State:
    """What the ledger holds of one artefact: its current version and whether this source shows it."""

    artefact: str
    version: str | None = None
    sequence: int = 0
    hashed: str | None = None
    withdrawn: int = 0
    sighting: int = 0
    present: int = 0


class _Writer:
    """The rows that one batch adds. Kept apart from `Transaction` because this is the ledger's hot path."""

    def __init__(self, unit: Transaction, source_id: str) -> None:
        self.unit, self.source_id = unit, source_id
        self.artefacts: list[tuple[Any, ...]] = []
        self.versions: list[tuple[Any, ...]] = []
        self.participations: list[tuple[Any, ...]] = []
        self.sightings: list[tuple[Any, ...]] = []
        self.supersessions: list[tuple[Any, ...]] = []
        self.salts: list[str] = []

    def salt(self) -> str:
        if not self.salts:
            self.salts = self.unit.salts(1_000)
        return self.salts.pop()

    def artefact(self, key: str, kind: str | None) -> _State:
        """Plan a new artefact."""
        salt = self.salt()
        identifier = commitment(self.unit.batch, salt, canonical(["artefact", key, kind]))
        self.artefacts.append((identifier, key, kind, salt, self.unit.batch))
        return _State(identifier)

    def sight(self, state: _State, present: int) -> None:
        """Plan a sighting if it tells something new."""
        if state.present == present and state.sighting:
            return
        state.sighting, state.present = state.sighting + 1, present
        self.sightings.append((state.artefact, self.source_id, state.sighting, self.unit.now, present, self.unit.batch))

    def version(
        self, state: _State, content: contents.Content, participations: list[tuple[str, str]], extractor: str
    ) -> bool:
        """Plan a version if the content differs from the current one's."""
        unit = self.unit
        hashed = contents.content_hash(contents.content_text(state.artefact, content, participations))
        if hashed == state.hashed:
            return False
        kind, claimed, measures, paths, excerpt, url, retention, withdrawn = content
        occurred_at, now, sequence = claimed, unit.now, state.sequence + 1
        if claimed > now:
            occurred_at, measures = now, contents.claim(measures, claimed)
        salt = self.salt()
        text = contents.evidence_text(state.artefact, sequence, hashed, occurred_at, now, extractor)
        identifier = unit.batch[:4] + hashlib.sha256((salt + text).encode()).hexdigest()[:28]
        self.versions.append(
            (
                identifier,
                state.artefact,
                sequence,
                hashed,
                kind,
                occurred_at,
                now,
                extractor,
                measures,
                paths,
                excerpt,
                url,
                retention,
                withdrawn,
                salt,
                unit.batch,
            )
        )
        for identity, role in participations:
            self.participations.append((identifier, identity, role))
        if state.version is not None:
            self.supersessions.append((state.version, identifier, now, unit.batch))
        state.version, state.sequence, state.hashed, state.withdrawn = identifier, sequence, hashed, withdrawn
        return True

    def queue(self) -> None:
        """Hand everything to the transaction, artefacts in key order so that parallel writers cannot deadlock."""
        unit = self.unit
        unit.queue(_artefact, sorted(self.artefacts, key=lambda row: row[1]))
        unit.queue(_evidence, self.versions)
        unit.queue(_participation, self.participations)
        unit.queue(_sighting, self.sightings)
        unit.queue(_supersession, self.supersessions)
        unit.leaves += [row[0] for row in self.artefacts]
        unit.leaves += [row[0] for row in self.versions]
        unit.leaves += [f"{a}|{s}|{n}|{at}|{present}" for a, s, n, at, present, _ in self.sightings]
        unit.leaves += [f"{old}|{new}|{at}" for old, new, at, _ in self.supersessions]


def store_batch(unit: Transaction, source_id: str, batch: Batch) -> StoreCounts:
    """Store one batch within the caller's transaction; the counts of what it added."""
    seen = _identities(batch)
    found = resolve(unit, seen)
    ids = {identity: found.ids[identity_key(identity)] for identity in seen}
    gone = {identity for identity, identifier in ids.items() if identifier in found.tombstones}
    keyed = [(clean_key(one.artefact), one) for one in batch.evidence]
    lost = [clean_key(key) for key in batch.lost]
    pairs = [(clean_key(one.artefact), clean_key(one.other), one.relation.value) for one in batch.same_as]
    keys = {key for key, _ in keyed} | set(lost) | {key for pair in pairs for key in pair[:2]}
    states = _states(unit, sorted(keys), source_id)
    erased = suppressed(unit.connection, [artefact_text(key) for key in sorted(keys - states.keys())])
    writer = _Writer(unit, source_id)
    fuller = _held_measures(
        unit, [states[key].version for key, one in keyed if one.kind is Kind.COMMIT and key in states]
    )
    unchanged = skipped = 0
    for key, one in keyed:
        if (erased and artefact_text(key) in erased) or (gone and _of_erased(one, gone)):
            skipped += 1
            continue
        state = states.get(key)
        if state is None:
            state = states[key] = writer.artefact(key, one.kind.value)
        writer.sight(state, 1)
        content, participations = _content(unit, one, ids, key)
        held = fuller.get(state.version or "")
        if held is not None and not state.withdrawn and knows_less(content[2], held):
            unchanged += 1
            continue
        unchanged += not writer.version(state, content, participations, clean(one.extractor, _EXTRACTOR_LENGTH))
    for key in lost:
        if key in states and states[key].sighting and states[key].present:
            writer.sight(states[key], 0)
    pairs = [pair for pair in dict.fromkeys(pairs) if not {artefact_text(key) for key in pair[:2]} & erased.keys()]
    for key in sorted({key for pair in pairs for key in pair[:2]} - states.keys()):
        states[key] = writer.artefact(key, None)
    writer.queue()
    unit.flush()
    withdrawn = _withdraw(unit, writer, [states[key] for key in dict.fromkeys(lost) if key in states])
    same_as = record_same_as(unit, [(states[one].artefact, states[other].artefact, why) for one, other, why in pairs])
    links = found.links + store_links(unit, batch.links, found.ids)
    return StoreCounts(
        artefacts=len(writer.artefacts),
        versions=len(writer.versions) + withdrawn,
        unchanged=unchanged,
        withdrawn=withdrawn,
        sightings=len(writer.sightings),
        participations=len(writer.participations),
        identities=found.identities,
        links=links,
        same_as=same_as,
        suppressed=skipped,
        talk=dict(batch.talk),
    )


def _held_measures(unit: Transaction, versions: list[str | None]) -> dict[str, str]:
    """Measures of these versions, by version."""
    wanted = sorted({version for version in versions if version is not None})
    if not wanted:
        return {}
    listed = values(unit.connection, wanted)
    rows = unit.connection.execute(
        select(_evidence.c.id, _evidence.c.measures).join(listed, listed.c.value == _evidence.c.id)
    )
    return {row.id: row.measures for row in rows if row.measures is not None}


def known_artefacts(unit_connection: Any, keys: list[str]) -> set[str]:
    """Those of the keys that the ledger holds or has erased for good."""
    by_clean = {clean_key(key): key for key in keys}
    listed = values(unit_connection, sorted(by_clean))
    rows = unit_connection.execute(select(_artefact.c.key).join(listed, _artefact.c.key == listed.c.value))
    found = {by_clean[row.key] for row in rows}
    erased = suppressed(unit_connection, [artefact_text(key) for key, raw in by_clean.items() if raw not in found])
    return found | {raw for key, raw in by_clean.items() if artefact_text(key) in erased}


def _identities(batch: Batch) -> list[Identity]:
    """Each distinct identity of the batch once, in order."""
    seen: dict[Identity, None] = {}
    for one in batch.evidence:
        for participation in one.participations:
            seen[participation.identity] = None
    for link in batch.links:
        seen[link.identity] = None
        if link.proper is not None:
            seen[link.proper] = None
    return list(seen)


def _of_erased(one: Evidence, gone: set[Identity]) -> bool:
    """Is the artefact the own work, rating or assessment of somebody erased?"""
    return any(each.role in OWN_ROLES and each.identity in gone for each in one.participations)


def _content(
    unit: Transaction, one: Evidence, ids: Mapping[Identity, str], key: str
) -> tuple[contents.Content, list[tuple[str, str]]]:
    try:
        occurred_at = micros(one.occurred_at)
        content = contents.prepare(one, occurred_at, occurred_at > unit.now)
    except BadInput as error:
        raise BadInput(
            f"artefact {key!r} cannot be stored: {error.what}", error.problems, remedy=error.remedy
        ) from error
    return content, list({(ids[each.identity], each.role.value) for each in one.participations})


def _states(unit: Transaction, keys: list[str], source_id: str) -> dict[str, _State]:
    if not keys:
        return {}
    listed = values(unit.connection, keys)
    newer, later = _evidence.alias(), _sighting.alias()
    statement = (
        select(
            _artefact.c.key,
            _artefact.c.id,
            _evidence.c.id,
            _evidence.c.sequence,
            _evidence.c.content_hash,
            _evidence.c.withdrawn,
            _sighting.c.sequence,
            _sighting.c.present,
        )
        .select_from(listed)
        .join(_artefact, _artefact.c.key == listed.c.value)
        .outerjoin(
            _evidence,
            (_evidence.c.artefact_id == _artefact.c.id)
            & ~select(newer.c.id)
            .where(newer.c.artefact_id == _artefact.c.id, newer.c.sequence == _evidence.c.sequence + 1)
            .exists(),
        )
        .outerjoin(
            _sighting,
            (_sighting.c.artefact_id == _artefact.c.id)
            & (_sighting.c.source_id == source_id)
            & ~select(later.c.artefact_id)
            .where(
                later.c.artefact_id == _artefact.c.id,
                later.c.source_id == source_id,
                later.c.sequence == _sighting.c.sequence + 1,
            )
            .exists(),
        )
    )
    return {
        row[0]: _State(row[1], row[2], row[3] or 0, row[4], row[5] or 0, row[6] or 0, row[7] or 0)
        for row in unit.connection.execute(statement)
    }


def _withdraw(unit: Transaction, writer: _Writer, lost: list[_State]) -> int:
    """Add a withdrawn version for each lost artefact that no source shows any more."""
    gone = [state for state in lost if state.version is not None and not state.withdrawn and not state.present]
    if not gone:
        return 0
    later = _sighting.alias()
    newer = (
        select(later.c.artefact_id)
        .where(
            later.c.artefact_id == _sighting.c.artefact_id,
            later.c.source_id == _sighting.c.source_id,
            later.c.sequence == _sighting.c.sequence + 1,
        )
        .exists()
    )
    listed = values(unit.connection, [state.artefact for state in gone])
    shown = set(
        unit.connection.scalars(
            select(_sighting.c.artefact_id)
            .join(listed, _sighting.c.artefact_id == listed.c.value)
            .where(_sighting.c.present == 1, ~newer)
        )
    )
    last = _Writer(unit, writer.source_id)
    for state in gone:
        if state.artefact not in shown:
            row = unit.connection.execute(select(_evidence).where(_evidence.c.id == state.version)).mappings().one()
            found = unit.connection.execute(
                select(_participation.c.identity_id, _participation.c.role).where(
                    _participation.c.evidence_id == state.version
                )
            )
            content = (*contents.restore(dict(row))[:-1], 1)
            last.version(state, content, [(each[0], each[1]) for each in found], row["extractor"])
    last.queue()
    unit.flush()
    writer.participations += last.participations
    return len(last.versions)
