"""Strangers' text cannot steer a terminal, a page or a spreadsheet."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.text import EXCERPT_CHARACTERS, excerpt, html_to_text, is_plain, neutral_cell, quote, visible

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
ANY_TEXT = st.text(alphabet=st.characters(min_codepoint=0, max_codepoint=0x10FFFF, exclude_categories=()))


def has_control(text: str) -> bool:
    return any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in BIDI for character in text)


@given(ANY_TEXT)
def test_visible_text_has_no_control_bidi_or_unpaired_characters(text: str) -> None:
    assert not has_control(visible(text))
    visible(text).encode("utf-8")


@given(ANY_TEXT)
def test_making_text_visible_twice_changes_nothing(text: str) -> None:
    assert visible(visible(text)) == visible(text)


@given(ANY_TEXT, st.integers(min_value=1, max_value=300))
def test_a_limit_is_kept_even_when_escapes_lengthen_the_text(text: str, limit: int) -> None:
    assert len(visible(text, limit=limit)) <= limit
    assert len(excerpt(text, limit=limit) or "") <= limit


@given(ANY_TEXT)
def test_plain_text_is_text_that_stays_as_it_is(text: str) -> None:
    assert is_plain(text) == (visible(text) == text)


def test_joined_emoji_and_scripts_that_need_joiners_stay_readable() -> None:
    for text in ("👩\u200d💻", "می\u200cخواهم", "❤\ufe0f", "naïve 測試 тест"):
        assert visible(text) == text


@pytest.mark.parametrize(
    "hidden", ["\x00", "\x1b", "\x7f", "\x9b", "\u202e", "\u2066", "\ufeff", "\ud800", "\U000e0041"]
)
def test_each_hidden_character_is_spelled_out(hidden: str) -> None:
    assert visible(f"a{hidden}b").startswith("a\\")


def test_an_excerpt_is_one_line_of_at_most_280_characters() -> None:
    found = excerpt("first\r\nsecond\t" + "x" * 1000)
    assert found is not None
    assert len(found) == EXCERPT_CHARACTERS
    assert found.startswith("first second x")
    assert excerpt(" \n ") is None


def test_html_is_reduced_to_what_it_says() -> None:
    note = "<p>Strong&nbsp;design.</p><ul><li>Tests</li><li>Docs</li></ul><script>alert(1)</script><!-- x -->"
    assert html_to_text(note).replace("\xa0", " ") == "Strong design. Tests Docs"
    assert html_to_text("List<int> and a < b & c") == "List<int> and a < b & c"
    assert html_to_text("<img src=x onerror=alert(1)>ok") == "ok"
    assert html_to_text("&lt;b&gt;") == "<b>"


@given(st.text(alphabet="<>/!-abpscript &;=\"'\n"))
def test_html_to_text_leaves_no_whole_tag_of_html(text: str) -> None:
    html_to_text(text)


def test_unclosed_markup_costs_no_more_than_its_length() -> None:
    for piece in ("<a", "<!--", "<script>", "</p", "&#", "<!["):
        html_to_text(piece * 1_000_000)


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "  =1",
        "\t=1",
        "\tx",
        "\rx",
        "\x00x",
        "＝1",
        "－1",
        "＋1",
        "＠x",
        "\u200b=1",
        "\ufeff=1",
        " \nx",
    ],
)
def test_a_cell_that_could_be_a_formula_is_quoted(cell: str) -> None:
    assert neutral_cell(cell) == "'" + cell


@pytest.mark.parametrize("cell", [-1, -1.5, 0, True, None, "text", "3 - good", "", "  ", "a=b", "'=1"])
def test_other_cells_stay_as_they_are(cell: object) -> None:
    assert neutral_cell(cell) == cell
    assert type(neutral_cell(cell)) is type(cell)


@given(ANY_TEXT)
def test_no_neutral_text_starts_with_a_trigger(text: str) -> None:
    found = neutral_cell(text)
    assert isinstance(found, str)
    assert not found.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))
    assert found.removeprefix("'") == text.removeprefix("'")


def test_a_quoted_value_is_short_and_inert() -> None:
    assert quote("a\x1b[31m\nb") == '"a\\x1b[31m b"'
    assert len(quote("x" * 1000)) <= 42
