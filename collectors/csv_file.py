"""CSV files: UTF-8 or a named encoding, comma, semicolon or tab, quoted strictly, within limits."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from pathlib import Path

from collectors.cells import Limits, Row, Table, check_size, header_names
from collectors.problems import Problems, refuse
from collectors.text import quote

__all__ = ["read"]

_DELIMITERS = (",", ";", "\t")
_NOT_FOR_FILES = frozenset({"idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined", "utf-7"})
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SAVE = "save it as CSV UTF-8, or name its encoding"


def read(
    path: Path, content: io.BytesIO, header_rows: int, limits: Limits, encoding: str | None, delimiter: str | None
) -> Table:
    """The table in a CSV file's bytes. See `collectors.sheets.read`."""
    file = str(path)
    text = _decoded(file, content.getvalue(), encoding)
    if delimiter is not None and delimiter not in (*_DELIMITERS, "|"):
        refuse(file, f"cannot be separated by {quote(delimiter)}", "use a comma, semicolon, tab or vertical bar")
    separator = delimiter or _separator(file, text)
    problems = Problems(file, keep=limits.rows)
    header: list[list[str]] = []
    columns: tuple[str, ...] = ()
    rows: list[Row] = []
    last_header = 0
    for number, cells in _records(file, text, separator, limits):
        check_size(file, number, len(rows) + 1, len(cells), limits)
        if not any(cell.strip() for cell in cells):
            continue
        if len(header) < header_rows:
            header.append(cells)
            last_header = number
            if len(header) == header_rows:
                columns = header_names(file, last_header, header, limits)
            continue
        if _well_formed(cells, columns, number, problems, limits):
            rows.append(Row(number, tuple(cells)))
    if len(header) < header_rows:
        refuse(file, f"ends before its {header_rows} header row(s)", "export it again with column names")
    return Table(file, columns, tuple(rows), last_header, problems.listed() if problems else ())


def _decoded(file: str, content: bytes, encoding: str | None) -> str:
    if content.startswith(b"PK\x03\x04"):
        refuse(file, "is a workbook or archive, not CSV", "rename it to .xlsx, or export it as CSV UTF-8")
    if encoding is None:
        if content.startswith(_WIDE_MARKS) or _mostly_wide(content[:200]):
            refuse(file, "looks like UTF-16: it has NUL bytes or a UTF-16 mark", f"{_SAVE} (utf-16)")
        encoding = "utf-8"
    skipped = 3 if encoding == "utf-8" and content.startswith(codecs.BOM_UTF8) else 0
    try:
        name = codecs.lookup(encoding).name
        if name in _NOT_FOR_FILES:
            raise LookupError(encoding)
        return content[skipped:].decode(encoding).removeprefix("\ufeff")
    except LookupError:
        refuse(file, f"unknown encoding {quote(encoding)}", "name one such as utf-8, utf-16, cp1252 or latin-1")
    except UnicodeDecodeError as error:
        offset = error.start + skipped
        row = content.count(b"\n", 0, offset) + 1
        byte = content[offset]
        refuse(file, f"is not {encoding}: byte 0x{byte:02x} at offset {offset}", f"{_SAVE} (often cp1252)", row=row)
    except UnicodeError as error:
        refuse(file, f"is not {encoding}: {error}", _SAVE)


def _mostly_wide(start: bytes) -> bool:
    """Whether every other byte is NUL, as in UTF-16 without its mark; a single NUL is only a hostile character."""
    return start.count(0) > len(start) // 4


def _separator(file: str, text: str) -> str:
    """The separator that splits the first line into most columns; refused when two do equally well."""
    first = next((line for line in io.StringIO(text[:1_000_000]) if line.strip()), "")
    unquoted = "".join(first.split('"')[::2])
    counts = sorted(((unquoted.count(mark), mark) for mark in _DELIMITERS), reverse=True)
    if counts[0][0] and counts[0][0] == counts[1][0]:
        refuse(file, "could be separated by either of two marks", "name the delimiter: comma, semicolon or tab", row=1)
    return counts[0][1] if counts[0][0] else ","


def _records(file: str, text: str, separator: str, limits: Limits) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(_lines(file, text, limits), delimiter=separator, strict=True)
    start = 1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            remedy = 'write quotes inside a quoted cell twice ("") and close every quote; shorten overlong cells'
            refuse(file, f"is not CSV here: {error}", remedy, row=start)
        if cells is None:
            return
        yield start, cells
        start = reader.line_num + 1


def _lines(file: str, text: str, limits: Limits) -> Iterator[str]:
    for number, line in enumerate(io.StringIO(text, newline=""), start=1):
        if len(line) > limits.line_characters:
            message = f"has a line of {len(line):,} characters; at most {limits.line_characters:,} are read"
            refuse(file, message, "export it again, one record per line", row=number)
        yield line


def _well_formed(cells: list[str], columns: tuple[str, ...], number: int, problems: Problems, limits: Limits) -> bool:
    if len(cells) != len(columns):
        remedy = "put quotes around cells that hold the separator" if len(cells) > len(columns) else "add empty cells"
        problems.add(number, "", f"has {len(cells)} cells where the header has {len(columns)}", remedy)
        return False
    for column, cell in zip(columns, cells, strict=True):
        if len(cell) > limits.field_characters:
            problems.add(number, column, f"holds {len(cell):,} characters", f"keep to {limits.field_characters:,}")
            return False
    return True
