"""Dates as exports write them: ISO 8601, milliseconds, OData, or a pattern that a mapping file names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone

from collectors.cells import Cell
from collectors.text import quote

__all__ = ["NAMED_DATE_FORMATS", "check_date_format", "day", "instant", "offset"]

NAMED_DATE_FORMATS = frozenset({"iso", "epoch_ms", "epoch_s", "odata"})
"""Formats with a name; every other is a pattern of `datetime.strptime`, such as "%m/%d/%Y"."""

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?\s?(?:Z|[+-]\d{2}:?\d{2})?)?")
_ODATA = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{1,4})?\)/")
_WHOLE = re.compile(r"-?\d{1,15}")
_EARLIEST = 1990


def check_date_format(pattern: str) -> None:
    """Raise ValueError unless the pattern gives a whole day back.

    >>> check_date_format("%d.%m.%Y")
    """
    sample = datetime(2024, 2, 29, tzinfo=UTC)
    try:
        read = datetime.strptime(sample.strftime(pattern), pattern)  # noqa: DTZ007 - only the day is compared
    except ValueError:
        read = None
    if read is None or read.date() != sample.date():
        named = ", ".join(sorted(NAMED_DATE_FORMATS))
        raise ValueError(f"{quote(pattern)} is no date format: use {named}, or a pattern such as %m/%d/%Y")


def offset(text: str) -> timezone:
    """A fixed distance from UTC, such as "+02:00".

    >>> offset("-05:30").utcoffset(None).total_seconds() / 3600
    -5.5
    """
    distance = timedelta(hours=int(text[1:3]), minutes=int(text[4:6]))
    return timezone(-distance if text[0] == "-" else distance)


def instant(cell: Cell, formats: Sequence[str], zone: timezone) -> datetime:
    """The UTC instant in a cell. A day counts as its midnight; a time without an offset is in `zone`.

    Raises ValueError saying what the cell holds instead. Years before 1990 are refused: they come from wrong units.

    >>> instant("2026-06-12T10:00+02:00", ["iso"], UTC).isoformat()
    '2026-06-12T08:00:00+00:00'
    """
    found = _parsed(cell, formats)
    if found is None:
        hint = "iso (YYYY-MM-DD)" if list(formats) == ["iso"] else ", ".join(formats)
        raise ValueError(f"{quote(cell)} is not a date of the form {hint}")
    try:
        utc = (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{quote(cell)} is outside the calendar") from None
    if utc.year < _EARLIEST:
        raise ValueError(f"{quote(cell)} is before {_EARLIEST}")
    return utc


def day(cell: Cell, formats: Sequence[str]) -> date:
    """The day in a cell, as written. Raises ValueError as `instant` does."""
    found = _parsed(cell, formats)
    if found is None:
        raise ValueError(f"{quote(cell)} is not a day")
    if found.year < _EARLIEST:
        raise ValueError(f"{quote(cell)} is before {_EARLIEST}")
    return found.date()


def _parsed(cell: Cell, formats: Sequence[str]) -> datetime | None:
    if isinstance(cell, datetime):
        return cell
    if isinstance(cell, date):
        return datetime.combine(cell, time())
    if isinstance(cell, bool) or not isinstance(cell, str | int):
        return None
    text = str(cell).strip()
    for name in formats:
        found = _in_format(text, name)
        if found is not None:
            return found
    return None


def _in_format(text: str, name: str) -> datetime | None:
    try:
        if name == "iso":
            return datetime.fromisoformat(text.replace(",", ".")) if _ISO.fullmatch(text) else None
        if name == "odata":
            match = _ODATA.fullmatch(text)
            return _since_epoch(int(match.group(1))) if match else None
        if name in ("epoch_ms", "epoch_s"):
            scale = 1 if name == "epoch_ms" else 1000
            return _since_epoch(int(text) * scale) if _WHOLE.fullmatch(text) else None
        return datetime.strptime(text, name)  # noqa: DTZ007 - the zone is added by `instant`
    except (ValueError, OverflowError):
        return None


def _since_epoch(milliseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
