from __future__ import annotations

import numpy as np
import pytest

from models.stability import cusum, population_stability, score_surprise


def test_a_known_shift_has_the_index_that_the_formula_gives() -> None:
    before, after = np.repeat([1, 2], [8000, 2000]), np.repeat([1, 2], [5000, 5000])
    expected = (0.5 - 0.8) * np.log(0.5 / 0.8) + (0.5 - 0.2) * np.log(0.5 / 0.2)
    found = population_stability(before, after)
    assert found.psi == pytest.approx(expected, rel=1e-3)
    assert found.moved


@pytest.mark.parametrize(("before", "after"), [(40, 40), (300, 60), (1000, 1000)])
def test_chance_is_passed_about_as_often_as_it_says(before: int, after: int) -> None:
    rng = np.random.default_rng(0)
    share = [0.1, 0.2, 0.4, 0.2, 0.1]
    found = [population_stability(rng.choice(5, before, p=share), rng.choice(5, after, p=share)) for _ in range(600)]
    assert np.mean([one.psi > one.chance for one in found]) == pytest.approx(0.05, abs=0.035)


def test_few_values_do_not_move_by_noise() -> None:
    found = population_stability([1, 2, 3, 4, 5], [1, 1, 2, 2, 5])
    assert found.psi > 0.1
    assert not found.moved
    assert np.isnan(population_stability([], [1]).psi)
    assert not population_stability([], [1]).moved


def test_true_forecasts_surprise_by_nothing_on_average() -> None:
    rng = np.random.default_rng(1)
    share = rng.dirichlet(np.ones(5), 4000)
    level = np.array([rng.choice(5, p=row) + 1 for row in share])
    surprise = score_surprise(share, level)
    assert surprise.mean() == pytest.approx(0.0, abs=0.05)
    assert surprise.std() == pytest.approx(1.0, abs=0.05)
    assert score_surprise([[0.0, 1.0, 0.0]], [2])[0] == 0.0
    assert np.isinf(score_surprise([[0.0, 1.0, 0.0]], [3])[0])


def test_worse_forecasts_are_found_soon_and_true_ones_left_alone() -> None:
    rng = np.random.default_rng(2)
    true, worse = ([cusum(rng.normal(shift, 1, 60))["signal"] for _ in range(200)] for shift in (0.0, 1.0))
    assert np.mean([one.any() for one in true]) < 0.15
    assert np.mean([one[:30].any() for one in worse]) > 0.9


def test_one_absurd_case_is_no_drift() -> None:
    assert not cusum([0.0, np.inf, 0.0, 0.0])["signal"].any()
    assert cusum([]).empty
