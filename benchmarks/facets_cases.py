"""Generated ratings with known truth for `facets.py`, and what could be known of that truth at best.

Drawn apart from the model's code: a rating is the highest of Gumbel-perturbed category weights. Theta SD 1.2, severity SD .6, steps -2, -.7,
.7, 2; every person is rated on all items by raters drawn at random.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

TAU = np.array([-2.0, -0.7, 0.7, 2.0])
THETA_SD, SEVERITY_SD = 1.2, 0.6


@dataclass(frozen=True)
class Case:
    """Ratings and truth: theta (persons,) or (persons, skills), severity (raters,), item (items,)."""

    ratings: pd.DataFrame
    theta: Floats
    severity: Floats
    item: Floats
    tau: Floats = field(default_factory=lambda: TAU)


def crossed(seed: int, *, persons: int, raters: int, halo: float = 0.0, per_person: int = 5, items: int = 6) -> Case:
    """One skill."""
    rng = np.random.default_rng(seed)
    theta, severity = rng.normal(0, THETA_SD, persons), rng.normal(0, SEVERITY_SD, raters)
    item = np.linspace(-0.75, 0.75, items)
    chosen = _draws(rng, persons, raters, per_person)
    person, rater = np.repeat(np.arange(persons), per_person * items), np.repeat(chosen.ravel(), items)
    which = np.tile(np.arange(items), persons * per_person)
    impression = np.repeat(rng.normal(0, 1, persons * per_person) * halo, items)
    score = _scores(theta[person] - severity[rater] - item[which] - impression, TAU, rng)
    return Case(pd.DataFrame({"person": person, "rater": rater, "item": which, "score": score}), theta, severity, item)


def skilled(seed: int, *, persons: int, raters: int, halo: float, skills: int = 6, per_person: int = 4) -> Case:
    """Several skills with correlation .5, three items each; impressions carry over between skills, and again within each."""
    rng, items = np.random.default_rng(seed), 3
    theta = THETA_SD * rng.multivariate_normal(np.zeros(skills), 0.5 * np.eye(skills) + 0.5, size=persons)
    severity, item = rng.normal(0, SEVERITY_SD, raters), np.linspace(-0.5, 0.5, items)
    chosen = _draws(rng, persons, raters, per_person)
    person, place, skill, which = (a.ravel() for a in np.indices((persons, per_person, skills, items)))
    rater = chosen[person, place]
    overall, own = rng.normal(0, halo, (persons, per_person)), rng.normal(0, halo, (persons, per_person, skills))
    eta = theta[person, skill] - severity[rater] - item[which] - overall[person, place] - own[person, place, skill]
    table = {"person": person, "rater": rater, "item": skill * items + which, "skill": skill}
    return Case(pd.DataFrame({**table, "score": _scores(eta, TAU, rng)}), theta, severity, np.tile(item, skills))


def students(seed: int, *, flipped: bool = False) -> Case:
    """66,000 ratings of 1,128 lecturers by 2,972 students with uneven loads on one item, after lme4's InstEval.

    flipped: students are the persons and lecturers the raters.
    """
    rng, count = np.random.default_rng(seed), 66_000
    lecturers, raters = 1128, 2972
    theta, severity, tau = rng.normal(0, 0.5, lecturers), rng.normal(0, 0.35, raters), 0.5 * TAU
    load, zeal = rng.gamma(0.8, size=lecturers), rng.gamma(3.0, size=raters)
    drawn = rng.choice(raters, 3 * count, p=zeal / zeal.sum()) * lecturers
    drawn += rng.choice(lecturers, 3 * count, p=load / load.sum())
    pairs = rng.permutation(np.unique(drawn))[:count]
    rater, person = pairs // lecturers, pairs % lecturers
    score = _scores(theta[person] - severity[rater], tau, rng)
    table = pd.DataFrame({"person": person, "rater": rater, "item": 0, "score": score})
    if not flipped:
        return Case(table, theta, severity, np.zeros(1), tau)
    turned = table.rename(columns={"person": "rater", "rater": "person"}).assign(score=4 - score)
    return Case(turned, severity, theta, np.zeros(1), tau)


def _draws(rng: np.random.Generator, persons: int, raters: int, per_person: int) -> Integers:
    """Different raters for each person: (persons, per_person)."""
    chosen = rng.integers(0, raters, (persons, per_person))
    while True:
        twice = (np.diff(np.sort(chosen, axis=1), axis=1) == 0).any(axis=1)
        if not twice.any():
            return np.asarray(chosen, dtype=np.int64)
        chosen[twice] = rng.integers(0, raters, (int(twice.sum()), per_person))


def _scores(eta: Floats, tau: Floats, rng: np.random.Generator) -> Integers:
    score = np.empty(len(eta), dtype=np.int64)
    for start in range(0, len(eta), 100_000):
        part = slice(start, start + 100_000)
        weights = np.arange(len(tau) + 1) * eta[part, None] - np.concatenate([[0.0], np.cumsum(tau)])
        score[part] = (weights + rng.gumbel(size=weights.shape)).argmax(axis=1)
    return score


def known_facets(case: Case) -> Floats:
    """Posterior means of theta for one who knows severities, items, steps and the population: a sum over a grid."""
    rows = {name: case.ratings[name].to_numpy() for name in ("person", "rater", "item", "score")}
    offset = -case.severity[rows["rater"]] - case.item[rows["item"]]
    grid = np.linspace(-6, 6, 121) * THETA_SD
    log_mass = np.tile(-0.5 * (grid / THETA_SD) ** 2, (len(case.theta), 1))
    for start in range(0, len(offset), 20_000):
        part = slice(start, start + 20_000)
        logs = np.empty((len(offset[part]), len(grid)))
        for node, theta in enumerate(grid):
            logs[:, node] = _log_likelihood(theta + offset[part], rows["score"][part], case.tau)
        np.add.at(log_mass, rows["person"][part], logs)
    mass = np.exp(log_mass - log_mass.max(axis=1, keepdims=True))
    return np.asarray((mass @ grid) / mass.sum(axis=1))


def known_steps(case: Case) -> Floats:
    """Severities at the joint mode for one who knows items, steps and both standard deviations, but not the persons."""
    rows = {name: case.ratings[name].to_numpy() for name in ("person", "rater", "item", "score")}
    persons, raters, count = len(case.theta), len(case.severity), len(case.ratings)
    index = np.arange(count)
    person = sparse.csr_array((np.ones(count), (index, rows["person"])), shape=(count, persons))
    rater = sparse.csr_array((-np.ones(count), (index, rows["rater"])), shape=(count, raters))
    theta, severity = np.zeros(persons), np.zeros(raters)
    for _ in range(50):
        mean, variance = _moments(theta[rows["person"]] - severity[rows["rater"]] - case.item[rows["item"]], case.tau)
        residual, weight = rows["score"] - mean, sparse.diags_array(variance)
        own = (person.T @ variance) + 1 / THETA_SD**2
        between, toward = person.T @ weight @ rater, person.T @ residual - theta / THETA_SD**2
        left = (rater.T @ weight @ rater).toarray() + np.eye(raters) / SEVERITY_SD**2
        left -= (between.T @ sparse.diags_array(1 / own) @ between).toarray()
        pull = rater.T @ residual - severity / SEVERITY_SD**2 - between.T @ (toward / own)
        move = np.linalg.solve(left, pull)
        severity, theta = severity + move, theta + (toward - between @ move) / own
        if np.abs(move).max() < 1e-6:
            break
    return severity


def _log_likelihood(eta: Floats, score: Integers, tau: Floats) -> Floats:
    weights = np.arange(len(tau) + 1)[:, None] * eta - np.concatenate([[0.0], np.cumsum(tau)])[:, None]
    highest = weights.max(axis=0)
    return np.asarray(weights[score, np.arange(len(eta))] - highest - np.log(np.exp(weights - highest).sum(axis=0)))


def _moments(eta: Floats, tau: Floats) -> tuple[Floats, Floats]:
    weights = np.arange(len(tau) + 1)[:, None] * eta - np.concatenate([[0.0], np.cumsum(tau)])[:, None]
    chance = np.exp(weights - weights.max(axis=0))
    chance /= chance.sum(axis=0)
    category = np.arange(len(tau) + 1)[:, None]
    mean = (category * chance).sum(axis=0)
    return mean, (category**2 * chance).sum(axis=0) - mean**2


def rmse(estimate: Floats, truth: Floats) -> float:
    """Root mean squared error after centring both."""
    error = estimate - truth
    return float(np.sqrt(((error - error.mean(axis=0)) ** 2).mean()))


SPEED: Mapping[str, tuple[str, dict[str, int | bool]]] = {
    "60k": ("crossed", {"persons": 2000, "raters": 300}),
    "600k": ("crossed", {"persons": 20_000, "raters": 300}),
    "raters": ("crossed", {"persons": 20_000, "raters": 3000}),
    "students": ("students", {}),
    "lecturers": ("students", {"flipped": True}),
}
"""Cases of the speed table: how each is made."""


def speed_case(name: str, seed: int) -> Case:
    """One case of the speed table."""
    kind, settings = SPEED[name]
    return students(seed, flipped=bool(settings.get("flipped"))) if kind == "students" else crossed(seed, **settings)  # type: ignore[arg-type]


if __name__ == "__main__":
    print(f"{__doc__}\nA part of `python benchmarks/facets.py`: run that.")
