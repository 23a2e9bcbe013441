"""From the evidence of one file to batches: one artefact per key, all mistakes at once, and a cursor of what was seen.

A file is taken whole or not at all (or, where asked for, without its bad rows). Artefact keys depend only on what a
row is about, so importing a file again adds nothing and a corrected rating is a new version of the same artefact. Rows
that were in an earlier file and are gone from this one are only counted: files are often parts. Where the settings say
that the file is complete, they are reported as lost. What the source showed before is handed in with the cursor
(`{"keys": [artefact key, ..]}`, from the ledger) and never stored in one: a digest of who rated whom would outlive an erasure.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from collectors.forms import FormSettings
from collectors.problems import Problems, refuse
from db.records import Batch, Evidence, Identity

__all__ = ["SIZE", "artefact_key", "batches", "key_part"]

SIZE = 5_000
"""Most evidence in one batch."""

_DIGITS = 32


def artefact_key(collector: str, source: str, *parts: str) -> str:
    """The key of an artefact that only this source knows: the source and a digest of what the row is about.

    A digest, because keys stand in exports, where nobody must read who rated whom.

    >>> artefact_key("feedback360", "spring", "2026", "E1", "E2")
    'feedback360:spring/2ae40572760643985332ea7fbb662c12'
    """
    told = json.dumps(parts, ensure_ascii=True, separators=(",", ":"))
    return _prefix(collector, source) + hashlib.sha256(told.encode()).hexdigest()[:_DIGITS]


def _prefix(collector: str, source: str) -> str:
    return f"{collector}:{source.replace('%', '%25').replace('/', '%2F')}/"


def key_part(identity: Identity) -> str:
    """What an artefact's key is made of for a person: HR ids and e-mail addresses bare, others with their provider."""
    return identity.key if identity.provider in ("hr", "email") else f"{identity.provider}:{identity.key}"


def batches(
    collector: str,
    settings: FormSettings,
    cursor: Mapping[str, object] | None,
    rows: Sequence[tuple[int, Evidence]],
    problems: Problems,
    talk: Counter[str],
) -> Iterator[Batch]:
    """Batches sorted by artefact key, with empty cursors.

    rows: evidence with the row it comes from. Raises BadInput, before anything is yielded, if there is any mistake and
    bad rows are not to be skipped. talk: counts so far; added are `duplicates`, `bad_rows` and `not_in_this_file`.
    """
    unique = _one_per_key(rows, problems, talk)
    if problems:
        _settle(settings, problems, talk)
    found = sorted((evidence for row, evidence in unique if row not in problems.bad_rows), key=_key)
    keys = {evidence.artefact for evidence in found}
    held = (cursor or {}).get("keys")
    earlier = {str(key) for key in held} if isinstance(held, list) else set[str]()
    gone = tuple(sorted(earlier - keys))
    if settings.complete and not keys:
        refuse(problems.file, "is empty, so that a complete import would withdraw everything", "check the file")
    if gone and not settings.complete:
        talk["not_in_this_file"] = len(gone)
    parts = [tuple(found[start : start + SIZE]) for start in range(0, len(found), SIZE)] or [()]
    for part in parts[:-1]:
        yield Batch(evidence=part)
    yield Batch(evidence=parts[-1], lost=gone if settings.complete else (), talk=dict(talk))


def _one_per_key(
    rows: Sequence[tuple[int, Evidence]], problems: Problems, talk: Counter[str]
) -> list[tuple[int, Evidence]]:
    first: dict[str, tuple[int, Evidence]] = {}
    for row, evidence in rows:
        known = first.setdefault(evidence.artefact, (row, evidence))
        if known[1] is evidence:
            continue
        if known[1] == evidence:
            talk["duplicates"] += 1
            continue
        earlier = known[0]
        message = f"says something else than row {earlier} about the same rating or fact"
        problems.add(row, "", message, "keep one of the two rows")
        problems.bad_rows.add(earlier)
    return list(first.values())


def _settle(settings: FormSettings, problems: Problems, talk: Counter[str]) -> None:
    """Refuse the file, or count and report its bad rows."""
    if problems.fatal or not settings.skip_bad_rows or settings.complete:
        raise problems.refusal()
    talk["bad_rows"] = len(problems.bad_rows)
    if settings.report is not None:
        settings.report(problems.listed())


def _key(evidence: Evidence) -> str:
    return evidence.artefact
