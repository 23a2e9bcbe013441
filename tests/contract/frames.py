"""A department as the frames that inference reads, without a ledger: ids are plain text, columns and types the ledger's."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from db.canonical import canonical
from db.records import Evidence, Kind
from inference.frames import Frames
from tests.contract.department import AS_OF, Department

_TEXT = "str"


def frames_of(department: Department) -> Frames:
    """What the ledger would show, had it stored the department (persons by key, evidence by artefact key)."""
    shown = [(name, one) for name, evidence in sorted(department.sources.items()) for one in evidence]
    roster = department.roster()
    return Frames(
        evidence=_evidence(shown),
        participations=_participations([one for _, one in shown], department),
        reverts=_reverts([one for _, one in shown]),
        reviewed=_reviewed([one for _, one in shown]),
        people=_people(department),
        employments=_table(
            [(one.person, one.valid_from.isoformat(), None, one.fte, one.remote) for one in roster.employments],
            ["person", "valid_from", "valid_to", "fte", "remote"],
        ),
        memberships=_table(
            [(one.person, one.valid_from.isoformat(), None, one.team) for one in roster.memberships],
            ["person", "valid_from", "valid_to", "team"],
        ),
        absences=_table(
            [(one.person, one.valid_from.isoformat(), one.valid_to.isoformat()) for one in roster.absences],
            ["person", "valid_from", "valid_to"],
        ),
    )


def _table(rows: Iterable[tuple[object, ...]], columns: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=columns)
    text = [name for name in columns if name not in ("fte", "remote", "bot", "occurred_at")]
    return frame.astype({**dict.fromkeys(text, _TEXT), **({"remote": "boolean"} if "remote" in columns else {})})


def _evidence(shown: list[tuple[str, Evidence]]) -> pd.DataFrame:
    columns = ["evidence", "artefact", "kind", "occurred_at", "source_kind", "source", "repository", "extractor"]
    columns += ["measures", "paths", "excerpt", "url", "retention", "same_as"]
    rows = [
        (
            f"v {one.artefact}",
            one.artefact,
            one.kind.value,
            one.occurred_at,
            name.split("/")[0],
            name,
            name,
            one.extractor,
            canonical(dict(one.measures)),
            canonical([list(path) for path in one.paths]),
            one.excerpt,
            one.url,
            one.retention.value,
            None,
        )
        for name, one in shown
    ]
    return _table(rows, columns).astype({"occurred_at": "datetime64[us, UTC]"})


def _participations(evidence: list[Evidence], department: Department) -> pd.DataFrame:
    owner = {(who.provider, who.key): one.key for one in department.people for who in (one.git, one.hr)}
    rows = sorted(
        {
            (f"v {one.artefact}", f"{part.identity.provider}:{part.identity.key}", part.role.value, part.identity)
            for one in evidence
            for part in one.participations
        },
        key=lambda row: row[:3],
    )
    return _table(
        [
            (version, identity, role, owner.get((who.provider, who.key)), who.provider, who.bot)
            for version, identity, role, who in rows
        ],
        ["evidence", "identity", "role", "person", "provider", "bot"],
    ).astype({"bot": bool})


def _reverts(evidence: list[Evidence]) -> pd.DataFrame:
    rows = [
        (one.artefact, f"git:{one.measures['revert_of']}")
        for one in evidence
        if one.kind is Kind.COMMIT and one.measures.get("revert_of")
    ]
    return _table(rows, ["artefact", "target"])


def _reviewed(evidence: list[Evidence]) -> pd.DataFrame:
    rows = [(one.artefact, one.measures["reviewed_change"]) for one in evidence if "reviewed_change" in one.measures]
    return _table(rows, ["artefact", "target"])


def _people(department: Department) -> pd.DataFrame:
    columns = ["person", "key", "name", "team", "role", "job_level", "fte", "remote", "joined_on", "left_on"]
    rows = [
        (one.key, one.key, one.name, one.team, one.role, one.job_level, 1.0, None, one.hired_on.isoformat(), None)
        for one in department.people
        if one.hired_on <= AS_OF.date()
    ]
    return _table(rows, columns)
