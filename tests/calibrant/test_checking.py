"""What lets a claim stand: true probabilities nearly always do, and those that are too sure, biased or idle do not."""

import numpy as np
import pytest

from calibrant.checking import claims_of, validation_checks
from calibrant.reports.claims import BEYOND, CLAIMS, GIT_VALID, MODEL_CALIBRATED, VALIDATED, reliable_for
from inference.levels import PROBABILITIES
from inference.selection import Selection
from inference.self_simulation import SelfSimulation
from inference.validation import SkillQuality, set_coverage, skill_gain
from inference.validity import CrossValidity, SkillValidity
from models.calibration import reliability
from tests.inference.labelled import labelled

SEEDS = 12


def passed(people=100, **given):
    """Share of seeds in which every check for `validated` passes."""
    found = 0
    for seed in range(SEEDS):
        rows, rng = labelled(people, seed, **given), np.random.default_rng(seed)
        shares, level = rows[PROBABILITIES].to_numpy(), rows["level"].to_numpy()
        told = reliability(shares, level, groups=rows["person"].to_numpy(), rng=rng, bootstrap=2, simulations=100)
        checks = validation_checks(
            rows["person"].nunique(), told.as_mapping(), set_coverage("all", rows), skill_gain(rows, rng)
        )
        found += all(check.passed for check in checks)
    return found / SEEDS


def test_true_probabilities_are_validated_and_too_sure_biased_or_idle_ones_are_not():
    assert passed() >= 0.75
    assert passed(sure=3.0) == 0.0
    assert passed(shifted=True) == 0.0
    assert passed(idle=True) == 0.0


def test_most_probabilities_that_are_a_little_too_sure_are_found_out_at_a_hundred_people():
    """Three in ten passed where only errors, sets and gain were looked at."""
    assert passed(sure=1.3) <= 0.45


def test_however_good_fewer_than_fifty_people_validate_nothing():
    assert passed(people=49) == 0.0


def test_of_too_few_people_no_check_passes_or_fails():
    rows, rng = labelled(6, 0), np.random.default_rng(0)
    told = reliability(rows[PROBABILITIES], rows["level"], groups=rows["person"], rng=rng, bootstrap=5, simulations=5)
    checks = validation_checks(6, told.as_mapping(), set_coverage("all", rows), skill_gain(rows, rng))
    assert [check.passed for check in checks] == [False, None, None, None, None]
    why = claims_of(checks, 12, [], chosen(outside=0, weight={}, theta_range=None), None, CrossValidity())[VALIDATED]
    assert why == {"holds": False, "why": "labelled people: 6, asked for at least 50"}


def quality(skill, reliability, people=30, low=None):
    ends = (reliability if low is None else low, reliability)
    return SkillQuality(skill, people, reliability, ends, 0.7, 0.6, (None,) * 4)


def chosen(**changes):
    return Selection(**({"people": 100, "labelled": 60, "audited": 12, "auc": 0.6, "effective_people": 50.0} | changes))


def claims(skills=(), selected=None, itself=None, git=None):
    selected = selected or chosen(outside=0, weight={}, theta_range=None)
    return claims_of([], 0, skills, selected, itself, git or CrossValidity())


@pytest.mark.parametrize(
    ("reliability", "held"), [(0.65, []), (0.7, ["feedback"]), (0.85, ["feedback", "development"]), (0.9, [*"fdp"])]
)
def test_a_use_is_reached_only_if_every_skill_with_enough_people_reaches_it(reliability, held):
    uses = ["feedback", "development", "promotion"]
    found = claims([quality("a", 0.95), quality("b", reliability), quality("thin", 0.1, people=9)])
    assert [found[reliable_for(use)]["holds"] for use in uses] == [n < len(held) for n in range(3)]
    assert claims([quality("thin", 0.99, people=9)])[reliable_for("feedback")]["holds"] is None


def test_a_use_is_reached_only_down_to_the_lower_end_of_the_interval():
    one = quality("a", 0.92, low=0.83)
    assert one.uses == ("feedback", "development")
    found = claims([quality("b", 0.95), one])
    assert [found[reliable_for(use)]["holds"] for use in ("feedback", "development", "promotion")] == [
        True,
        True,
        False,
    ]
    assert "a 0.92 (0.83 to 0.92)" in found[reliable_for("promotion")]["why"]


def test_the_reach_beyond_nominees_needs_audits_and_likeness():
    given = {"weight": {}, "theta_range": None}
    assert claims(selected=chosen(outside=4, **given))[BEYOND]["holds"] is True
    assert claims(selected=chosen(outside=5, **given))[BEYOND]["holds"] is False
    few = claims(selected=chosen(outside=0, audited=9, **given))[BEYOND]
    assert few["holds"] is False
    assert "only 9 people" in few["why"]
    assert "fewer than 5" in claims(selected=chosen(outside=0, audited=3, **given))[BEYOND]["why"]
    assert claims(selected=chosen(labelled=0, outside=0, **given))[BEYOND]["holds"] is None


@pytest.mark.parametrize(
    ("coverage", "se", "holds"),
    [(0.88, 0.005, True), (0.94, 0.005, True), (0.98, 0.005, False), (0.86, 0.01, False), (0.861, 0.02, True)],
)
def test_the_model_by_itself_must_cover_what_it_says(coverage, se, holds):
    assert claims(itself=SelfSimulation(8, 30, 60, 400, coverage, se))[MODEL_CALIBRATED]["holds"] is holds
    assert claims()[MODEL_CALIBRATED]["holds"] is None


@pytest.mark.parametrize("coverage", [0.7, 0.86, 0.9])
def test_a_coverage_that_is_hardly_known_holds_nothing(coverage):
    found = claims(itself=SelfSimulation(2, 9, 18, 60, coverage, 0.03))[MODEL_CALIBRATED]
    assert found["holds"] is None
    assert "at most 2 %" in found["why"]


def test_git_is_valid_only_where_it_was_tested_and_agreed_everywhere():
    shown = SkillValidity("a", 60, 0.7, 0.5, 0.8, "shown")
    untested, bad = (SkillValidity("b", 10, None, None, None, word) for word in ("untested", "not shown"))
    assert claims(git=CrossValidity((shown, untested)))[GIT_VALID]["holds"] is True
    assert claims(git=CrossValidity((shown, bad)))[GIT_VALID]["holds"] is False
    assert claims(git=CrossValidity((untested,)))[GIT_VALID]["holds"] is None


def test_every_claim_is_judged_and_nothing_else():
    found = claims()
    assert list(found) == list(CLAIMS)
    assert found[VALIDATED]["holds"] is None
    assert all(set(one) == {"holds", "why"} and one["why"] for one in found.values())
