"""Standard errors of marginal maximum likelihood: the inverse of the observed information, the standard deviation of theta included.

For one theta per person (fixed severities, no halo). With c the complete-data log-likelihood, the observed information is
E[-c''] - Var(c') under each person's posterior (Louis 1982, doi:10.1111/j.2517-6161.1982.tb01203.x); both are sums over the posterior's grid. The
Schur complement of the estimation linearises Var(c') and holds the standard deviation, which makes steps 1 - 9 % too sure.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from models.categories import Steps, probabilities
from models.design import Rows
from models.joint_unknowns import Unknowns
from models.posterior import Posteriors
from models.problem import Facets, Problem, penalty
from models.variances import Variances

__all__ = ["observed_covariance"]

Floats = NDArray[np.float64]


def observed_covariance(problem: Problem, facets: Facets, variances: Variances, persons: Posteriors) -> Floats:
    """Covariance of the facets (order of `Facets.vector`), then of the log of theta's SD if it is estimated.

    persons: posteriors with the facets held, on grids that resolve them.
    """
    rows, size = problem.design.rows, problem.constraints.shape[1]
    unknowns = Unknowns.of(rows, problem.design.vocabulary)
    complete, spread = np.zeros((size + 1,) * 2), np.zeros((size + 1,) * 2)
    mean = sparse.csr_array((len(persons), size + 1))
    for node in range(len(persons.nodes)):
        mass = persons.mass[:, 0, node]
        theta = persons.centre[:, 0] + persons.scale[:, 0] * persons.nodes[node] - facets.mean
        score, information = _complete(rows, unknowns, facets, float(variances.theta[0]), theta, mass)
        weighted = sparse.diags_array(mass) @ score
        complete += information
        spread += (score.T @ weighted).toarray()
        mean = mean + weighted
    information = complete - spread + (mean.T @ mean).toarray()
    penalty(problem, variances).add_to(information[:size, :size])
    constraints = np.hstack([problem.constraints, np.zeros((len(problem.constraints), 1))])
    if not problem.priors.estimate_variances:
        information, constraints = information[:size, :size], constraints[:, :size]
    lift = float(np.diag(information).mean()) * constraints.T @ constraints
    inverse = linalg.pinvh(information + lift)
    bound = inverse @ constraints.T
    free = inverse - bound @ np.linalg.solve(constraints @ bound, bound.T)
    return np.asarray(0.5 * (free + free.T))


def _complete(
    rows: Rows, unknowns: Unknowns, facets: Facets, theta_sd: float, theta: Floats, mass: Floats
) -> tuple[sparse.csr_array, Floats]:
    """Per person the gradient of the complete-data log-likelihood at theta (about the mean), and the summed information times mass."""
    eta = theta[unknowns.ability_of_row] + facets.offset(rows.severity, rows.item)
    chance = probabilities(eta, Steps.of(facets.steps).cumulative[:, rows.format])[0]
    upper = np.cumsum(chance[:0:-1], axis=0)[::-1]
    expected = upper.sum(axis=0)
    cross = np.cumsum((np.arange(1, len(chance))[:, None] * chance[1:])[::-1], axis=0)[::-1] - expected * upper
    ones = sparse.csr_array(np.ones((len(rows), 1)))
    linear = sparse.csr_array(sparse.hstack([unknowns.linear, ones]))
    residual = sparse.diags_array(rows.weight * (rows.score - expected)) @ linear
    passed = unknowns.stepwise(rows.weight * (upper - unknowns.passed))
    parts = unknowns.to_ability @ residual, unknowns.to_ability @ passed
    scale = sparse.csr_array(((theta / theta_sd) ** 2 - 1.0)[:, None])
    score = sparse.hstack([parts[0][:, :-1], parts[1], parts[0][:, -1:], scale], format="csr")
    weight = rows.weight * mass[unknowns.ability_of_row]
    own = (linear.T @ (sparse.diags_array(weight * cross.sum(axis=0)) @ linear)).toarray()
    mixed = (linear.T @ unknowns.stepwise(-weight * cross)).toarray()
    information = np.block(
        [
            [own[:-1, :-1], mixed[:-1], own[:-1, -1:]],
            [mixed[:-1].T, unknowns.step_information(upper, weight), mixed[-1:].T],
            [own[-1:, :-1], mixed[-1:], own[-1:, -1:]],
        ]
    )
    spread = np.array([[2.0 * float(mass @ (theta / theta_sd) ** 2)]])
    return sparse.csr_array(score), np.asarray(linalg.block_diag(information, spread))
