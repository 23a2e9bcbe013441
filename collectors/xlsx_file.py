"""XLSX files: measured as archives before anything is unpacked, then read cell by cell without running anything.

A workbook is a zip of XML. Two kinds of bomb follow from that: members that unpack to gigabytes, stopped by counting
what the archive declares (zipfile never unpacks more than is declared), and XML entities, stopped by defusedxml, which
openpyxl uses when it may. Formulas are not evaluated and their cached results not trusted: such a cell is `Unusable`,
and whoever needs it is told to paste values.
"""

from __future__ import annotations

import io
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from collectors.cells import Cell, Limits, Row, Table, Unusable, check_size, header_names
from collectors.problems import Problems, refuse
from collectors.text import quote

__all__ = ["read"]

_DAMAGE = (
    zipfile.BadZipFile, zlib.error, InvalidFileException, ParseError, ArithmeticError, AssertionError, AttributeError,
    EOFError, LookupError, NotImplementedError, OSError, RuntimeError, TypeError, ValueError,
)  # fmt: skip
"""What openpyxl and zipfile raise on damaged or hostile workbooks; defusedxml's refusals are ValueErrors."""
_SMALL_MEMBER = 1_000_000
_CHUNK = 1_000_000


def read(path: Path, content: io.BytesIO, sheet: str | None, header_rows: int, limits: Limits) -> Table:
    """The table in one sheet of a workbook. See `collectors.sheets.read`."""
    file = str(path)
    if not openpyxl.DEFUSEDXML:
        refuse(file, "cannot be read safely: defusedxml is switched off", "unset OPENPYXL_DEFUSEDXML")
    _measured(file, content, limits)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of features it drops; none of them is data
            book = openpyxl.load_workbook(content, read_only=True, data_only=False, keep_links=False)
            worksheet = _chosen(file, book, sheet)
            worksheet.reset_dimensions()  # the declared size is a stranger's claim
            return _table(file, _numbered(file, worksheet.iter_rows(), limits), header_rows, limits)
    except _DAMAGE as error:
        refuse(file, f"is not a readable workbook: {_cause(error)}", "open it in a spreadsheet and save it as .xlsx")


def _measured(file: str, content: io.BytesIO, limits: Limits) -> None:
    try:
        archive = zipfile.ZipFile(content)
        members = archive.infolist()
    except _DAMAGE as error:
        refuse(file, f"is not a workbook: {_cause(error)}", "export it as .xlsx; old .xls files must be converted")
    if len(members) > limits.zip_members or len({member.filename for member in members}) != len(members):
        refuse(file, "has too many or repeated parts inside", "open it in a spreadsheet and save it as .xlsx")
    if any(member.flag_bits & 0x1 for member in members):
        refuse(file, "is encrypted", "save it without a password")
    total = sum(member.file_size for member in members)
    if total > limits.zip_bytes:
        refuse(file, f"unpacks to {total:,} bytes; at most {limits.zip_bytes:,} are read", "split it, or export CSV")
    for member in members:
        if member.file_size > max(_SMALL_MEMBER, limits.zip_ratio * member.compress_size):
            ratio = member.file_size // max(1, member.compress_size)
            refuse(file, f"has a part packed {ratio:,} to 1, as zip bombs are", "export it again, or use CSV")
    try:
        tags = sum(_tags(archive, member) for member in members)
    except _DAMAGE as error:
        refuse(file, f"is not a readable workbook: {_cause(error)}", "open it in a spreadsheet and save it as .xlsx")
    if tags > limits.xml_tags:
        refuse(file, f"holds {tags:,} XML tags; at most {limits.xml_tags:,} are read", "split it, or export CSV")


def _tags(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> int:
    with archive.open(member) as stream:
        return sum(part.count(b"<") for part in iter(lambda: stream.read(_CHUNK), b""))


def _chosen(file: str, book: Any, sheet: str | None) -> Any:
    names = [worksheet.title for worksheet in book.worksheets]
    listed = ", ".join(quote(name) for name in names[:20])
    if sheet is not None and sheet not in names:
        refuse(file, f"has no sheet {quote(sheet)}", f"name one of: {listed}")
    if sheet is None and len(names) != 1:
        refuse(file, f"has {len(names)} sheets", f"name the one to read: {listed}")
    return book[sheet or names[0]]


def _numbered(file: str, rows: Iterable[tuple[Any, ...]], limits: Limits) -> Iterator[tuple[int, list[Cell]]]:
    for number, cells in enumerate(rows, start=1):
        if number > 4 * limits.rows:
            refuse(file, f"reaches beyond row {4 * limits.rows:,}", "delete the empty rows at its end", row=number)
        if len(cells) > limits.columns:
            refuse(file, f"has more than {limits.columns:,} columns", "delete columns that are not needed", row=number)
        values = [_value(cell) for cell in cells]
        while values and values[-1] is None:
            values.pop()
        if values:
            yield number, values


def _value(cell: Any) -> Cell:
    value, kind = cell.value, getattr(cell, "data_type", "n")
    if kind == "f":
        return Unusable("a formula", str(getattr(value, "text", value)))
    if kind == "e":
        return Unusable("a spreadsheet error", str(value))
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, str | int | float | bool | datetime | date | time):
        return value
    return Unusable("a duration", str(value))


def _table(file: str, rows: Iterator[tuple[int, list[Cell]]], header_rows: int, limits: Limits) -> Table:
    header: list[list[Cell]] = []
    last_header = 0
    for number, cells in rows:
        header.append([cell.text if isinstance(cell, Unusable) else cell for cell in cells])
        last_header = number
        if len(header) == header_rows:
            break
    if len(header) < header_rows:
        refuse(file, f"ends before its {header_rows} header row(s)", "export it again with column names")
    columns = header_names(file, last_header, header, limits)
    problems = Problems(file, keep=limits.rows)
    kept: list[Row] = []
    for number, cells in rows:
        check_size(file, number, len(kept) + 1, len(columns), limits)
        if len(cells) > len(columns):
            problems.add(number, "", f"has a cell in column {len(cells)}, which has no name", "name it or delete it")
            continue
        if any(isinstance(cell, str) and len(cell) > limits.field_characters for cell in cells):
            problems.add(number, "", "has an overlong cell", f"keep to {limits.field_characters:,} characters")
            continue
        kept.append(Row(number, tuple(cells) + (None,) * (len(columns) - len(cells))))
    return Table(file, columns, tuple(kept), last_header, problems.listed() if problems else ())


def _cause(error: BaseException) -> str:
    return quote(f"{type(error).__name__}: {error.__cause__ or error}", limit=120)
