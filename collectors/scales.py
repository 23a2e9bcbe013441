"""Rating scales: the numbers a form allows, and the words it uses for them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from collectors.cells import Cell, Unusable
from collectors.text import quote

__all__ = ["Scale", "folded", "parse"]

_SPAN = re.compile(r"\s*(-?\d{1,4}(?:\.\d{1,2})?)\s*(?:-|–|\.\.|to)\s*(-?\d{1,4}(?:\.\d{1,2})?)\s*", re.ASCII)
_NUMBER = re.compile(r"\s*[-+]?\d{1,4}(?:\.\d{1,6})?\s*", re.ASCII)
_LEADING_NUMBER = re.compile(r"\s*(\d{1,4})\b", re.ASCII)
_WIDEST = 100
_LARGEST = 1e9


def folded(text: str) -> str:
    """Text as words are compared: without case, outer spaces and double spaces.

    >>> folded("  Strong  YES ")
    'strong yes'
    """
    return " ".join(text.split()).casefold()


@dataclass(frozen=True, slots=True)
class Scale:
    """A response format. id: how measures name it. words and missing are compared without case and outer spaces.

    leading_number: an answer such as "3 - Hire" counts as 3.
    """

    id: str
    minimum: float
    maximum: float
    words: Mapping[str, float] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    leading_number: bool = False

    def score(self, answer: Cell) -> float | None:
        """The number an answer stands for, None for an answer that is no rating.

        Raises ValueError saying what the answer is instead.

        >>> Scale("agree", 1, 2, words={"no": 1, "yes": 2}).score(" Yes ")
        2.0
        """
        if isinstance(answer, bool) or not isinstance(answer, str | int | float):
            raise ValueError(answer.what if isinstance(answer, Unusable) else f"{quote(answer)} is not a rating")
        if isinstance(answer, str):
            word = folded(answer)
            if word in self.missing:
                return None
            if word in self.words:
                return float(self.words[word])
        number = self._number(answer)
        if not self.minimum <= number <= self.maximum:
            raise ValueError(f"{quote(answer)} is outside the scale {self.id} ({self.minimum:g} to {self.maximum:g})")
        return number

    def _number(self, answer: str | int | float) -> float:
        if isinstance(answer, str):
            leading = _LEADING_NUMBER.match(answer) if self.leading_number else None
            if leading:
                return float(leading.group(1))
            if not _NUMBER.fullmatch(answer):
                raise ValueError(f"{quote(answer)} is not a rating on the scale {self.id}")
        # A whole number may be too large for floating point, and nan is on no side of any end.
        return float(answer) if isinstance(answer, str) or abs(answer) <= _LARGEST else math.inf


def parse(text: str) -> Scale | None:
    """A scale written as its ends, such as "1-5"; None if the text is no such thing.

    >>> parse("1-5").maximum, parse("agreement")
    (5.0, None)
    """
    span = _SPAN.fullmatch(text)
    if span is None:
        return None
    low, high = float(span.group(1)), float(span.group(2))
    if not 0 < high - low <= _WIDEST:
        return None
    return Scale(f"{low:g}-{high:g}", low, high)
