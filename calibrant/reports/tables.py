"""The gap analysis as a table: CSV and XLSX with one row per skill and team, inert in any spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime

import xlsxwriter

from calibrant.reports.gap import Gap, TeamSupply
from collectors.text import neutral_cell

__all__ = ["GAP_COLUMNS", "gap_csv", "gap_rows", "gap_xlsx"]

GAP_COLUMNS = (
    "skill", "skill_name", "team", "asked_from", "asked_to", "known_people", "expected_at_level", "low", "high",
    "expected_short", "unknown_people", "withheld", "standing",
)  # fmt: skip
"""known_people: with a readable posterior. low, high: 90 % interval of the number at the required level. withheld:
"known", "unknown", "both" or "", for small cells and those that protect them. standing: how far the model was checked."""

_WIDTHS = (20, 34, 20, 11, 10, 13, 17, 7, 7, 15, 15, 10, 42)
_CREATED = datetime(2000, 1, 1, tzinfo=UTC)


def gap_rows(gap: Gap) -> Iterator[tuple[object, ...]]:
    """Rows in the order of `GAP_COLUMNS`; numbers are numbers, withheld ones None. The department's row comes last."""
    for skill in gap.skills:
        for cell in (*skill.teams, skill.department):
            yield skill.code, skill.name, cell.team, *skill.asked, *_figures(cell), gap.standing


def _figures(cell: TeamSupply) -> tuple[object, ...]:
    withheld = {(True, True): "both", (True, False): "known", (False, True): "unknown"}
    hidden = withheld.get((cell.known is None, cell.unknown is None), "")
    if cell.known is None:
        return None, None, None, None, None, cell.unknown, hidden
    known = cell.known
    short = round(known.people - known.expected, 1)
    return known.people, known.expected, known.low, known.high, short, cell.unknown, hidden


def gap_csv(gap: Gap) -> str:
    """RFC 4180 text; cells that a spreadsheet could take for a formula start with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(GAP_COLUMNS)
    writer.writerows([neutral_cell(value) for value in row] for row in gap_rows(gap))
    return out.getvalue()


def gap_xlsx(gap: Gap) -> bytes:
    """A workbook with one sheet: strings are written as strings, never as formulas or links; the same bytes each time."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"title": "Gap analysis", "created": _CREATED})
        sheet = book.add_worksheet("Gap analysis")
        head = book.add_format({"bold": True, "bottom": 1, "font_color": "#1d2a35"})
        for column, (name, width) in enumerate(zip(GAP_COLUMNS, _WIDTHS, strict=True)):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, name, head)
        for number, row in enumerate(gap_rows(gap), start=1):
            for column, value in enumerate(row):
                _write(sheet, number, column, value)
        sheet.freeze_panes(1, 3)
        sheet.autofilter(0, 0, max(1, sum(1 for _ in gap_rows(gap))), len(GAP_COLUMNS) - 1)
    return out.getvalue()


def _write(sheet: xlsxwriter.worksheet.Worksheet, row: int, column: int, value: object) -> None:
    if isinstance(value, int | float):
        sheet.write_number(row, column, value)
    elif value is not None:
        sheet.write_string(row, column, str(neutral_cell(value)))
