"""Erasure: payload, salt and identity values destroyed, tombstones kept, and a suppression entry for each key.

Erasing a person destroys every artefact they authored, rated in or are the subject of, in all versions; in other
people's artefacts they remain as an identity without provider, key or name. The ids of the erased rows stay, so
every commitment, Merkle root and packet still verifies.

SQLite overwrites what it frees and empties its log afterwards. On PostgreSQL the old row versions go with VACUUM;
backups and archived logs are the operator's to expire.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import delete, select, update

from db.bulk import chunks
from db.canonical import clean
from db.errors import Refusal
from db.identities import resolve
from db.links import resolve_links
from db.lookup import values
from db.people import person_id
from db.records import Identity
from db.results import ErasureReport
from db.suppression import OWN_ROLES, artefact_text, hashes, identity_texts, person_text
from db.tables import ERASABLE, metadata
from db.transaction import Transaction

__all__ = ["affected", "destroy", "destroy_artefacts", "erase_evidence", "erase_person"]

_t = metadata.tables
_artefact, _evidence, _participation, _citation = (
    _t[name] for name in ("artefact", "evidence", "participation", "citation")
)
_identity, _person, _suppression, _tombstone = (_t[name] for name in ("identity", "person", "suppression", "tombstone"))
_OWN: Final = sorted(role.value for role in OWN_ROLES)
_OF_PERSON: Final = (
    "person_name",
    "employment",
    "membership",
    "role_assignment",
    "absence",
    "identity_link",
    "assessment",
    "joint_posterior",
    "citation",
    "decision",
    "dispute",
    "reply",
    "packet",
)


def erase_person(unit: Transaction, person: str, reason: str) -> ErasureReport:
    """See `Ledger.erase_person`."""
    owner = person_id(unit.connection, person)
    key = str(unit.connection.scalar(select(_person.c.key).where(_person.c.id == owner)))
    resolve(unit, [Identity("hr", key)])  # so that a form which names them later finds a tombstone
    identities = _identities_of(unit, owner)
    artefacts = _artefacts_of(unit, identities)
    cited = affected(unit, artefacts, without=owner)
    own_runs = set(unit.connection.scalars(select(_t["assessment"].c.run).where(_t["assessment"].c.person_id == owner)))
    versions, suppressions = destroy_artefacts(unit, artefacts)
    suppressions += _suppress_identities(unit, identities)
    suppressions += _suppress(unit, {person_text(key): None})
    records = destroy(unit, "identity", identities)
    for name, column in (("identity_name", "identity_id"), ("identity_link", "identity_id")):
        records += destroy(unit, name, _ids(unit, name, column, identities))
    for name in _OF_PERSON:
        records += destroy(unit, name, _ids(unit, name, "person_id", [owner]))
    records += destroy(unit, "person", [owner])
    report = ErasureReport(
        identities=len(identities),
        artefacts=len(artefacts),
        evidence=versions,
        records=records - len(identities),
        suppressions=suppressions,
        affected_runs=tuple(sorted(own_runs | cited[0])),
        affected_persons=tuple(sorted(cited[1])),
    )
    unit.detail |= {"person": owner, "reason": clean(reason), "artefacts": len(artefacts), "evidence": versions}
    return report


def erase_evidence(unit: Transaction, ids: Sequence[str], reason: str) -> ErasureReport:
    """See `Ledger.erase_evidence`."""
    wanted = sorted(set(ids))
    listed = values(unit.connection, wanted)
    found = unit.connection.execute(
        select(_evidence.c.id, _evidence.c.artefact_id).join(listed, _evidence.c.id == listed.c.value)
    ).all()
    unknown = sorted(set(wanted) - {row.id for row in found})
    if unknown:
        raise Refusal(f"there is no evidence {unknown[0]!r}", remedy="take the id from a report")
    artefacts = sorted({row.artefact_id for row in found})
    runs, persons = affected(unit, artefacts, without=None)
    versions, suppressions = destroy_artefacts(unit, artefacts)
    unit.detail |= {"reason": clean(reason), "artefacts": len(artefacts), "evidence": versions}
    return ErasureReport(0, len(artefacts), versions, 0, suppressions, tuple(sorted(runs)), tuple(sorted(persons)))


def destroy_artefacts(unit: Transaction, artefacts: Sequence[str]) -> tuple[int, int]:
    """Destroy the artefacts in every version and suppress their keys; (versions destroyed, suppressions added)."""
    _overwrite(unit)
    versions = suppressions = 0
    for some in chunks(artefacts):
        listed = values(unit.connection, some)
        keys = unit.connection.scalars(
            select(_artefact.c.key).join(listed, _artefact.c.id == listed.c.value).where(_artefact.c.key.is_not(None))
        )
        suppressions += _suppress(unit, {artefact_text(key): None for key in keys})
        ids = _ids(unit, "evidence", "artefact_id", some)
        for part in chunks(ids):
            gone = select(values(unit.connection, part).c.value)
            unit.connection.execute(delete(_participation).where(_participation.c.evidence_id.in_(gone)))
        versions += destroy(unit, "evidence", ids)
        destroy(unit, "artefact", some)
    return versions, suppressions


def _identities_of(unit: Transaction, person: str) -> list[str]:
    """Every identity that is the person's, for all or for a part of the time.

    Raises `Refusal` if one of them is claimed for somebody else too, or contested: their work would go with it.
    """
    links = resolve_links(unit.connection, unit.now)
    mine: list[str] = []
    unsettled: dict[str, set[str]] = {}
    for identity in links.claims:
        persons = set(links.claimants(identity))
        if person not in persons:
            continue
        mine.append(identity)
        if len(persons) > 1 or links.is_contested(identity):
            unsettled[identity] = persons
    if unsettled:
        raise Refusal(
            "identities of theirs are claimed for somebody else too or contested, and erasing cannot be undone",
            where="; ".join(_claimed(unit, unsettled)),
            remedy="settle whose they are first, with `calibrant identities split` (or `merge`) and, where there is a "
            "dispute, `calibrant dispute --resolve`",
        )
    return sorted(mine)


def _claimed(unit: Transaction, unsettled: Mapping[str, set[str]]) -> list[str]:
    """Each identity and the HR ids of the persons it is claimed for."""
    listed = values(unit.connection, sorted({one for several in unsettled.values() for one in several}))
    rows = unit.connection.execute(select(_person.c.id, _person.c.key).join(listed, _person.c.id == listed.c.value))
    keys = {row.id: str(row.key) for row in rows}
    return [
        f"identity {identity} of {', '.join(sorted(keys[one] for one in persons))}"
        for identity, persons in sorted(unsettled.items())
    ]


def _artefacts_of(unit: Transaction, identities: Sequence[str]) -> list[str]:
    listed = values(unit.connection, identities)
    return sorted(
        set(
            unit.connection.scalars(
                select(_evidence.c.artefact_id)
                .join(_participation, _participation.c.evidence_id == _evidence.c.id)
                .join(listed, _participation.c.identity_id == listed.c.value)
                .where(_participation.c.role.in_(_OWN))
            )
        )
    )


def affected(unit: Transaction, artefacts: Sequence[str], without: str | None) -> tuple[set[str], set[str]]:
    """Runs and other persons whose assessments cite any version of the artefacts."""
    runs: set[str] = set()
    persons: set[str] = set()
    for some in chunks(artefacts):
        listed = values(unit.connection, some)
        for row in unit.connection.execute(
            select(_citation.c.run, _citation.c.person_id)
            .distinct()
            .join(_evidence, _evidence.c.id == _citation.c.evidence_id)
            .join(listed, _evidence.c.artefact_id == listed.c.value)
            .where(_citation.c.person_id.is_not(None))
        ):
            runs.add(row.run)
            if row.person_id != without:
                persons.add(row.person_id)
    return runs, persons


def _ids(unit: Transaction, table: str, column: str, wanted: Sequence[str]) -> list[str]:
    target = _t[table]
    listed = values(unit.connection, wanted)
    statement = select(target.c.id).join(listed, target.c[column] == listed.c.value)
    return sorted(unit.connection.scalars(statement))


def destroy(unit: Transaction, table: str, ids: Iterable[str]) -> int:
    """Empty the rows that are not empty yet, and record a tombstone for each."""
    _overwrite(unit)
    target = _t[table]
    emptied: dict[str, Any] = {**dict.fromkeys(ERASABLE[table]), "salt": None}
    destroyed = 0
    for some in chunks(sorted(set(ids))):
        listed = values(unit.connection, some)
        alive = sorted(
            unit.connection.scalars(
                select(target.c.id).join(listed, target.c.id == listed.c.value).where(target.c.salt.is_not(None))
            )
        )
        gone = select(values(unit.connection, alive).c.value)
        unit.connection.execute(update(target).where(target.c.id.in_(gone)).values(emptied))
        for identifier in alive:
            unit.add(_tombstone, of_table=table, row_id=identifier, at=unit.now)
        destroyed += len(alive)
    return destroyed


def _suppress_identities(unit: Transaction, identities: Sequence[str]) -> int:
    listed = values(unit.connection, identities)
    found = unit.connection.execute(
        select(_identity.c.id, _identity.c.provider, _identity.c.key)
        .join(listed, _identity.c.id == listed.c.value)
        .where(_identity.c.key.is_not(None))
    )
    return _suppress(unit, {text: row.id for row in found for text in identity_texts(row.provider, row.key)})


def _suppress(unit: Transaction, entries: dict[str, str | None]) -> int:
    unit.flush()
    hashed = hashes(unit.connection, entries)
    listed = values(unit.connection, sorted(hashed.values()))
    known = set(
        unit.connection.scalars(select(_suppression.c.hmac).join(listed, _suppression.c.hmac == listed.c.value))
    )
    fresh = {text: value for text, value in sorted(hashed.items()) if value not in known}
    for text, value in fresh.items():
        unit.add(_suppression, hmac=value, identity_id=entries[text])
    return len(fresh)


def _overwrite(unit: Transaction) -> None:
    """Have SQLite overwrite what this connection frees from now on."""
    if unit.connection.dialect.name == "sqlite":
        unit.connection.exec_driver_sql("PRAGMA secure_delete=ON")
