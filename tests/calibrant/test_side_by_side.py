"""Several repositories at once, one writer."""

import threading
from collections.abc import Iterator

import pytest

from calibrant.side_by_side import SideBySide
from db.errors import Incomplete


def test_items_come_in_the_order_they_were_made() -> None:
    makers = [lambda n=n: iter(range(n * 100, n * 100 + 30)) for n in range(7)]
    with SideBySide(makers, workers=3) as running:
        taken = [list(running.items(n)) for n in range(7)]
    assert taken == [list(range(n * 100, n * 100 + 30)) for n in range(7)]


def test_two_repositories_are_fetched_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=10)

    def maker() -> Iterator[str]:
        both.wait()  # passes only if the other one runs too
        yield "here"

    with SideBySide([maker, maker], workers=2) as running:
        assert [list(running.items(n)) for n in range(2)] == [["here"], ["here"]]


def test_a_worker_far_ahead_waits() -> None:
    made: list[int] = []

    def maker() -> Iterator[int]:
        for number in range(1_000):
            made.append(number)
            yield number

    with SideBySide([maker], workers=1) as running:
        items = running.items(0)
        assert next(items) == 0
        threading.Event().wait(0.3)
        assert len(made) < 10
    assert len(made) < 10  # leaving the block stopped it


def test_an_error_is_raised_where_the_items_are_taken_after_what_came_before_it() -> None:
    def maker() -> Iterator[int]:
        yield 1
        raise Incomplete("the allowance is used up")

    with SideBySide([maker, lambda: iter([2])], workers=2) as running:
        items = running.items(0)
        assert next(items) == 1
        with pytest.raises(Incomplete, match="allowance"):
            next(items)
        assert list(running.items(1)) == [2]


def test_leaving_early_ends_every_worker() -> None:
    before = threading.active_count()

    def endless() -> Iterator[int]:
        while True:
            yield 0

    with SideBySide([endless] * 5, workers=3) as running:
        assert next(running.items(0)) == 0
    assert threading.active_count() == before
