r"""What a reviewer wrote in their own words: the sentences of a comment without code, quotations, suggestions and links.

Forges send Markdown. What is quoted was said by somebody else, and code says what the code does, not what is thought of it.
Every pattern is linear in the length of the text: nothing repeats inside a repetition.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

__all__ = ["LONGEST_TEXT", "sentences", "words"]

LONGEST_TEXT: Final = 1 << 16
"""Characters of a comment that are looked at."""

_REMARK: Final = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})")
_VOUCHING_TRAILER: Final = re.compile(r"(?:reviewed|acked|tested|approved)-by:", re.IGNORECASE)
_TRAILER: Final = re.compile(r"(?:signed-off|co-authored|reported|suggested)-by:", re.IGNORECASE)
_SIGNATURE: Final = re.compile(r"-- ?$|sent from my |on .{5,120} wrote:$", re.IGNORECASE)
_MARKUP: Final = (
    (re.compile(r"`[^`]*`"), " ` "),  # a placeholder, so that the words on both sides do not meet
    (re.compile(r"https?://\S+"), " "),
    (re.compile(r"</?[a-zA-Z][^<>]*>"), " "),
    (re.compile(r"(?<![\w.])@[\w-]+(?:/[\w-]+)?"), " "),
    (re.compile(r"(?<![\w&])#\d+"), " "),
    (
        re.compile("👍|👌|💯|🚀|🚢|🎉|✅|:(?:\\+1|thumbsup|rocket|shipit|ship|tada|100|ok_hand|white_check_mark):"),
        " lgtm ",
    ),
    (re.compile(r":[a-z0-9_+-]{2,30}:"), " "),
    (re.compile(r"[*_~]{2,}|\]\([^()\s]*\)|[\[\]]"), " "),
)
_END: Final = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|[;；\n]")
_WORD: Final = re.compile(r"[^\W_][\w'+-]*")
_CJK: Final = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_CJK_PER_WORD: Final = 2


def sentences(text: str) -> list[str]:
    """The reviewer's own sentences, lower case, of the first `LONGEST_TEXT` characters; thumbs up reads as "lgtm".

    >>> sentences("> who wrote this?\\nNot me. See `x` at https://example.org\\n```suggestion\\ny = 1\\n```")
    ['not me.', 'see ` at']
    """
    prose = "\n".join(_own_lines(_REMARK.sub(" ", text[:LONGEST_TEXT])))
    for pattern, instead in _MARKUP:
        prose = pattern.sub(instead, prose)
    lowered = prose.lower().replace("\u2019", "'")
    return [" ".join(piece.split()) for piece in _END.split(lowered) if piece.strip()]


def words(text: str) -> int:
    """Number of words; two characters of Chinese, Japanese or Korean make one.

    >>> words("the lock is never released"), words("没问题"), words("?!")
    (5, 1, 0)
    """
    characters = len(_CJK.findall(text))
    return len(_WORD.findall(_CJK.sub(" ", text))) + characters // _CJK_PER_WORD


def _own_lines(text: str) -> Iterator[str]:
    """Lines that are neither quoted, nor code, nor below a signature; a trailer that vouches is an approval."""
    fence = ""
    blank = True
    for line in text.splitlines():
        mark = _FENCE.match(line)
        if fence:
            fence = "" if mark and mark[1].startswith(fence) and line.strip() == mark[1] else fence
            continue
        if mark:
            fence = mark[1]
            continue
        stripped = line.strip()
        if _SIGNATURE.match(line):
            return
        code = blank and line.startswith(("    ", "\t"))
        blank = not stripped
        if code or stripped.startswith(">") or _TRAILER.match(stripped):
            continue
        yield "lgtm" if _VOUCHING_TRAILER.match(stripped) else stripped.lstrip("-*# ")
