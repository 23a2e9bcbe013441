"""Penalised Newton for facets and persons together, with variances scored on the way.

One iteration, given expansion points for the cells' predictors u and the facets beta (severities, items, steps, mean):

1. moments of all ratings, expected over the posterior spread of u (plain Laplace in the first phase);
2. persons and halos eliminated (`models.elimination`), leaving the facets' Schur complement F;
3. a Newton step for beta under the sum-to-zero constraints, then u given beta;
4. a scoring step for the standard deviations (`models.variances`).

The costly parts are the moments, which the first phase takes at one node, and the factor of F, which is kept while steps shrink fast
anyway. With expected moments the fixed point is the Gaussian variational posterior of persons and halos (Opper & Archambeau 2009,
doi:10.1162/neco.2008.08-07-592), which has neither the compressed steps nor the shrunken SDs of a joint mode. The first phase, a
concave maximisation, brings the second into its basin. Steps are limited so that no predictor moves more than a few logits at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from models.acceleration import Anderson
from models.discrimination import curvature
from models.elimination import Cross, PersonPosterior, condition, log_evidence
from models.expansion import Expansion, Site, expand
from models.factor import CrossedFactor, FacetFactor, Factor
from models.problem import Facets, Problem, penalty, start_facets
from models.scoring import scored, severity_variance
from models.variances import Variances

__all__ = ["Solution", "resettled", "solve"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_LARGEST_MOVE = 3.0
_COARSE = 0.3
"""Moves below which the first phase has done its duty."""
_ROUGH, _ROUGH_ROUNDS = 0.1, 4
"""Changes of log SDs worth making on the first phase's word, which is cheap but a little biased, and how often."""
_NARROW = 0.3
"""Variances of predictors up to which five nodes are as good as nine."""
_INNER = 0.05
"""Moves, over the change before, at which standard deviations are scored."""
_PATIENCE, _CAREFUL = 9, 0.02
"""After so many scorings the data hardly tell the deviations apart, and differences between scorings must be exact to lead anywhere."""
_COSTLY = 1500
"""Facets from which a factor costs more than what its lag does."""
_SLOWEST = 0.05
_STRUGGLING = 0.3
_MANY = 21
_FAST = 0.3
_SMALLER = 0.7
_NEAR = 0.2
"""Changes of log SDs from which on they lie on a line that earlier ones foretell."""


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
    facets = start if start is not None else start_facets(problem.design, priors)
    search = _Search(problem, variances, variances, _State.blank(problem, variances, facets))
    for _ in range(priors.max_iterations):
        rough = search.advance(nodes=1) >= _COARSE or (
            search.rescaled < _ROUGH_ROUNDS and search.rescale(_ROUGH) >= _ROUGH
        )
        search.variances = _kept(search.variances, variances)
        if not rough:
            break
    search.begin_anew()
    nodes = _MANY if priors.fixed else _enough(search.state.sites)
    iterations, converged = 0, False
    while iterations < priors.max_iterations and not converged:
        iterations += 1
        moved = search.advance(nodes=nodes)
        nodes = _MANY if search.pacer.pace < _STRUGGLING else nodes
        if search.settled(moved):
            converged = max(search.rescale(priors.tolerance), moved) < priors.tolerance
    step = search.last if search.last.fresh and not len(problem.free) else search.final(nodes=nodes)
    return Solution(
        facets=search.state.facets,
        variances=search.variances,
        sites=search.state.sites,
        posterior=step.state.posterior,
        coupling=step.coupling,
        covariance=step.factor.matrix(),
        deviance=-2.0 * step.log_evidence,
        iterations=iterations,
        converged=converged,
    )


