"""Canonical text: what is hashed, compared and stored, the same on every back end and in every process.

Text is made canonical before storage, never by the database: keys sorted, no spaces, UTF-8, numbers as
Python writes them (integers stay integers), `NaN` and infinities refused. NUL, which PostgreSQL cannot
store, is refused. A lone surrogate, which UTF-8 cannot hold, is written visibly as `\\udc80`.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Final

from db.errors import BadInput

__all__ = ["canonical", "clean", "clean_key", "commitment", "digest", "from_micros", "micros"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST: Final = datetime.min.replace(tzinfo=UTC) - _EPOCH
_LAST: Final = datetime.max.replace(tzinfo=UTC) - _EPOCH
_KEY_BYTES: Final = 512
_encode = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False, check_circular=False
).encode


def canonical(value: object) -> str:
    """The canonical JSON text of a value made of dicts, lists, tuples, strings, numbers, booleans and None.

    Raises `BadInput` on NUL, NaN, infinities and anything JSON has no word for.

    >>> canonical({"b": 1, "a": [1.0, None, "é"]})
    '{"a":[1.0,null,"é"],"b":1}'
    """
    try:
        text = _encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadInput(f"a value has no canonical form: {error}", (), remedy="use JSON values only") from error
    if "\\u0000" in text:
        _refuse_nul(value)
    if not text.isascii() and not _is_utf8(text):
        text = _encode(_visible(value))
    return text


def clean(text: str, limit: int | None = None) -> str:
    """Text as it may be stored: no NUL (`BadInput`), lone surrogates visible, cut to `limit` characters.

    >>> clean("ok \\udc80", limit=20)
    'ok \\\\udc80'
    """
    if "\0" in text:
        raise BadInput("text holds a NUL character", (), remedy="the collector must write it visibly as \\x00")
    if not text.isascii() and not _is_utf8(text):
        text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "…"
    return text


def clean_key(text: str) -> str:
    """A key as it may be indexed: clean, and at most 512 bytes (longer ones end in a digest of the whole)."""
    text = clean(text)
    if len(text) * 4 > _KEY_BYTES and len(text.encode()) > _KEY_BYTES:
        return text[:80] + "…" + hashlib.sha256(text.encode()).hexdigest()
    return text


def digest(text: str) -> str:
    """SHA-256 of the text, first 32 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def commitment(batch: str, salt: str, text: str) -> str:
    """A row's id: a salted hash that commits to the row's text and tells nothing about it once the salt is gone.

    The first 4 of the 32 digits are the batch's, so that the rows of one transaction lie together in every
    index; the other 28 are SHA-256(salt + text).
    """
    return batch[:4] + hashlib.sha256((salt + text).encode()).hexdigest()[:28]


def micros(instant: datetime) -> int:
    """Microseconds since 1970-01-01 UTC. Raises `BadInput` for a datetime without a time zone, or one that UTC has no date for."""
    if instant.tzinfo is None:
        raise BadInput(f"{instant.isoformat()} has no time zone", (), remedy="give an instant in UTC")
    since = instant - _EPOCH
    if not _FIRST <= since <= _LAST:  # stored, it could not be read again
        raise BadInput(f"{instant.isoformat()} has no date in UTC", (), remedy="give an instant in UTC")
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def from_micros(value: int) -> datetime:
    """The UTC datetime of `micros`."""
    return _EPOCH + timedelta(microseconds=value)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _visible(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {_visible(key): _visible(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_visible(item) for item in value]
    return value


def _refuse_nul(value: object) -> None:
    if isinstance(value, str):
        clean(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            _refuse_nul(key)
            _refuse_nul(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_nul(item)
