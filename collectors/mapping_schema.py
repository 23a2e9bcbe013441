"""The schema of mapping files, checked by pydantic. docs/collect-files.md explains every key to its user.

A mapping names the columns (or the paths inside JSON records) that hold each canonical field; nothing else of a file is
ever read, so addresses, devices and whatever else an export carries stay where they are.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from collectors.dates import NAMED_DATE_FORMATS, check_date_format
from collectors.json_file import PATH
from collectors.scales import Scale, folded
from collectors.text import quote
from db.records import ParticipationRole, Retention

__all__ = [
    "PLACEHOLDER",
    "SCHEMA",
    "Column",
    "FileMapping",
    "MeasureOf",
    "Participant",
    "Rule",
    "ScaleOf",
    "View",
    "Wide",
]

SCHEMA = "calibrant/mapping/1"

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
"""A name in braces, in patterns and templates."""


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _columns(value: object) -> object:
    return [{"column": entry} if isinstance(entry, str) else entry for entry in _listed(value)]


def _text(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _texts(value: object) -> object:
    return [_text(entry) for entry in _listed(value)]


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Provider = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.-]*$")]
Text = Annotated[str, BeforeValidator(_text)]
Texts = Annotated[list[str], BeforeValidator(_texts)]
Condition = dict[str, Texts]
"""Column or path -> the values it may have for a row to count."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Column(_Strict):
    """Where one field comes from: a column (or JSON path), or text made of several (`template`).

    provider: whose identifiers these are, if they are neither HR ids nor e-mail addresses.
    """

    column: str | None = None
    template: str | None = None
    provider: Provider | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> Column:
        if (self.column is None) == (self.template is None):
            raise ValueError("give either `column` or `template`")
        return self

    def sources(self) -> tuple[str, ...]:
        """The columns or paths it reads."""
        return (self.column,) if self.column is not None else tuple(PLACEHOLDER.findall(self.template or ""))


Columns = dict[Name, Annotated[list[Column], BeforeValidator(_columns), Field(min_length=1)]]
"""Canonical field -> where it comes from; of several places the first that is not empty."""


class Wide(_Strict):
    """One column per question. pattern: what the columns are called, such as "{competency_code}: {item_code}".

    The cell goes to the field `value`; comment: what the column with its comment is called, if there is one.
    """

    pattern: str
    value: Name = "rating"
    comment: str | None = None

    @field_validator("pattern")
    @classmethod
    def _names_fields(cls, pattern: str) -> str:
        names = PLACEHOLDER.findall(pattern)
        if not 1 <= len(names) <= 3 or len(set(names)) != len(names) or "}{" in pattern:
            raise ValueError("write one to three different {fields} with text between them")
        if not all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names):
            raise ValueError("what stands in braces must be a field's name")
        return pattern

    def names(self) -> tuple[str, ...]:
        """The fields that a column's name gives."""
        return tuple(PLACEHOLDER.findall(self.pattern))

    def regex(self) -> re.Pattern[str]:
        """The pattern as a regular expression over whole column names."""
        parts = PLACEHOLDER.split(self.pattern)
        body = "".join(f"(?P<{part}>.+?)" if index % 2 else re.escape(part) for index, part in enumerate(parts))
        return re.compile(body, re.IGNORECASE)


class View(_Strict):
    """One kind of row to make of each record: an export may need several (answers, and an overall recommendation).

    unfold (JSON): lists to walk, in order; each step names what it finds, and lists in one step are walked side by
    side. where: which of the resulting rows count. wide (tables): one row per matching column.
    """

    unfold: list[dict[Name, str]] = []
    where: Condition = {}
    wide: Wide | None = None
    columns: Columns = {}
    constants: dict[Name, Text] = {}


class Rule(_Strict):
    """A condition on a record or, for JSON, on the file: whether a column `is` missing or present, or `equals` a value.

    talk: under which name skipped records are counted. message: why a file is refused.
    """

    column: str
    state: Literal["missing", "present"] | None = Field(default=None, alias="is")
    equals: Texts | None = None
    talk: Name = "skipped"
    message: str = "holds no usable records"

    @model_validator(mode="after")
    def _one_test(self) -> Rule:
        if (self.state is None) == (self.equals is None):
            raise ValueError("give either `is` or `equals`")
        return self


class ScaleOf(_Strict):
    """A response format: its ends and the words used for numbers in between; `missing` words are no rating."""

    minimum: float
    maximum: float
    words: dict[str, float] = {}
    missing: Texts = []
    leading_number: bool = False

    @model_validator(mode="after")
    def _in_range(self) -> ScaleOf:
        if not self.minimum < self.maximum <= self.minimum + 100:
            raise ValueError("minimum must be below maximum, at most 100 apart")
        if any(not self.minimum <= number <= self.maximum for number in self.words.values()):
            raise ValueError("a word stands for a number outside the scale")
        return self


class Participant(_Strict):
    """Who takes part in a row of a table: the field with the identifier, and whose identifiers those are.

    split: what stands between several identifiers in one cell.
    """

    field: Name
    provider: Provider | None = None
    required: bool = True
    split: str | None = Field(default=None, min_length=1)


