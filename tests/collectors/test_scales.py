"""Scores stay inside their scale; words stand for numbers; missing is no number."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.cells import Cell, Unusable
from collectors.scales import Scale, parse

WORDS = Scale("w", 1, 4, words={"no": 1, "strong yes": 4}, missing=frozenset({"no decision"}))


@given(
    st.one_of(
        st.text(max_size=8), st.floats(), st.integers(), st.booleans(), st.none(), st.sampled_from(["3", "no", "4.5"])
    )
)
def test_any_answer_is_a_score_on_the_scale_or_missing_or_refused(answer: Cell) -> None:
    try:
        score = WORDS.score(answer)
    except ValueError:
        return
    assert score is None or (1 <= score <= 4 and math.isfinite(score))


def test_words_and_missing_words_are_compared_without_case_and_spaces() -> None:
    assert WORDS.score(" Strong  YES") == 4
    assert WORDS.score("No Decision") is None


@pytest.mark.parametrize(
    "answer",
    [
        "5",
        0,
        "0.5",
        "yes",
        "3 - Hire",
        10**400,
        -math.inf,
        math.nan,
        True,
        None,
        "１２",
        "1e0",
        Unusable("a formula", "=1"),
    ],
)
def test_anything_else_is_refused(answer: Cell) -> None:
    with pytest.raises(ValueError, match=r"outside|not a rating|a formula"):
        WORDS.score(answer)


def test_a_leading_number_counts_only_where_the_scale_says_so() -> None:
    assert Scale("l", 1, 4, leading_number=True).score("3 - Hire") == 3


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("1-5", (1, 5)),
        ("0 - 10", (0, 10)),
        ("1..7", (1, 7)),
        ("1 to 4", (1, 4)),
        ("-2–2", (-2, 2)),
        ("0.5-5", (0.5, 5)),
    ],
)
def test_a_scale_is_written_as_its_ends(text: str, ends: tuple[float, float]) -> None:
    found = parse(text)
    assert found is not None
    assert (found.minimum, found.maximum) == ends


@pytest.mark.parametrize("text", ["5-1", "3-3", "0-1000", "five", "1-", "", "1-2-3"])
def test_what_is_no_scale_is_none(text: str) -> None:
    assert parse(text) is None
