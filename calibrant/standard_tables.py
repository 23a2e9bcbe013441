"""Standard-setting tables (CSV, XLSX): rows gathered into the shape that YAML files have, each entry with its row.

One row per vignette, page of a booklet, or judgement; columns of `COLUMNS`, those a method does not need left out or empty:

* vignettes: method, skill, vignette, level, and judges (on any row);
* bookmark: the booklet as rows with page, source, item, at_least; placements as rows with round, judge, level, page;
* angoff: rows with round, judge, level, source, item, expected.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from collectors.cells import Cell, Table
from collectors.fields import plain_identifier
from db.errors import BadInput, Problem
from rubrics.source import Document, Location

__all__ = ["COLUMNS", "documents_of", "refusal"]

COLUMNS: Final = (
    *("method", "skill", "rule", "statistic", "judges", "round", "judge", "level"),
    *("page", "source", "item", "at_least", "expected", "vignette"),
)
_WHOLE: Final = frozenset({"judges", "round", "judge", "level", "page"})
_NUMBERS: Final = frozenset({"at_least", "expected"})
_HELP: Final = "see docs/standard-setting.md"


def refusal(file: str, problems: list[Problem]) -> BadInput:
    """The error that names every mistake of a file."""
    many = f"{len(problems)} mistakes" if len(problems) > 1 else "1 mistake"
    return BadInput(
        f"{file} has {many}; nothing of it was stored. First: {problems[0]}",
        problems,
        remedy="mend the file, import again",
    )


def documents_of(table: Table) -> list[Document]:
    """One document per method and skill of a table, in the shape that YAML has."""
    problems = list(table.problems)
    unknown = [name for name in table.columns if name not in COLUMNS]
    if unknown or not {"method", "skill"} <= set(table.columns):
        lead = f"unknown column {unknown[0]!r}" if unknown else "needs the columns method and skill"
        problems.append(
            Problem(table.file, table.header, unknown[0] if unknown else "", lead, f"columns: {', '.join(COLUMNS)}")
        )
        raise refusal(table.file, problems)
    groups: dict[tuple[str, str], list[tuple[int, dict[str, Any]]]] = {}
    for row in table.rows:
        said: dict[str, Any] = {}
        for column, cell in zip(table.columns, row.cells, strict=True):
            try:
                value = _value(column, cell)
            except ValueError as error:
                problems.append(Problem(table.file, row.number, column, str(error), _HELP))
                continue
            if value is not None:
                said[column] = value
        if said:
            groups.setdefault((said.get("method", ""), said.get("skill", "")), []).append((row.number, said))
    if not groups and not problems:
        problems.append(Problem(table.file, table.header, "", "holds no rows", _HELP))
    documents = [_grouped(table.file, method, skill, rows, problems) for (method, skill), rows in groups.items()]
    if problems:
        raise refusal(table.file, problems)
    return documents


def _value(column: str, cell: Cell) -> str | int | float | None:
    text = plain_identifier(cell) if not isinstance(cell, float) else str(cell)
    if cell is None or text == "":
        return None
    if text is None:
        raise ValueError("holds no plain value")
    if column not in _WHOLE and column not in _NUMBERS:
        return text
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"{text[:60]!r} is not a number") from None
    if column in _WHOLE and not number.is_integer():
        raise ValueError(f"{text[:60]!r} is not a whole number")
    return int(number) if column in _WHOLE else number


def _grouped(
    file: str, method: str, skill: str, rows: list[tuple[int, dict[str, Any]]], problems: list[Problem]
) -> Document:
    first = rows[0][0]
    data: dict[str, Any] = {"method": method, "skill": skill}
    lines: dict[Location, int] = {(): first, ("method",): first, ("skill",): first}
    for name in ("rule", "statistic", "judges"):
        for number, said in rows:
            if name in said:
                data[name], lines[(name,)] = said[name], number
    if method == "vignettes":
        _list_into(data, lines, "vignettes", rows, ("vignette", "level"))
    elif method == "bookmark":
        booklet = sorted((row for row in rows if "judge" not in row[1]), key=lambda row: row[1].get("page", 0))
        _list_into(data, lines, "booklet", booklet, ("source", "item", "at_least"))
        for place, (number, said) in enumerate(booklet, start=1):
            if said.get("page") != place:
                problems.append(Problem(file, number, "page", f"page {place} is missing or stands twice", _HELP))
        placed = [row for row in rows if "judge" in row[1]]
        data["rounds"] = _judged(file, placed, "page", problems)
    elif method == "angoff":
        _angoff(file, data, rows, problems)
    return Document(file, data, lines)


def _list_into(
    data: dict[str, Any],
    lines: dict[Location, int],
    key: str,
    rows: list[tuple[int, dict[str, Any]]],
    columns: tuple[str, ...],
) -> None:
    data[key] = [{name: said[name] for name in columns if name in said} for _, said in rows]
    lines[(key,)] = rows[0][0] if rows else lines[()]
    for place, (number, _) in enumerate(rows):
        lines[key, place] = number


def _judged(
    file: str, rows: list[tuple[int, dict[str, Any]]], column: str, problems: list[Problem]
) -> list[dict[str, list[Any]]]:
    """Rounds of level -> one entry per judge, by the judges' numbers."""
    said: dict[tuple[int, int, int], Any] = {}
    for number, row in rows:
        missing = [name for name in ("round", "judge", "level", column) if name not in row]
        if missing:
            problems.append(
                Problem(file, number, missing[0], f"{missing[0]} is empty", "fill it in, or delete the row")
            )
            continue
        key = row["round"], row["level"], row["judge"]
        if row["round"] < 1 or row["judge"] < 1:
            problems.append(Problem(file, number, "judge", "rounds and judges are numbered from 1", _HELP))
        elif key in said:
            problems.append(Problem(file, number, "judge", f"judge {key[2]} speaks twice here", "keep one row"))
        else:
            said[key] = row[column]
    judges = max((key[2] for key in said), default=0)
    return [
        {
            str(level): [said.get((turn, level, judge)) for judge in range(1, judges + 1)]
            for level in sorted({key[1] for key in said if key[0] == turn})
        }
        for turn in sorted({key[0] for key in said})
    ]


def _angoff(file: str, data: dict[str, Any], rows: list[tuple[int, dict[str, Any]]], problems: list[Problem]) -> None:
    items: list[tuple[str, str]] = sorted(
        {(str(said.get("source", "")), str(said.get("item", ""))) for _, said in rows}
    )
    data["items"] = [{"source": of, "item": item} for of, item in items]
    by_item = []
    for pair in items:
        own = [row for row in rows if (str(row[1].get("source", "")), str(row[1].get("item", ""))) == pair]
        by_item.append(_judged(file, own, "expected", problems))
    rounds = max((len(one) for one in by_item), default=0)
    data["rounds"] = [_joined([one[turn] if turn < len(one) else {} for one in by_item]) for turn in range(rounds)]


def _joined(by_item: list[Mapping[str, list[Any]]]) -> dict[str, list[Any]]:
    """Level -> judge -> score per item; null for a judge who did not speak to every item."""
    levels = sorted({level for one in by_item for level in one})
    judges = max((len(views) for one in by_item for views in one.values()), default=0)
    found: dict[str, list[Any]] = {}
    for level in levels:
        rows = [[(one.get(level) or [])[j : j + 1] or [None] for one in by_item] for j in range(judges)]
        scores = [[cell[0] for cell in row] for row in rows]
        found[level] = [None if any(score is None for score in row) else row for row in scores]
    return found
