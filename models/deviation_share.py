"""How the uncertainty of estimated standard deviations reaches persons.

Few persons and raters tell their standard deviations badly, and a posterior given the estimates does not say so. With phi the logs of the
deviations (and the logit of the skills' correlation), of which the ratings leave the covariance C, total variance is

    Var theta = E Var(theta | phi) + Var E(theta | phi)
              = V + 1/2 sum_kl C_kl V_k V^-1 V_l + J C J'

up to second order: J = dE(theta | phi)/dphi, V_k = dV/dphi_k, and V a geometric function of phi (log V linear), as variances are of
scales. C is the inverse of minus the Hessian of the log marginal likelihood and the priors on phi. Everything is differenced from
a few more iterations of the fit at phi a little to one side: facets and sites follow. Both terms go with C, which falls with the number of
persons and raters.

The skills' SDs move together: what each has beyond that concerns its own shrinkage only. Machines' halos count where they are
estimated, above their floors; where the floor is released (`models.machine_floor`), their SDs are taken as known. The SDs of raters' scales and of what items have of their own are taken as known.

References: Kass & Steffey 1989, doi:10.1080/01621459.1989.10478825 (conditionally independent hierarchical models).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.newton import Solution, resettled
from models.problem import Problem
from models.scoring import scores
from models.uncertainty import facet_share
from models.variances import Variances

__all__ = ["deviation_share"]

Floats = NDArray[np.float64]

_MOST_PERSONS = 300
"""Beyond so many it adds less than a hundredth to posterior SDs (a quarter of one, measured), and would cost more than that is worth."""
_STEP = 0.05
_ROUNDS = 3
"""Iterations after which facets and sites have followed a small step."""


def deviation_share(problem: Problem, solution: Solution, default: Variances) -> Floats:
    """Covariance that uncertain standard deviations add to every person's skills: (persons, skills, skills).

    Nothing for more than 300 persons, and where the fit has not settled. default: centre of the priors on the deviations, and floor of machines' halos.
    """
    current = solution.variances
    if len(solution.posterior.theta) > _MOST_PERSONS or not solution.converged:
        return np.zeros_like(solution.posterior.covariance)
    precision = _priors(problem, current, default)
    here = _Seen.of(problem, solution, current, precision)
    there = [_Seen.of(problem, solution, _moved(current, name), precision) for name in precision]
    bend = np.array([here.gradient - one.gradient for one in there]) / _STEP
    root = _covariance_root(0.5 * (bend + bend.T), np.array(list(precision.values())))
    slope = np.tensordot(root.T, np.array([one.theta - here.theta for one in there]), 1) / _STEP
    spread = np.tensordot(root.T, np.array([one.covariance - here.covariance for one in there]), 1) / _STEP
    between = (slope[:, :, :, None] * slope[:, :, None, :]).sum(axis=0)
    within = 0.5 * np.matmul(spread, np.matmul(np.linalg.inv(here.covariance), spread)).sum(axis=0)
    return np.asarray(between + 0.5 * (within + within.transpose(0, 2, 1)))


@dataclass(frozen=True, slots=True)
class _Seen:
    """With some deviations held: gradient of the log marginal likelihood, means and covariances of persons."""

    gradient: Floats
    theta: Floats
    covariance: Floats

    @classmethod
    def of(cls, problem: Problem, solution: Solution, variances: Variances, names: dict[str, float]) -> _Seen:
        found, factor = resettled(problem, solution, variances, rounds=_ROUNDS)
        gradient = scores(problem, variances, found.posterior, found.facets, factor)
        return cls(
            np.array([gradient[name] for name in names]),
            found.posterior.theta + found.facets.mean,
            found.posterior.covariance + facet_share(found),
        )


def _priors(problem: Problem, current: Variances, default: Variances) -> dict[str, float]:
    """Prior precision of what is uncertain, by name."""
    skills, firm, loose = len(current.theta), problem.priors.log_sd**-2, problem.priors.halo_log_sd**-2
    precision = {"theta": skills * firm, "severity": firm}
    if skills > 1:
        precision["correlation"] = 1.0
    precision |= {name: loose for name in ("halo", "halo_skill") if getattr(current, name) > 0}
    machines = ("machine_halo", "machine_halo_skill")
    above = [name for name in machines if getattr(current, name) > getattr(default, name)]
    return precision | {name: firm for name in above if not (name == "machine_halo" and current.spill_released)}


def _moved(variances: Variances, name: str) -> Variances:
    """The deviations, one of them a little larger."""
    if name == "correlation":
        odds = np.exp(_STEP) * variances.correlation / (1.0 - variances.correlation)
        return replace(variances, correlation=float(odds / (1.0 + odds)))
    larger: dict[str, Any] = {name: getattr(variances, name) * float(np.exp(_STEP))}
    return replace(variances, **larger)


def _covariance_root(bend: Floats, precision: Floats) -> Floats:
    """A root R of the covariance, C = R R'. bend: minus the Hessian of the log likelihood.

    On a shelf the likelihood curves upwards, where an inverse would mean nothing: there the prior stands alone.
    """
    scale = 1.0 / np.sqrt(precision)
    values, vectors = np.linalg.eigh(scale[:, None] * bend * scale)
    return np.asarray(scale[:, None] * vectors / np.sqrt(1.0 + np.maximum(values, 0.0)))
