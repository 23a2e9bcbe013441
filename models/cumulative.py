"""The optimiser behind the linear ordinal classifiers: the penalised likelihood of cumulative logits, by Newton's method.

With standardised features x (p columns) and K ordered levels, threshold j (0 .. K - 2) has the logit::

    eta_j(x) = t_j - x . b_j        P(level <= j) = logistic(eta_j)

The log-likelihood of level y, log(logistic(eta_y) - logistic(eta_{y-1})), is concave in all parameters wherever the logits rise with j
(Pratt 1981, doi:10.1080/01621459.1981.10477613), and so is the log density of the normal prior on the slopes. There is one maximum, and every run
finds the same. With K = 2 this is logistic regression.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit
from sklearn.exceptions import ConvergenceWarning

__all__ = ["CumulativeLikelihood", "Maximum", "Peak", "cell_probabilities", "climb", "maximise", "slope_precision"]

Floats = NDArray[np.float64]

_LEAST_CURVATURE = 1e-12
_HALVINGS = 60


@dataclass(frozen=True, slots=True)
class Maximum:
    """Where the penalised log-likelihood is highest.

    thresholds: (K - 1,). slopes: (K - 1, p), equal rows where parallel. loglik: without prior. prior: log density of the slopes' prior at the
    maximum but for its constant. covariance: inverse of the penalised information of the free parameters, thresholds first, then p
    slopes if parallel, else p per threshold; NaN where singular. log_volume: half the log determinant of the covariance.
    """

    thresholds: Floats
    slopes: Floats
    loglik: float
    prior: float
    covariance: Floats
    log_volume: float
    iterations: int

    @property
    def evidence(self) -> float:
        """Log marginal likelihood (Laplace) but for the prior's own constant, which depends on its variances."""
        return self.loglik + self.prior + self.log_volume


def cell_probabilities(eta: Floats) -> Floats:
    """(n, K - 1) logits of P(level <= j) to (n, K) probabilities, without cancellation in the tails; rows are sorted first.

    Sorting is the monotone rearrangement (Chernozhukov et al. 2010, doi:10.3982/ECTA7880): logits that cross are never farther from
    rising ones after it.

    >>> cell_probabilities(np.array([[0.0, 1.0]])).round(3)
    array([[0.5  , 0.231, 0.269]])
    """
    rising = np.sort(eta, axis=1)
    below, above = expit(rising), expit(-rising)
    found = np.empty((len(eta), eta.shape[1] + 1))
    found[:, 0], found[:, -1] = below[:, 0], above[:, -1]
    found[:, 1:-1] = below[:, 1:] * above[:, :-1] * -np.expm1(rising[:, :-1] - rising[:, 1:])
    return found