def resettled(
    problem: Problem, solution: Solution, variances: Variances, *, rounds: int
) -> tuple[Solution, FacetFactor]:
    """The solution, and the facets' factor, after a few iterations with other standard deviations, which are kept."""
    state = _State(solution.facets, solution.sites, solution.posterior)
    for _ in range(rounds):
        step = _iterate(problem, variances, state, nodes=_enough(solution.sites), pace=1.0)
        state = _blurred(problem, step)
    moved = replace(
        solution,
        facets=state.facets,
        variances=variances,
        sites=state.sites,
        posterior=state.posterior,
        coupling=step.coupling,
        covariance=step.factor.matrix(),
    )
    return moved, step.factor


def _enough(sites: Site) -> int:
    """Nodes for the moments of predictors so spread."""
    return 5 if np.quantile(sites.spread, 0.95) < _NARROW else 9


def _blurred(problem: Problem, step: _Step) -> _State:
    """Where a step leads, predictors blurred by what severities are uncertain of."""
    sites = step.state.sites
    added = step.state.posterior.severity_spread(problem.layout, severity_variance(problem, step.factor))
    return replace(step.state, sites=replace(sites, spread=sites.spread + added))


@dataclass(slots=True)
class _Search:
    """The iteration on its way: `last` step, size of the last `change` of the standard deviations, the way they `turned`, and how often they were `rescaled`."""

    problem: Problem
    default: Variances
    variances: Variances
    state: _State
    pacer: _Pacer = field(default_factory=lambda: _Pacer())
    mixing: Anderson = field(default_factory=Anderson)
    lagged: _Step | None = None
    last: _Step = field(init=False)
    change: float = 1.0
    turned: Floats | None = None
    rescaled: int = 0
    careful: bool = False

    def begin_anew(self) -> None:
        """Forget what concerns the kind of steps taken so far."""
        self.pacer, self.mixing, self.lagged, self.turned = _Pacer(), Anderson(), None, None
        self.change, self.rescaled = 1.0, 0

    def step(self, *, nodes: int, lagged: _Step | None = None, observed: bool = False) -> _Step:
        """One iteration from here."""
        problem, pace = self.problem, self.pacer.pace
        return _iterate(problem, self.variances, self.state, nodes=nodes, pace=pace, lagged=lagged, observed=observed)

    def final(self, *, nodes: int) -> _Step:
        """The iteration that errors are read from: of observed information, or of expected where few data leave that indefinite."""
        try:
            return self.step(nodes=nodes, observed=True)
        except np.linalg.LinAlgError:
            return self.step(nodes=nodes)

    def advance(self, *, nodes: int) -> float:
        """Take one step; returns the largest move.

        While steps shrink fast, the factor is kept: it sets the pace, not the goal. Severities are uncertain, which blurs the predictors
        that the next sites are matched to.
        """
        self.last = step = self.step(nodes=nodes, lagged=self.lagged)
        costly = step.factor.size > _COSTLY
        kept = (costly or not self.careful) if nodes > 1 else costly and step.fresh
        self.lagged = step if kept and step.moved < _FAST * self.pacer.before else None
        self.pacer.after(step.moved)
        self.state = _blurred(self.problem, step) if nodes > 1 else step.state
        return step.moved

    def settled(self, moved: float) -> bool:
        """Whether a step so small leaves predictors and facets where the standard deviations at hand want them."""
        tolerance = self.problem.priors.tolerance
        if self.careful:
            return moved <= max(0.01 * tolerance, _CAREFUL * self.change)
        return moved <= max(tolerance, _INNER * self.change)

    def rescale(self, tolerance: float) -> float:
        """Score the standard deviations, unless they change by less than tolerance; returns the change.

        A step back over the one before goes half way: about a halo near 0, scoring jumps to and fro without end.
        """
        problem, step = self.problem, self.last
        if not problem.priors.estimate_variances:
            return 0.0
        proposed = scored(problem, self.variances, self.default, step.state.posterior, step.state.facets, step.factor)
        self.change, apart = proposed.distance(self.variances), proposed.apart(self.variances)
        if apart >= tolerance:
            here, there = self.variances.vector(), proposed.vector()
            if self.change < _NEAR:
                there = self.mixing.next(here, there)
            elif self.turned is not None and self.turned @ (there - here) < 0:
                there = 0.5 * (here + there)
            self.variances, self.turned = self.variances.moved(there).floored(self.default), there - here
            self.pacer.before, self.lagged, self.rescaled = np.inf, None, self.rescaled + 1
            if self.rescaled == _PATIENCE and not self.careful:
                self.careful, self.mixing = True, Anderson()
        return apart


