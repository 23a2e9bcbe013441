"""Whose words are whose earlier words again."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from inference.repeats import folded, repeats


def frame(*said: tuple[str | None, int], artefacts: str = "abcdefgh") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "excerpt": pd.array([text for text, _ in said], dtype="str"),
            "occurred_at": pd.to_datetime([f"2026-03-{day:02d}" for _, day in said], utc=True),
            "measures": [f'{{"reviewed_change":"{number}"}}' for number in range(len(said))],
            "artefact": list(artefacts[: len(said)]),
        }
    )


def test_the_earliest_is_kept_and_every_later_one_repeats_it() -> None:
    rows = frame(("Is it safe?", 3), ("is it safe", 1), ("IS IT SAFE", 2), ("Is it fast?", 4))
    assert repeats(rows, np.zeros(4, dtype=np.int64)).tolist() == [True, False, True, False]


def test_nobody_repeats_what_others_said_and_nobody_known_repeats_nothing() -> None:
    rows = frame(*[("Is it safe?", 1)] * 4)
    assert repeats(rows, np.array([0, 1, -1, -1])).tolist() == [False] * 4


def test_texts_without_a_word_are_no_repeats() -> None:
    rows = frame((None, 1), (None, 2), ("👍", 3), ("👍", 4), ("`x`", 5), ("`y`", 6))
    assert not repeats(rows, np.zeros(6, dtype=np.int64)).any()


def test_ids_dealt_by_chance_do_not_decide_between_equal_moments() -> None:
    rows = [frame(("Is it safe?", 1), ("Is it safe?", 1), artefacts=ids) for ids in ("ab", "ba")]
    assert [repeats(one, np.zeros(2, dtype=np.int64)).tolist() for one in rows] == [[False, True]] * 2


@pytest.mark.parametrize(
    "spelling",
    [
        "IS  THE `lock`\tever released?!",
        "Is the ever released",
        "@ada Is the `q` ever released? #12",
        "Is the `a_b` ever released: 4711",
        "Is the ever\\u200b released",
        "**Is** the _ever_ released? https://example.org/a?b=1",
        "Is the ever released? <!-- 17b -->",
        "Ｉｓ the ever released",
    ],
)
def test_what_costs_nothing_to_change_is_not_compared(spelling: str) -> None:
    assert folded(spelling) == folded("Is the `lock` ever released?")


def test_another_noun_is_another_text() -> None:
    assert folded("Is the lock released?") != folded("Is the file released?")


@pytest.mark.parametrize("piece", ["`", "<", "<!--", "@a/", "\\u", "http://", "<a "])
def test_hostile_texts_are_folded_in_one_pass(piece: str) -> None:
    """Would any pattern be quadratic, this would take minutes."""
    assert len(folded(piece * 20_000)) <= 100_000


def test_no_rows_no_repeats() -> None:
    assert repeats(frame(), np.zeros(0, dtype=np.int64)).tolist() == []
