"""The facets' covariance, found by either way of eliminating, is the same; and it is that of a plain inverse."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from models import newton
from models.elimination import Cross
from models.facets import FacetsModel
from models.factor import CrossedFactor, FacetFactor, Factor


def information(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Of 5 persons with 2 skills and 12 severities, 3 items: all positive definite, severities diagonal. And constraints."""
    persons, severities, others = 10, 12, 3
    root = rng.normal(size=(60, persons + severities + others))
    root[:, persons : persons + severities] = 0.0
    root[np.arange(60), persons + np.arange(60) % severities] = rng.normal(size=60)
    blocks = np.kron(np.eye(5), np.ones((2, 2)))
    root[:, :persons] *= blocks[np.arange(60) // 12 * 2]
    whole = root.T @ root + 0.3 * np.eye(root.shape[1])
    constraints = np.zeros((1, severities + others))
    constraints[0, severities:] = 1.0
    return whole, whole[:persons, :persons], whole[:persons, persons:], constraints


@pytest.fixture(name="factors", params=[1, 2])
def _factors(request: pytest.FixtureRequest) -> tuple[FacetFactor, FacetFactor, np.ndarray]:
    whole, own, coupling, constraints = information(np.random.default_rng(request.param))
    facets = whole[10:, 10:] + constraints.T @ constraints
    covariance = np.linalg.inv(own)
    cross = Cross(sparse.csr_array(coupling[:, :12]), coupling[:, 12:])
    blocks = np.array([covariance[2 * p : 2 * p + 2, 2 * p : 2 * p + 2] for p in range(5)])
    left = facets - coupling.T @ covariance @ coupling
    inverse = np.linalg.inv(left)
    bound = inverse @ constraints.T
    plain = inverse - bound @ np.linalg.solve(constraints @ bound, bound.T)
    return Factor.of(left, constraints), CrossedFactor.of(facets, cross, blocks, constraints), plain


def test_both_give_the_inverse_under_the_constraints(factors: tuple[FacetFactor, FacetFactor, np.ndarray]) -> None:
    right = np.random.default_rng(3).normal(size=(15, 2))
    for factor in factors[:2]:
        assert factor.size == 15
        np.testing.assert_allclose(factor.matrix(), factors[2], atol=1e-12)
        np.testing.assert_allclose(factor.diagonal(), np.diag(factors[2]), atol=1e-12)
        np.testing.assert_allclose(factor.solve(right), factors[2] @ right, atol=1e-12)
        np.testing.assert_allclose(factor.solve(right[:, 0]), factors[2] @ right[:, 0], atol=1e-12)


@pytest.mark.parametrize("skills", [1, 2])
def test_few_persons_of_many_raters_are_fitted_alike_either_way(
    skills: int, simulate: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    ratings = simulate(31, persons=8, skills=skills, raters=40, per_person=12, items=2).ratings
    crossed = FacetsModel().fit(ratings)
    monkeypatch.setattr(newton, "_SMALLER", 0.0)
    plain = FacetsModel().fit(ratings)
    pd.testing.assert_frame_equal(crossed.persons_, plain.persons_, rtol=1e-8)
    pd.testing.assert_frame_equal(crossed.raters_, plain.raters_, rtol=1e-8)
    pd.testing.assert_frame_equal(crossed.thresholds_, plain.thresholds_, rtol=1e-8)
    np.testing.assert_allclose(crossed.facet_covariance_, plain.facet_covariance_, atol=1e-10)


def test_indefinite_information_is_lifted() -> None:
    matrix = np.diag([1.0, -1e-7, 2.0])
    assert np.isfinite(Factor.of(matrix, np.ones((1, 3))).diagonal()).all()
