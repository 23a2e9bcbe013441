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
from models.design import Design
from models.elimination import Cross, Layout, PersonPosterior, condition, log_evidence
from models.sites import Sites, laplace_sites, tilted_sites
from models.variances import EffectSums, Variances, scale_step, theta_step

__all__ = ["Facets", "Priors", "Solution", "facet_problem", "solve"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_LARGEST_MOVE = 3.0
_COARSE = 0.02
_NARROW = 0.3
_INNER = 0.1
_FLAT = 1e-9


@dataclass(frozen=True, slots=True)
class Priors:
    """Fixed settings of an estimation. SDs in logits; log_sd: SD of the prior on each log SD.

    fixed: no priors on facets and SDs, severities sum to zero (marginal maximum likelihood).
    """

    item_sd: float = 1.5
    step_sd: float = 2.0
    mean_sd: float = 3.0
    period_correlation: float = 0.9
    log_sd: float = 0.5
    estimate_variances: bool = True
    fixed: bool = False
    tolerance: float = 1e-4
    max_iterations: int = 200


@dataclass(frozen=True, slots=True)
class Facets:
    """Point estimates of everything that is not a person. steps: one array per format."""

    severity: Floats
    item: Floats
    steps: tuple[Floats, ...]
    mean: float

    def offset(self, severity: Integers, item: Integers) -> Floats:
        """What the facets add to a row's linear predictor; severity code -1 is an average rater."""
        known = np.where(severity >= 0, self.severity[np.maximum(severity, 0)], 0.0) if len(self.severity) else 0.0
        return np.asarray(self.mean - known - self.item[item], dtype=np.float64)

    def vector(self) -> Floats:
        """All facets in one vector: severities, items, steps format by format, mean."""
        return np.concatenate([self.severity, self.item, *self.steps, [self.mean]])

    def moved(self, vector: Floats) -> Facets:
        """The facets a vector of this layout stands for."""
        sizes = [len(self.severity), len(self.item), *(len(steps) for steps in self.steps)]
        parts = np.split(vector, np.cumsum(sizes))
        return Facets(parts[0], parts[1], tuple(parts[2:-1]), float(parts[-1][0]))


@dataclass(frozen=True, slots=True)
class Problem:
    """Arrays of an estimation that do not change between iterations."""

    design: Design
    layout: Layout
    priors: Priors
    linear: sparse.csr_array
    step_row: Integers
    step_column: Integers
    step_valid: NDArray[np.bool_]
    formats: tuple[Integers, ...]
    passed: Floats
    constraints: Floats
    severity_structure: Floats
    impression_severity: Integers


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


def facet_problem(design: Design, priors: Priors) -> Problem:
    """Lay out the arrays of an estimation."""
    rows, words = design.rows, design.vocabulary
    layout = Layout.of(rows, rows.person, groups=len(words.persons), skills=len(words.skills))
    severities, items, count = len(words.severities), len(words.items), len(rows)
    index = np.arange(count)
    columns = np.concatenate([rows.severity, severities + rows.item, np.full(count, severities + items)])
    signs = np.repeat([-1.0, -1.0, 1.0], count)
    linear = sparse.csr_array((signs, (np.tile(index, 3), columns)), shape=(count, severities + items + 1))
    lengths = words.categories - 1
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    step = np.arange(lengths.max())[:, None]
    valid = step < lengths[rows.format]
    return Problem(
        design=design,
        layout=layout,
        priors=priors,
        linear=linear,
        step_row=np.broadcast_to(index, valid.shape)[valid],
        step_column=(offsets[rows.format] + step)[valid],
        step_valid=valid,
        formats=tuple(np.flatnonzero(rows.format == code) for code in range(len(words.formats))),
        passed=(rows.score > step).astype(np.float64),
        constraints=_constraints(_severity_groups(design, humans=priors.fixed), severities, items, lengths),
        severity_structure=_severity_structure(words.severity_rater, priors.period_correlation),
        impression_severity=rows.severity[layout.cell_start[layout.impression_start]],
    )


def _severity_groups(design: Design, *, humans: bool) -> list[Integers]:
    """Severity units that sum to zero: of each machine source, whose level its items carry, and where asked for the humans."""
    rows, machine = design.rows, design.vocabulary.machine_severity
    source = np.full(len(machine), -1)
    source[rows.severity[::-1]] = rows.source[::-1]
    groups = [np.flatnonzero(machine & (source == code)) for code in np.unique(source[machine])]
    return groups + [np.flatnonzero(~machine)] * bool(humans and not machine.all())


def _constraints(groups: list[Integers], severities: int, items: int, lengths: Integers) -> Floats:
    """Severities of each group sum to zero, items do, and so do the steps of each format."""
    total = severities + items + int(lengths.sum()) + 1
    constraints = np.zeros((len(groups) + 1 + len(lengths), total))
    for row, group in enumerate(groups):
        constraints[row, group] = 1.0
    constraints[len(groups), severities : severities + items] = 1.0
    start = severities + items
    for row, length in enumerate(lengths, start=len(groups) + 1):
        constraints[row, start : start + length] = 1.0
        start += length
    return constraints


def _severity_structure(rater: Integers, correlation: float) -> Floats:
    """Inverse correlation of the severity units: periods of one rater correlate."""
    same = rater[:, None] == rater[None, :]
    if len(np.unique(rater)) == len(rater):
        return np.eye(len(rater))
    return np.linalg.inv(np.where(same, correlation, 0.0) + (1.0 - correlation) * np.eye(len(rater)))


def start_facets(design: Design) -> Facets:
    """All facets zero, steps two thirds of a logit apart."""
    words = design.vocabulary
    steps = tuple((np.arange(width - 1) - (width - 2) / 2) * 2 / 3 for width in words.categories)
    return Facets(np.zeros(len(words.severities)), np.zeros(len(words.items)), steps, 0.0)


def solve(problem: Problem, variances: Variances, start: Facets | None = None) -> Solution:
    """Estimate. variances: start and prior centre of the standard deviations."""
    priors = problem.priors
    facets = start if start is not None else start_facets(problem.design)
    state = _State.blank(problem.layout.cells, facets)
    step = _iterate(problem, variances, state, nodes=1)
    for _ in range(priors.max_iterations):
        state = step.state
        if step.moved < _COARSE:
            break
        step = _iterate(problem, variances, state, nodes=1)
    nodes = 21 if priors.fixed else 5 if state.spread.max() < _NARROW else 9
    current, converged, iteration, mixing, change = variances, False, 0, Anderson(), 1.0
    for iteration in range(1, priors.max_iterations + 1):
        step = _iterate(problem, current, state, nodes=nodes)
        covariance = step.covariance()
        added = step.posterior.severity_spread(problem.layout, _severity_variance(problem, covariance))
        state = replace(step.state, spread=step.state.spread + added)
        if step.moved > max(priors.tolerance, _INNER * change):
            continue
        scored = _scored(problem, current, variances, step, covariance) if priors.estimate_variances else current
        change = scored.distance(current)
        if max(step.moved, change) < priors.tolerance:
            converged = True
            break
        current = current.moved(mixing.next(current.vector(), scored.vector())).floored(variances)
    return Solution(
        facets=state.facets,
        variances=current,
        sites=state,
        posterior=step.posterior,
        coupling=step.coupling,
        covariance=covariance,
        deviance=-2.0 * step.log_evidence,
        iterations=iteration,
        converged=converged,
    )


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


def _iterate(problem: Problem, variances: Variances, state: _State, *, nodes: int) -> _Step:
    rows, layout, facets = problem.design.rows, problem.layout, state.facets
    offset = facets.offset(rows.severity, rows.item)
    cumulative = Steps.of(facets.steps).cumulative[:, rows.format]
    if nodes == 1:
        sites = laplace_sites(layout, rows, offset, cumulative, state.predictor, problem.formats)
    else:
        sites = tilted_sites(
            layout, rows, offset, cumulative, state.predictor, state.spread, state.precision, state.natural,
            nodes=nodes, formats=problem.formats,
        )  # fmt: skip
    posterior = condition(layout, variances, sites.precision, sites.natural)
    evidence = log_evidence(layout, variances, posterior, sites.precision, sites.natural)
    evidence += float(sites.log_evidence.sum())
    cross, direct = _information(problem, sites)
    severity_taken, mixed_taken, rest_taken, coupling = cross.schur(layout, posterior)
    schur = direct - np.block([[severity_taken, mixed_taken], [mixed_taken.T, rest_taken]])
    penalty = _penalty(problem, variances)
    schur += penalty + problem.constraints.T @ problem.constraints
    factor = linalg.cho_factor(0.5 * (schur + schur.T), lower=True, check_finite=False)
    lag = posterior.predictor - sites.mean
    gradient = _gradient(problem, sites.moments) - penalty @ facets.vector()
    gradient -= np.concatenate([cross.severity.T @ lag, cross.rest.T @ lag])
    move = _constrained(factor, gradient, problem.constraints)
    severities = len(facets.severity)
    natural = sites.natural - cross.severity @ move[:severities] - cross.rest @ move[severities:]
    posterior = condition(layout, variances, sites.precision, natural)
    change = posterior.predictor - state.predictor
    largest = max(float(np.abs(change).max()), float(np.abs(move).max()))
    share = min(1.0, _LARGEST_MOVE / largest) if largest > 0 else 1.0
    return _Step(
        state=_State(
            facets.moved(facets.vector() + share * move),
            state.predictor + share * change,
            posterior.predictor_variance,
            sites.precision,
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
    held = sites.held[layout.cell_of_row] * rows.weight
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
    rows, weight = problem.design.rows, problem.design.rows.weight
    linear = problem.linear.T @ (weight * (rows.score - found.expected))
    steps = np.bincount(
        problem.step_column,
        weights=(weight * (found.upper - problem.passed))[problem.step_valid],
        minlength=problem.constraints.shape[1] - len(linear),
    )
    return np.concatenate([linear[:-1], steps, linear[-1:]])


def _penalty(problem: Problem, variances: Variances) -> Floats:
    """Prior precision of the facets."""
    words, priors = problem.design.vocabulary, problem.priors
    severities, items = len(words.severities), len(words.items)
    if priors.fixed:
        return _FLAT * np.eye(problem.constraints.shape[1])
    penalty = np.zeros((problem.constraints.shape[1],) * 2)
    scale = np.where(words.machine_severity, variances.machine_severity, variances.severity)
    penalty[:severities, :severities] = problem.severity_structure / np.outer(scale, scale)
    rest = np.arange(severities, len(penalty))
    penalty[rest, rest] = 1.0 / priors.step_sd**2
    penalty[rest[:items], rest[:items]] = 1.0 / priors.item_sd**2
    penalty[-1, -1] = 1.0 / priors.mean_sd**2
    return penalty


def _constrained(factor: tuple[Floats, bool], gradient: Floats, constraints: Floats) -> Floats:
    """Newton step that keeps the constrained sums."""
    both = linalg.cho_solve(factor, np.column_stack([gradient, constraints.T]))
    step, bound = both[:, 0], both[:, 1:]
    return np.asarray(step - bound @ np.linalg.solve(constraints @ bound, constraints @ step))


def _scored(
    problem: Problem, current: Variances, default: Variances, step: _Step, covariance: Floats
) -> Variances:
    """All standard deviations after one scoring step; those of machines never fall below their defaults."""
    log_sd = problem.priors.log_sd
    posterior = step.posterior
    uncertain = _severity_variance(problem, covariance)
    sums = posterior.sums(problem.layout, current, uncertain)
    spread = posterior.theta_spread(problem.layout, uncertain)
    moved = theta_step(current, posterior.theta, spread, default=default, log_sd=log_sd)
    human = {
        name: scale_step(getattr(current, name), sums[name], default=getattr(default, name), log_sd=log_sd)
        for name in ("halo", "halo_skill")
    }
    machine = {
        name: scale_step(
            getattr(current, name), sums[name], default=getattr(default, name), log_sd=log_sd,
            floor=getattr(default, name),
        )
        for name in ("machine_halo", "machine_halo_skill")
    }  # fmt: skip
    severity = scale_step(
        current.severity, _severity_sums(problem, current, step, covariance), default=default.severity, log_sd=log_sd
    )
    return replace(moved, **human, **machine, severity=severity)


def _severity_variance(problem: Problem, covariance: Floats) -> Floats:
    """Variance of each impression's severity about the mean human severity, which the population mean makes up for."""
    if problem.priors.fixed:
        return np.zeros(len(problem.impression_severity))
    human = ~problem.design.vocabulary.machine_severity
    variance = np.diag(covariance)[: len(human)].copy()
    if human.any():
        part = covariance[: len(human), : len(human)][np.ix_(human, human)]
        variance[human] += part.mean() - 2.0 * part.mean(axis=1)
    return np.maximum(variance, 0.0)[problem.impression_severity]


def _severity_sums(problem: Problem, current: Variances, step: _Step, covariance: Floats) -> EffectSums:
    """Moments of the human severities in their correlation structure."""
    human = np.flatnonzero(~problem.design.vocabulary.machine_severity)
    if not len(human) or problem.priors.fixed:
        return EffectSums(0, 0.0, 0.0)
    structure = problem.severity_structure[np.ix_(human, human)]
    covariance = covariance[np.ix_(human, human)]
    mean = step.state.facets.severity[human]
    turned = structure @ covariance
    left = np.clip(1.0 - np.diag(turned) / current.severity**2, 0.0, 1.0)
    return EffectSums(len(human), float(mean @ structure @ mean + np.trace(turned)), float(left @ left))
