"""Files of strangers are read within limits, or refused with place and remedy."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.sheets import Limits, Unusable, read
from db.errors import BadInput


def save(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def book(folder: Path, rows: list[list[object]], name: str = "book.xlsx", sheets: int = 1) -> Path:
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.active.append(row)  # type: ignore[union-attr]
    for index in range(1, sheets):
        workbook.create_sheet(f"Extra{index}")
    workbook.save(folder / name)
    return folder / name


def rewritten(path: Path, member: str, old: bytes, new: bytes) -> Path:
    """The archive with one change in one member."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old in parts[member]
    parts[member] = parts[member].replace(old, new, 1)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def refusal(path: Path, **options: object) -> str:
    with pytest.raises(BadInput) as caught:
        read(path, **options)  # type: ignore[arg-type]
    assert path.name in str(caught.value)
    assert caught.value.problems[0].remedy
    return str(caught.value)


# -- CSV


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_the_separator_shows_in_the_header(tmp_path: Path, mark: str) -> None:
    path = save(tmp_path, "a.csv", f'a{mark}b\n1{mark}"x{mark}y"\n')
    table = read(path)
    assert table.columns == ("a", "b")
    assert table.rows[0].cells == ("1", f"x{mark}y")


def test_a_separator_that_could_be_either_is_asked_for(tmp_path: Path) -> None:
    path = save(tmp_path, "a.csv", "a,b;c\n1,2;3\n")
    assert "name the delimiter" in refusal(path)
    assert read(path, delimiter=";").columns == ("a,b", "c")


def test_rows_keep_the_line_where_they_start(tmp_path: Path) -> None:
    path = save(tmp_path, "a.csv", 'a,b\n\n"two\nlines",1\nx,2\n')
    assert [row.number for row in read(path).rows] == [3, 5]


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    assert read(save(tmp_path, "a.csv", b"\xef\xbb\xbfa,b\n1,2\n")).columns == ("a", "b")


def test_another_encoding_is_refused_with_the_byte_and_accepted_by_name(tmp_path: Path) -> None:
    path = save(tmp_path, "a.csv", "name,b\nJos\u00e9,2\n".encode("cp1252"))
    message = refusal(path)
    assert "offset 10" in message
    assert "row 2" in message
    assert "cp1252" in message
    assert read(path, encoding="cp1252").rows[0].cells == ("José", "2")
    marked = save(tmp_path, "b.csv", b"\xef\xbb\xbfa\n\xff\n")
    assert "offset 5" in refusal(marked)


def test_utf_16_is_refused_and_read_by_name(tmp_path: Path) -> None:
    path = save(tmp_path, "a.csv", "a,b\n1,2\n".encode("utf-16"))
    assert "UTF-16" in refusal(path)
    assert read(path, encoding="utf-16").rows[0].cells == ("1", "2")
    assert "UTF-16" in refusal(save(tmp_path, "b.csv", "a,b\n1,2\n".encode("utf-16-le")))


@pytest.mark.parametrize("encoding", ["no-such", "unicode_escape", "idna", "base64", "rot13"])
def test_only_encodings_of_text_files_are_taken(tmp_path: Path, encoding: str) -> None:
    assert "encoding" in refusal(save(tmp_path, "a.csv", "a,b\n1,2\n"), encoding=encoding)


def test_a_line_of_50_megabytes_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path, "a.csv", b"a,b\n1,2\n" + b"x" * 50_000_000 + b",1\n")
    message = refusal(path)
    assert "row 3" in message
    assert "characters" in message


def test_many_small_cells_in_a_long_line_are_refused(tmp_path: Path) -> None:
    assert "columns" in refusal(save(tmp_path, "a.csv", "," * 3_000 + "\n1\n"))


def test_an_overlong_column_name_is_refused(tmp_path: Path) -> None:
    assert "column name" in refusal(save(tmp_path, "a.csv", "a" * 501 + ",b\n1,2\n"))


