"""What the model promises under its own assumptions: recovery and coverage, short versions over several seeds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from models.facets import FacetsModel

SEEDS = (101, 102, 103)


def compared(simulate: Callable, model: FacetsModel, **design: object) -> pd.DataFrame:
    """Coverage of 90 % theta intervals, RMSE and halo SDs, one row per seed."""
    rows = []
    for seed in SEEDS:
        simulated = simulate(seed, **design)
        fitted = model.fit(simulated.ratings)
        everyone = fitted.posteriors()
        error = everyone.mean - simulated.theta.to_numpy()
        found = fitted.standard_deviations_
        rows.append(
            {
                "coverage": (np.abs(error) < 1.645 * everyone.sd).mean(),
                "rmse": np.sqrt(((error - error.mean()) ** 2).mean()),
                "sd": everyone.held_sd.mean(),
                "halo": found["halo"],
                "halo_skill": found["halo_skill"],
                "theta": np.mean(found["theta"]) / simulated.theta.to_numpy().std(),
            }
        )
    return pd.DataFrame(rows)


ONE_SKILL = {"persons": 300, "raters": 45, "per_person": 5, "items": 6}


@pytest.mark.parametrize("halo_sd", [0.5, 0.9])
def test_halo_gate_one_skill(simulate: Callable, halo_sd: float) -> None:
    found = compared(simulate, FacetsModel(), **ONE_SKILL, halo_sd=halo_sd).mean()
    assert 0.87 < found["coverage"] < 0.93
    assert found["halo"] == pytest.approx(halo_sd, rel=0.15)
    assert found["theta"] == pytest.approx(1.0, abs=0.06)


def test_without_halo_the_term_costs_nothing(simulate: Callable) -> None:
    design = {**ONE_SKILL, "halo_sd": 0.0}
    term, plain = (compared(simulate, FacetsModel(halo=halo), **design) for halo in (True, False))
    assert term["rmse"].mean() <= 1.03 * plain["rmse"].mean()
    assert 0.87 < term["coverage"].mean() < 0.94


def test_halo_gate_six_skills_with_both_halos(simulate: Callable) -> None:
    found = compared(simulate, FacetsModel(), persons=120, skills=6, raters=40, per_person=4, items=2).mean()
    assert 0.87 < found["coverage"] < 0.93
    assert found["halo"] == pytest.approx(0.5, rel=0.15)
    assert found["halo_skill"] == pytest.approx(0.5, rel=0.15)


def test_single_ratings_per_skill_beside_machines_keep_their_coverage(simulate: Callable) -> None:
    found = compared(simulate, FacetsModel(), persons=80, skills=5, raters=40, per_person=5, items=1, machines=2).mean()
    assert 0.86 < found["coverage"] < 0.94
    assert found["sd"] == pytest.approx(found["rmse"], rel=0.12)


def test_steps_and_severities_are_recovered(simulate: Callable) -> None:
    model = FacetsModel(halo=False).fit(simulate(104, persons=600, raters=60, items=6, halo_sd=0.0).ratings)
    np.testing.assert_allclose(model.thresholds_["estimate"], [-2.0, -0.7, 0.7, 2.0], atol=0.12)
    assert model.standard_deviations_["severity"] == pytest.approx(0.6, rel=0.25)
    assert 0.9 < model.raters_["infit"].mean() < 1.0
