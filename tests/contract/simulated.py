"""Departments whose ratings are drawn here, without the engine's code, and what an exact posterior knows of them.

Two worlds. *odds*: marks climb from category to category by adjacent odds, as the engine assumes. *borders*: a rater perceives the ability with a
normal error and names the level whose borders it lies between, which the engine does not assume. In both a level begins
where a rater of average severity gives it or a higher one with probability one half, on all questions that could be asked. Two are, and
their difficulties differ from the average one: how far the standard lies from the norm of the questions asked is known to nobody.

The exact posterior knows everything but the person and the error of the standard: standard deviations, severities, steps, norms. Both impressions of every rater are
integrated by quadrature on a grid of both skills' abilities; nothing is approximated by a normal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr

from inference.engine import Inference, infer
from inference.fitting import fit
from models.cutpoints import level_set
from models.decisions import ranked_probability_score
from tests.contract.department import AS_OF, Department, Member, rating
from tests.contract.frames import frames_of
from tests.contract.standard import small_standard

__all__ = ["World", "judged"]

Floats = NDArray[np.float64]

SKILLS: Final = ("code-review", "model-training")
PEOPLE, RATERS, EACH = 120, 60, 5
STEPS: Final = np.array([-2.4, -0.8, 0.8, 2.4])
QUESTIONS, QUESTION_SD = 2, 0.25
"""Questions asked about each skill, and SD of the difficulties of all that could be."""
THETA_SD, CORRELATION, SEVERITY_SD, BLUR = 1.4, 0.4, 0.6, 1.6
STANDARD_ERROR: Final = QUESTION_SD / np.sqrt(QUESTIONS)
_GRID = np.linspace(-6.5, 6.5, 105)
_NODES, _MASSES = np.polynomial.hermite_e.hermegauss(9)


@dataclass(frozen=True)
class World:
    """kind: "odds" | "borders". halo, halo_skill: SDs of a rater's impression of a person, over skills and on one."""

    kind: str
    halo: float
    halo_skill: float

    def chances(self, eta: Floats) -> Floats:
        """Probabilities of marks 0 .. 4 (last axis) at ability less severity, halos and difficulty."""
        if self.kind == "borders":
            above = ndtr((eta[..., None] - STEPS) / BLUR)
            edge = np.ones((*eta.shape, 1))
            return np.asarray(-np.diff(np.concatenate([edge, above, 0 * edge], axis=-1), axis=-1))
        logits: Floats = np.concatenate(
            [np.zeros((*eta.shape, 1)), np.cumsum(eta[..., None] - STEPS, axis=-1)], axis=-1
        )
        weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return np.asarray(weights / weights.sum(axis=-1, keepdims=True))

    def borders(self) -> Floats:
        """Where the average rater begins to give levels 2 .. 5 on a question of average difficulty."""
        found = [brentq(lambda x, k=k: self.chances(np.array([x]))[0, k:].sum() - 0.5, -9.0, 9.0) for k in range(1, 5)]
        return np.array(found, dtype=np.float64)


@dataclass(frozen=True)
class _Truth:
    theta: Floats
    severity: Floats
    rater: NDArray[np.int64]
    score: NDArray[np.int64]
    question: Floats


def _drawn(world: World, seed: int) -> _Truth:
    """score: (people, raters of each, skills, questions). question: difficulties, (skills, questions)."""
    rng = np.random.default_rng([seed, len(world.kind)])
    spread = THETA_SD**2 * ((1 - CORRELATION) * np.eye(2) + CORRELATION)
    theta = rng.multivariate_normal(np.zeros(2), spread, PEOPLE)
    severity = rng.normal(0.0, SEVERITY_SD, RATERS)
    severity -= severity.mean()  # levels are relative to this organisation's average rater
    rater = np.array([rng.permutation([r for r in range(RATERS) if r != person])[:EACH] for person in range(PEOPLE)])
    halo = rng.normal(0.0, 1.0, (PEOPLE, EACH, 1)) * world.halo
    halo = halo + rng.normal(0.0, 1.0, (PEOPLE, EACH, 2)) * world.halo_skill
    question = rng.normal(0.0, QUESTION_SD, (2, QUESTIONS))
    eta = theta[:, None, :] - severity[rater][:, :, None] - halo
    edges = np.cumsum(world.chances(eta[..., None] - question), axis=-1)[..., :-1]
    score = (edges < rng.random((*edges.shape[:-1], 1))).sum(axis=-1)
    return _Truth(theta, severity, rater, score, question)


def _department(truth: _Truth) -> Department:
    people = tuple(
        Member(f"p{n:03d}", f"Person {n}", "platform", "ml-engineer", "middle", 3.0, 0.5) for n in range(PEOPLE)
    )
    answers = [
        rating(
            f"{n}-{slot}-{s}-{q}",
            people[truth.rater[n, slot]].hr,
            people[n].hr,
            skill,
            1 + int(truth.score[n, slot, s, q]),
            at=AS_OF,
            item=f"{skill}-q{q}",
        )
        for n in range(PEOPLE)
        for slot in range(EACH)
        for s, skill in enumerate(SKILLS)
        for q in range(QUESTIONS)
    ]
    return Department(people, {"feedback360/2026": tuple(answers)})


