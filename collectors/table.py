"""Any other signal, by a mapping file: past decisions, learning, incidents, issues, reviews of another tool.

The mapping says which kind of artefact a row is, what makes it unique, who took part, when it happened and which facts
it states. A row's fields are whatever the mapping names; see docs/collect-files.md and the shipped mappings.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from collectors import mapping
from collectors.batches import artefact_key, batches
from collectors.exports import records
from collectors.fields import Reader
from collectors.forms import FormSettings, Record
from collectors.mapping_schema import MeasureOf
from collectors.problems import Problems, refuse
from collectors.text import EXCERPT_CHARACTERS
from db.records import Batch, Evidence, Kind, Participation, ParticipationRole, Scalar

__all__ = ["EXTRACTOR", "Settings", "collect"]

EXTRACTOR = "table/1"

_URL = re.compile(r"https?://[!#-;=?-~]{1,1990}")


@dataclass(frozen=True, kw_only=True)
class Settings(FormSettings):
    """What to import; see `FormSettings`. A mapping is needed here."""


def collect(settings: Settings, cursor: Mapping[str, object] | None, *, now: datetime) -> Iterator[Batch]:
    """The rows of one file, as batches of evidence of the mapping's kind.

    Talk counts `duplicates`, `bad_rows`, `not_in_this_file` and what the mapping skips. Raises BadInput with every
    mistake before anything is yielded.
    """
    if settings.mapping is None:
        refuse(str(settings.path), "needs a mapping", f"name one of {', '.join(mapping.shipped())}, or a .yaml file")
    form = mapping.load(settings.mapping, collector="table")
    problems = Problems(str(settings.path))
    talk: Counter[str] = Counter()
    rows = _Rows(form, Reader(form, problems, now), settings.source)
    found = []
    for record in records(settings, form, rows.needed(), problems, talk):
        evidence = rows.evidence(record)
        if evidence is not None:
            found.append((record.row, evidence))
    yield from batches("table", settings, cursor, found, problems, talk)


class _Rows:
    """Turns records into evidence as one mapping says."""

    def __init__(self, form: mapping.FileMapping, reader: Reader, source: str) -> None:
        assert form.kind is not None
        assert form.occurred_at is not None
        self._form = form
        self._kind = Kind(form.kind)
        self._occurred_at = form.occurred_at
        self._reader = reader
        self._source = source

    def needed(self) -> set[str]:
        """Fields without which no row can be read."""
        people = {participant.field for participant in self._form.participants.values() if participant.required}
        facts = {measure.field for measure in self._form.measures.values() if measure.required}
        return {self._occurred_at} | people | facts

    def evidence(self, record: Record) -> Evidence | None:
        """The evidence in one row; None if something is wrong with it."""
        form, reader = self._form, self._reader
        occurred = reader.instant(record, self._occurred_at)
        people = self._people(record)
        measures = {name: self._measure(record, fact) for name, fact in form.measures.items()}
        parts = [reader.code(record, name, required=False) or "" for name in form.key]
        if not any(parts):
            reader.wrong(record, form.key[0], "nothing identifies this row", f"fill in {', '.join(form.key)}")
        excerpt = reader.text(record, form.excerpt, limit=EXCERPT_CHARACTERS, html=True) if form.excerpt else None
        url = self._url(record, form.url) if form.url else None
        if occurred is None or record.row in reader.problems.bad_rows:
            return None
        return Evidence(
            artefact=artefact_key("table", self._source, *parts),
            kind=self._kind,
            occurred_at=occurred,
            extractor=EXTRACTOR,
            measures=measures,
            participations=people,
            excerpt=excerpt,
            url=url,
            retention=form.kept_for(),
        )

    def _people(self, record: Record) -> tuple[Participation, ...]:
        found: dict[Participation, None] = {}
        for role, who in self._form.participants.items():
            for one in _parts(record, who.field, who.split):
                identity = self._reader.identity(one, who.field, required=who.required, provider=who.provider)
                if identity:
                    found[Participation(identity, ParticipationRole(role))] = None
        return tuple(found)

    def _measure(self, record: Record, fact: MeasureOf) -> Scalar:
        reader = self._reader
        found: Scalar
        if fact.type == "text":
            found = reader.text(record, fact.field, required=fact.required)
        elif fact.type == "boolean":
            found = reader.boolean(record, fact.field, required=fact.required)
        elif fact.type == "day":
            day = reader.day(record, fact.field, required=fact.required)
            found = day.isoformat() if day else None
        else:
            number = reader.number(record, fact.field, low=fact.minimum, high=fact.maximum, required=fact.required)
            if number is not None and fact.type == "integer":
                if not number.is_integer():
                    reader.wrong(record, fact.field, f"{number:g} is not a whole number", "write a whole number")
                number = int(number)
            found = number
        return fact.default if found is None else found

    def _url(self, record: Record, field: str) -> str | None:
        text = self._reader.text(record, field, limit=2_000)
        if text is None:
            return None
        if not _URL.fullmatch(text) or "@" in urlsplit(text).netloc:
            self._reader.wrong(record, field, "is not a plain http or https address", "correct it, or leave it empty")
            return None
        return text


def _parts(record: Record, field: str, split: str | None) -> list[Record]:
    """The record once per identifier in a cell that holds several."""
    found = record.fields.get(field)
    if split is None or found is None or not isinstance(found.cell, str):
        return [record]
    texts = [text.strip() for text in found.cell.split(split) if text.strip()] or [""]
    return [Record(record.row, {**record.fields, field: replace(found, cell=text)}) for text in texts]
