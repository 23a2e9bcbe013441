"""A generator of rating frames with known truth, written apart from the model: it draws category by category."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest


@dataclass(frozen=True)
class Simulated:
    ratings: pd.DataFrame
    theta: pd.DataFrame


TAU = (-2.0, -0.7, 0.7, 2.0)


def _draw(eta: np.ndarray, tau: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Climb from category to category: P(stop below k) follows from the odds of adjacent categories."""
    weights = np.exp(np.cumsum(np.column_stack([np.zeros(len(eta)), eta[:, None] - tau]), axis=1))
    edges = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
    return (edges < rng.random(len(eta))[:, None]).sum(axis=1)


def simulate(
    seed: int,
    *,
    persons: int = 60,
    skills: int = 1,
    raters: int = 20,
    per_person: int = 4,
    items: int = 4,
    machines: int = 0,
    theta_sd: float = 1.2,
    severity_sd: float = 0.6,
    halo_sd: float = 0.5,
    halo_skill_sd: float = 0.5,
) -> Simulated:
    rng = np.random.default_rng(seed)
    correlation = 0.5 * np.eye(skills) + 0.5
    theta = 0.3 + theta_sd * rng.multivariate_normal(np.zeros(skills), correlation, size=persons)
    severity = rng.normal(0.0, severity_sd, raters)
    difficulty = rng.normal(0.0, 0.5, (skills, items))
    difficulty -= difficulty.mean()
    parts = []
    for person in range(persons):
        own = rng.choice(raters, per_person, replace=False)
        halo = rng.normal(0.0, halo_sd, per_person)[:, None] + rng.normal(
            0.0, halo_skill_sd if skills > 1 else 0.0, (per_person, skills)
        )
        rater, skill, item = (a.ravel() for a in np.indices((per_person, skills, items)))
        eta = theta[person, skill] - severity[own[rater]] - difficulty[skill, item] - halo[rater, skill]
        table = {
            "person": f"p{person:03d}",
            "skill": [f"s{s}" for s in skill],
            "item": [f"s{s}.{i}" for s, i in zip(skill, item, strict=True)],
            "rater": [f"r{r:03d}" for r in own[rater]],
            "score": _draw(eta, np.array(TAU), rng) + 1,
            "source": "feedback360",
            "rater_class": "human",
        }
        parts.append(pd.DataFrame(table))
        for machine in range(machines):
            eta = theta[person] - rng.normal(0.0, 0.5) - rng.normal(0.0, 1.0, skills)
            table = {
                "person": f"p{person:03d}",
                "skill": [f"s{s}" for s in range(skills)],
                "item": [f"measure{machine}.s{s}" for s in range(skills)],
                "rater": f"grader{machine}",
                "score": _draw(eta, np.array(TAU), rng),
                "source": f"git{machine}",
                "rater_class": "machine",
            }
            parts.append(pd.DataFrame(table))
    names = [f"s{s}" for s in range(skills)]
    truth = pd.DataFrame(theta, index=[f"p{p:03d}" for p in range(persons)], columns=names)
    ratings = pd.concat(parts, ignore_index=True)
    bounds = {"categories": 5, "lowest": np.where(ratings["rater_class"] == "human", 1, 0)}
    return Simulated(ratings.assign(**bounds), truth)


@pytest.fixture(scope="session", name="simulate")
def _simulate() -> Callable[..., Simulated]:
    return simulate
