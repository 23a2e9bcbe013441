"""360-degree feedback: one rating of one person on one item by one rater.

The canonical form is long: one row per rating, with the columns of `FIELDS`. Any other export is brought into it by a
mapping file. A rating that is empty or "n/a" is missing and not stored: it says nothing, least of all the middle.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from collectors import mapping
from collectors.batches import artefact_key, batches, key_part
from collectors.exports import records
from collectors.fields import Reader, vignette_fact
from collectors.forms import FormSettings, Record
from collectors.problems import Problems
from collectors.text import EXCERPT_CHARACTERS
from db.records import Batch, Evidence, Kind, Participation, ParticipationRole, Retention

__all__ = ["EXTRACTOR", "FIELDS", "RELATIONSHIPS", "Settings", "collect"]

EXTRACTOR = "feedback360/1"

FIELDS: Mapping[str, bool] = {
    "cycle": True,
    "subject_id": True,
    "rater_id": True,
    "relationship": True,
    "competency_code": True,
    "item_code": False,
    "rating": True,
    "scale": True,
    "comment": False,
    "submitted_at": True,
}
"""Columns of the canonical form, and whether each is needed."""

RELATIONSHIPS = ("self", "manager", "peer", "report", "other")
"""What the rater is to the subject."""


@dataclass(frozen=True, kw_only=True)
class Settings(FormSettings):
    """What to import; see `FormSettings`."""


def collect(settings: Settings, cursor: Mapping[str, object] | None, *, now: datetime) -> Iterator[Batch]:
    """The ratings of one file, as batches of evidence of kind `rating`.

    Talk counts `missing_ratings`, `duplicates`, `bad_rows` and `not_in_this_file`. Raises BadInput with every mistake
    before anything is yielded.
    """
    form = mapping.form(settings.mapping, FIELDS, "feedback360")
    problems = Problems(str(settings.path))
    talk: Counter[str] = Counter()
    reader = Reader(form, problems, now)
    needed = [field for field, required in FIELDS.items() if required]
    rows = []
    for record in records(settings, form, needed, problems, talk):
        evidence = _rating(record, reader, settings.source, talk)
        if evidence is not None:
            rows.append((record.row, evidence))
    yield from batches("feedback360", settings, cursor, rows, problems, talk)


def _rating(record: Record, reader: Reader, source: str, talk: Counter[str]) -> Evidence | None:
    """The evidence in one row; None if its rating is missing or something is wrong with it."""
    cycle = reader.code(record, "cycle")
    subject = reader.identity(record, "subject_id", described=True)
    rater = reader.identity(record, "rater_id")
    relationship = reader.choice(record, "relationship", RELATIONSHIPS)
    competency = reader.code(record, "competency_code")
    item = reader.code(record, "item_code", required=False)
    scale = reader.scale(record)
    submitted = reader.instant(record, "submitted_at")
    comment = reader.text(record, "comment", limit=EXCERPT_CHARACTERS)
    score = reader.score(record, scale) if scale else None
    if subject and rater and relationship:
        _check_relationship(record, reader, subject == rater, relationship)
    if not (cycle and subject and rater and relationship and competency and scale and submitted):
        return None
    if record.row in reader.problems.bad_rows:
        return None
    if score is None:
        talk["missing_ratings"] += 1
        return None
    return Evidence(
        artefact=artefact_key("feedback360", source, cycle, key_part(subject), key_part(rater), competency, item or ""),
        kind=Kind.RATING,
        occurred_at=submitted,
        extractor=EXTRACTOR,
        measures={
            "competency": competency,
            "item": item or competency,
            "score": score,
            "scale_min": scale.minimum,
            "scale_max": scale.maximum,
            "scale": scale.id,
            "relationship": relationship,
            "cycle": cycle,
            **vignette_fact(subject),
        },
        participations=(
            Participation(rater, ParticipationRole.RATER),
            Participation(subject, ParticipationRole.SUBJECT),
        ),
        excerpt=comment,
        retention=Retention.FEEDBACK,
    )


def _check_relationship(record: Record, reader: Reader, same: bool, relationship: str) -> None:
    if same and relationship != "self":
        message = f"the rater is the subject, but the relationship is {relationship}"
        reader.wrong(record, "relationship", message, "write self, or correct the rater")
    if not same and relationship == "self":
        message = "the relationship is self, but the rater is another person"
        reader.wrong(record, "rater_id", message, "write the same identifier for both, or correct the relationship")
