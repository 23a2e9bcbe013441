"""Circles of people who vouch for each other: laws over random records, and what they cost honest teams."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.circles import CLOSED_SHARE, closed_groups, rubber_stamps

acts = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda one: one[0] != one[1]), max_size=40)
laws = settings(max_examples=150, deadline=None)


def groups(given: list[tuple[int, int]]) -> set[tuple[int, int]]:
    who, who_for = np.array([*zip(*given, strict=True)] or [[], []], dtype=np.int64)
    return set(map(tuple, closed_groups(who, who_for).tolist()))


def stamps(given: list[tuple[int, int, bool]]) -> set[tuple[int, int]]:
    who, who_for, spoke = np.array([*zip(*given, strict=True)] or [[], [], []], dtype=np.int64)
    return set(map(tuple, rubber_stamps(who, who_for, spoke.astype(bool)).tolist()))


@laws
@given(acts)
def test_who_is_in_a_circle_gives_most_to_one_and_gets_back(given: list[tuple[int, int]]) -> None:
    found = groups(given)
    assert {giver for giver, _ in found} == {taker for _, taker in found}
    for giver, taker in found:
        mine = [other for one, other in given if one == giver]
        assert mine.count(taker) > CLOSED_SHARE * len(mine)


@laws
@given(acts, st.randoms(use_true_random=False))
def test_neither_the_order_of_reviews_nor_the_names_of_people_matter(given: list[tuple[int, int]], chance) -> None:
    names = list(range(6))
    chance.shuffle(names)
    other = [(names[giver], names[taker]) for giver, taker in given]
    chance.shuffle(other)
    assert groups(other) == {(names[giver], names[taker]) for giver, taker in groups(given)}


@laws
@given(acts, st.integers(1, 5))
def test_doing_everything_more_often_changes_nothing(given: list[tuple[int, int]], times: int) -> None:
    assert groups(given * times) == groups(given)


@given(st.lists(st.integers(1, 9), min_size=2, max_size=6))
def test_a_ring_is_closed_whatever_its_length_and_volume(volumes: list[int]) -> None:
    ring = [(one, (one + 1) % len(volumes)) for one in range(len(volumes))]
    assert groups([edge for edge, volume in zip(ring, volumes, strict=True) for _ in range(volume)]) == set(ring)


@given(st.integers(3, 6), st.integers(1, 5))
def test_a_team_in_which_everybody_reviews_everybody_is_open(size: int, each: int) -> None:
    assert groups([(a, b) for a in range(size) for b in range(size) if a != b] * each) == set()


def test_a_line_of_favours_that_leads_nowhere_back_is_open() -> None:
    assert groups([(0, 1)] * 9 + [(1, 2)] * 9 + [(2, 3)] * 9) == set()


def test_work_for_others_opens_a_pair() -> None:
    pair = [(0, 1), (1, 0)] * 6
    assert groups([*pair, (0, 2), (0, 3)]) == {(0, 1), (1, 0)}
    assert groups([*pair, (0, 2), (0, 3), (0, 4)]) == set()


def department(habit: float, each: int, people: int = 8) -> list[tuple[int, int, bool]]:
    """Everybody reviews everybody `each` times and says something in that share of reviews."""
    said = round(habit * each)
    return [(a, b, turn < said) for a in range(people) for b in range(people) if a != b for turn in range(each)]


@pytest.mark.parametrize("length", [2, 3, 4])
def test_circles_of_stamps_are_found_also_among_many_quick_reviews(length: int) -> None:
    """Everybody in the circle also leaves an empty review on every change of everybody else."""
    ring = [(one, (one + 1) % length) for one in range(length)]
    made = department(0.5, 4)
    made += [(a, b, False) for a, b in ring for _ in range(24)]
    made += [(a, b, False) for a in range(length) for b in range(8) if a != b for _ in range(24)]
    assert set(ring) <= stamps(made)
    assert all(giver < length and taker < length for giver, taker in stamps(made))


def test_stamps_for_somebody_who_does_not_return_them_are_none() -> None:
    assert stamps([*department(0.5, 4), *((0, 1, False) for _ in range(40))]) == set()


@given(st.integers(2, 30))
def test_where_nobody_comments_nobody_stamps(each: int) -> None:
    assert stamps(department(0.0, each)) == set()


def test_a_few_silent_approvals_are_nobodys_fault() -> None:
    made = [one for one in department(0.5, 8) if one[:2] not in {(0, 1), (1, 0)}]
    made += [(0, 1, False), (1, 0, False)] * 6
    assert stamps(made) == set()


@pytest.mark.parametrize(("share", "most"), [(CLOSED_SHARE, 0.01), (0.5, 0.4)])
def test_an_honest_team_of_three_keeps_its_reviews(share: float, most: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """20 reviews each, to either of the others at random. The published cost; with a half it is many times that."""
    monkeypatch.setattr("inference.circles.CLOSED_SHARE", share)
    rng = np.random.default_rng(1)
    lost = []
    for _ in range(500):
        who = np.repeat([0, 1, 2], 20)
        who_for = (who + rng.integers(1, 3, size=60)) % 3
        closed = set(map(tuple, closed_groups(who, who_for).tolist()))
        lost.append(np.mean([pair in closed for pair in zip(who.tolist(), who_for.tolist(), strict=True)]))
    assert np.mean(lost) < most
