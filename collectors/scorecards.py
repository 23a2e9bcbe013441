"""Interview scorecards: one rating of one candidate-turned-employee on one competency by one interviewer.

Who rated (`interviewer_id`) and who typed it in (`submitted_by`) are told apart: only the first is a rater. "No
decision" is a missing rating, not a middle one. A candidate becomes an employee only through a file that says so
(`subjects`) or a column that names the employee; scorecards of all other candidates are left out unread and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from collectors import json_file, mapping, sheets
from collectors.batches import artefact_key, batches, key_part
from collectors.cells import Limits, bounded
from collectors.exports import records
from collectors.fields import Reader, identity_of, plain_identifier, vignette_fact
from collectors.forms import FormSettings, Record
from collectors.problems import Problems, refuse
from collectors.text import EXCERPT_CHARACTERS, quote
from db.records import Batch, Evidence, Identity, Kind, Participation, ParticipationRole, Retention

__all__ = ["EXTRACTOR", "FIELDS", "Settings", "collect", "read_subjects"]

EXTRACTOR = "scorecards/1"

FIELDS: Mapping[str, bool] = {
    "interview_id": True,
    "subject_id": False,
    "candidate_id": False,
    "interviewer_id": True,
    "submitted_by": False,
    "competency_code": True,
    "rating": True,
    "scale": True,
    "note": False,
    "interviewed_at": False,
    "submitted_at": True,
    "overall": False,
}
"""Columns of the canonical form, and whether each is needed. One of subject_id and candidate_id must be there."""


@dataclass(frozen=True, kw_only=True)
class Settings(FormSettings):
    """What to import; see `FormSettings`. subjects: a CSV, XLSX or JSON file of candidate_id and person_id."""

    subjects: Path | None = None


def collect(settings: Settings, cursor: Mapping[str, object] | None, *, now: datetime) -> Iterator[Batch]:
    """The ratings of one file, as batches of evidence of kind `scorecard_rating`.

    Talk counts `missing_ratings`, `unmapped_candidates`, `duplicates`, `bad_rows`, `not_in_this_file` and what the
    mapping skips. Raises BadInput with every mistake before anything is yielded.
    """
    form = mapping.form(settings.mapping, FIELDS, "scorecards")
    subjects = read_subjects(settings.subjects, settings.limits) if settings.subjects else None
    problems = Problems(str(settings.path))
    talk: Counter[str] = Counter()
    scorecards = _Scorecards(Reader(form, problems, now), settings.source, subjects, talk)
    needed = [field for field, required in FIELDS.items() if required]
    rows = []
    for record in records(settings, form, needed, problems, talk):
        evidence = scorecards.rating(record)
        if evidence is not None:
            rows.append((record.row, evidence))
    if scorecards.unmapped:
        talk["unmapped_candidates"] = len(scorecards.unmapped)
    yield from batches("scorecards", settings, cursor, rows, problems, talk)


def read_subjects(path: Path, limits: Limits | None = None) -> dict[str, Identity]:
    """Which candidate became which employee: columns candidate_id and person_id, or a JSON object of the one to the other.

    Raises BadInput if a candidate is named twice for different people or an identifier is unusable.
    """
    bounds = limits or Limits()
    file = str(path)
    whole = json_file.document(file, bounded(path, bounds), bounds) if sheets.is_json(path) else None
    if isinstance(whole, dict):
        pairs = [(number, name, person) for number, (name, person) in enumerate(whole.items(), start=1)]
    else:
        table = sheets.read(path, limits=bounds)
        wanted = ("candidate_id", "person_id")
        if not set(wanted) <= set(table.columns):
            refuse(file, "needs the columns candidate_id and person_id", f"found: {quote(', '.join(table.columns))}")
        at = [table.columns.index(name) for name in wanted]
        pairs = [(row.number, row.cells[at[0]], row.cells[at[1]]) for row in table.rows]
    problems = Problems(file)
    found: dict[str, Identity] = {}
    for number, candidate, person in pairs:
        name, key = plain_identifier(candidate), plain_identifier(person)
        if not name or not key:
            problems.add(number, "", "names no candidate or no person", "fill in both, or delete the row")
            continue
        try:
            identity = identity_of(key)
        except ValueError as error:
            problems.add(number, "person_id", str(error), "write the HR id or the e-mail address")
            continue
        if found.setdefault(name, identity) != identity:
            problems.add(number, "candidate_id", f"{quote(name)} already stands for another person", "keep one row")
    if problems:
        raise problems.refusal()
    return found


class _Scorecards:
    """Turns records into evidence; remembers which candidates are nobody's."""

    def __init__(
        self, reader: Reader, source: str, subjects: Mapping[str, Identity] | None, talk: Counter[str]
    ) -> None:
        self._reader = reader
        self._source = source
        self._subjects = subjects
        self._talk = talk
        self.unmapped: set[str] = set()

    def rating(self, record: Record) -> Evidence | None:
        """The evidence in one row; None if the candidate is nobody's, the rating is missing or something is wrong."""
        reader = self._reader
        subject, part = self._subject(record)
        if subject is None:
            return None
        interview = reader.code(record, "interview_id")
        interviewer = reader.identity(record, "interviewer_id")
        submitter = reader.identity(record, "submitted_by", required=False)
        competency = reader.code(record, "competency_code")
        scale = reader.scale(record)
        submitted = reader.instant(record, "submitted_at")
        reader.instant(record, "interviewed_at", required=False)
        overall = reader.boolean(record, "overall")
        note = reader.text(record, "note", limit=EXCERPT_CHARACTERS, html=True)
        score = reader.score(record, scale) if scale else None
        if subject == interviewer:
            reader.wrong(record, "interviewer_id", "the interviewer is the subject", "correct one of the two")
        if not (interview and interviewer and competency and scale and submitted):
            return None
        if record.row in reader.problems.bad_rows:
            return None
        if score is None:
            self._talk["missing_ratings"] += 1
            return None
        people = [
            Participation(interviewer, ParticipationRole.RATER),
            Participation(subject, ParticipationRole.SUBJECT),
        ]
        if submitter:
            people.append(Participation(submitter, ParticipationRole.SUBMITTER))
        return Evidence(
            artefact=artefact_key("scorecards", self._source, interview, part, key_part(interviewer), competency),
            kind=Kind.SCORECARD_RATING,
            occurred_at=submitted,
            extractor=EXTRACTOR,
            measures={
                "competency": competency,
                "score": score,
                "scale_min": scale.minimum,
                "scale_max": scale.maximum,
                "scale": scale.id,
                "interview": interview,
                "overall": bool(overall),
                **vignette_fact(subject),
            },
            participations=tuple(people),
            excerpt=note,
            retention=Retention.INTERVIEW,
        )

    def _subject(self, record: Record) -> tuple[Identity | None, str]:
        """The employee, and what the artefact's key calls them: the candidate's id where there is one."""
        reader = self._reader
        if reader.is_empty(record, "candidate_id"):
            found = reader.identity(record, "subject_id", described=True)
            return found, key_part(found) if found else ""
        if not reader.is_empty(record, "subject_id"):
            reader.wrong(record, "subject_id", "names both a candidate and an employee", "keep one of the two")
            return None, ""
        candidate = reader.code(record, "candidate_id")
        if candidate is None:
            return None, ""
        if self._subjects is None:
            message = "names candidates, and nothing says which employees they became"
            remedy = "give a subjects file with candidate_id and person_id"
            refuse(reader.problems.file, message, remedy, row=record.row, column="candidate_id")
        found = self._subjects.get(candidate)
        if found is None:
            self.unmapped.add(candidate)
        return found, candidate
