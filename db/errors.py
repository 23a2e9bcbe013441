"""What goes wrong, in few classes: every message says what, where and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["BadInput", "CalibrantError", "Incomplete", "Partial", "Problem", "Refusal"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a file. row counts from 1 as an editor shows lines (0: the file as a whole). noun: what a column is called there."""

    file: str
    row: int
    column: str
    message: str
    remedy: str = ""
    noun: str = "column"

    def __str__(self) -> str:
        where = ", ".join(
            part
            for part in (
                self.file,
                f"row {self.row}" if self.row else "",
                f"{self.noun} {self.column}" if self.column else "",
            )
            if part
        )
        return f"{where}: {self.message}" + (f"; {self.remedy}" if self.remedy else "")


class CalibrantError(Exception):
    """Base of all errors raised on purpose."""

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what, self.where, self.remedy = what, where, remedy
        super().__init__(what + (f" ({where})" if where else "") + (f": {remedy}" if remedy else ""))


class Refusal(CalibrantError):
    """It does not apply, is not allowed, or there is not enough to go on. Nothing was changed."""


class Partial(CalibrantError):
    """Some of the work was done and stays; the rest was refused."""


class BadInput(CalibrantError):
    """A file or value is wrong; `problems` lists every mistake found. Nothing of it was stored."""

    def __init__(self, what: str, problems: Sequence[Problem], *, remedy: str = "") -> None:
        self.problems = tuple(problems)
        super().__init__(what, remedy=remedy)


class Incomplete(CalibrantError):
    """The work stopped part-way with everything so far kept; run it again to continue."""
