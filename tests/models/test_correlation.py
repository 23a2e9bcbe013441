from __future__ import annotations

import numpy as np
import pytest

from models.correlation import correlation


def test_the_correlation_is_pearsons() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 30)) + rng.normal(size=30)
    assert correlation(first, second).r == pytest.approx(np.corrcoef(first, second)[0, 1])


@pytest.mark.parametrize("truth", [0.0, 0.5, 0.8])
def test_intervals_hold_the_truth_as_often_as_they_say(truth: float) -> None:
    rng, held, rounds = np.random.default_rng(2), 0, 400
    for _ in range(rounds):
        first = rng.normal(size=60)
        second = truth * first + np.sqrt(1 - truth**2) * rng.normal(size=60)
        found = correlation(first, second)
        held += found.low <= truth <= found.high
    assert abs(held / rounds - 0.9) < 0.045


def test_copies_of_a_person_are_no_news() -> None:
    rng = np.random.default_rng(3)
    first = rng.normal(size=40)
    second = 0.5 * first + rng.normal(size=40)
    once = correlation(first, second)
    copied = correlation(np.repeat(first, 5), np.repeat(second, 5), groups=np.repeat(np.arange(40), 5))
    assert (copied.n, copied.groups) == (200, 40)
    assert (copied.low, copied.high) == pytest.approx((once.low, once.high))


def test_constants_and_few_groups_have_no_interval() -> None:
    assert np.isnan(correlation([1, 1, 1, 1, 1], [1, 2, 3, 4, 5]).r)
    assert np.isnan(correlation([1, 2, 3], [1, 2, 4]).low)
    assert correlation([], []).groups == 0


def test_unequal_series_are_refused() -> None:
    with pytest.raises(ValueError, match="equally long"):
        correlation([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="confidence"):
        correlation([1, 2], [1, 2], confidence=90)