def test_a_delimiter_is_one_of_four_marks(tmp_path: Path) -> None:
    path = save(tmp_path, "a.csv", "a|b\n1|2\n")
    assert read(path, delimiter="|").columns == ("a", "b")
    assert "separated" in refusal(path, delimiter="ab")


def test_an_unclosed_quote_is_refused_where_it_starts(tmp_path: Path) -> None:
    assert "row 3" in refusal(save(tmp_path, "a.csv", 'a,b\n1,2\n"x,3\n4,5\n'))


def test_rows_of_another_width_and_overlong_cells_are_listed_and_left_out(tmp_path: Path) -> None:
    path = save(tmp_path, "a.csv", "a,b\n1\n1,2,3\n1,2\n" + "x" * 100_001 + ",1\n")
    table = read(path)
    assert [problem.row for problem in table.problems] == [2, 3, 5]
    assert [row.number for row in table.rows] == [4]


def test_too_many_rows_or_bytes_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path, "a.csv", "a\n" + "1\n" * 11)
    assert "rows" in refusal(path, limits=Limits(rows=10))
    assert "bytes" in refusal(path, limits=Limits(file_bytes=10))


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "none.csv")
    (tmp_path / "folder.csv").mkdir()
    assert "not a file" in refusal(tmp_path / "folder.csv")
    assert "empty" in refusal(save(tmp_path, "a.csv", ""))
    assert "header" in refusal(save(tmp_path, "b.csv", "\n\n"))
    assert "suffix" in refusal(save(tmp_path, "c.xls", "x"))
    assert "workbook" in refusal(book(tmp_path, [["a"]]).rename(tmp_path / "d.csv"))


def test_two_header_rows_are_joined(tmp_path: Path) -> None:
    path = save(tmp_path, "a.csv", "ID,Teamwork,,Craft\n,Listens,Shares,\n7,1,2,3\n")
    table = read(path, header_rows=2)
    assert table.columns == ("ID", "Teamwork | Listens", "Teamwork | Shares", "Craft")
    assert table.rows[0].number == 3


