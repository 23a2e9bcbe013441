"""Hostile text made inert at the door: whatever a source wrote reaches a report only through `shown` or `safe_url`.

A commit message may hold markup, terminal escapes, right-to-left overrides or characters nobody can see. Markup is
left to the escaping of the format it is written to (HTML autoescape, JSON, `neutral_cell`); what no escaping helps
against is spelled out here, so that a reader notices the attempt.
"""

from __future__ import annotations

import unicodedata
from urllib.parse import urlsplit

from collectors.text import excerpt

__all__ = ["EXCERPT_LIMIT", "NAME_LIMIT", "safe_url", "shown"]

EXCERPT_LIMIT = 280
"""Characters of an excerpt; the same as collectors keep."""

NAME_LIMIT = 80
"""Characters of a name, title or label."""

_COMBINING_RUN = 3
_URL_CHARACTERS = 2000


def shown(text: object, limit: int = EXCERPT_LIMIT) -> str:
    """The text on one line of at most `limit` characters, every invisible or direction-changing character spelled out.

    White space runs become one space. Of more than three combining marks in a row the rest is dropped, so that no
    name can paint over its neighbours. None becomes "". Doing it twice changes nothing.

    >>> shown("pay\\u202eload\\x1b[31m")
    'pay\\\\u202eload\\\\x1b[31m'
    >>> shown("two\\n lines", limit=7)
    'two li…'
    """
    if text is None:
        return ""
    kept: list[str] = []
    marks = 0
    for character in str(text)[: 20 * limit]:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _COMBINING_RUN:
            kept.append(character)
    return excerpt("".join(kept), limit=limit) or ""


def safe_url(url: object) -> str | None:
    """The address if it is plain http or https without credentials or odd characters, else None (no link is made).

    >>> safe_url("https://example.org/c/1")
    'https://example.org/c/1'
    >>> safe_url("javascript:alert(1)") is None
    True
    """
    if not isinstance(url, str) or not url.isascii() or len(url) > _URL_CHARACTERS:
        return None
    if any(character in " \"'<>\\^`{|}" or not character.isprintable() for character in url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        return None
    return url
