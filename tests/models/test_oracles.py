"""The model against independent software and a sampler; data and tolerances in oracles/README.md."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.facets import FacetsModel

ORACLES = Path(__file__).parent / "oracles"


def ratings(name: str) -> pd.DataFrame:
    return pd.read_csv(ORACLES / f"{name}.csv")


def expected(name: str) -> dict[str, Any]:
    return json.loads((ORACLES / f"{name}.expected.json").read_text())


@functools.cache
def marginal_maximum_likelihood(name: str) -> FacetsModel:
    thresholds = "partial_credit" if name == "mfrm_pcm" else "rating_scale"
    return FacetsModel(thresholds=thresholds, severity="fixed", halo=False).fit(ratings(name))


@functools.cache
def halo_model() -> FacetsModel:
    return FacetsModel().fit(ratings("mfrm_halo"))


def steps(model: FacetsModel, tau: Any) -> tuple[np.ndarray, np.ndarray]:
    if isinstance(tau, dict):
        return model.thresholds_["estimate"].to_numpy(), np.concatenate([tau[item] for item in sorted(tau)])
    return model.thresholds_["estimate"].to_numpy(), np.array(tau)


FIXED = [("mfrm_full", "mml_TAM"), ("mfrm_sparse", "mml_TAM"), ("mfrm_pcm", "mml_TAM"), ("mfrm_pcm", "mml_sirt")]


@pytest.mark.parametrize(("name", "oracle"), FIXED)
def test_fixed_severities_equal_those_of_independent_software(name: str, oracle: str) -> None:
    model, theirs = marginal_maximum_likelihood(name), expected(name)["oracles"][oracle]
    mine, tau = steps(model, theirs["tau"])
    np.testing.assert_allclose(mine, tau, atol=1e-5)
    for table, facet in ((model.raters_, "severity"), (model.items_, "item")):
        np.testing.assert_allclose(table["estimate"], pd.Series(theirs[facet])[table.index], atol=1e-5)
    assert model.standard_deviations_["theta"] == pytest.approx(theirs["theta_sd"], abs=1e-5)
    assert model.theta_mean_ == pytest.approx(theirs["theta_mean"], abs=1e-5)
    assert model.deviance_ == pytest.approx(theirs["deviance"], abs=1e-3)


@pytest.mark.parametrize("name", ["mfrm_full", "mfrm_sparse", "mfrm_pcm"])
def test_person_posteriors_with_facets_fixed_equal_those_of_quadrature(name: str) -> None:
    persons = marginal_maximum_likelihood(name).persons_
    theirs = pd.DataFrame(expected(name)["oracles"]["mml_reference"]["persons"]).T.loc[persons.index]
    np.testing.assert_allclose(persons["estimate"], theirs["eap"], atol=1e-4)
    np.testing.assert_allclose(persons["sd"], theirs["posterior_sd"], atol=1e-4)


def test_fixed_severities_with_halo_equal_two_dimensional_quadrature() -> None:
    model, theirs = FacetsModel(severity="fixed").fit(ratings("mfrm_halo")), expected("mfrm_halo")["mml_reference"]
    np.testing.assert_allclose(model.raters_["estimate"], pd.Series(theirs["severity"]), atol=1e-4)
    np.testing.assert_allclose(model.thresholds_["estimate"], theirs["tau"], atol=1e-4)
    assert model.standard_deviations_["halo"] == pytest.approx(theirs["halo_sd"], abs=1e-4)
    assert model.standard_deviations_["theta"] == pytest.approx(theirs["theta_sd"], abs=1e-4)
    persons = pd.DataFrame(theirs["persons"]).T.loc[model.persons_.index]
    np.testing.assert_allclose(model.persons_["estimate"], persons["eap"], atol=1e-3)
    np.testing.assert_allclose(model.persons_["sd"], persons["posterior_sd"], atol=1e-3)
    assert model.deviance_ == pytest.approx(-2.0 * theirs["loglik"], abs=0.05)


def test_random_severities_agree_with_the_sampler_person_by_person() -> None:
    model, theirs = halo_model(), expected("mfrm_halo")["posterior"]
    mean, sd = (pd.Series(theirs["theta"][key])[model.persons_.index] for key in ("mean", "sd"))
    assert ((model.persons_["estimate"] - mean).abs() / sd).max() < 0.15
    assert (model.persons_["estimate"] - mean).abs().mean() < 0.02
    assert model.persons_["sd"].mean() / sd.mean() == pytest.approx(1.0, abs=0.02)
    assert model.standard_deviations_["halo"] == pytest.approx(theirs["hyper"]["halo_sd"]["mean"], abs=0.05)
    assert model.standard_deviations_["theta"] == pytest.approx(theirs["hyper"]["theta_sd"]["mean"], abs=0.05)


def test_halo_term_gives_the_coverage_it_promises_and_its_absence_does_not() -> None:
    truth = pd.Series(json.loads((ORACLES / "mfrm_halo.truth.json").read_text())["theta"])
    plain = FacetsModel(halo=False).fit(ratings("mfrm_halo"))

    def coverage(model: FacetsModel) -> float:
        persons = model.persons_
        return float(((persons["estimate"] - truth[persons.index]).abs() < 1.645 * persons["sd"]).mean())

    assert coverage(halo_model()) == pytest.approx(0.89, abs=0.02)
    assert coverage(plain) < 0.65


@pytest.mark.parametrize("name", ["mfrm_disconnected", "mfrm_confounded", "mfrm_full"])
def test_components_and_nullity_are_those_of_the_design(name: str) -> None:
    model, theirs = FacetsModel().fit(ratings(name)), expected(name)
    assert model.nullity_ == theirs["additive_design_nullity"]
    if "person_component" in theirs:
        assert model.components_["person"].to_dict() == theirs["person_component"]
        assert model.components_["rater"].to_dict() == theirs["rater_component"]
