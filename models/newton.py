"""Penalised Newton for facets and persons together, with variances scored on the way.

One iteration, given expansion points for the cells' predictors u and the facets beta (severities, items, steps, mean):

1. moments of all ratings, expected over the posterior spread of u (plain Laplace in the first phase);
2. persons and halos eliminated (`models.elimination`), leaving the facets' Schur complement F;
3. a Newton step for beta under the sum-to-zero constraints, then u given beta;
4. a scoring step for the standard deviations (`models.variances`).

With expected moments the fixed point is the Gaussian variational posterior of persons and halos (Opper & Archambeau 2009,
doi:10.1162/neco.2008.08-07-592), which has neither the compressed steps nor the shrunken SDs of a joint mode. The first phase, a
concave maximisation, brings the second into its basin. Steps are limited so that no predictor moves more than a few logits at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.acceleration import Anderson
from models.elimination import Cross, PersonPosterior, condition, log_evidence
from models.expansion import Expansion, Site, expand
from models.factor import Factor
from models.problem import Facets, Problem, penalty, start_facets
from models.scoring import scored, severity_variance
from models.variances import Variances

__all__ = ["Solution", "solve"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_LARGEST_MOVE = 3.0
_COARSE = 0.02
_NARROW = 0.3
_INNER = 0.1
_SLOWEST = 0.05
_STRUGGLING = 0.3
_MANY = 21


@dataclass(frozen=True, slots=True)
class Solution:
    """A fitted model: estimates, posterior of persons given facets, and the facets' covariance (order of `Facets.vector`)."""

    facets: Facets
    variances: Variances
    sites: Site
    posterior: PersonPosterior
    coupling: Cross
    covariance: Floats
    deviance: float
    iterations: int
    converged: bool


def solve(problem: Problem, variances: Variances, start: Facets | None = None) -> Solution:
    """Estimate. variances: start and prior centre of the standard deviations."""
    priors = problem.priors
    facets = start if start is not None else start_facets(problem.design)
    state = _State.blank(problem.layout.cells, facets)
    pacer = _Pacer()
    for _ in range(priors.max_iterations):
        step = _iterate(problem, variances, state, nodes=1, pace=pacer.pace)
        state = step.state
        if step.moved < _COARSE:
            break
        pacer.after(step.moved)
    nodes = _MANY if priors.fixed else 5 if state.sites.spread.max() < _NARROW else 9
    current, converged, iterations, mixing, change = variances, False, 0, Anderson(), 1.0
    pacer = _Pacer()
    while iterations < priors.max_iterations and not converged:
        iterations += 1
        step = _iterate(problem, current, state, nodes=nodes, pace=pacer.pace)
        pacer.after(step.moved)
        nodes = _MANY if pacer.pace < _STRUGGLING else nodes
        added = step.posterior.severity_spread(problem.layout, severity_variance(problem, step.factor))
        state = replace(step.state, sites=replace(step.state.sites, spread=step.state.sites.spread + added))
        if step.moved > max(priors.tolerance, _INNER * change):
            continue
        proposed = (
            scored(problem, current, variances, step.posterior, step.state.facets, step.factor)
            if priors.estimate_variances
            else current
        )
        change = proposed.distance(current)
        if max(step.moved, change) < priors.tolerance:
            converged = True
            continue
        current = current.moved(mixing.next(current.vector(), proposed.vector())).floored(variances)
        pacer.before = np.inf
    return Solution(
        facets=state.facets,
        variances=current,
        sites=state.sites,
        posterior=step.posterior,
        coupling=step.coupling,
        covariance=step.factor.matrix(),
        deviance=-2.0 * step.log_evidence,
        iterations=iterations,
        converged=converged,
    )


@dataclass(slots=True)
class _Pacer:
    """Halves the steps while they do not get smaller, and lengthens them again when they do."""

    pace: float = 1.0
    before: float = np.inf

    def after(self, moved: float) -> None:
        self.pace = max(0.5 * self.pace, _SLOWEST) if moved > 0.9 * self.before else min(1.0, 1.3 * self.pace)
        self.before = moved


@dataclass(frozen=True, slots=True)
class _State:
    """Where the iteration stands: facets, and the cells' predictors and sites."""

    facets: Facets
    sites: Site

    @classmethod
    def blank(cls, cells: int, facets: Facets) -> _State:
        return cls(facets, Site(*(np.zeros(cells) for _ in range(4))))


@dataclass(frozen=True, slots=True)
class _Step:
    """What one iteration yields."""

    state: _State
    posterior: PersonPosterior
    coupling: Cross
    log_evidence: float
    factor: Factor
    moved: float


def _iterate(problem: Problem, variances: Variances, state: _State, *, nodes: int, pace: float = 1.0) -> _Step:
    """One iteration; pace: share of the way from old to newly matched sites."""
    layout, facets, before = problem.layout, state.facets, state.sites.predictor
    found = expand(problem.incidence, facets, state.sites, nodes=nodes, pace=pace)
    precision, natural = found.precision, found.natural
    posterior = condition(layout, variances, precision, natural)
    evidence = log_evidence(layout, variances, posterior, precision, natural) + found.log_evidence
    prior = penalty(problem, variances)
    information = _information(found, problem.constraints)
    prior.add_to(information)
    coupling = found.cross.eliminate(layout, posterior, information)
    factor = Factor.of(information, problem.constraints)
    del information
    lag = posterior.predictor - found.mean
    move = factor.solve(found.gradient - prior.times(facets.vector()) - found.cross.pull(lag))
    largest = max(float(np.abs(lag).max()), float(np.abs(move).max()))
    share = min(1.0, _LARGEST_MOVE / largest) if largest > 0 else 1.0
    if nodes > 1:
        move = share * move
        natural = natural - found.cross.push(move)
        posterior = condition(layout, variances, precision, natural)
        predictor = posterior.predictor
        largest = max(largest, float(np.abs(predictor - before).max()))
    else:
        natural = natural - found.cross.push(move)
        posterior = condition(layout, variances, precision, natural)
        change = posterior.predictor - before
        largest = max(float(np.abs(change).max()), float(np.abs(move).max()))
        share = pace * min(1.0, _LARGEST_MOVE / largest) if largest > 0 else 1.0
        move, predictor = share * move, before + share * change
    return _Step(
        state=_State(
            facets.moved(facets.vector() + move), Site(predictor, posterior.predictor_variance, precision, natural)
        ),
        posterior=posterior,
        coupling=coupling,
        log_evidence=evidence,
        factor=factor,
        moved=largest,
    )


def _information(found: Expansion, constraints: Floats) -> Floats:
    """The facets' own information, with the constraints' outer products that make up for its null space."""
    severities = len(found.severity)
    information = constraints.T @ constraints
    diagonal = np.arange(severities)
    information[diagonal, diagonal] += found.severity
    information[:severities, severities:] += found.mixed
    information[severities:, :severities] += found.mixed.T
    information[severities:, severities:] += found.others
    return np.asarray(information)