def _kept(variances: Variances, default: Variances) -> Variances:
    """Halos no smaller than half their defaults: of impressions seen once or twice, Laplace's method makes nothing."""
    return replace(
        variances,
        halo=max(variances.halo, 0.5 * default.halo),
        halo_skill=max(variances.halo_skill, 0.5 * default.halo_skill),
    )


@dataclass(slots=True)
class _Pacer:
    """Halves the steps while they do not get smaller, and lengthens them again when they do."""

    pace: float = 1.0
    before: float = np.inf

    def after(self, moved: float) -> None:
        # steps at a pace shrink by that share at most: smaller ones must be asked for less, or a slow pace is never left
        smaller = moved <= (1.0 - 0.1 * self.pace) * self.before
        self.pace = min(1.0, 1.3 * self.pace) if smaller else max(0.5 * self.pace, _SLOWEST)
        self.before = moved


@dataclass(frozen=True, slots=True)
class _State:
    """Where the iteration stands: facets, and the cells' predictors and sites."""

    facets: Facets
    sites: Site
    posterior: PersonPosterior

    @classmethod
    def blank(cls, problem: Problem, variances: Variances, facets: Facets) -> _State:
        nothing = np.zeros(problem.layout.cells)
        posterior = condition(problem.layout, variances, nothing, nothing)
        return cls(facets, Site(nothing, nothing, nothing, nothing), posterior)


@dataclass(frozen=True, slots=True)
class _Step:
    """What one iteration yields."""

    state: _State
    coupling: Cross
    log_evidence: float
    factor: FacetFactor
    fresh: bool
    moved: float


def _iterate(
    problem: Problem,
    variances: Variances,
    state: _State,
    *,
    nodes: int,
    pace: float,
    lagged: _Step | None = None,
    observed: bool = False,
) -> _Step:
    """One iteration; pace: share of the way from old to newly matched sites; observed: see `models.discrimination`.

    lagged: an earlier step, whose factor is good enough to step with; the fixed point is the same.
    """
    layout, facets, before = problem.layout, state.facets, state.sites.predictor
    found = expand(problem.incidence, facets, state.sites, nodes=nodes, pace=pace, observed=observed)
    precision, natural = found.precision, found.natural
    # of the sites the tilted distributions were made with: then an error in them counts by its square only
    evidence = found.log_evidence + log_evidence(
        layout, variances, state.posterior, state.sites.precision, state.sites.natural
    )
    posterior = condition(layout, variances, precision, natural)
    prior = penalty(problem, variances)
    if lagged is not None:
        coupling, factor = lagged.coupling, lagged.factor
    else:
        information = _information(found, problem.constraints)
        prior.add_to(information)
        if found.bends is not None:
            information[facets.slope_places, facets.slope_places] -= curvature(found.bends, layout, posterior)
        coupling = found.cross.without_halos(layout, posterior, information)
        factor = _factor(problem, information, coupling, posterior.covariance)
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
            facets.moved(facets.vector() + move),
            Site(predictor, posterior.predictor_variance, precision, natural),
            posterior,
        ),
        coupling=coupling,
        log_evidence=evidence,
        factor=factor,
        fresh=lagged is None,
        moved=largest,
    )


def _factor(problem: Problem, information: Floats, coupling: Cross, covariance: Floats) -> FacetFactor:
    """By the smaller of two dense factors: of all facets, or of persons and what is not a severity."""
    persons, severities = coupling.severity.shape
    if problem.crossed and persons < _SMALLER * severities:
        return CrossedFactor.of(information, coupling, covariance, problem.constraints)
    coupling.eliminate(covariance, information)
    return Factor.of(information, problem.constraints)


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
