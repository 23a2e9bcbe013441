"""What the readers of CSV, XLSX and JSON files hand on: rows of cells with their true numbers, within limits."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

from collectors.problems import refuse
from collectors.text import quote
from db.errors import Problem

__all__ = ["Cell", "Limits", "Row", "Table", "Unusable", "bounded", "check_size", "header_names"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a stranger's file is read before it is refused. Sizes in bytes or characters, counts as named.

    A line is a physical line of a CSV file. zip_*: an XLSX file is an archive; its members are measured by what they
    unpack to before any is read, and by the tags in them: a parser keeps some 100 bytes for each.
    """

    file_bytes: int = 100_000_000
    rows: int = 250_000
    columns: int = 2_000
    cells: int = 10_000_000
    line_characters: int = 4_000_000
    field_characters: int = 100_000
    name_characters: int = 500
    zip_members: int = 2_000
    zip_bytes: int = 150_000_000
    zip_ratio: int = 200
    xml_tags: int = 8_000_000
    json_depth: int = 32


@dataclass(frozen=True, slots=True)
class Unusable:
    """A cell that holds no value of its own: a formula or a spreadsheet error. what: words for the message."""

    what: str
    text: str


Cell = str | int | float | bool | datetime | date | time | Unusable | list[object] | dict[str, object] | None
"""One cell. CSV has text only; XLSX and JSON keep their types; lists and objects come from JSON."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row. number: where it starts, from 1, as an editor shows lines and a spreadsheet shows rows."""

    number: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A file's rows. header: row number of the (last) header row. problems: rows that could not be read.

    Every row has as many cells as there are columns. Column names are as written, white space folded.
    """

    file: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    header: int = 1
    problems: tuple[Problem, ...] = ()


def bounded(path: Path, limits: Limits) -> io.BytesIO:
    """A regular file's bytes. Raises BadInput if it cannot be read or is larger than `limits.file_bytes`."""
    file = str(path)
    if not path.is_file():
        refuse(file, "is not a file" if path.exists() else "does not exist", "check the path")
    try:
        with path.open("rb") as stream:
            content = stream.read(limits.file_bytes + 1)
    except OSError as error:
        refuse(file, f"cannot be read: {error.strerror}", "check its permissions")
    if len(content) > limits.file_bytes:
        refuse(file, f"is larger than {limits.file_bytes:,} bytes", "split it, or raise the limit if you trust it")
    if not content:
        refuse(file, "is empty", "export it again")
    return io.BytesIO(content)


def check_size(file: str, number: int, rows: int, columns: int, limits: Limits) -> None:
    """Refuse one more row than the limits allow, counting its empty cells too: padding is how small files grow."""
    if columns > limits.columns:
        refuse(file, f"has more than {limits.columns:,} columns", "remove columns that are not needed", row=number)
    if rows > limits.rows:
        refuse(file, f"has more than {limits.rows:,} rows", "split it", row=number)
    if rows * columns > limits.cells:
        refuse(file, f"has more than {limits.cells:,} cells", "split it, or remove columns", row=number)


def header_names(file: str, row: int, header: Sequence[Sequence[Cell]], limits: Limits) -> tuple[str, ...]:
    """Column names out of one or two header rows. row: number of the last of them.

    Of two rows, the upper holds the question (once, over all its columns) and the lower the sub-question; the name is
    `question | sub-question`, or the question alone where there is none. Raises BadInput for an overlong name.

    >>> header_names("a.csv", 2, [["ID", "Teamwork", None], [None, "Listens", "Shares"]], Limits())
    ('ID', 'Teamwork | Listens', 'Teamwork | Shares')
    """
    names = _joined([[" ".join(str(cell).split()) if cell is not None else "" for cell in line] for line in header])
    longest = max(names, key=len, default="")
    if len(longest) > limits.name_characters:
        message = f"has a column name of {len(longest):,} characters: {quote(longest)}"
        refuse(file, message, f"keep names to {limits.name_characters} characters", row=row)
    return names


def _joined(rows: list[list[str]]) -> tuple[str, ...]:
    if len(rows) == 1:
        return tuple(rows[0])
    width = max(len(row) for row in rows)
    upper, lower = (row + [""] * (width - len(row)) for row in rows)
    names, question = [], ""
    for above, below in zip(upper, lower, strict=True):
        question = above or (question if below else "")
        names.append(f"{question} | {below}" if question and below else question or below)
    return tuple(names)
