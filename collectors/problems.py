"""The mistakes found in one file, gathered so that its owner can mend them all at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NoReturn

from collectors.text import visible
from db.errors import BadInput, Problem

__all__ = ["SHOWN", "Problems", "refuse"]

SHOWN = 100
"""How many mistakes of one file are listed; all are counted."""


class Problems:
    """Mistakes in one file, in the order found.

    A mistake of a row costs that row; one of the file as a whole (`fatal`) always costs the file.
    """

    def __init__(self, file: str, *, keep: int = SHOWN) -> None:
        self.file = visible(file)
        self._keep = keep
        self.total = 0
        self.fatal = False
        self.bad_rows: set[int] = set()
        self._listed: list[Problem] = []

    def __bool__(self) -> bool:
        return self.total > 0

    def add(self, row: int, column: str, message: str, remedy: str = "", *, fatal: bool = False) -> None:
        """Note one mistake. row: as editors number lines, workbooks rows and JSON its records, from 1; 0: the file."""
        self.total += 1
        self.fatal = self.fatal or fatal or row == 0
        if row:
            self.bad_rows.add(row)
        if len(self._listed) < self._keep:
            self._listed.append(Problem(self.file, row, visible(column, limit=120), message, remedy))

    def extend(self, problems: Iterable[Problem]) -> None:
        """Take over mistakes that a reader of rows found."""
        for problem in problems:
            self.add(problem.row, problem.column, problem.message, problem.remedy)

    def listed(self) -> tuple[Problem, ...]:
        """The first mistakes, by row."""
        return tuple(sorted(self._listed, key=lambda problem: problem.row))

    def refusal(self) -> BadInput:
        """The error that names them."""
        many = f"{self.total} mistakes" if self.total > 1 else "1 mistake"
        rest = f"; the first {SHOWN} are listed" if self.total > SHOWN else ""
        first = self.listed()[0]
        return BadInput(
            f"{self.file} has {many}{rest}; nothing of it was stored. First: {first}",
            self.listed(),
            remedy="mend the file and import it again",
        )


def refuse(file: str, message: str, remedy: str, *, row: int = 0, column: str = "") -> NoReturn:
    """Raise BadInput for a file that cannot be read at all."""
    problem = Problem(visible(file), row, visible(column, limit=120), message, remedy)
    listed: Sequence[Problem] = (problem,)
    raise BadInput(f"{problem}", listed)
