"""Text from a repository is visible and stays tellable apart."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from collectors.git_text import EXCERPT, excerpt, visible

RAW = st.one_of(st.text(), st.binary().map(lambda raw: raw.decode("utf-8", "surrogateescape")))


@given(RAW)
def test_nothing_invisible_is_left(text: str) -> None:
    for shown in (visible(text), excerpt(text)):
        shown.encode("utf-8")
        assert not any(unicodedata.category(character) in {"Cc", "Zl", "Zp", "Cs"} for character in shown)
        assert not any(
            unicodedata.bidirectional(character) in {"RLO", "LRO", "RLE", "LRE", "PDF", "RLI", "LRI", "FSI", "PDI"}
            for character in shown
        )


@given(RAW, RAW)
def test_different_texts_stay_different(one: str, other: str) -> None:
    assert (visible(one) == visible(other)) == (one == other)


def test_an_escape_spelled_out_is_not_the_byte_it_names() -> None:
    assert visible("a\\xe9") != visible("a\udce9")


@given(RAW)
def test_an_excerpt_is_one_short_line(text: str) -> None:
    assert len(excerpt(text)) <= EXCERPT
    assert "\n" not in excerpt(text)