class MeasureOf(_Strict):
    """One fact that a table's rows state. Numbers may have ends; `default` stands in for an empty cell."""

    field: Name
    type: Literal["text", "integer", "number", "boolean", "day"] = "text"
    minimum: float | None = None
    maximum: float | None = None
    required: bool = False
    default: str | bool | float | int | None = None


class FileMapping(_Strict):
    """A mapping file. The keys from `kind` on are for the collector `table` only."""

    schema_: Literal["calibrant/mapping/1"] = Field(alias="schema")
    name: str
    description: str
    collector: Literal["feedback360", "scorecards", "table", "roster", "absences"]
    format: Literal["table", "json"] = "table"
    header_rows: Literal[1, 2] = 1
    records: Texts = [""]
    refuse: list[Rule] = []
    partial: list[Rule] = []
    skip: list[Rule] = []
    columns: Columns = {}
    constants: dict[Name, Text] = {}
    rows: list[View] = Field(default=[View()], min_length=1)
    values: dict[Name, dict[str, Text]] = {}
    scales: dict[str, ScaleOf] = {}
    missing: Texts = []
    date_formats: Texts = ["iso"]
    utc_offset: str = Field(default="+00:00", pattern=r"^[+-](0\d|1[0-4]):[0-5]\d$")

    kind: Literal["decision", "learning", "issue", "incident", "review", "review_comment", "change_request"] | None = (
        None
    )
    retention: Literal["activity", "feedback", "interview", "decision"] | None = None
    key: list[Name] = []
    occurred_at: Name | None = None
    excerpt: Name | None = None
    url: Name | None = None
    participants: dict[str, Participant] = {}
    measures: dict[Name, MeasureOf] = {}

    @field_validator("date_formats")
    @classmethod
    def _usable_formats(cls, formats: list[str]) -> list[str]:
        for name in formats:
            if name not in NAMED_DATE_FORMATS:
                check_date_format(name)
        return formats

    @field_validator("participants")
    @classmethod
    def _known_roles(cls, participants: dict[str, Participant]) -> dict[str, Participant]:
        for role in participants:
            ParticipationRole(role)
        return participants

    @model_validator(mode="after")
    def _fits_its_collector(self) -> FileMapping:
        of_tables = {"kind", "retention", "key", "occurred_at", "excerpt", "url", "participants", "measures"}
        if self.collector != "table" and (given := of_tables & self.model_fields_set):
            raise ValueError(f"{', '.join(sorted(given))}: only for collector: table")
        if self.collector == "table" and not (self.kind and self.key and self.occurred_at and self.participants):
            raise ValueError("a table's mapping needs kind, key, occurred_at and participants")
        ones = [self.participants[role] for role in ("rater", "subject") if role in self.participants]
        if self.kind == "decision" and any(one.split for one in ones):
            raise ValueError("a decision has one rater and one subject: give a row each, or the panel as one, no split")
        return self

    @model_validator(mode="after")
    def _fits_its_format(self) -> FileMapping:
        if self.format == "json":
            if self.header_rows == 2 or any(view.wide for view in self.rows):
                raise ValueError("wide and header_rows need format: table")
            for path in self._paths():
                if not PATH.fullmatch(path):
                    raise ValueError(f"{quote(path)} is not a path such as a.b or a[b.c]")
        elif any(view.unfold for view in self.rows) or self.records != [""] or self.refuse or self.partial:
            raise ValueError("unfold, records, refuse and partial need format: json")
        return self

    def _paths(self) -> list[str]:
        paths = [path for path in self.records if path]
        paths += [rule.column for rule in (*self.refuse, *self.partial, *self.skip)]
        for group in (self.columns, *(view.columns for view in self.rows)):
            paths += [path for places in group.values() for place in places for path in place.sources()]
        for view in self.rows:
            paths += [path for step in view.unfold for path in step.values()] + list(view.where)
        return paths

    def given(self) -> set[str]:
        """Every field that some row can get from this mapping."""
        found = set(self.columns) | set(self.constants)
        for view in self.rows:
            found |= set(view.columns) | set(view.constants)
            if view.wide:
                found |= {view.wide.value, *view.wide.names()} | ({"comment"} if view.wide.comment else set())
        return found

    def used(self) -> set[str]:
        """Every field that a table's own keys refer to."""
        single = {field for field in (self.occurred_at, self.excerpt, self.url) if field}
        people = {participant.field for participant in self.participants.values()}
        return single | people | set(self.key) | {measure.field for measure in self.measures.values()}

    def scale(self, name: str) -> Scale | None:
        """One of the mapping's own scales."""
        found = self.scales.get(name)
        if found is None:
            return None
        words = {folded(word): number for word, number in found.words.items()}
        missing = frozenset(map(folded, found.missing))
        return Scale(name, found.minimum, found.maximum, words, missing, found.leading_number)

    def kept_for(self) -> Retention:
        """The retention class of a table's rows."""
        return Retention(self.retention or ("decision" if self.kind == "decision" else "activity"))
