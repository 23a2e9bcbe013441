"""Counting distinct units and capped changes."""

import numpy as np
import pytest

from rubrics.units import capped_changes, distinct_units, to_grid


def distinct(rows: list[tuple[int, int, int, float]], count: int = 1) -> list[int]:
    people, units, artefacts, shares = (np.array(column) for column in zip(*rows, strict=True))
    return distinct_units(people, units, artefacts, to_grid(shares), count).tolist()


def changes(rows: list[tuple[int, int, int, float]]) -> float:
    people, months, artefacts, shares = (np.array(column) for column in zip(*rows, strict=True))
    return float(capped_changes(people, months, artefacts, to_grid(shares), 1)[0])


@pytest.mark.parametrize(
    ("shares", "counted"),
    [
        ([0.5], 1),
        ([0.49], 0),
        ([0.25, 0.25], 1),
        ([1 / 3, 1 / 6], 1),
        ([0.1] * 5, 1),
        ([0.1] * 4, 0),
        ([1 / 7] * 4, 1),
    ],
)
def test_a_unit_counts_from_a_summed_share_of_one_half(shares: list[float], counted: int) -> None:
    assert distinct([(0, 3, number, share) for number, share in enumerate(shares)]) == [counted]


def test_one_artefact_counts_once_in_a_unit_with_its_largest_share() -> None:
    assert distinct([(0, 3, 1, 0.3), (0, 3, 1, 0.3)]) == [0]
    assert distinct([(0, 3, 1, 0.3), (0, 3, 1, 0.6)]) == [1]


def test_people_and_units_are_kept_apart_and_unknown_units_do_not_count() -> None:
    rows = [(0, 1, 0, 1.0), (0, 2, 1, 1.0), (1, 1, 2, 1.0), (1, -1, 3, 1.0), (2, -1, 4, 1.0)]
    assert distinct(rows, count=4) == [2, 1, 0, 0]


def test_nothing_counts_nothing() -> None:
    nothing = np.empty(0, dtype=np.int64)
    assert distinct_units(nothing, nothing, nothing, nothing, 2).tolist() == [0, 0]
    assert capped_changes(nothing, nothing, nothing, nothing, 2).tolist() == [0.0, 0.0]


def test_changes_saturate_at_two_a_month() -> None:
    assert changes([(0, 1, number, 1.0) for number in range(40)]) == 2.0
    assert changes([(0, month, number, 1.0) for month in range(3) for number in range(month * 9, month * 9 + 9)]) == 6.0


def test_changes_sum_shares_and_take_an_artefact_once() -> None:
    assert changes([(0, 1, 0, 1 / 3), (0, 1, 1, 1 / 3), (0, 2, 2, 1 / 3)]) == 1.0
    assert changes([(0, 1, 0, 1.0), (0, 1, 0, 1.0)]) == 1.0
