"""The freed covariance of skills: what it finds, what it is shrunk to, and that persons come out no worse."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.facets import FacetsModel
from models.skill_structure import PERSONS_PER_SKILL, free_covariance

EQUAL = 1.44 * (0.5 * np.eye(6) + 0.5)
BLOCKS = 1.44 * (0.2 * np.eye(6) + 0.1 + 0.7 * np.kron(np.eye(2), np.ones((3, 3))))


def _known(rng: np.random.Generator, persons: int, true: np.ndarray, error: float) -> tuple[np.ndarray, np.ndarray]:
    """Posterior means and covariances of persons seen once with a normal error, under the equicorrelated prior."""
    theta = rng.multivariate_normal(np.zeros(6), true, persons)
    seen = theta + rng.normal(0.0, error, theta.shape)
    spread = np.linalg.inv(np.linalg.inv(EQUAL) + np.eye(6) / error**2)
    return seen @ (spread / error**2).T, np.broadcast_to(spread, (persons, 6, 6))


def test_many_people_show_which_skills_go_together() -> None:
    mean, spread = _known(np.random.default_rng(1), 4000, BLOCKS, 0.6)
    assert free_covariance(mean, spread, EQUAL) == pytest.approx(BLOCKS, abs=0.1)


def test_without_people_it_stays_equicorrelated() -> None:
    mean, spread = _known(np.random.default_rng(1), 1, BLOCKS, 30.0)
    assert free_covariance(mean, spread, EQUAL) == pytest.approx(EQUAL, rel=0.02)


def test_the_result_is_the_mode_under_the_inverse_wishart_prior() -> None:
    """The gradient of the exact log marginal likelihood plus log prior vanishes there."""
    error, persons = 0.6, 40
    mean, spread = _known(np.random.default_rng(3), persons, BLOCKS, error)
    seen = mean @ np.linalg.inv(spread[0] / error**2).T
    found = free_covariance(mean, spread, EQUAL)
    weight = PERSONS_PER_SKILL * 6
    whole = np.linalg.inv(found + error**2 * np.eye(6))
    inverse = np.linalg.inv(found)
    slope = whole @ (seen.T @ seen) @ whole - persons * whole + weight * (inverse @ EQUAL @ inverse - inverse)
    assert np.abs(slope).max() < 0.01 * persons


def _ratings(seed: int, true: np.ndarray, persons: int = 60) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    theta = rng.multivariate_normal(np.zeros(6), true, persons)
    severity, steps = rng.normal(0, 0.6, 20), np.array([-2.0, -0.7, 0.7, 2.0])
    rows = []
    for person in range(persons):
        for rater in rng.choice(20, 3, replace=False):
            halo = rng.normal(0, 0.5) + rng.normal(0, 0.5, 6)
            logits = np.cumsum((theta[person] - severity[rater] - halo)[:, None] - steps, axis=1)
            weights = np.exp(np.column_stack([np.zeros(6), logits]))
            edges = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
            score = (edges < rng.random((6, 1))).sum(axis=1)
            rows += [(f"p{person:02d}", f"s{s}", f"s{s}", f"r{rater}", int(score[s])) for s in range(6)]
    frame = pd.DataFrame(rows, columns=["person", "skill", "item", "rater", "score"])
    return frame.assign(categories=5, lowest=0), theta


def test_persons_gain_where_skills_form_groups_and_lose_next_to_nothing_where_not() -> None:
    change = {}
    for name, true in {"groups": BLOCKS, "equal": EQUAL}.items():
        errors = []
        for seed in range(3):
            frame, theta = _ratings(seed, true)
            equal, free = FacetsModel().fit(frame), FacetsModel(skill_covariance="free").fit(frame)
            errors.append([((m.posteriors().mean - theta) ** 2).mean() for m in (equal, free)])
            assert free.deviance_ < equal.deviance_ + 1.0
            assert free.raters_["estimate"].equals(equal.raters_["estimate"])
        before, after = np.mean(errors, axis=0)
        change[name] = np.sqrt(after / before)
    assert change["groups"] < 0.985
    assert change["equal"] < 1.03
