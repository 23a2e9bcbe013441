"""What a standard-setting file may hold, checked by pydantic: one class per method, judges numbered by their place in a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from db.records import LEVELS, StandardSetting
from models.standard_setting import TCC

__all__ = ["AGREED", "FORMS", "Angoff", "Bookmark", "Decisions", "Mistake", "Setting", "Vignettes", "Withdrawal"]

AGREED = "agreed-levels"
"""The rule of vignettes: a cut lies between described persons of neighbouring levels."""

Mistake = tuple[tuple[str | int, ...], str]
"""Where in the file, by keys and list places from the root, and what is wrong there."""

_Text = Annotated[str, Field(min_length=1, max_length=200)]
_Level = Annotated[int, Field(ge=1, le=LEVELS)]
_Count = Annotated[int, Field(ge=0, le=1000)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Vignette(_Form):
    """One described person and the level the panel agreed on."""

    vignette: _Text
    level: _Level


class Page(_Form):
    """One page of a booklet: `item` of `source` is scored `at_least`, in the form's units."""

    source: _Text
    item: _Text
    at_least: float


class Item(_Form):
    """One item as its form names it."""

    source: _Text
    item: _Text


class Setting(_Form):
    """What every method's file has."""

    skill: _Text

    def mistakes(self) -> list[Mistake]:
        """What is wrong beyond the shape."""
        return []

    def record(self) -> StandardSetting:
        """As the ledger keeps it."""
        raise NotImplementedError


class Withdrawal(Setting):
    """The record of this method and skill that stands is to stand no more."""

    method: Literal["angoff", "bookmark", "decisions", "vignettes"]
    withdraw: Literal[True]

    def record(self) -> StandardSetting:
        """As the ledger keeps it."""
        return StandardSetting(self.skill, self.method, "withdrawn", 0, 0, {"withdrawn": True})


class Vignettes(Setting):
    """Described persons with agreed levels. judges, rounds: of the panel that agreed."""

    method: Literal["vignettes"]
    judges: _Count
    rounds: _Count = 1
    vignettes: Annotated[list[Vignette], Field(min_length=1, max_length=200)]

    def mistakes(self) -> list[Mistake]:
        """Vignettes that stand twice."""
        codes = [one.vignette for one in self.vignettes]
        return [
            (("vignettes", place), f"vignette {code} stands twice; keep one of them")
            for place, code in enumerate(codes)
            if code in codes[:place]
        ]

    def record(self) -> StandardSetting:
        """As the ledger keeps it."""
        listed = [one.model_dump() for one in self.vignettes]
        return _kept(self, AGREED, self.rounds, self.judges, {"vignettes": listed})


class Bookmark(Setting):
    """Page placements: per round and level one page per judge, null where a judge passed."""

    method: Literal["bookmark"]
    rule: Literal["rp-50", "rp-67", "rp-80"] = "rp-67"
    statistic: Literal["median", "mean"] = "median"
    booklet: Annotated[list[Page], Field(min_length=2, max_length=500)]
    rounds: Annotated[list[dict[str, list[int | None]]], Field(min_length=1, max_length=9)]

    def mistakes(self) -> list[Mistake]:
        """Levels that begin nowhere, and pages the booklet does not have."""
        most = len(self.booklet)
        return _level_mistakes(self.rounds) + [
            (("rounds", number, level), f"pages are 0 (none) to {most}")
            for number, one in enumerate(self.rounds)
            for level, pages in one.items()
            if any(page is not None and not 0 <= page <= most for page in pages)
        ]

    def record(self) -> StandardSetting:
        """As the ledger keeps it."""
        judges = max(sum(page is not None for page in pages) for pages in self.rounds[-1].values())
        booklet = [page.model_dump() for page in self.booklet]
        content = {"booklet": booklet, "statistic": self.statistic, "rounds": self.rounds}
        return _kept(self, self.rule, len(self.rounds), judges, content)


class Angoff(Setting):
    """Expected scores: per round and level a row per judge, one score per item, null for a judge who passed."""

    method: Literal["angoff"]
    statistic: Literal["mean", "median"] = "mean"
    items: Annotated[list[Item], Field(min_length=1, max_length=200)]
    rounds: Annotated[list[dict[str, list[list[float] | None]]], Field(min_length=1, max_length=9)]

    def mistakes(self) -> list[Mistake]:
        """Levels that begin nowhere, and judges without one score per item."""
        return _level_mistakes(self.rounds) + [
            (("rounds", number, level), f"every judge gives {len(self.items)} scores, one per item")
            for number, one in enumerate(self.rounds)
            for level, table in one.items()
            if any(row is not None and len(row) != len(self.items) for row in table)
        ]

    def record(self) -> StandardSetting:
        """As the ledger keeps it."""
        judges = max(sum(row is not None for row in table) for table in self.rounds[-1].values())
        items = [item.model_dump() for item in self.items]
        content = {"items": items, "statistic": self.statistic, "rounds": self.rounds}
        return _kept(self, TCC, len(self.rounds), judges, content)


class Decisions(Setting):
    """Whether committee decisions may set cutpoints. skill: a code, or "*" for all."""

    method: Literal["decisions"]
    use: bool

    def record(self) -> StandardSetting:
        """As the ledger keeps it."""
        return _kept(self, "committee-decisions", 0, 0, {"use": self.use})


FORMS: dict[str, type[Setting]] = {
    "angoff": Angoff,
    "bookmark": Bookmark,
    "decisions": Decisions,
    "vignettes": Vignettes,
}


def _kept(form: Setting, rule: str, rounds: int, judges: int, content: Mapping[str, object]) -> StandardSetting:
    method = next(name for name, one in FORMS.items() if isinstance(form, one))
    return StandardSetting(form.skill, method, rule, rounds, judges, content)


def _level_mistakes(rounds: Sequence[Mapping[str, Sequence[object]]]) -> list[Mistake]:
    begin = [str(level) for level in range(2, LEVELS + 1)]
    found: list[Mistake] = []
    for number, one in enumerate(rounds):
        if not one:
            found.append((("rounds", number), "the round is empty; remove it"))
        for level, said in one.items():
            if level not in begin:
                words = f"level {level} has no beginning to set; levels are {', '.join(begin)}"
                found.append((("rounds", number, level), words))
            elif all(view is None for view in said):
                found.append((("rounds", number, level), "no judge spoke; leave the level out"))
    return found
