r"""Text out of a repository, made visible: nothing that git lets through may act on a terminal, a page or a database.

Git stores bytes. They arrive here as UTF-8 decoded with `surrogateescape`, so that bytes that are no UTF-8 are lone
surrogates. `visible` writes those, control characters, bidirectional and other format characters as escapes one can
read (`\xe9`, `\x07`, `\u202e`), and doubles a backslash, so that two different names never become one.
The set is spelled out rather than taken from `str.isprintable`, which changes with the Unicode tables of the
interpreter; `isprintable` only shows quickly that there is nothing to do.
"""

from __future__ import annotations

import re

__all__ = ["EXCERPT", "excerpt", "visible"]

EXCERPT = 280
"""Most characters of an excerpt."""

_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
_HIDDEN_OR_BACKSLASH = re.compile(rf"\\|{_HIDDEN.pattern}")


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    code = ord(character)
    if character == "\\":
        return "\\\\"
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def visible(text: str) -> str:
    r"""`text` with everything invisible escaped and backslashes doubled. Different texts stay different.

    >>> visible("Ren\udce9 <\u202eevil>")
    'Ren\\xe9 <\\u202eevil>'
    """
    if text.isprintable() and "\\" not in text:
        return text
    return _HIDDEN_OR_BACKSLASH.sub(_escape, text)


def excerpt(message: str) -> str:
    r"""The subject of a commit message as git shows it (the first paragraph on one line), visible, at most 280 characters.

    >>> excerpt("Fix the\nloader\n\nLong story")
    'Fix the loader'
    """
    paragraph = message.lstrip("\n")[: 8 * EXCERPT].split("\n\n", 1)[0]
    line = " ".join(paragraph.split())
    if not line.isprintable():
        line = _HIDDEN.sub(_escape, line)
    return line if len(line) <= EXCERPT else line[: EXCERPT - 1] + "…"
