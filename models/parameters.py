"""The parameters of `models.facets.FacetsModel`: which values they may have, and the priors and starting deviations they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from models.design import Design
from models.machine_floor import machine_floors
from models.problem import Priors
from models.variances import Variances

__all__ = ["check", "priors", "starting_deviations"]

_AVAILABLE: Mapping[str, tuple[object, ...]] = {
    "thresholds": ("rating_scale", "partial_credit"),
    "severity": ("random", "fixed"),
    "halo": (True, False),
    "centrality": (True, False),
    "discrimination": (True, False),
    "method": ("marginal", "joint"),
    "skill_covariance": ("equal", "free"),
}
_POSITIVE = "theta_sd severity_sd item_sd threshold_sd mean_sd log_sd_prior centrality_sd discrimination_sd tolerance"
_POSITIVE_OR_NONE = "item_own_sd halo_log_sd_prior"
_WITH_A_PRIOR = "centrality discrimination"


def check(given: Mapping[str, Any]) -> None:
    """Raises ValueError for a value that a parameter cannot have, or not beside the others. given: `FacetsModel.get_params()`."""
    for name, available in _AVAILABLE.items():
        if given[name] not in available:
            choices = ", ".join(repr(choice) for choice in available)
            raise ValueError(f"{name}={given[name]!r} is not available; choose from {choices}")
    for name in _POSITIVE.split():
        if not given[name] > 0:
            raise ValueError(f"{name}={given[name]!r} must be positive")
    for name in _POSITIVE_OR_NONE.split():
        if given[name] is not None and not given[name] > 0:
            raise ValueError(f"{name}={given[name]!r} must be positive, or None")
    if given["sd_uncertainty"] and (given["severity"] == "fixed" or given["method"] == "joint"):
        raise ValueError("sd_uncertainty=True needs the priors of method='marginal' with severity='random'")
    for name in _WITH_A_PRIOR.split():
        if given[name] and given["method"] == "joint":
            raise ValueError(f"{name}=True needs the prior that method='joint' does not have; use method='marginal'")
    if not 0 < given["skill_correlation"] < 1:
        raise ValueError(f"skill_correlation={given['skill_correlation']!r} must lie between 0 and 1")


def priors(given: Mapping[str, Any]) -> Priors:
    """The settings of an estimation. given: as in `check`."""
    fixed = given["severity"] == "fixed"
    return Priors(
        item_sd=given["item_sd"],
        step_sd=given["threshold_sd"],
        mean_sd=given["mean_sd"],
        period_correlation=given["period_correlation"],
        scales=given["centrality"],
        slopes=given["discrimination"],
        slope_sd=given["discrimination_sd"],
        reference=given["reference_source"],
        log_sd=np.inf if fixed else given["log_sd_prior"],
        halo_log_sd=np.inf if fixed else given["halo_log_sd_prior"] or given["log_sd_prior"],
        estimate_variances=given["estimate_variances"],
        fixed=fixed,
        tolerance=given["tolerance"] * (1e-3 if fixed else 1.0),
        max_iterations=given["max_iterations"],
    )


def starting_deviations(given: Mapping[str, Any], design: Design) -> Variances:
    """Standard deviations to start from, which are also the centres of their priors and the floors of machines' halos. given: as in `check`."""
    skills, on, estimated = len(design.vocabulary.skills), 1.0 if given["halo"] else 0.0, given["estimate_variances"]
    alone = estimated and not design.rows.repeated_impressions
    floors = machine_floors(design)
    free = floors.index[floors["released"] & estimated & given["halo"]]
    released = np.where(design.vocabulary.skills.isin(free), float(given["machine_halo_skill_sd"]), 0.0)
    return Variances(
        theta=np.full(skills, float(given["theta_sd"])),
        correlation=float(given["skill_correlation"]),
        severity=float(given["severity_sd"]),
        halo=0.0 if alone else on * given["halo_sd"],
        halo_skill=on * given["halo_skill_sd"] if skills > 1 else 0.0,
        machine_severity=float(given["machine_severity_sd"]),
        machine_halo=on * given["machine_halo_sd"],
        machine_halo_skill=on * given["machine_halo_skill_sd"],
        item=given["item_own_sd"] or 0.0,
        scale=float(given["centrality_sd"]) if given["centrality"] else 0.0,
        released=released if len(free) else np.zeros(0),
        spill_released=0 < len(free) == len(floors),
    )