def _exact(world: World, truth: _Truth) -> Floats:
    """Posterior mass of every person on the grid, (people, skills, nodes)."""
    spread = THETA_SD**2 * ((1 - CORRELATION) * np.eye(2) + CORRELATION)
    first, second = np.meshgrid(_GRID, _GRID, indexing="ij")
    flat = np.stack([first, second], axis=-1)
    prior = -0.5 * np.einsum("ijk,kl,ijl->ij", flat, np.linalg.inv(spread), flat)
    share = _MASSES / _MASSES.sum()
    wide = world.halo * _NODES
    inner = world.halo_skill * _NODES
    places = _GRID[:, None, None] - wide[:, None] - inner
    found = np.empty((PEOPLE, 2, len(_GRID)))
    for person in range(PEOPLE):
        log = prior.copy()
        for slot in range(EACH):
            eta = places - truth.severity[truth.rater[person, slot]]
            of_skill = []
            for s in range(2):
                likely = np.ones_like(eta)
                for q, difficulty in enumerate(truth.question[s]):
                    likely = likely * world.chances(eta - difficulty)[..., truth.score[person, slot, s, q]]
                of_skill.append(likely @ share)
            log += np.log((of_skill[0] * share) @ of_skill[1].T)
        mass = np.exp(log - log.max())
        mass /= mass.sum()
        found[person] = mass.sum(axis=1), mass.sum(axis=0)
    return found


def _levels(mass: Floats, norm: Floats) -> Floats:
    """P(level) of grid masses, (.., 5). How far the standard lies from the norm is known to nobody."""
    tails = mass @ ndtr((_GRID[:, None] - norm) / STANDARD_ERROR)
    edge = np.ones((*tails.shape[:-1], 1))
    return np.asarray(-np.diff(np.concatenate([edge, tails, 0 * edge], axis=-1), axis=-1))


def judged(world: World, seeds: Iterable[int]) -> pd.DataFrame:
    """One row per department, person and skill: what the engine says, what the exact posterior says, and the truth.

    covered (the 90 % interval of theta holds the truth); p1 .. p5 and x1 .. x5 (engine, exact); rps, exact_rps; inferred, exact_inferred; level;
    department and person. Truth is carried to the run's scale by its own cutpoints in "borders", whose unit is not the logit.
    """
    return pd.concat([_one(world, seed) for seed in seeds], ignore_index=True)


def _one(world: World, seed: int) -> pd.DataFrame:
    truth, standard = _drawn(world, seed), small_standard()
    frames = frames_of(_department(truth))
    found: Inference = infer(standard, frames, as_of=AS_OF)
    measured = fit(standard, frames, as_of=AS_OF)
    assert measured.model is not None
    row = {str(person): n for n, person in enumerate(measured.model.posteriors().keys["person"])}
    exact = _exact(world, truth)
    norms = [world.borders() + truth.question[s].mean() for s in range(2)]
    said = np.stack([_levels(exact[:, s], norms[s]) for s in range(2)], axis=1)
    rows = []
    for one in found.assessments:
        if one.skill not in SKILLS:
            continue
        person, s = int(one.person[1:]), SKILLS.index(one.skill)
        borders = world.borders()
        cuts, theta = measured.cuts[one.skill], float(truth.theta[person, s])
        error = 0.0
        if world.kind == "odds":
            theta -= float(truth.question.mean())  # the model's items sum to zero
        else:
            theta = _carried(theta, borders, cuts.cut)
            errors = cuts.se if cuts.seen_from is None else cuts.seen_from[row[one.person]]
            error = float(np.interp(theta, cuts.cut, errors))
        mean = float(exact[person, s] @ _GRID)
        variance = float(exact[person, s] @ _GRID**2) - mean**2
        low, high, _ = level_set(said[person, s])
        level = 1 + int((truth.theta[person, s] > borders).sum())
        rows.append(
            {
                "department": seed,
                "person": f"{seed}-{one.person}",
                "covered": abs(one.theta - theta) <= 1.6448536 * np.hypot(one.theta_sd, error),
                "level": level,
                "inferred": one.state.value == "inferred",
                "exact_inferred": 1 - variance / THETA_SD**2 >= 0.6 and high - low < 2,
                "rps": float(ranked_probability_score(np.array([one.probabilities]), np.array([level]))[0]),
                "exact_rps": float(ranked_probability_score(said[[person], s], np.array([level]))[0]),
                **{f"p{k}": one.probabilities[k - 1] for k in range(1, 6)},
                **{f"x{k}": said[person, s, k - 1] for k in range(1, 6)},
            }
        )
    return pd.DataFrame(rows)


def _carried(theta: float, borders: Floats, cuts: Floats) -> float:
    """From the world's scale to the run's: straight lines between borders, and on beyond the outer ones."""
    if theta < borders[0]:
        return float(cuts[0] + (theta - borders[0]) * (cuts[1] - cuts[0]) / (borders[1] - borders[0]))
    if theta > borders[-1]:
        return float(cuts[-1] + (theta - borders[-1]) * (cuts[-1] - cuts[-2]) / (borders[-1] - borders[-2]))
    return float(np.interp(theta, borders, cuts))
