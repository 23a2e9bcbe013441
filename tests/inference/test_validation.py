"""Figures of trust: sets beside decisions, gain over what the labels say by themselves, reliability, and the model by itself."""

import numpy as np
import pandas as pd
import pytest

from inference.fitting import fit
from inference.levels import PROBABILITIES
from inference.self_simulation import MOST_ERROR, redrawn, simulate_itself
from inference.validation import (
    agreement_ceiling,
    coverage_by_group,
    set_coverage,
    skill_gain,
    skill_quality,
    weighted_scores,
)
from models.facets import FacetsModel
from tests.calibrant.deciding import committees, two_skills
from tests.contract.department import AS_OF
from tests.contract.frames import frames_of
from tests.inference.labelled import labelled


def test_sets_of_true_probabilities_agree_and_those_of_sharpened_ones_do_not():
    agree = [set_coverage("all", labelled(seed=seed)).agrees for seed in range(20)]
    assert sum(agree) >= 18
    sharpened = [set_coverage("all", labelled(seed=seed, sure=4.0)) for seed in range(20)]
    assert not any(one.agrees for one in sharpened)
    assert all(one.held < one.stated for one in sharpened)


def test_the_standard_error_of_coverage_counts_people_not_labels():
    once = labelled(200, sure=3.0)
    once = once[once.index % 2 == 0]
    twice = pd.concat([once, once], ignore_index=True)
    assert set_coverage("all", twice).se == pytest.approx(set_coverage("all", once).se)


def test_a_group_in_which_every_set_holds_is_not_taken_for_certain():
    sure = pd.DataFrame([[0.02, 0.48, 0.48, 0.01, 0.01]] * 12, columns=PROBABILITIES)
    found = set_coverage("all", sure.assign(person=[f"p{n}" for n in range(12)], level=2))
    assert found.held == 1.0
    assert found.se > 0.04
    assert found.agrees


def test_groups_are_levels_tiers_and_ways_of_being_chosen():
    table = labelled()
    table["audit"] = table["person"] < "p10"
    found = coverage_by_group(table)
    assert [one.group for one in found["level"]] == [f"decided level {level}" for level in range(1, 6)]
    assert {one.group for one in found["selection"]} == {"nominated", "blind audit"}
    for kind in ("level", "tier", "selection"):
        assert sum(one.labels for one in found[kind]) == len(table)
    assert set_coverage("none", table.iloc[:0]) is None


def test_gain_is_nought_for_the_labels_own_distribution_and_positive_for_knowledge():
    table = labelled()
    base = np.bincount(table["level"], minlength=6)[1:] / len(table)
    idle = table.assign(**dict(zip(PROBABILITIES, base, strict=True)))
    assert skill_gain(idle, np.random.default_rng(0))[0] == pytest.approx(0.0, abs=1e-12)
    gain, (low, high) = skill_gain(table, np.random.default_rng(0))
    assert 0.0 < low < gain < high < 1.0


def test_weights_of_one_change_no_score_and_uneven_ones_do():
    table = labelled()
    even = weighted_scores(table, dict.fromkeys(table["person"], 1.0))
    assert even["rps_weighted"] == pytest.approx(even["rps"])
    assert even["qwk_weighted"] == pytest.approx(even["qwk"])
    right = table[PROBABILITIES].to_numpy().argmax(axis=1) + 1 == table["level"]
    lucky = dict(zip(table["person"], np.where(right, 5.0, 0.1), strict=True))
    assert weighted_scores(table, lucky)["accuracy_weighted"] > even["accuracy"] + 0.1


def test_panels_that_agree_have_a_ceiling_of_one_and_few_people_have_none():
    pairs = pd.DataFrame({"person": list("abcdef"), "first": [1, 2, 3, 4, 5, 3], "second": [1, 2, 3, 4, 5, 3]})
    assert agreement_ceiling(pairs, np.random.default_rng(0))["kappa"] == pytest.approx(1.0)
    assert agreement_ceiling(pairs.iloc[:4], np.random.default_rng(0)) is None
    assert agreement_ceiling(pairs.assign(person="a"), np.random.default_rng(0)) is None
    apart = pairs.assign(second=[5, 2, 3, 2, 1, 3])
    assert agreement_ceiling(apart, np.random.default_rng(0))["kappa"] < 0.2


def test_reliability_is_the_share_of_variance_that_estimates_hold():
    rng = np.random.default_rng(0)
    theta = rng.standard_normal(4000)
    rows = labelled(2000).assign(theta=theta, sd=0.5)
    found = skill_quality("x", rows, np.array([-1.0, 0.0, 1.0, 9.0]), rng)
    assert found.reliability == pytest.approx(theta.var() / (theta.var() + 0.25))
    assert found.interval[0] < found.reliability < found.interval[1]
    assert found.uses == ("feedback",)
    assert found.sem == (pytest.approx(0.5), pytest.approx(0.5), pytest.approx(0.5), None)
    assert skill_quality("x", rows.assign(sd=0.3), np.zeros(4), rng).uses == ("feedback", "development", "promotion")
    assert skill_quality("x", rows.iloc[:1], np.zeros(4), rng).uses == ()


@pytest.fixture(scope="module")
def fitted():
    return fit(two_skills(), frames_of(committees(24, 0)), as_of=AS_OF)


def test_ratings_drawn_from_the_model_keep_the_design_and_follow_the_ability(fitted):
    observations = fitted.observed.observations
    drawn, theta = redrawn(fitted.model, observations, np.random.default_rng(0))
    same = ["person", "skill", "item", "rater", "source", "scale", "categories", "rater_class"]
    assert drawn[same].equals(observations[same])
    assert drawn["score"].between(0, drawn["categories"] - 1).all()
    ability = [theta.at[person, skill] for person, skill in zip(drawn["person"], drawn["skill"], strict=True)]
    assert np.corrcoef(ability, drawn["score"])[0, 1] > 0.5
    again, _ = redrawn(fitted.model, observations, np.random.default_rng(0))
    assert again.equals(drawn)


def test_a_model_that_knows_too_little_of_its_own_error_is_found_out(fitted):
    class Overconfident(FacetsModel):
        def posteriors(self):
            from dataclasses import replace

            found = super().posteriors()
            return replace(found, sd=0.4 * found.sd)

    observations = fitted.observed.observations
    honest = simulate_itself(fitted.model, observations, np.random.default_rng(0), drawings=2)
    wrong = simulate_itself(Overconfident().fit(observations), observations, np.random.default_rng(0), drawings=2)
    assert honest.coverage > 0.85
    assert wrong.coverage < 0.65
    assert honest.pairs == 2 * honest.people == 48


def test_drawing_goes_on_until_the_coverage_is_known(fitted, monkeypatch):
    people, rng = 30, np.random.default_rng(0)

    def tossed(model, observations, given):
        return rng.binomial(2, 0.9, people).astype(float), np.full(people, 2.0)

    monkeypatch.setattr("inference.self_simulation._drawn_again", tossed)
    observations = fitted.observed.observations
    few = simulate_itself(fitted.model, observations, rng)
    assert 8 < few.drawings <= 32
    assert few.se <= MOST_ERROR / 2
    many = simulate_itself(fitted.model, pd.concat([observations] * 400), rng)
    assert many.drawings == 2
