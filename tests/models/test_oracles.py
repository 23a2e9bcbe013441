"""The model against independent software and a sampler; data and tolerances in oracles/README.md.

| row of the README | tests |
|---|---|
| MML estimates, EAP, posterior SD, log-likelihood, standard errors; WLE | `test_fixed_..`, `test_a_known_sd_..`, `test_person_posteriors_..`, `test_weighted_..` |
| JML estimates, log-likelihood, standard errors; extreme persons | `test_joint_..` |
| components, nullity | `test_components_..`, `test_joint_maximum_likelihood_warns_..` |
| halo: NUTS, fixed severity, coverage | `test_fixed_severities_with_halo_..`, `test_random_severities_..`, `test_halo_term_..` |
| ordinal regression, agreement, decision | `test_ordinal.py`, `test_agreement.py`, `test_decisions.py` |

Not expressible: mfrmr's marginal fit, which also fixes the population mean.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from models.facets import FacetsModel
from models.joint import UnlinkedWarning

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
def joint_maximum_likelihood(name: str) -> FacetsModel:
    thresholds = "partial_credit" if name == "mfrm_pcm" else "rating_scale"
    return FacetsModel(thresholds=thresholds, method="joint").fit(ratings(name))


@functools.cache
def halo_model(severity: str = "random") -> FacetsModel:
    return FacetsModel(severity=severity).fit(ratings("mfrm_halo"))


def coverage(model: FacetsModel) -> float:
    """Share of true thetas of mfrm_halo within their 90 % intervals."""
    truth = pd.Series(json.loads((ORACLES / "mfrm_halo.truth.json").read_text())["theta"])
    persons = model.persons_
    return float(((persons["estimate"] - truth[persons.index]).abs() < 1.645 * persons["sd"]).mean())


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


LINKED = ["mfrm_full", "mfrm_sparse", "mfrm_pcm"]


def hold_to(model: FacetsModel, theirs: dict[str, Any], *, column: str, rtol: float, atol: float) -> None:
    """Severities, items and steps of a model beside an oracle's."""
    for table, facet in ((model.raters_, "severity"), (model.items_, "item")):
        np.testing.assert_allclose(table[column], pd.Series(theirs[facet])[table.index], rtol=rtol, atol=atol)
    tau = theirs["tau"]
    tau = np.concatenate([tau[item] for item in sorted(tau)]) if isinstance(tau, dict) else np.array(tau)
    np.testing.assert_allclose(model.thresholds_[column], tau, rtol=rtol, atol=atol)


@pytest.mark.parametrize("name", LINKED)
def test_fixed_severities_have_the_standard_errors_of_the_full_information(name: str) -> None:
    model, theirs = marginal_maximum_likelihood(name), expected(name)["oracles"]["mml_reference"]
    hold_to(model, theirs["se"], column="se", rtol=1e-4, atol=0.0)
    assert np.sqrt(model.facet_covariance_[-1, -1]) == pytest.approx(theirs["se"]["theta_mean"], rel=1e-4)
    assert model.standard_deviations_se_["theta"] == pytest.approx(theirs["se"]["theta_sd"], rel=1e-4)
    assert model.deviance_ == pytest.approx(theirs["deviance"], abs=1e-3)


@pytest.mark.parametrize("name", LINKED)
def test_a_known_sd_of_theta_gives_the_estimates_of_independent_software(name: str) -> None:
    model = clone(marginal_maximum_likelihood(name)).set_params(theta_sd=1.0, estimate_variances=False)
    theirs = expected(name)["oracles"]["mml_TAM_sd_fixed_1"]
    hold_to(model.fit(ratings(name)), theirs, column="estimate", rtol=0.0, atol=1e-4)
    assert model.theta_mean_ == pytest.approx(theirs["theta_mean"], abs=1e-4)
    assert model.deviance_ == pytest.approx(theirs["deviance"], abs=1e-3)


@pytest.mark.parametrize("name", LINKED)
def test_weighted_likelihood_estimates_equal_those_of_independent_software(name: str) -> None:
    mine = marginal_maximum_likelihood(name).weighted_likelihood()
    theirs = pd.DataFrame(expected(name)["oracles"]["wle_TAM"]["persons"]).T.loc[mine.index]
    np.testing.assert_allclose(mine["estimate"], theirs["wle"], atol=1e-4)
    np.testing.assert_allclose(mine["se"], theirs["se"], rtol=1e-3)


@pytest.mark.parametrize("name", LINKED)
@pytest.mark.parametrize("oracle", ["jml_reference", "jml_mfrmr", "jml_immer"])
def test_joint_maximum_likelihood_equals_independent_software(name: str, oracle: str) -> None:
    model, theirs = joint_maximum_likelihood(name), expected(name)["oracles"][oracle]
    hold_to(model, theirs, column="estimate", rtol=0.0, atol=2e-5)
    persons, listed = model.persons_, model.persons_["extreme"]
    assert persons.index[listed].tolist() == theirs["persons_left_out_extreme_score"]
    assert persons["estimate"].isna().tolist() == listed.tolist()
    theta = pd.DataFrame(theirs["persons"]).T["theta"]
    pd.testing.assert_series_equal(
        persons.loc[~listed, "estimate"], theta[persons.index[~listed]], check_names=False, atol=5e-5, rtol=0
    )
    assert -0.5 * model.deviance_ == pytest.approx(theirs["loglik"], abs=1e-5)


