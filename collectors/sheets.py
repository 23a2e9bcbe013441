"""One reader for the three kinds of file that people hand over: CSV, XLSX and JSON.

Whatever the kind, the result is a table of cells with true row numbers, or a refusal that says what is wrong and what
to do. Nothing is guessed: a file that is not UTF-8 is refused with the byte that shows it, a workbook with several
sheets asks which one, and a separator that could be two things asks too.
"""

from __future__ import annotations

from pathlib import Path

from collectors import csv_file, json_file, xlsx_file
from collectors.cells import Cell, Limits, Row, Table, Unusable, bounded
from collectors.problems import refuse
from collectors.text import quote

__all__ = ["Cell", "Limits", "Row", "Table", "Unusable", "is_json", "read"]

_TEXT = frozenset({".csv", ".tsv", ".txt"})
_BOOK = frozenset({".xlsx"})
_JSON = frozenset({".json"})


def is_json(path: Path) -> bool:
    """Whether a file is read as JSON, by its name."""
    return path.suffix.lower() in _JSON


def read(
    path: Path,
    *,
    sheet: str | None = None,
    header_rows: int = 1,
    limits: Limits | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> Table:
    """Read a file into rows.

    sheet: name of the sheet of a workbook that has several. header_rows: 1 or 2. encoding, delimiter: of a CSV file
    that is not UTF-8, or whose separator (comma, semicolon, tab) does not show. A JSON file must hold a list of
    objects; their members are the columns.

    Raises BadInput naming the file, the place and the remedy. Rows that cannot be read (a wrong number of cells, an
    overlong cell) are left out and listed in `Table.problems`.
    """
    bounds = limits if limits is not None else Limits()
    if header_rows not in (1, 2):
        raise ValueError(f"header_rows is 1 or 2, not {header_rows}")
    suffix = path.suffix.lower()
    if suffix in _TEXT:
        return csv_file.read(path, bounded(path, bounds), header_rows, bounds, encoding, delimiter)
    if suffix in _BOOK:
        return xlsx_file.read(path, bounded(path, bounds), sheet, header_rows, bounds)
    if suffix not in _JSON:
        refuse(str(path), f"has the unknown suffix {quote(suffix)}", "export it as .csv (UTF-8), .xlsx or .json")
    return json_file.read(path, bounded(path, bounds), bounds)
