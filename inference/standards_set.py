"""Standard-setting records as inference reads them: which one stands, and what each method's record holds.

The forms of `record` (JSON values, judges numbered):

* vignettes: ``{"vignettes": [{"vignette": code, "level": 1..5}, ..]}``;
* bookmark: ``{"booklet": [{"source", "item", "at_least"}, ..], "statistic", "rounds": [{"2": [page per judge], ..}, ..]}``;
* decisions: ``{"use": false}`` says that committee decisions must not set cutpoints (of the skill, or "*" of all);
* angoff: ``{"items": [{"source", "item"}, ..], "statistic", "rounds": [{"2": [[expected score per item] per judge], ..}, ..]}``.

Items are named as the form names them; `at_least` and expected scores are in the form's own units. Items of a machine
(source "git") are measures of the standard, and `at_least` is the number of the threshold, the lowest 1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from db.records import StandardSetting

__all__ = ["ALL_SKILLS", "Scale", "Scales", "standing"]

ALL_SKILLS: Final = "*"

_ENDS: Final = re.compile(r".* (-?[0-9.e+]+)-(-?[0-9.e+]+) in [0-9]+")


def standing(settings: Sequence[StandardSetting]) -> dict[tuple[str, str], StandardSetting]:
    """The record that stands by (skill, method): the last saved, unless it withdraws what stood."""
    last = {(one.skill, one.method): one for one in settings}
    return {pair: one for pair, one in last.items() if not one.record.get("withdrawn")}


@dataclass(frozen=True, slots=True)
class Scale:
    """One item's response format: the model's name of the item, its lowest score and the step between scores, in the form's units."""

    item: str
    lowest: float
    step: float

    def category(self, score: float) -> float:
        """The category (from 0) of a score, fractions kept."""
        return (score - self.lowest) / self.step

    def score(self, category: int) -> float:
        """The score of a category."""
        return self.lowest + category * self.step


class Scales:
    """The response formats of one skill's items, by source and the name the form gives the item."""

    def __init__(self, skill: str, ratings: pd.DataFrame, machine: pd.DataFrame) -> None:
        self._found: dict[tuple[str, str], Scale] = {}
        self._several: set[tuple[str, str]] = set()
        rated = ratings[ratings["skill"] == skill].drop_duplicates(["item", "format"])
        for row, categories in zip(rated.itertuples(index=False), rated["categories"].astype(int), strict=True):
            source, item = str(row.source), str(row.item)
            low, high = _ends(str(row.format))
            scale = Scale(item, low, (high - low) / (categories - 1))
            pair = source, item.removeprefix(f"{source}/{skill}/")
            if pair in self._found:
                self._several.add(pair)
            self._found[pair] = scale
        for row in machine[machine["skill"] == skill].drop_duplicates("item").itertuples(index=False):
            self._found[str(row.source), str(row.item)] = Scale(str(row.item), 0.0, 1.0)

    def find(self, named: Mapping[str, Any]) -> Scale:
        """The format of what a record names by source and item. Raises ValueError, naming what there is."""
        pair = str(named["source"]), str(named["item"])
        if pair not in self._found:
            there = ", ".join(sorted({f"{source}: {item}" for source, item in self._found})) or "none"
            raise ValueError(f"nobody has been rated on {pair[0]}: {pair[1]}; items of this skill: {there}")
        if pair in self._several:
            raise ValueError(
                f"{pair[0]}: {pair[1]} is rated on several scales, so that a score does not name a threshold"
            )
        return self._found[pair]

    def is_ambiguous(self, source: str, item: str) -> bool:
        """Whether an item, as the form names it, is rated on several scales."""
        return (source, item) in self._several

    def name(self, source: str, item: str) -> str:
        """What the form calls an item of the model."""
        return next((name for (of, name), scale in self._found.items() if of == source and scale.item == item), item)


def _ends(text: str) -> tuple[float, float]:
    found = _ENDS.fullmatch(text)
    assert found is not None, text
    return float(found[1]), float(found[2])
