"""What a review said and did, in words: what it is about, whether the change was altered, how long it took to come.

How fast somebody reviews is shown and never counted: a rubber stamp is the fastest review there is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Final

__all__ = ["review_words"]

_ABOUT: Final = {
    "security": "security",
    "defect": "a defect",
    "test": "tests",
    "design": "design",
    "style": "style",
}
"""Words for the kinds of comments, weightiest first; a question and an approval have words of their own."""

_HOURS_IN_DAYS: Final = 48


def review_words(measures: Mapping[str, object]) -> Iterator[str]:
    """Parts of a sentence about a review or comment. Kinds nobody knows are passed over.

    >>> list(review_words({"kinds": ["defect", "question", "test"], "change_followed": True, "hours_to_review": 5.2}))
    ['about a defect and tests', 'with a question', 'after which the change was altered', '5 hours after the change was opened']
    >>> list(review_words({"kinds": [], "state": "approved"}))
    ['approval only']
    """
    listed = measures.get("kinds")
    kinds = {str(kind) for kind in listed} if isinstance(listed, list) else {str(measures.get("kind"))}
    about = [word for kind, word in _ABOUT.items() if kind in kinds]
    if about:
        yield "about " + " and ".join(filter(None, (", ".join(about[:-1]), about[-1])))
    if "question" in kinds:
        yield "with a question"
    if kinds == {"approval"} or (not kinds and measures.get("state") == "approved"):
        yield "approval only"
    if measures.get("suggestion_applied") is True or _number(measures.get("suggestions_applied")) > 0:
        yield "of which a suggestion was taken over"
    if measures.get("change_followed") is True:
        yield "after which the change was altered"
    hours = _number(measures.get("hours_to_review"))
    if hours > 0:
        yield f"{_span(hours)} after the change was opened"


def _number(value: object) -> float:
    known = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if known else 0.0  # type: ignore[arg-type]


def _span(hours: float) -> str:
    if hours < 1:
        return "less than an hour"
    count, unit = (hours, "hour") if hours < _HOURS_IN_DAYS else (hours / 24, "day")
    return f"{count:.0f} {unit}" + ("" if f"{count:.0f}" == "1" else "s")
