"""A file is read as written, or refused with its line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.errors import BadInput
from rubrics.source import MAX_BYTES, MAX_DEPTH, MAX_NODES, parse, read


def problem_of(text: str) -> tuple[int, str, str]:
    with pytest.raises(BadInput) as caught:
        parse(text, "x.yaml")
    (problem,) = caught.value.problems
    assert problem.file == "x.yaml"
    assert problem.remedy
    return problem.row, problem.message, problem.remedy


@pytest.mark.parametrize(
    ("text", "row", "message"),
    [
        ("a: 1\nb: &x [1]\nc: *x\n", 2, "anchor `&x`"),
        ("a: *x\n", 1, "alias `*x`"),
        ("a: !!python/object/apply:os.system ['true']\n", 1, "tag"),
        ("a: !!str 1\n", 1, "tag"),
        ("a: 1\nb: 2\na: 3\n", 3, "key `a` again (first on line 1)"),
        ("1: x\n'1': y\n", 2, "key `1` again"),
        ("a:\n  - b: {c: 1, c: 2}\n", 2, "key `c` again"),
        ("? [a, b]\n: 1\n", 1, "a key that is a list"),
        ("a: 1\n---\nb: 2\n", 0, "more than one document"),
        ("# nothing\n", 0, "is empty"),
        ("a: [1\nb: 2\n", 2, "not YAML"),
        ("a: 'x\u202ey'\n", 1, "invisible character U+202E"),
        ('a: "x\\u0007y"\n', 1, "invisible character U+0007"),
        ('a: "x\\uD800y"\n', 1, "not YAML"),
        ("a: x\x00y\n", 0, "not YAML"),
    ],
)
def test_what_could_mean_more_than_it_says_is_refused(text: str, row: int, message: str) -> None:
    found_row, found, _ = problem_of(text)
    assert message in found
    assert row in (0, found_row)


def test_an_alias_bomb_costs_no_more_than_reading_it() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60))
    assert problem_of(bomb)[0] == 1


def test_deep_nesting_and_many_values_are_refused() -> None:
    assert f"deeper than {MAX_DEPTH}" in problem_of("[" * 100_000)[1]
    assert f"more than {MAX_NODES}" in problem_of("[" + "1," * (MAX_NODES + 1) + "]")[1]


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(BadInput, match="larger than"):
        read(file, "x.yaml")


def test_a_file_in_another_encoding_names_the_line(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes("a: 1\nb: \xe9\n".encode("latin-1"))
    with pytest.raises(BadInput, match=r"line 2: not UTF-8"):
        read(file, "x.yaml")


def test_a_byte_order_mark_is_no_content(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read(file, "x.yaml").data == {"a": 1}


def test_words_that_yaml_1_1_bends_stay_words() -> None:
    text = "a: [no, on, 2026-01-01, 1_000, 0x10, 010, 1:30, .inf, 1e5, '1', 1.50, true, null, ~]\n"
    expected = ["no", "on", "2026-01-01", "1_000", "0x10", 10, "1:30", ".inf", "1e5", "1", 1.5, True, None, None]
    assert parse(text, "x.yaml").data == {"a": expected}


def test_a_number_of_a_million_digits_stays_text() -> None:
    digits = "9" * 100_000
    assert parse(f"a: {digits}", "x.yaml").data == {"a": digits}


def test_lines_are_known_for_keys_and_entries() -> None:
    document = parse("a:\n  b:\n    - x\n    - c: 1\n", "x.yaml")
    assert document.line(("a", "b", 1, "c")) == 4
    assert document.line(("a", "b", 1, "missing", "deeper")) == 4
    assert document.line(("nothing",)) == 1


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse(text, "x.yaml")
    except BadInput as refusal:
        told = refusal.problems
    else:
        return
    assert [problem.file for problem in told] == ["x.yaml"]
