import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrant.reports.inert import safe_url, shown

anything = st.text(alphabet=st.characters(), max_size=400)


@given(anything, st.integers(1, 300))
def test_shown_text_has_no_control_bidi_or_surrogate_character_and_keeps_its_limit(text, limit):
    line = shown(text, limit)
    assert len(line) <= limit
    for character in line:
        assert unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"}
        assert unicodedata.bidirectional(character) not in {
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        }


@given(anything)
def test_showing_twice_changes_nothing(text):
    assert shown(shown(text)) == shown(text)


def test_stacked_marks_cannot_paint_over_neighbours():
    assert shown("e" + "\u0301" * 50 + "x") == "e" + "\u0301" * 3 + "x"


def test_right_to_left_letters_stay_as_they_are():
    assert shown("שלום, عالم") == "שלום, عالم"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "https://forge.example@evil.example/",
        "https://forge.example/\u202e",
        'https://forge.example/"onmouseover="x',
        "https://forge.example/ x",
        "//evil.example",
        "https://",
        "http://[",
        None,
        7,
    ],
)
def test_odd_addresses_make_no_link(url):
    assert safe_url(url) is None


def test_plain_addresses_do():
    assert safe_url("https://forge.example/c/1?x=1#L3") == "https://forge.example/c/1?x=1#L3"
