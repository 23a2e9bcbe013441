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
from scipy import linalg, sparse

from models.acceleration import Anderson
from models.categories import Moments, Steps
from models.elimination import Cross, PersonPosterior, condition, log_evidence
from models.problem import Facets, Problem, penalty, start_facets
from models.scoring import scored, severity_variance
from models.sites import Sites, laplace_sites, match, tilted_sites
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
    sites: _State
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
    nodes = _MANY if priors.fixed else 5 if state.spread.max() < _NARROW else 9
    current, converged, iterations, mixing, change = variances, False, 0, Anderson(), 1.0
    pacer = _Pacer()
    while iterations < priors.max_iterations and not converged:
        iterations += 1
        step = _iterate(problem, current, state, nodes=nodes, pace=pacer.pace)
        pacer.after(step.moved)
        nodes = _MANY if pacer.pace < _STRUGGLING else nodes
        covariance = step.covariance()
        added = step.posterior.severity_spread(problem.layout, severity_variance(problem, covariance))
        state = replace(step.state, spread=step.state.spread + added)
        if step.moved > max(priors.tolerance, _INNER * change):
            continue
        proposed = (
            scored(problem, current, variances, step.posterior, step.state.facets, covariance)
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
        sites=state,
        posterior=step.posterior,
        coupling=step.coupling,
        covariance=covariance,
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
    """Where the iteration stands: facets, and per cell the normal posterior of its predictor with the likelihood's site in it."""

    facets: Facets
    predictor: Floats
    spread: Floats
    precision: Floats
    natural: Floats

    @classmethod
    def blank(cls, cells: int, facets: Facets) -> _State:
        return cls(facets, *(np.zeros(cells) for _ in range(4)))


@dataclass(frozen=True, slots=True)
class _Step:
    """What one iteration yields."""

    state: _State
    posterior: PersonPosterior
    coupling: Cross
    log_evidence: float
    factor: tuple[Floats, bool]
    constraints: Floats
    moved: float

    def covariance(self) -> Floats:
        """Covariance of the facets under the constraints."""
        inverse = linalg.cho_solve(self.factor, np.eye(len(self.factor[0])))
        bound = inverse @ self.constraints.T
        free = inverse - bound @ np.linalg.solve(self.constraints @ bound, bound.T)
        return np.asarray(0.5 * (free + free.T))


def _iterate(problem: Problem, variances: Variances, state: _State, *, nodes: int, pace: float = 1.0) -> _Step:
    """One iteration; pace: share of the way from old to newly matched sites."""
    rows, layout, facets = problem.design.rows, problem.layout, state.facets
    offset = facets.offset(rows.severity, rows.item)
    cumulative = Steps.of(facets.steps).cumulative[:, rows.format]
    if nodes == 1:
        sites = laplace_sites(layout, rows, offset, cumulative, state.predictor, problem.formats)
    else:
        found = match(
            layout,
            rows,
            offset,
            cumulative,
            state.predictor,
            state.spread,
            state.precision,
            state.natural,
            nodes=nodes,
            keep=True,
        )
        found = replace(
            found,
            precision=state.precision + pace * (found.precision - state.precision),
            natural=state.natural + pace * (found.natural - state.natural),
        )
        sites = tilted_sites(layout, rows, found, problem.formats)
    precision, natural = sites.precision, sites.natural
    posterior = condition(layout, variances, precision, natural)
    evidence = log_evidence(layout, variances, posterior, precision, natural)
    evidence += float(sites.log_evidence.sum())
    cross, direct = _information(problem, sites)
    severity_taken, mixed_taken, rest_taken, coupling = cross.schur(layout, posterior)
    schur = direct - np.block([[severity_taken, mixed_taken], [mixed_taken.T, rest_taken]])
    prior = penalty(problem, variances)
    schur += prior + problem.constraints.T @ problem.constraints
    factor = _factored(0.5 * (schur + schur.T))
    lag = posterior.predictor - sites.mean
    gradient = _gradient(problem, sites.moments) - prior @ facets.vector()
    gradient -= np.concatenate([cross.severity.T @ lag, cross.rest.T @ lag])
    move = _constrained(factor, gradient, problem.constraints)
    largest = max(float(np.abs(lag).max()), float(np.abs(move).max()))
    share = min(1.0, _LARGEST_MOVE / largest) if largest > 0 else 1.0
    if nodes > 1:
        move, severities = share * move, len(facets.severity)
        natural = natural - cross.severity @ move[:severities] - cross.rest @ move[severities:]
        posterior = condition(layout, variances, precision, natural)
        predictor = posterior.predictor
        largest = max(largest, float(np.abs(predictor - state.predictor).max()))
    else:
        severities = len(facets.severity)
        pulled = natural - cross.severity @ move[:severities] - cross.rest @ move[severities:]
        posterior = condition(layout, variances, precision, pulled)
        change = posterior.predictor - state.predictor
        largest = max(float(np.abs(change).max()), float(np.abs(move).max()))
        share = pace * min(1.0, _LARGEST_MOVE / largest) if largest > 0 else 1.0
        move, predictor, natural = share * move, state.predictor + share * change, pulled
    return _Step(
        state=_State(
            facets.moved(facets.vector() + move),
            predictor,
            posterior.predictor_variance,
            precision,
            natural,
        ),
        posterior=posterior,
        coupling=coupling,
        log_evidence=evidence,
        factor=factor,
        constraints=problem.constraints,
        moved=largest,
    )


def _information(problem: Problem, sites: Sites) -> tuple[Cross, Floats]:
    """Information cells share with facets, and the facets' own, in proportion to what the sites hold."""
    rows, layout, found = problem.design.rows, problem.layout, sites.moments
    held = sites.held[layout.cell_of_row] * rows.facet_weight
    information = held * found.variance
    severities, count = len(problem.design.vocabulary.severities), len(rows)
    steps = problem.constraints.shape[1] - problem.linear.shape[1]
    tails = (held * found.cross)[problem.step_valid]
    stepwise = sparse.csr_array((-tails, (problem.step_row, problem.step_column)), shape=(count, steps))
    weighted = sparse.diags_array(information) @ problem.linear
    to_cell = sparse.csr_array(
        (np.ones(count), np.arange(count), np.append(layout.cell_start, count)), shape=(layout.cells, count)
    )
    cell_linear, cell_steps = (to_cell @ weighted).tocsc(), (to_cell @ stepwise).tocsc()
    rest = sparse.hstack([cell_linear[:, severities:-1], cell_steps, cell_linear[:, -1:]], format="csr")
    cross = Cross(cell_linear[:, :severities].tocsr(), sparse.csr_array(rest))
    linear_part = (problem.linear.T @ weighted).toarray()
    mixed = (problem.linear.T @ stepwise).toarray()
    step_part = np.zeros((steps, steps))
    start = 0
    for width, total in zip(problem.design.vocabulary.categories - 1, found.step_information, strict=True):
        step_part[start : start + width, start : start + width] = total[:width, :width]
        start += width
    direct = np.block(
        [
            [linear_part[:-1, :-1], mixed[:-1], linear_part[:-1, -1:]],
            [mixed[:-1].T, step_part, mixed[-1:].T],
            [linear_part[-1:, :-1], mixed[-1:], linear_part[-1:, -1:]],
        ]
    )
    return cross, direct


def _gradient(problem: Problem, found: Moments) -> Floats:
    rows, weight = problem.design.rows, problem.design.rows.facet_weight
    linear = problem.linear.T @ (weight * (rows.score - found.expected))
    steps = np.bincount(
        problem.step_column,
        weights=(weight * (found.upper - problem.passed))[problem.step_valid],
        minlength=problem.constraints.shape[1] - len(linear),
    )
    return np.concatenate([linear[:-1], steps, linear[-1:]])


def _factored(matrix: Floats) -> tuple[Floats, bool]:
    """Cholesky factor; far from the solution the matched information may be indefinite, and is then lifted until it is not."""
    lift, scale = 0.0, float(np.abs(np.diag(matrix)).mean())
    for _ in range(12):
        try:
            return linalg.cho_factor(matrix + lift * np.eye(len(matrix)), lower=True, check_finite=False)
        except linalg.LinAlgError:
            lift = max(10.0 * lift, 1e-6 * scale)
    raise linalg.LinAlgError("the facets' information is not positive definite; check weights and scores")


def _constrained(factor: tuple[Floats, bool], gradient: Floats, constraints: Floats) -> Floats:
    """Newton step that keeps the constrained sums."""
    both = linalg.cho_solve(factor, np.column_stack([gradient, constraints.T]))
    step, bound = both[:, 0], both[:, 1:]
    return np.asarray(step - bound @ np.linalg.solve(constraints @ bound, constraints @ step))
