"""Fields of GitLab's answers, each checked to be of the documented kind: `Malformed` for any other, and no other exception.

Whoever runs a GitLab, or stands between, can send anything. A field may be missing or null where `None` may come back.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from db.errors import CalibrantError

__all__ = [
    "Json",
    "Malformed",
    "instant",
    "is_number",
    "is_readable",
    "number",
    "part",
    "parts",
    "said_at",
    "text",
    "whole",
]

Json = Mapping[str, Any]

_DIGITS: Final = 19
"""Of the greatest number a database knows."""


class Malformed(CalibrantError):
    """An answer of GitLab is not of the documented shape."""


def instant(told: object) -> datetime:
    """A moment as GitLab writes it, in UTC.

    >>> instant("2021-03-30T11:18:27.351+02:00").isoformat()
    '2021-03-30T09:18:27.351000+00:00'
    """
    try:
        at = datetime.fromisoformat(told if isinstance(told, str) else "")
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):  # no moment, or one before the year 1 in UTC
        pass
    raise Malformed(f"expected a moment with its offset, found {_shown(told)}")


def said_at(told: object) -> datetime | None:
    """`instant`, None for nothing."""
    return None if told is None else instant(told)


def is_number(told: str) -> bool:
    """Whether that is a number that may stand in keys and addresses.

    >>> is_number("42"), is_number("2/../../../x"), is_number("-1")
    (True, False, False)
    """
    return told.isascii() and told.isdigit() and len(told) <= _DIGITS


def number(raw: Json, name: str) -> str:
    """A whole number as text, however it was sent: what identifies a thing, and stands in addresses.

    >>> number({"iid": "007"}, "iid")
    '7'
    """
    value = raw.get(name)
    told = value if isinstance(value, str) else _digits(value)
    if not is_number(told):
        raise Malformed(f"expected a number as {name}, found {_shown(value)}")
    return str(int(told))


def is_readable(row: Json) -> bool:
    """Whether a row of a list has what places it there: numbers that name it, and moments."""
    try:
        number(row, "id"), number(row, "iid"), instant(row.get("updated_at")), instant(row.get("created_at"))
    except Malformed:
        return False
    return True


def whole(raw: Json, name: str) -> int | None:
    """A count, or a line."""
    value = raw.get(name)
    if value is None:
        return None
    if not is_number(_digits(value)):
        raise Malformed(f"expected a whole number as {name}, found {_shown(value)}")
    return int(value)


def text(raw: Json, name: str) -> str | None:
    """Text."""
    value = raw.get(name)
    if value is not None and not isinstance(value, str):
        raise Malformed(f"expected text as {name}, found {_shown(value)}")
    return value


def part(raw: Json, name: str) -> Json:
    """An object inside this one; empty for none."""
    value = raw.get(name)
    if value is not None and not isinstance(value, Mapping):
        raise Malformed(f"expected an object as {name}, found {_shown(value)}")
    return value or {}


def parts(raw: Json, name: str) -> list[Any]:
    """A list inside this object; empty for none."""
    value = raw.get(name)
    if value is not None and not isinstance(value, list):
        raise Malformed(f"expected a list as {name}, found {_shown(value)}")
    return value or []


def _digits(value: object) -> str:
    """Of an integer, empty for anything else. JSON allows longer ones than Python writes."""
    if not isinstance(value, int) or isinstance(value, bool):
        return ""
    return str(value) if 0 <= value < 10**_DIGITS else ""


def _shown(value: object) -> str:
    return repr(value[:40]) if isinstance(value, str) else type(value).__name__
