from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from models.cutpoints import RP67, THURSTONIAN, Cuts, measure_cuts, person_errors, rating_cuts, reconcile
from models.facets import FacetsModel


@pytest.fixture(scope="module", name="model")
def _model(simulate: Callable) -> FacetsModel:
    return FacetsModel().fit(simulate(41, persons=60, skills=2, raters=15, items=3, machines=2).ratings)


def chance_of_at_least(model: FacetsModel, key: tuple[str, str], item: str, category: int, theta: float) -> float:
    tau = model.thresholds_.loc[key, "estimate"].to_numpy()
    weights = np.exp(np.cumsum(np.concatenate([[0.0], theta - model.items_.loc[item, "estimate"] - tau])))
    return float(weights[category:].sum() / weights.sum())


def test_a_thurstonian_cut_is_where_the_average_rater_gives_the_level_half_the_time(model: FacetsModel) -> None:
    cuts = rating_cuts(model, ["s0.0"], source="feedback360")
    chance = [
        chance_of_at_least(model, ("feedback360", "5 categories"), "s0.0", k + 1, cut) for k, cut in enumerate(cuts.cut)
    ]
    np.testing.assert_allclose(chance, 0.5, atol=1e-9)
    assert cuts.rule == THURSTONIAN
    assert (np.diff(cuts.cut) > 0).all()
    assert (cuts.se > 0.15).all()


def test_a_measure_cut_is_where_the_threshold_is_passed_two_times_in_three(model: FacetsModel) -> None:
    cuts = measure_cuts(model, {"measure0.s0": [2, 3, 4, 5]})
    chance = [
        chance_of_at_least(model, ("git0", "measure0.s0"), "measure0.s0", k + 1, cut) for k, cut in enumerate(cuts.cut)
    ]
    np.testing.assert_allclose(chance, 0.67, atol=1e-9)


def test_response_probability_67_lies_a_log_odds_above_the_half_on_two_categories() -> None:
    table = pd.DataFrame({"person": np.arange(40), "item": "x", "rater": "r", "score": np.arange(40) % 2})
    model = FacetsModel().fit(table)
    apart = (measure_cuts(model, {"x": [3]}, rule=RP67).cut - measure_cuts(model, {"x": [3]}, rule=THURSTONIAN).cut)[1]
    assert apart == pytest.approx(logit(0.67))


def test_standard_errors_are_those_of_the_delta_method(model: FacetsModel) -> None:
    cuts = rating_cuts(model, ["s0.0", "s0.1"], source="feedback360")
    delta = np.einsum("kf,fg,kg->k", cuts.loading, model.facet_covariance_, cuts.loading)
    np.testing.assert_allclose(cuts.se**2, cuts.own**2 + delta)
    facets = model.fitted_.solution.facets
    step = 1e-5 * np.random.default_rng(0).normal(size=len(model.facet_covariance_))
    shifted = facets.moved(facets.vector() + step)
    tau = shifted.steps[0] - facets.steps[0]
    assert tau.shape == (4,)
    moved = FacetsModel.__new__(FacetsModel)
    moved.__dict__.update(model.__dict__)
    object.__setattr__(moved, "fitted_", _with_facets(model, shifted))
    change = rating_cuts(moved, ["s0.0", "s0.1"], source="feedback360").cut - cuts.cut
    np.testing.assert_allclose(change, cuts.loading @ step, atol=1e-8)


def _with_facets(model: FacetsModel, facets: object) -> object:
    from dataclasses import replace

    from models.whatif import Fitted

    solution = replace(model.fitted_.solution, facets=facets)
    return Fitted(model.fitted_.design, solution, model.fitted_.share)


def test_formats_of_other_widths_need_anchors() -> None:
    table = pd.DataFrame(
        {"person": np.arange(40), "item": "x", "rater": "r", "score": np.arange(40) % 3, "categories": 3, "lowest": 0}
    )
    model = FacetsModel().fit(table)
    with pytest.raises(ValueError, match="3 categories, which are not 5 levels"):
        rating_cuts(model, ["x"])
    cuts = rating_cuts(model, ["x"], anchors={3: [1, 3, 5]})
    assert np.isnan(cuts.cut[[0, 2]]).all()
    assert cuts.extrapolated.tolist() == [True, False, True, False]
    with pytest.raises(ValueError, match="levels that never fall"):
        rating_cuts(model, ["x"], anchors={3: [1, 5, 3]})


def test_missing_levels_are_filled_in_with_wider_errors_and_rise(model: FacetsModel) -> None:
    partial = measure_cuts(model, {"measure0.s0": [2, 2, 3, 3]})
    assert np.isnan(partial.cut[2:]).all()
    whole = reconcile({"git": partial})
    assert (np.diff(whole.cut) > 0).all()
    assert whole.se[3] > whole.se[2] > whole.se[1]
    assert whole.extrapolated.tolist() == [False, False, True, True]


def test_reconciled_cuts_lie_between_their_sources_and_name_both_rules(model: FacetsModel) -> None:
    human, machine = (
        rating_cuts(model, ["s0.0"], source="feedback360"),
        measure_cuts(model, {"measure0.s0": [2, 3, 4, 5]}),
    )
    both = reconcile({"git": machine, "feedback360": human})
    low, high = np.minimum(human.cut, machine.cut), np.maximum(human.cut, machine.cut)
    assert ((both.cut >= low - 1e-9) & (both.cut <= high + 1e-9)).all()
    assert "thurstonian-50 (feedback360)" in both.rule
    assert "rp-67 (git)" in both.rule


def cuts_at(values: list[float]) -> Cuts:
    size = len(values)
    return Cuts(
        np.array(values),
        np.full(size, 0.2),
        np.full(size, 0.15),
        np.ones(size, int),
        np.zeros((size, 3)),
        "given",
        np.isnan(values),
    )


def test_crossing_cuts_are_pooled_and_widened() -> None:
    found = reconcile({"given": cuts_at([-1.0, 0.5, 0.1, 2.0])})
    assert (np.diff(found.cut) > 0).all()
    assert found.cut[1:3].mean() == pytest.approx(0.3)
    assert (found.se[1:3] > 0.2).all()
    assert found.se[[0, 3]] == pytest.approx(0.2)


def test_no_anchor_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="no source has a cutpoint"):
        reconcile({"given": cuts_at([np.nan] * 4)})


def test_what_cuts_and_thetas_share_does_not_blur_the_level(model: FacetsModel) -> None:
    cuts = rating_cuts(model, ["s0.0", "s0.1", "s0.2"], source="feedback360")
    errors = person_errors(model, cuts, "s0")
    assert errors.shape == (60, 4)
    assert errors.mean() < cuts.se.mean()
    assert (errors > 0).all()


def test_unknown_items_and_wrong_numbers_of_levels_are_refused(model: FacetsModel) -> None:
    with pytest.raises(ValueError, match="has no ratings in the fit"):
        rating_cuts(model, ["nobody's"])
    with pytest.raises(ValueError, match="4 thresholds in the fit, 2 levels"):
        measure_cuts(model, {"measure0.s0": [2, 3]})
