"""Which skills go together: the covariance of a person's skills, freed from the equicorrelated one of the fit as far as the data carry.

Skills are not equally alike: who is good at pipelines is likely good at deployment, and need not write well. With facets and halos held,

    Sigma ~ inverse Wishart, centred at the equicorrelated covariance and worth `PERSONS_PER_SKILL` persons per skill

so few people leave it equicorrelated and many decide it themselves. Its mode is found by expectation-maximisation over the
persons' normal posteriors (sites held): Sigma = (w Sigma_0 + sum_p E[theta_p theta_p']) / (w + P).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.elimination import Layout, condition, log_evidence
from models.newton import Solution

__all__ = ["PERSONS_PER_SKILL", "free_covariance", "freed"]

Floats = NDArray[np.float64]

PERSONS_PER_SKILL: Final = 2.0
"""Weight of the equicorrelated covariance, in persons per skill."""

_TOLERANCE = 1e-4
_ITERATIONS = 200


def freed(layout: Layout, solution: Solution) -> Solution:
    """The solution with the skills' covariance freed: variances, persons' posterior and deviance; facets and sites as they were."""
    before, sites = solution.variances, solution.sites
    free = free_covariance(solution.posterior.theta, solution.posterior.covariance, before.covariance)
    theta = np.sqrt(np.diag(free))
    after = replace(before, theta=theta, structure=free / np.outer(theta, theta))
    posterior = condition(layout, after, sites.precision, sites.natural)
    gain = log_evidence(layout, after, posterior, sites.precision, sites.natural) - log_evidence(
        layout, before, solution.posterior, sites.precision, sites.natural
    )
    return replace(solution, variances=after, posterior=posterior, deviance=solution.deviance - 2.0 * gain)


def free_covariance(theta: Floats, covariance: Floats, prior: Floats) -> Floats:
    """Mode of the skills' covariance, (skills, skills).

    theta: (persons, skills) posterior means about the population mean; covariance: (persons, skills, skills); prior: the covariance
    they were found with, to which the result is shrunk.
    """
    persons, skills = theta.shape
    weight = PERSONS_PER_SKILL * skills
    precision = np.linalg.inv(covariance)
    natural = np.matmul(precision, theta[:, :, None])
    said = precision - np.linalg.inv(prior)
    current = prior
    for _ in range(_ITERATIONS):
        spread = np.linalg.inv(said + np.linalg.inv(current))
        mean = np.matmul(spread, natural)[:, :, 0]
        proposed = (weight * prior + mean.T @ mean + spread.sum(axis=0)) / (weight + persons)
        proposed = 0.5 * (proposed + proposed.T)
        moved = float(np.abs(proposed - current).max())
        current = proposed
        if moved < _TOLERANCE * float(np.diag(prior).max()):
            break
    return np.asarray(current)