@settings(max_examples=50)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_table_or_a_refusal(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    for name in ("a.csv", "a.json", "a.xlsx"):
        try:
            table = read(save(folder, name, content))
        except BadInput as error:
            assert error.problems  # noqa: PT017
        else:
            assert all(len(row.cells) == len(table.columns) for row in table.rows)


# -- XLSX


def test_a_workbook_keeps_dates_and_numbers_and_row_numbers(tmp_path: Path) -> None:
    path = book(tmp_path, [["a", "b", "c"], [], ["x", 3, datetime(2026, 1, 2, 3, 4)], ["y", 2.5, None]])
    table = read(path)
    assert table.columns == ("a", "b", "c")
    assert [(row.number, row.cells) for row in table.rows] == [
        (3, ("x", 3, datetime(2026, 1, 2, 3, 4))),
        (4, ("y", 2.5, None)),
    ]


def test_formulas_and_errors_are_not_values(tmp_path: Path) -> None:
    table = read(book(tmp_path, [["a", "b"], ["=1+1", "#REF!"], ["=cmd|' /C calc'!A0", 1]]))
    first, second = table.rows
    assert first.cells == (Unusable("a formula", "=1+1"), Unusable("a spreadsheet error", "#REF!"))
    assert isinstance(second.cells[0], Unusable)


def test_several_sheets_ask_which_one(tmp_path: Path) -> None:
    path = book(tmp_path, [["a"], [1]], sheets=3)
    assert '"Extra1"' in refusal(path)
    assert read(path, sheet="Sheet").columns == ("a",)
    assert "no sheet" in refusal(path, sheet="None")


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = book(tmp_path, [["a"], [1]])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/bomb.xml", b"0" * 100_000_000)
    assert path.stat().st_size < 300_000
    assert "zip bomb" in refusal(path)


def test_many_parts_and_large_totals_are_refused(tmp_path: Path) -> None:
    path = book(tmp_path, [["a"], [1]])
    assert "unpacks to" in refusal(path, limits=Limits(zip_bytes=1000))
    assert "parts" in refusal(path, limits=Limits(zip_members=3))


def test_a_workbook_of_empty_tags_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    path = book(tmp_path, [["a"], [1]])
    rewritten(path, "xl/worksheets/sheet1.xml", b"<sheetData>", b"<x/>" * 10_000 + b"<sheetData>")
    assert "XML tags" in refusal(path, limits=Limits(xml_tags=10_000))


def test_a_small_file_cannot_grow_by_padding(tmp_path: Path) -> None:
    wide: list[list[object]] = [[f"c{index}" for index in range(100)]]
    for _ in range(200):
        wide.append([1])  # noqa: PERF401
    assert "cells" in refusal(book(tmp_path, wide), limits=Limits(cells=10_000))
    records = json.dumps([{f"c{index}": 1} for index in range(200)])
    assert "cells" in refusal(save(tmp_path, "a.json", records), limits=Limits(cells=10_000))


def test_an_archive_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    path = book(tmp_path, [["a"], [1]])
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        sheet = archive.getinfo("xl/worksheets/sheet1.xml")
    at = content.rindex(b"PK\x01\x02", 0, content.rindex(b"xl/worksheets/sheet1.xml"))
    content[at + 24 : at + 28] = (sheet.file_size // 2).to_bytes(4, "little")
    path.write_bytes(bytes(content))
    assert "readable workbook" in refusal(path)


def test_entities_in_a_workbook_are_refused(tmp_path: Path) -> None:
    path = book(tmp_path, [["a"], ["text"]])
    bomb = b'<!DOCTYPE s [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><worksheet '
    rewritten(path, "xl/worksheets/sheet1.xml", b"<worksheet ", bomb)
    assert "EntitiesForbidden" in refusal(path)


def test_a_cell_far_out_and_a_row_far_down_are_refused(tmp_path: Path) -> None:
    far_out = rewritten(book(tmp_path, [["a"], [1]]), "xl/worksheets/sheet1.xml", b'r="A2"', b'r="ZZZ2"')
    assert "columns" in refusal(far_out)
    far_down = rewritten(
        book(tmp_path, [["a"], [1]], "b.xlsx"), "xl/worksheets/sheet1.xml", b'row r="2"', b'row r="1048576000"'
    )
    assert "row 1,000" in refusal(far_down, limits=Limits(rows=250))


def test_damaged_and_foreign_archives_are_refused(tmp_path: Path) -> None:
    path = book(tmp_path, [["a"], [1]])
    save(tmp_path, "cut.xlsx", path.read_bytes()[:-200])
    assert "not a workbook" in refusal(tmp_path / "cut.xlsx")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert "readable workbook" in refusal(save(tmp_path, "other.xlsx", buffer.getvalue()))


# -- JSON


def test_a_list_of_objects_is_a_table(tmp_path: Path) -> None:
    table = read(save(tmp_path, "a.json", '[{"a": 1, "b": "x"}, {"b": null, "c": [1]}]'))
    assert table.columns == ("a", "b", "c")
    assert [row.cells for row in table.rows] == [(1, "x", None), (None, None, [1])]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('[{"a": 1, "a": 2}]', "twice"),
        ("[" * 100_000, "nested"),
        ("[" * 40 + "]" * 40, "nested"),
        ('[{"a": NaN}]', "NaN"),
        ('[{"a": 1e999}]', "too large"),
        ('[{"a": ' + "9" * 5000 + "}]", "digits"),
        ('[{"a": 1},]', "not JSON"),
        ('{"a": 1}', "no list"),
        ("[1]", "object"),
        (json.dumps([{"a": "x" * 100_001}]), "characters"),
    ],
)
def test_json_that_is_not_plain_records_is_refused(tmp_path: Path, content: str, words: str) -> None:
    assert words in refusal(save(tmp_path, "a.json", content))


def test_json_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    assert "offset 3" in refusal(save(tmp_path, "a.json", b'["a\xff"]'))
