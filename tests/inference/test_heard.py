"""Decisions taken in sight of an estimate never come back as evidence for it."""

import pandas as pd

from inference.engine import infer
from inference.marks import marks
from inference.observations import observe
from tests.contract.department import AS_OF
from tests.contract.frames import frames_of
from tests.contract.standard import small_standard
from tests.inference.shy import shy_department


def test_a_decision_taken_in_sight_of_an_estimate_moves_no_result():
    without, seen, blind = (
        frames_of(shy_department(1, decisions=count, seen=saw)) for count, saw in ((0, False), (12, True), (12, False))
    )
    said = [infer(small_standard(), frames, as_of=AS_OF).assessments for frames in (without, seen, blind)]
    theta = [[(one.person, one.skill, one.theta, one.theta_sd, one.raters) for one in found] for found in said]
    assert theta[0] == theta[1]
    assert theta[0] != theta[2]


def test_nor_is_it_a_mark_by_which_raters_are_judged():
    observed = observe(small_standard(), frames_of(shy_department(1, decisions=12, seen=True)), as_of=AS_OF)
    assert "decisions" not in set(observed.observations["source"])
    assert "decisions" not in set(marks(observed)["source"])
    assert isinstance(observed.ratings, pd.DataFrame)
    assert (observed.ratings["source"] == "decisions").sum() == 12