@pytest.mark.parametrize("name", LINKED)
def test_joint_standard_errors_are_those_of_the_whole_information(name: str) -> None:
    model, theirs = joint_maximum_likelihood(name), expected(name)["oracles"]["jml_reference"]
    hold_to(model, theirs["se"], column="se", rtol=1e-4, atol=0.0)
    persons = model.persons_.dropna()
    error = pd.DataFrame(theirs["persons"]).T["se"]
    np.testing.assert_allclose(persons["sd"], error[persons.index], rtol=1e-4)
    assert model.theta_mean_ == pytest.approx(theirs["theta_mean_of_estimates"], abs=1e-5)


@pytest.mark.parametrize("name", ["mfrm_disconnected", "mfrm_confounded"])
def test_joint_maximum_likelihood_warns_of_what_the_ratings_do_not_determine(name: str) -> None:
    theirs = expected(name)
    with pytest.warns(UnlinkedWarning, match=r"1 contrast\(s\) .* not determined"):
        model = FacetsModel(method="joint").fit(ratings(name))
    assert model.joint_.unlinked == theirs["extra_unidentified_contrasts"]
    assert model.components_["person"].to_dict() == theirs["person_component"]
    assert model.nullity_ == theirs["additive_design_nullity"]


@pytest.mark.parametrize("name", LINKED)
def test_person_posteriors_with_facets_fixed_equal_those_of_quadrature(name: str) -> None:
    persons = marginal_maximum_likelihood(name).persons_
    theirs = pd.DataFrame(expected(name)["oracles"]["mml_reference"]["persons"]).T.loc[persons.index]
    np.testing.assert_allclose(persons["estimate"], theirs["eap"], atol=1e-4)
    np.testing.assert_allclose(persons["sd"], theirs["posterior_sd"], atol=1e-4)
    reliability = expected(name)["oracles"]["mml_TAM"]["eap_reliability"]
    assert marginal_maximum_likelihood(name).reliability_ == pytest.approx(reliability, abs=1e-4)


def test_fixed_severities_with_halo_equal_two_dimensional_quadrature() -> None:
    model, theirs = halo_model("fixed"), expected("mfrm_halo")["mml_reference"]
    np.testing.assert_allclose(model.raters_["estimate"], pd.Series(theirs["severity"]), atol=1e-4)
    np.testing.assert_allclose(model.thresholds_["estimate"], theirs["tau"], atol=1e-4)
    assert model.standard_deviations_["halo"] == pytest.approx(theirs["halo_sd"], abs=1e-4)
    assert model.standard_deviations_["theta"] == pytest.approx(theirs["theta_sd"], abs=1e-4)
    persons = pd.DataFrame(theirs["persons"]).T.loc[model.persons_.index]
    np.testing.assert_allclose(model.persons_["estimate"], persons["eap"], atol=1e-3)
    np.testing.assert_allclose(model.persons_["sd"], persons["posterior_sd"], atol=1e-3)
    assert model.deviance_ == pytest.approx(-2.0 * theirs["loglik"], abs=0.05)
    assert coverage(model) == pytest.approx(theirs["coverage90_eap_normal"], abs=0.02)


def test_random_severities_agree_with_the_sampler_person_by_person() -> None:
    model, theirs = halo_model(), expected("mfrm_halo")["posterior"]
    mean, sd = (pd.Series(theirs["theta"][key])[model.persons_.index] for key in ("mean", "sd"))
    assert ((model.persons_["estimate"] - mean).abs() / sd).max() < 0.15
    assert (model.persons_["estimate"] - mean).abs().mean() < 0.02
    assert model.persons_["sd"].mean() / sd.mean() == pytest.approx(1.0, abs=0.02)
    assert model.standard_deviations_["halo"] == pytest.approx(theirs["hyper"]["halo_sd"]["mean"], abs=0.05)
    assert model.standard_deviations_["theta"] == pytest.approx(theirs["hyper"]["theta_sd"]["mean"], abs=0.05)


def test_halo_term_gives_the_coverage_it_promises_and_its_absence_does_not() -> None:
    plain = FacetsModel(halo=False).fit(ratings("mfrm_halo"))
    assert coverage(halo_model()) == pytest.approx(0.89, abs=0.02)
    assert coverage(plain) < 0.65


@pytest.mark.parametrize("name", ["mfrm_disconnected", "mfrm_confounded", "mfrm_full"])
def test_components_and_nullity_are_those_of_the_design(name: str) -> None:
    model, theirs = FacetsModel().fit(ratings(name)), expected(name)
    assert model.nullity_ == theirs["additive_design_nullity"]
    if "person_component" in theirs:
        assert model.components_["person"].to_dict() == theirs["person_component"]
        assert model.components_["rater"].to_dict() == theirs["rater_component"]
