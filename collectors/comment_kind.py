"""What a review comment is about, by its words and structure: no language model, the same answer everywhere and always.

1. Code, quotations, suggestions, links, mentions and signatures are taken out (`comment_prose`); the rest is cut into sentences.
2. A sentence is *other* if it reports something as done, *approval* if it consents or praises and nothing takes that back.
   A label of the reviewer's own ("nit:", "question:") decides for its line.
3. Else its cues (`comment_cues`) are counted, a strong one as two more, and the most numerous kind is the sentence's; ties go by
   `PRECEDENCE`. A sentence without cues is a *question* if it asks, and *other* if not.
4. The comment's kind is the first of `PRECEDENCE` that any of its sentences has.

A comment of fewer than `FEWEST_WORDS` words names a subject and says nothing about it: it is style, approval or other, however
grave its word. This tells what a comment speaks about; whether it is right, nobody can tell from words.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from collectors.comment_cues import APPROVAL, CONTRAST, CUES, FILLER, LABELS, NEGATED, QUESTION_OPENER, REPLY, STRONG
from collectors.comment_prose import sentences, words

__all__ = ["FEWEST_WORDS", "PRECEDENCE", "CommentKind", "comment_kind"]


class CommentKind(StrEnum):
    """The closed list of kinds, weightiest first."""

    SECURITY = "security"
    DEFECT = "defect"
    TEST = "test"
    DESIGN = "design"
    QUESTION = "question"
    STYLE = "style"
    APPROVAL = "approval"
    OTHER = "other"


PRECEDENCE: Final = tuple(CommentKind)
"""Which kind a comment of several has: the first of these."""

FEWEST_WORDS: Final = 3
"""Words that a comment on security, a defect, tests, design or a question has at least."""

_BY_LABEL: Final = {
    "nit": CommentKind.STYLE,
    "nitpick": CommentKind.STYLE,
    "typo": CommentKind.STYLE,
    "style": CommentKind.STYLE,
    "minor": CommentKind.STYLE,
    "praise": CommentKind.APPROVAL,
    "question": CommentKind.QUESTION,
    "bug": CommentKind.DEFECT,
    "security": CommentKind.SECURITY,
    "test": CommentKind.TEST,
    "tests": CommentKind.TEST,
}
_SHORT: Final = (CommentKind.STYLE, CommentKind.APPROVAL, CommentKind.OTHER)


def comment_kind(text: str) -> CommentKind:
    """The kind of a comment. Never raises; linear in the length of the text.

    >>> comment_kind("LGTM"), comment_kind("LGTM, but the handle is never closed"), comment_kind("bug!")
    (<CommentKind.APPROVAL: 'approval'>, <CommentKind.DEFECT: 'defect'>, <CommentKind.OTHER: 'other'>)
    >>> str(comment_kind("Could you add a test for the empty list?"))
    'test'
    """
    said = sentences(text)
    found = set(_kinds(said))
    if sum(map(words, said)) < FEWEST_WORDS:
        found &= set(_SHORT)
    return min(found, key=PRECEDENCE.index, default=CommentKind.OTHER)


def _kinds(said: list[str]) -> Iterator[CommentKind]:
    for sentence in said:
        label = LABELS.match(sentence)
        yield _BY_LABEL.get(label[1], _kind(sentence)) if label else _kind(sentence)


def _kind(sentence: str) -> CommentKind:
    """The kind of one sentence."""
    if REPLY.match(sentence):
        return CommentKind.OTHER
    if APPROVAL.search(sentence) and not CONTRAST.search(sentence) and "?" not in sentence:
        return CommentKind.APPROVAL
    plain = FILLER.sub(" ", NEGATED.sub(" ", sentence))
    scores = {kind: _score(plain, kind) for kind in CUES}
    best = max(scores.values())
    asks = 1 if QUESTION_OPENER.match(plain) else 0
    if best > asks or (best and not asks):
        return next(kind for kind in PRECEDENCE if scores.get(kind) == best)
    if asks or sentence.endswith(("?", "？", "吗", "か")):
        return CommentKind.QUESTION
    return CommentKind.OTHER


def _score(sentence: str, kind: str) -> int:
    strong = STRONG.get(kind)
    return len(set(CUES[kind].findall(sentence))) + (2 if strong and strong.search(sentence) else 0)
