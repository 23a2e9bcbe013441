from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm

from models.levels import level_probabilities, level_set, normal_level_probabilities, probability_all

CUTS = np.array([-1.5, -0.4, 0.6, 1.9])


def grid(mean: float, sd: float, nodes: int = 61) -> tuple[np.ndarray, np.ndarray]:
    theta = mean + sd * np.linspace(-6, 6, nodes)
    mass = norm.pdf(theta, mean, sd)
    return theta, mass / mass.sum()


@given(mean=st.floats(-4, 4), sd=st.floats(0.1, 1.5), se=st.floats(0.0, 0.8))
def test_grid_and_normal_agree_where_the_posterior_is_normal(mean: float, sd: float, se: float) -> None:
    by_grid = level_probabilities(*grid(mean, sd), CUTS, se)
    np.testing.assert_allclose(by_grid, normal_level_probabilities(mean, sd, CUTS, se), atol=2e-3)


@given(st.lists(st.floats(0.01, 1.0), min_size=2, max_size=7), st.floats(0.05, 0.999))
def test_the_level_set_is_contiguous_smallest_and_holds_its_mass(weights: list[float], mass: float) -> None:
    share = np.array(weights) / np.sum(weights)
    low, high, held = level_set(share, mass)
    assert held == pytest.approx(share[low - 1 : high].sum(), abs=1e-9)
    assert held >= mass - 1e-9
    size = high - low
    assert all(share[start : start + size].sum() < mass for start in range(len(share) - size + 1)) or size == 0


def test_ties_go_to_the_lower_levels() -> None:
    assert level_set([0.25, 0.25, 0.25, 0.25], 0.5)[:2] == (1, 2)
    assert level_set([0.1, 0.4, 0.1, 0.4], 0.4)[:2] == (2, 2)


def test_certainty_about_cuts_is_never_less_decisive() -> None:
    sure, unsure = (normal_level_probabilities(0.1, 0.2, CUTS, se).max() for se in (0.0, 0.5))
    assert sure > unsure


def test_errors_that_differ_between_cuts_leave_no_negative_probability() -> None:
    found = normal_level_probabilities(3.0, 0.3, [0.0, 0.2], [2.0, 0.1])
    assert (found >= 0).all()
    assert found.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("skills", [1, 2, 5, 14])
def test_all_required_agrees_with_genz_of_scipy(skills: int) -> None:
    rng = np.random.default_rng(skills)
    factor = rng.normal(size=(skills, skills))
    covariance = factor @ factor.T / skills + 0.3 * np.eye(skills)
    mean, required = rng.normal(0.8, 0.5, skills), rng.integers(2, 4, skills)
    cuts, se = np.tile([-0.5, 0.0, 1.0, 2.0], (skills, 1)), np.full((skills, 4), 0.2)
    at = cuts[np.arange(skills), required - 2]
    exact = multivariate_normal(at - mean, covariance + 0.04 * np.eye(skills)).cdf(np.zeros(skills))
    assert probability_all(mean, covariance, required, cuts, se) == pytest.approx(exact, abs=1e-3)


def test_correlated_skills_are_likelier_all_met_than_the_product() -> None:
    covariance = 0.3 * np.eye(3) + 0.7
    single = normal_level_probabilities(0.0, 1.0, [0.0])[1]
    joint = probability_all(np.zeros(3), covariance, [2, 2, 2], np.zeros((3, 1)), np.zeros((3, 1)))
    assert joint > single**3 + 0.1


def test_level_one_asks_for_nothing_and_given_marginals_are_kept() -> None:
    nothing = probability_all([0.0], [[1.0]], [1], [CUTS], [CUTS * 0])
    assert nothing == 1.0
    kept = probability_all([0.0, 0.0], np.eye(2), [3, 1], [CUTS, CUTS], [CUTS * 0, CUTS * 0], marginals=[0.37, 1.0])
    assert kept == pytest.approx(0.37)


def test_the_same_question_has_the_same_answer() -> None:
    covariance = 0.5 * np.eye(4) + 0.5
    asked = [
        probability_all(np.ones(4), covariance, [3] * 4, np.tile(CUTS, (4, 1)), np.ones((4, 4)) * 0.2) for _ in range(2)
    ]
    assert asked[0] == asked[1]
