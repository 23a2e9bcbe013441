import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from calibrant.reports.supply import number_at_or_above, supply

chances = st.lists(st.floats(0, 1), max_size=30)


@given(chances)
def test_the_number_has_a_distribution_with_the_right_mean(listed):
    distribution = number_at_or_above(listed)
    assert distribution.sum() == pytest.approx(1)
    assert distribution @ np.arange(len(listed) + 1) == pytest.approx(sum(listed))


@given(chances)
def test_the_interval_is_ordered_and_inside_the_team(listed):
    result = supply(listed)
    assert 0 <= result.low <= result.high <= result.people == len(listed)


def test_equal_chances_give_the_binomial():
    assert number_at_or_above([0.3] * 8) == pytest.approx(binom.pmf(np.arange(9), 8, 0.3))
    result = supply([0.3] * 8)
    assert (result.low, result.high) == (binom.ppf(0.05, 8, 0.3), binom.ppf(0.95, 8, 0.3))


@given(chances, st.randoms(use_true_random=False))
def test_the_order_of_people_does_not_matter(listed, random):
    shuffled = random.sample(listed, len(listed))
    assert supply(shuffled) == supply(listed)
