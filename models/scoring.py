"""One scoring step for all standard deviations, from the moments of the current posterior.

Uncertain severities count: they blur every impression a rater forms, and ignoring that (the joint mode's mistake) shrinks steps and deviations
wherever single ratings say little about the scale.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.elimination import PersonPosterior
from models.factor import FacetFactor
from models.item_pool import item_scale_step
from models.problem import Facets, Problem
from models.variances import EffectSums, Variances, scale_step, theta_gradient, theta_step

__all__ = ["scored", "scores", "severity_variance"]

Floats = NDArray[np.float64]

_SCALE_LOG_SD = 0.5


def scored(
    problem: Problem,
    current: Variances,
    default: Variances,
    posterior: PersonPosterior,
    facets: Facets,
    factor: FacetFactor,
) -> Variances:
    """All standard deviations after one scoring step; those of machines do not fall below their defaults unless released."""
    log_sd = problem.priors.log_sd
    uncertain = severity_variance(problem, factor)
    sums = posterior.sums(problem.layout, current, uncertain)
    spread = posterior.theta_spread(problem.layout, uncertain)
    moved = theta_step(current, posterior.theta, spread, default=default, log_sd=log_sd)

    def step(name: str, floor: float = 0.0) -> float:
        before, centre = getattr(current, name), getattr(default, name)
        held = log_sd if name.startswith("machine") else problem.priors.halo_log_sd
        return scale_step(before, sums[name], default=centre, log_sd=held, floor=floor)

    severity = scale_step(
        current.severity, _severity_sums(problem, current, facets, factor), default=default.severity, log_sd=log_sd
    )
    return replace(
        moved,
        severity=severity,
        halo=step("halo"),
        halo_skill=step("halo_skill"),
        machine_halo=step("machine_halo", 0.0 if current.spill_released else default.machine_halo),
        machine_halo_skill=step("machine_halo_skill", default.machine_halo_skill),
        item=_item_scale(problem, current, default, facets, factor),
        scale=_rater_scale(problem, current, default, facets, factor),
        released=np.array(
            [
                scale_step(float(scale), one, default=default.machine_halo_skill, log_sd=log_sd)
                for scale, one in zip(
                    current.released, posterior.released_sums(problem.layout, current, uncertain), strict=True
                )
            ]
        ),
    )


def scores(
    problem: Problem, current: Variances, posterior: PersonPosterior, facets: Facets, factor: FacetFactor
) -> dict[str, float]:
    """Gradient of the log marginal likelihood, without priors on it, by the logs of the SDs of persons, halos and severities.

    theta: by the logs of all skills' SDs moved together; correlation: by its logit.
    """
    uncertain = severity_variance(problem, factor)
    sums = posterior.sums(problem.layout, current, uncertain)
    sums["severity"] = _severity_sums(problem, current, facets, factor)
    found = {name: one.gradient(getattr(current, name)) for name, one in sums.items()}
    of_theta = theta_gradient(current, posterior.theta, posterior.theta_spread(problem.layout, uncertain))
    skills = len(current.theta)
    return {**found, "theta": float(of_theta[:skills].sum()), "correlation": float(of_theta[skills:].sum())}


def _rater_scale(
    problem: Problem, current: Variances, default: Variances, facets: Facets, factor: FacetFactor
) -> float:
    """SD of the logs of raters' scales; it keeps its prior with fixed severities, as the scales do. A lone rater's scale is 1."""
    telling = problem.telling
    if len(telling) < 2:
        return current.scale
    variance = factor.diagonal()[facets.scale_places][telling]
    sums = EffectSums.of(facets.log_scale[telling], variance, current.scale)
    return scale_step(current.scale, sums, default=default.scale, log_sd=min(problem.priors.log_sd, _SCALE_LOG_SD))


def _item_scale(problem: Problem, current: Variances, default: Variances, facets: Facets, factor: FacetFactor) -> float:
    if current.item == 0:
        return 0.0
    priors, items = problem.priors, slice(len(facets.severity), len(facets.severity) + len(facets.item))
    return item_scale_step(
        current.item, problem.item_skill, facets.item, factor.matrix()[items, items],
        shared=priors.item_sd, default=default.item, log_sd=priors.log_sd,
    )  # fmt: skip


def severity_variance(problem: Problem, factor: FacetFactor) -> Floats:
    """Variance of each impression's severity about the mean human severity, which the population mean makes up for."""
    if problem.priors.fixed:
        return np.zeros(len(problem.impression_severity))
    human = ~problem.design.vocabulary.machine_severity
    variance = factor.diagonal()[: len(human)].copy()
    if human.any():
        average = np.zeros(factor.size)
        average[: len(human)] = human / human.sum()
        shared = factor.solve(average)
        variance[human] += average @ shared - 2.0 * shared[: len(human)][human]
    return np.maximum(variance, 0.0)[problem.impression_severity]


def _severity_sums(problem: Problem, current: Variances, facets: Facets, factor: FacetFactor) -> EffectSums:
    """Moments of the human severities in their correlation structure."""
    human = np.flatnonzero(~problem.design.vocabulary.machine_severity)
    if not len(human) or problem.priors.fixed:
        return EffectSums(0, 0.0, 0.0)
    mean = facets.severity[human]
    if problem.severity_structure is None:
        return EffectSums.of(mean, factor.diagonal()[human], current.severity)
    structure = problem.severity_structure[np.ix_(human, human)]
    turned = (structure * factor.matrix()[np.ix_(human, human)]).sum(axis=1)
    left = np.clip(1.0 - turned / current.severity**2, 0.0, 1.0)
    return EffectSums(len(human), float(mean @ structure @ mean + turned.sum()), float(left @ left))