def slope_precision(levels: int, features: int, C: float, deviation: float | None) -> Floats:
    """Prior precision of the slopes: N(0, C) on their mean over thresholds, N(0, deviation) on each step between neighbours.

    deviation None: parallel, one slope per feature. Returns (p, p), or ((K - 1) p, (K - 1) p) threshold by threshold.
    """
    if deviation is None or levels == 2:
        return np.asarray(np.eye(features) / C)
    cuts = levels - 1
    difference = np.diff(np.eye(cuts), axis=0)
    each = np.full((cuts, cuts), 1.0 / (C * cuts**2)) + difference.T @ difference / deviation
    return np.asarray(np.kron(each, np.eye(features)), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Peak:
    """The free parameters at the maximum, the log-likelihood and log prior there, and the inverse information (NaN where singular)."""

    place: Floats
    loglik: float
    prior: float
    covariance: Floats
    log_volume: float
    iterations: int


def maximise(
    X: Floats,
    mass: Floats,
    precision: Floats,
    *,
    signs: NDArray[np.int64] | None = None,
    spread: float = 0.0,
    start: Maximum | None = None,
    tolerance: float = 1e-12,
    max_iterations: int = 200,
) -> Maximum:
    """Maximise the penalised log-likelihood over thresholds and slopes.

    X: (n, p). mass: (n, K) weight of each row at each level; every level needs some. precision: from `slope_precision`; its size says whether slopes
    are parallel. signs: (p,) 1, -1 or 0; slopes keep that sign, 0 is free. spread: share of each row's weight added evenly over
    all levels, which keeps the logits of all rows rising. start: warm start. tolerance, max_iterations: of `climb`.
    """
    features, cuts, size = X.shape[1], mass.shape[1] - 1, len(precision)
    whole = np.zeros((cuts + size, cuts + size))
    whole[cuts:, cuts:] = precision
    weight = mass + spread * mass.sum(axis=1, keepdims=True) / mass.shape[1]
    tie = _slope_tie(cuts, features, size)
    lowest, highest = np.full(cuts + size, -np.inf), np.full(cuts + size, np.inf)
    if signs is not None and features:
        every = np.tile(signs, size // features)
        lowest[cuts:][every > 0] = 0.0
        highest[cuts:][every < 0] = 0.0
    if start is None:
        below = np.cumsum(weight.sum(axis=0))
        share = below[:-1] / below[-1]
        first = np.concatenate([np.log(share) - np.log1p(-share), np.zeros(size)])
    else:
        first = np.concatenate([start.thresholds, start.slopes[0] if size == features else start.slopes.ravel()])
    design = np.column_stack([np.ones(len(X)), -X])
    problem = CumulativeLikelihood(design, weight, tie, whole, np.zeros(cuts + size))
    found = climb(problem, first, (lowest, highest), tolerance=tolerance, max_iterations=max_iterations)
    full = tie @ found.place
    return Maximum(
        thresholds=full[:, 0].copy(),
        slopes=full[:, 1:].copy(),
        loglik=found.loglik if not spread else problem.loglik(problem.logits(found.place), mass),
        prior=found.prior,
        covariance=found.covariance,
        log_volume=found.log_volume,
        iterations=found.iterations,
    )


def _slope_tie(cuts: int, features: int, size: int) -> Floats:
    """(K - 1, 1 + p, parameters): coefficients of each threshold from the free parameters, slopes shared if there are only p."""
    tie = np.zeros((cuts, features + 1, cuts + size))
    for j in range(cuts):
        tie[j, 0, j] = 1.0
        first = cuts if size == features else cuts + j * features
        tie[j, 1:, first : first + features] = np.eye(features)
    return tie


def climb(
    problem: CumulativeLikelihood,
    start: Floats,
    bounds: tuple[Floats, Floats],
    *,
    tolerance: float = 1e-12,
    max_iterations: int = 200,
) -> Peak:
    """Newton's method with bounds on the parameters and step halving.

    tolerance: half the squared Newton decrement, per unit of weight. Warns (ConvergenceWarning) when max_iterations do not suffice, as without a
    prior on separable levels.
    """
    lowest, highest = bounds
    place = np.clip(start, lowest, highest)
    value = problem.value(place)
    enough = tolerance * max(float(problem.weight.sum()), 1.0)
    for iterations in range(1, max_iterations + 1):
        gradient, information = problem.derivatives(place)
        held = ((place <= lowest) & (gradient < 0)) | ((place >= highest) & (gradient > 0))
        step = _newton_step(gradient, information, ~held)
        moved = False
        if 0.5 * float(gradient @ step) > enough:
            place, value, moved = _halve(problem, place, value, gradient, step, lowest, highest)
        if not moved:
            return _peak(problem, place, iterations)
    warnings.warn(
        f"the ordinal fit did not converge in {max_iterations} iterations; levels may be separable: use a finite C",
        ConvergenceWarning,
        stacklevel=3,
    )
    return _peak(problem, place, max_iterations)


def _newton_step(gradient: Floats, information: Floats, free: NDArray[np.bool_]) -> Floats:
    step = np.zeros_like(gradient)
    if free.any():
        inner = information[np.ix_(free, free)]
        ridge = _LEAST_CURVATURE * max(float(np.trace(inner)) / len(inner), _LEAST_CURVATURE)
        step[free] = np.linalg.solve(inner + ridge * np.eye(len(inner)), gradient[free])
    return step


def _halve(
    problem: CumulativeLikelihood,
    place: Floats,
    value: float,
    gradient: Floats,
    step: Floats,
    lowest: Floats,
    highest: Floats,
) -> tuple[Floats, float, bool]:
    """Halve the step, projected on the bounds, until the objective rises enough."""
    size = 1.0
    for _ in range(_HALVINGS):
        tried = np.clip(place + size * step, lowest, highest)
        reached = problem.value(tried)
        if reached > value and reached >= value + 1e-4 * float(gradient @ (tried - place)):
            return tried, reached, True
        size *= 0.5
    return place, value, False


def _peak(problem: CumulativeLikelihood, place: Floats, iterations: int) -> Peak:
    _, information = problem.derivatives(place)
    sign, determinant = np.linalg.slogdet(information)
    try:
        covariance = np.linalg.inv(information) if sign > 0 else np.full_like(information, np.nan)
    except np.linalg.LinAlgError:
        covariance = np.full_like(information, np.nan)
    return Peak(
        place=place,
        loglik=problem.loglik(problem.logits(place), problem.weight),
        prior=problem.prior(place),
        covariance=np.asarray(covariance, dtype=np.float64),
        log_volume=-0.5 * float(determinant) if sign > 0 else np.inf,
        iterations=iterations,
    )


class CumulativeLikelihood:
    """The penalised log-likelihood as a function of free parameters b ~ N(centre, precision^-1).

    design: (n, width). weight: (n, K) of each row at each level. tie: (K - 1, width, parameters); threshold j has the logits design @ tie[j] @ b.
    precision: (parameters, parameters), semidefinite. centre: (parameters,).
    """

    def __init__(self, design: Floats, weight: Floats, tie: Floats, precision: Floats, centre: Floats) -> None:
        self.design = design
        self.weight = weight
        self.tie = tie
        self.precision = precision
        self.centre = centre

    def logits(self, place: Floats) -> Floats:
        """(n, K - 1) logits of P(level <= j)."""
        return np.asarray(self.design @ (self.tie @ place).T)

    def value(self, place: Floats) -> float:
        """What is maximised; minus infinity where logits cross."""
        return self.loglik(self.logits(place), self.weight) + self.prior(place)

    def prior(self, place: Floats) -> float:
        """Log prior density but for its constant."""
        away = place - self.centre
        return -0.5 * float(away @ self.precision @ away)

    def loglik(self, eta: Floats, weight: Floats) -> float:
        """Weighted log-likelihood at the logits."""
        inner, gap = weight[:, 1:-1], np.diff(eta, axis=1)
        counted = inner > 0
        if (gap[counted] <= 0).any():
            return -np.inf
        ends = float((weight[:, :-1] * log_expit(eta)).sum() + (weight[:, 1:] * log_expit(-eta)).sum())
        return ends + float((inner[counted] * np.log(-np.expm1(-gap[counted]))).sum())

    def derivatives(self, place: Floats) -> tuple[Floats, Floats]:
        """Gradient and information (negative Hessian) of the objective."""
        slope, curvature, between = self._by_logit(self.logits(place))
        cuts, width, size = self.tie.shape
        blocks = np.zeros((cuts, width, cuts, width))
        for j in range(cuts):
            blocks[j, :, j, :] = self.design.T @ (curvature[:, j, None] * self.design)
            if j:
                blocks[j - 1, :, j, :] = -(self.design.T @ (between[:, j - 1, None] * self.design))
                blocks[j, :, j - 1, :] = blocks[j - 1, :, j, :]
        tie = self.tie.reshape(cuts * width, size)
        information = tie.T @ blocks.reshape(len(tie), len(tie)) @ tie + self.precision
        score = tie.T @ (slope.T @ self.design).ravel() - self.precision @ (place - self.centre)
        return score, information

    def _by_logit(self, eta: Floats) -> tuple[Floats, Floats, Floats]:
        """Derivatives by the logits: first (n, K - 1), minus the second (n, K - 1), and between neighbours (n, K - 2)."""
        below = expit(eta)
        low, high, inner = self.weight[:, :-1], self.weight[:, 1:], self.weight[:, 1:-1]
        gap = np.where(inner > 0, np.diff(eta, axis=1), 1.0)
        rate = inner / np.expm1(np.minimum(gap, 700.0))
        bend = rate / -np.expm1(-gap)
        slope = low * (1.0 - below) - high * below
        curvature = (low + high) * below * (1.0 - below)
        slope[:, 1:] += rate
        slope[:, :-1] -= rate
        curvature[:, 1:] += bend
        curvature[:, :-1] += bend
        return slope, curvature, bend
