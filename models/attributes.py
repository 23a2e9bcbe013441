"""What a fit leaves on the model, by the names under which `models.facets.FacetsModel` lists it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.connectivity import components
from models.description import Description
from models.design import Design
from models.discrimination import discriminations
from models.joint import Joint
from models.machine_floor import machine_floors
from models.problem import Priors, free_slopes
from models.whatif import Fitted

__all__ = ["joint_attributes", "marginal_attributes"]

Floats = NDArray[np.float64]


def marginal_attributes(fitted: Fitted, priors: Priors) -> dict[str, Any]:
    """Of a marginal fit. priors: those it was made with."""
    design, solution, facets = fitted.design, fitted.solution, fitted.solution.facets
    found = fitted.all_persons()
    error = np.sqrt(np.maximum(np.diag(solution.covariance), 0.0))
    description = Description.of(design, facets, error, design.rows, fitted.linear_predictor())
    tables = _tables(description, found.mean.ravel(), found.sd.ravel())
    persons = tables["persons_"]
    spread, noise = float(persons["estimate"].var(ddof=0)), float((persons["sd"] ** 2).mean())
    attributes = {
        "n_iter_": solution.iterations,
        "converged_": solution.converged,
        "theta_mean_": facets.mean,
        "deviance_": solution.deviance,
        "facet_covariance_": solution.covariance,
        "standard_deviations_": _deviations(fitted, fixed=priors.fixed),
        "machine_floors_": machine_floors(design),
        "reliability_": spread / (spread + noise),
        "separation_": float(np.sqrt(spread / noise)),
        **tables,
    }
    if priors.slopes:
        free = free_slopes(design, priors)
        attributes["discriminations_"] = discriminations(design, free, facets.log_slope, error[facets.slope_places])
    return attributes


def joint_attributes(design: Design, joint: Joint) -> dict[str, Any]:
    """Of a joint fit."""
    judged = design.rows.take(joint.kept)
    predictor = joint.predictor(judged, len(design.vocabulary.skills))
    description = Description.of(design, joint.facets, np.sqrt(np.diag(joint.covariance)), judged, predictor)
    tables = _tables(description, joint.theta, joint.theta_error)
    persons = tables["persons_"]
    persons["extreme"] = persons["estimate"].isna()
    estimated = persons["estimate"].dropna()
    spread, noise = float(estimated.var(ddof=1)), float((persons["sd"] ** 2).mean())
    true = max(spread - noise, 0.0) if len(estimated) > 1 else float("nan")
    separation = float(np.sqrt(true / noise))
    return {
        "n_iter_": joint.iterations,
        "converged_": True,
        "theta_mean_": float(estimated.mean()),
        "deviance_": -2.0 * joint.log_likelihood,
        "facet_covariance_": joint.covariance,
        "standard_deviations_": {
            "theta": float(np.sqrt(true)),
            "severity": float("nan"),
            "halo": 0.0,
            "halo_skill": 0.0,
        },
        "reliability_": separation**2 / (1.0 + separation**2),
        "separation_": separation,
        **tables,
    }


def _tables(description: Description, estimate: Floats, sd: Floats) -> dict[str, Any]:
    return {
        "components_": components(description.design),
        "raters_": description.raters(),
        "items_": description.items(),
        "thresholds_": description.thresholds(),
        "persons_": description.persons(estimate, sd),
    }


def _deviations(fitted: Fitted, *, fixed: bool) -> dict[str, Any]:
    variances, words = fitted.solution.variances, fitted.design.vocabulary
    several = len(words.skills) > 1
    return {
        "theta": pd.Series(variances.theta, index=words.skills) if several else float(variances.theta[0]),
        "severity": float("nan") if fixed else variances.severity,
        "halo": variances.halo,
        "halo_skill": variances.halo_skill,
        "machine_halo": variances.machine_halo,
        "machine_halo_skill": pd.Series(variances.machine_halo_skills, index=words.skills)
        if several and len(variances.released)
        else float(variances.machine_halo_skills[0]),
        "skill_correlation": variances.correlation,
        **({"item": variances.item} if variances.item > 0 else {}),
        **({"centrality": variances.scale} if variances.scale > 0 else {}),
    }
