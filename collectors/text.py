"""Strangers' text made inert: what cannot be seen is spelled out, and what a spreadsheet would run is quoted.

Names, comments and notes arrive from other people. They are stored as text with every control, bidirectional and
invisible character written as an escape (`\\x1b`, `\\u202e`), so that no terminal, page or log can be steered by them
and a reader sees that something was there. The classes of characters are fixed here, not taken from the running
Python's Unicode tables: the same file must give the same bytes on every version.
"""

from __future__ import annotations

import html
import re

__all__ = ["EXCERPT_CHARACTERS", "excerpt", "html_to_text", "is_plain", "neutral_cell", "quote", "visible"]

EXCERPT_CHARACTERS = 280
"""Longest excerpt that evidence keeps."""

_INVISIBLE = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0 and C1 controls
    "\u00ad\u061c\u180e\u200b\u200e\u200f"  # soft hyphen, marks of direction, zero-width space
    "\u2028-\u202e\u2060-\u206f\ufeff"  # separators, bidirectional embedding, overrides, isolates, invisible operators
    "\ufdd0-\ufdef\ufff0-\ufffb\ufffe\uffff"  # noncharacters, interlinear annotation
    "\ud800-\udfff"  # lone surrogates
    "\U000e0000-\U000e0fff"  # tags and other invisible selectors
    "]"
)
_SPACE = re.compile(r"[ \t\r\n\x0b\x0c\x85\u2028\u2029]+")
_ELEMENTS = (
    "a|abbr|article|aside|audio|b|base|blockquote|body|br|button|caption|cite|code|col|colgroup|dd|del|details|div|dl|dt|em|"
    "embed|fieldset|figure|font|footer|form|frame|h[1-6]|head|header|hr|html|i|iframe|img|input|ins|label|legend|li|link|"
    "main|math|meta|nav|object|ol|option|p|pre|q|s|section|select|small|span|strike|strong|sub|summary|sup|svg|table|tbody|"
    "td|template|textarea|tfoot|th|thead|title|tr|u|ul|video"
)
_DROPPED = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(rf"</?(?:{_ELEMENTS})(?:[\s/][^<>]*)?(?:>|(?=<)|\Z)|<[!?][^<>]*(?:>|\Z)", re.IGNORECASE)
_INLINE = re.compile(
    r"</?(?:a|abbr|b|cite|code|del|em|font|i|ins|q|s|small|span|strike|strong|sub|sup|u)\b", re.IGNORECASE
)
_MARKUP_CHARACTERS = 20_000
_TRIGGERS = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
_STEERING = frozenset("\t\r\n\x00")


def visible(value: str, *, limit: int | None = None) -> str:
    r"""Text with every control, bidirectional, invisible or unpaired character spelled out.

    limit: longest result in characters, the last of which is an ellipsis when something was cut. Doing it twice
    changes nothing.

    >>> visible("red\x1b[31m \u202egnp.exe")
    'red\\x1b[31m \\u202egnp.exe'
    >>> visible("abcdef", limit=4)
    'abc…'
    """
    if limit is not None:
        value = value[: limit + 1]
    shown = _INVISIBLE.sub(_spelled, value)
    if limit is not None and len(shown) > limit:
        return shown[: limit - 1] + "…"
    return shown


def excerpt(value: str, *, limit: int = EXCERPT_CHARACTERS) -> str | None:
    """One line of at most `limit` characters: white space folded, invisible characters spelled out; None if empty.

    >>> excerpt("Two\\n lines\\t here ")
    'Two lines here'
    """
    folded = _SPACE.sub(" ", value[: 20 * limit]).strip(" ")
    return visible(folded, limit=limit) or None


def html_to_text(value: str) -> str:
    """What a note says without its markup: tags, comments, scripts and styles gone, entities resolved once.

    Only names of HTML elements count as tags, so that `List<int>` stays. At most the first 20,000 characters are read.

    >>> html_to_text("<p>Good <b>design</b>,<br>x &lt; y</p><script>alert(1)</script>")
    'Good design, x < y'
    """
    visible = _DROPPED.sub(" ", value[:_MARKUP_CHARACTERS])
    visible = _TAG.sub(lambda tag: "" if _INLINE.match(tag.group()) else " ", visible)
    return _SPACE.sub(" ", html.unescape(visible)).strip(" ")


def is_plain(value: str) -> bool:
    """Whether nothing in the text would have to be spelled out.

    >>> is_plain("E100"), is_plain("E100\\u200b")
    (True, False)
    """
    return _INVISIBLE.search(value) is None


def quote(value: object, *, limit: int = 40) -> str:
    """A value as messages show it: shortened, on one line, in quotation marks.

    >>> quote("no such\\nthing")
    '"no such thing"'
    """
    return f'"{excerpt(str(value), limit=limit) or ""}"'


def neutral_cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula: text that could start one gets a leading apostrophe.

    Text counts as dangerous if its first character after spaces is = + - @ (or their full-width forms), or if a tab,
    line break or NUL comes before the first visible character. Everything that is not text stays as it is, so that
    negative numbers stay numbers.

    >>> neutral_cell("=1+1"), neutral_cell(" @SUM(A1)"), neutral_cell(-3), neutral_cell("3 - good")
    ("'=1+1", "' @SUM(A1)", -3, '3 - good')
    """
    if not isinstance(value, str):
        return value
    for character in value:
        if character in _TRIGGERS or character in _STEERING:
            return "'" + value
        if not (character.isspace() or _INVISIBLE.match(character)):
            return value
    return value


def _spelled(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
