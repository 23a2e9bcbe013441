"""What a canonical record's fields say, typed and checked. Every mistake is noted with row, column and remedy."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import date, datetime
from typing import TypeVar

from collectors import scales
from collectors.cells import Cell, Unusable
from collectors.dates import day, instant, offset
from collectors.forms import Found, Record
from collectors.mapping_schema import FileMapping
from collectors.problems import Problems
from collectors.scales import Scale, folded
from collectors.text import excerpt, html_to_text, is_plain, quote
from db.records import Identity

__all__ = ["VIGNETTE", "Reader", "identity_of", "plain_identifier", "vignette_fact"]

Value = TypeVar("Value")

VIGNETTE = "vignette"
"""Provider of described persons; a form names one as its subject by `vignette:CODE`. They are nobody, so never linked: flagged as bots."""

_ABSENT = frozenset({"", "n/a"})
_EMAIL = re.compile(r"[^@\s<>\"(),;:\\\[\]]{1,64}@[^@\s<>\"(),;:\\\[\]]{1,190}")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,30}(?:\.[0-9]{1,30})?")
_TRUE = frozenset({"true", "yes", "y", "1"})
_FALSE = frozenset({"false", "no", "n", "0"})
_LARGEST = 1e300
_LONGEST_ID = 200
_LONGEST_CODE = 200


def identity_of(text: str, provider: str | None = None) -> Identity:
    """A raw identity: an e-mail address in lower case, a vignette, or an identifier of the provider (HR unless told otherwise).

    Raises ValueError saying what is wrong with it.

    >>> identity_of("Ada@Example.org").key, identity_of("E100").provider
    ('ada@example.org', 'hr')
    """
    key = text.strip()
    if not key:
        raise ValueError("is empty")
    if len(key) > _LONGEST_ID or not is_plain(key):
        raise ValueError(f"{quote(key)} is too long or holds invisible characters")
    if provider is not None:
        return Identity(provider, key)
    if key.startswith(f"{VIGNETTE}:"):
        return Identity(VIGNETTE, key.partition(":")[2].strip() or key, bot=True)
    if "@" not in key:
        return Identity("hr", key)
    if not _EMAIL.fullmatch(key):
        raise ValueError(f"{quote(key)} is not an e-mail address")
    return Identity("email", key.lower())


class Reader:
    """Reads typed fields out of records; notes what is wrong with them in `problems` and then returns None."""

    def __init__(self, mapping: FileMapping, problems: Problems, now: datetime) -> None:
        self.problems = problems
        self._mapping = mapping
        self._now = now
        self._zone = offset(mapping.utc_offset)
        self._absent = _ABSENT | {folded(word) for word in mapping.missing}
        self._scales: dict[str, Scale | None] = {}
        self._identities: dict[tuple[str | None, str], Identity] = {}

    def text(
        self, record: Record, field: str, *, required: bool = False, limit: int = _LONGEST_CODE, html: bool = False
    ) -> str | None:
        """Visible text on one line, cut at `limit` characters; None if there is none."""

        def parse(found: Found) -> str | None:
            if isinstance(found.cell, list | dict):
                raise ValueError("holds a list or an object, not text")
            text = str(found.cell)
            return excerpt(html_to_text(text) if html else text, limit=limit)

        return self._read(record, field, parse, "map the member that holds the text", required)

    def code(self, record: Record, field: str, *, required: bool = True) -> str | None:
        """A name that counts as an identifier: refused, not cut, when it is overlong or holds invisible characters."""

        def parse(found: Found) -> str:
            text = plain_identifier(found.cell)
            if text is None or len(text) > _LONGEST_CODE or not is_plain(text):
                raise ValueError(f"{quote(found.cell)} is no usable name")
            return text

        return self._read(record, field, parse, "write up to 200 visible characters", required)

    def identity(
        self,
        record: Record,
        field: str,
        *,
        required: bool = True,
        provider: str | None = None,
        described: bool = False,
    ) -> Identity | None:
        """Who is meant: an HR id, an e-mail address, or an identifier of the provider. described: a vignette may be meant too."""

        def parse(found: Found) -> Identity:
            text = plain_identifier(found.cell)
            if text is None:
                raise ValueError(f"{quote(found.cell)} is not an identifier")
            whose = provider or found.provider
            if (whose, text) not in self._identities:
                self._identities[whose, text] = identity_of(text, whose)
            if self._identities[whose, text].provider == VIGNETTE and not described:
                raise ValueError(f"{quote(found.cell)} is a vignette, not a person")
            return self._identities[whose, text]

        return self._read(record, field, parse, "write the HR id or the e-mail address", required)

    def instant(self, record: Record, field: str, *, required: bool = True) -> datetime | None:
        """A moment that has passed."""

        def parse(found: Found) -> datetime:
            when = instant(found.cell, self._mapping.date_formats, self._zone)
            if when > self._now:
                raise ValueError(f"{quote(found.cell)} is in the future")
            return when

        remedy = "write YYYY-MM-DD, or give the format and time zone in a mapping"
        return self._read(record, field, parse, remedy, required)

    def day(self, record: Record, field: str, *, required: bool = False) -> date | None:
        """A day."""
        formats = self._mapping.date_formats
        return self._read(record, field, lambda found: day(found.cell, formats), "write YYYY-MM-DD", required)

    def boolean(self, record: Record, field: str, *, required: bool = False) -> bool | None:
        """Yes or no."""

        def parse(found: Found) -> bool:
            word = folded(str(found.cell))
            if word not in _TRUE | _FALSE:
                raise ValueError(f"{quote(found.cell)} is neither true nor false")
            return word in _TRUE

        return self._read(record, field, parse, "write true or false", required)

    def number(
        self, record: Record, field: str, *, low: float | None = None, high: float | None = None, required: bool = False
    ) -> float | None:
        """A finite number between its ends."""

        def parse(found: Found) -> float:
            value = _number(found.cell)
            if (low is not None and value < low) or (high is not None and value > high):
                least, most = ("any" if end is None else f"{end:g}" for end in (low, high))
                raise ValueError(f"{quote(found.cell)} is outside {least} to {most}")
            return value

        return self._read(record, field, parse, "write digits with a decimal point", required)

    def choice(self, record: Record, field: str, options: Collection[str]) -> str | None:
        """One of a closed list of words."""

        def parse(found: Found) -> str:
            word = folded(str(found.cell))
            if word not in options:
                raise ValueError(f"unknown {field} {quote(found.cell)}")
            return word

        return self._read(record, field, parse, f"write one of {', '.join(options)}, or map it under `values`", True)

    def scale(self, record: Record) -> Scale | None:
        """The response format that the record names: two ends such as 1-5, or one of the mapping's scales."""

        def parse(found: Found) -> Scale:
            name = str(found.cell).strip()
            if name not in self._scales:
                self._scales[name] = self._mapping.scale(name) or scales.parse(name)
            scale = self._scales[name]
            if scale is None:
                raise ValueError(f"unknown scale {quote(name)}")
            return scale

        return self._read(record, "scale", parse, "write its ends, such as 1-5", True)

    def score(self, record: Record, scale: Scale) -> float | None:
        """The rating as a number; None if it is missing (which is no mistake) or wrong (which is noted)."""
        remedy = "correct it, leave it empty, or map the word to a number"
        return self._read(record, "rating", lambda found: scale.score(found.cell), remedy, False)

    def is_empty(self, record: Record, field: str) -> bool:
        """Whether a field has no value."""
        found = record.fields.get(field)
        return found is None or self._is_absent(found.cell)

    def wrong(self, record: Record, field: str, message: str, remedy: str) -> None:
        """Note a mistake in one field."""
        found = record.fields.get(field)
        self.problems.add(record.row, found.column if found and found.column else field, message, remedy)

    def _read(
        self, record: Record, field: str, parse: Callable[[Found], Value | None], remedy: str, required: bool
    ) -> Value | None:
        """What `parse` makes of the field; empty fields are noted if required, ValueErrors and formulas always."""
        found = record.fields.get(field)
        if found is None or self._is_absent(found.cell):
            if required:
                self.wrong(record, field, f"{field} is empty", "fill it in, or delete the row")
            return None
        if isinstance(found.cell, Unusable):
            self.wrong(record, field, f"holds {found.cell.what}: {quote(found.cell.text)}", "paste the values instead")
            return None
        try:
            return parse(found)
        except ValueError as error:
            self.wrong(record, field, str(error), remedy)
            return None

    def _is_absent(self, cell: Cell) -> bool:
        return cell is None or (isinstance(cell, str) and folded(cell) in self._absent)


def vignette_fact(subject: Identity) -> dict[str, str]:
    """The measure that says a described person was rated; empty for real ones."""
    return {VIGNETTE: subject.key} if subject.provider == VIGNETTE else {}


def plain_identifier(cell: object) -> str | None:
    """An identifier's text, whole numbers without a decimal point as spreadsheets show them; None for other cells."""
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        return None
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else None
    return str(cell).strip()


def _number(cell: Cell) -> float:
    if isinstance(cell, str) and _DECIMAL.fullmatch(cell.strip()):
        return float(cell)
    if isinstance(cell, bool) or not isinstance(cell, int | float) or not abs(cell) < _LARGEST:
        raise ValueError(f"{quote(cell)} is not a number")
    return float(cell)
