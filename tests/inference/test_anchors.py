"""From standard-setting records and rated vignettes to cuts: what counts, what does not, and what is said about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from db.records import StandardSetting
from inference.anchors import Decided, from_decisions
from inference.anchors import decided as decided_by
from inference.cutting import SkillCuts
from inference.fitting import fit
from inference.frames import Frames
from models.anchoring import Labels
from models.cutpoints import Cuts
from rubrics import Standard
from rubrics.standard import Cutpoints
from tests.contract.department import AS_OF
from tests.contract.frames import frames_of
from tests.contract.standard import small_standard
from tests.inference.shy import DESCRIBED, SHY, SKILL, TRUE, shy_department


@pytest.fixture(scope="module", name="standard")
def _standard() -> Standard:
    return small_standard()


def setting(method: str, record: dict[str, Any], **more: Any) -> StandardSetting:
    values = {"rule": "agreed-levels", "rounds": 2, "judges": 6} | more
    return StandardSetting(SKILL, method, record=record, **values)


VIGNETTES = setting(
    "vignettes", {"vignettes": [{"vignette": code, "level": level} for code, level in DESCRIBED.items()]}
)


@pytest.fixture(scope="module", name="frames")
def _frames() -> Frames:
    return frames_of(shy_department(4))


def cuts_with(standard: Standard, frames: Frames, settings: Sequence[StandardSetting]) -> SkillCuts:
    return fit(standard, replace(frames, standard_settings=tuple(settings)), as_of=AS_OF).cuts[SKILL]


@pytest.fixture(scope="module", name="norm")
def _norm(standard: Standard, frames: Frames) -> SkillCuts:
    return cuts_with(standard, frames, ())


def test_without_a_record_rated_vignettes_link_raters_but_set_no_cut(
    standard: Standard, frames: Frames, norm: SkillCuts
) -> None:
    fitted = fit(standard, frames, as_of=AS_OF)
    assert norm.anchored_by == ()
    assert norm.by_source["feedback360"]["used"]
    assert fitted.model is not None
    assert "vignette:v0" in fitted.model.fitted_.design.vocabulary.persons
    assert not any(str(person).startswith("vignette:") for person in fitted.observed.ratings["person"])
    assert len(set(fitted.model.components_["person"])) == 1


def test_vignettes_take_the_place_of_the_norm_and_mend_it(standard: Standard, frames: Frames, norm: SkillCuts) -> None:
    found = cuts_with(standard, frames, [VIGNETTES])
    assert found.anchored_by == ("vignettes",)
    assert not found.by_source["feedback360"]["used"]
    assert found.by_source["vignettes"]["labels"] == len(DESCRIBED)
    assert norm.cut[3] - TRUE[3] > 0.8
    assert abs(found.cut - TRUE).mean() < 0.5 * abs(norm.cut - TRUE).mean()
    assert found.rule == "agreed-levels"


def test_the_last_record_stands_and_can_be_withdrawn(standard: Standard, frames: Frames, norm: SkillCuts) -> None:
    gone = cuts_with(standard, frames, [VIGNETTES, replace(VIGNETTES, record={"withdrawn": True})])
    assert gone.as_mapping() == norm.as_mapping()


def test_too_few_vignettes_are_not_used_and_that_is_said(standard: Standard, frames: Frames, norm: SkillCuts) -> None:
    few = setting("vignettes", {"vignettes": [{"vignette": "v0", "level": 1}, {"vignette": "unrated", "level": 4}]})
    found = cuts_with(standard, frames, [few])
    assert found.anchored_by == ()
    np.testing.assert_allclose(found.cut, norm.cut)
    assert "1 of 2 vignettes" in found.by_source["vignettes"]["note"]


def test_a_panel_places_pages_of_the_printed_booklet(standard: Standard, frames: Frames, norm: SkillCuts) -> None:
    pages = [{name: page[name] for name in ("source", "item", "at_least")} for page in norm.pages]
    assert [page["at_least"] for page in pages if page["source"] == "feedback360"] == [2.0, 3.0, 4.0, 5.0]
    record = {"booklet": pages, "rounds": [{"4": [1, 2, 2, 3, 2]}, {"4": [2, 2, 2, 2, 2], "5": [3, 3, 3, 3, 3]}]}
    found = cuts_with(standard, frames, [setting("bookmark", record, rule="rp-67", judges=4)])
    places = [page["theta"] for page in norm.pages]
    assert found.cut[2] == pytest.approx((places[1] + places[2]) / 2, abs=1e-5)
    assert found.anchored_by == ("bookmark",)
    assert found.rule == "rp-67"
    said = found.by_source["bookmark"]
    assert said["note"] == "4 judges; 5 are asked for"
    assert [one["judges"] for one in said["by_round"]] == [[0, 0, 5, 0], [0, 0, 5, 5]]
    assert found.se[0] > found.se[2]


def test_angoff_reads_scores_in_the_units_of_the_form(standard: Standard, frames: Frames) -> None:
    record = {"items": [{"source": "feedback360", "item": SKILL}], "rounds": [{"3": [[3.0], [3.0], [3.0]]}]}
    found = cuts_with(standard, frames, [setting("angoff", record, rule="test-characteristic-curve", rounds=1)])
    assert found.anchored_by == ("angoff",)
    assert "one round" in found.by_source["angoff"]["note"]
    assert abs(found.cut[1]) < 0.6  # the middle mark is expected in the middle of these raters' scale


def test_a_record_about_items_nobody_was_rated_on_is_left_out_and_told(
    standard: Standard, frames: Frames, norm: SkillCuts
) -> None:
    record = {"booklet": [{"source": "feedback360", "item": "other", "at_least": 3}], "rounds": [{"3": [1]}]}
    found = cuts_with(standard, frames, [setting("bookmark", record, rule="rp-67")])
    np.testing.assert_allclose(found.cut, norm.cut)
    assert "nobody has been rated on feedback360: other" in found.by_source["bookmark"]["note"]
    assert f"feedback360: {SKILL}" in found.by_source["bookmark"]["note"]


def test_anchors_that_differ_are_reconciled_and_widened_by_what_they_disagree(
    standard: Standard, frames: Frames, norm: SkillCuts
) -> None:
    pages = [{name: page[name] for name in ("source", "item", "at_least")} for page in norm.pages]
    record = {"booklet": pages, "rounds": [{str(level): [level - 1] * 6 for level in range(2, 6)}]}
    panel = setting("bookmark", record, rule="rp-67")
    apart = [cuts_with(standard, frames, chosen) for chosen in ([VIGNETTES], [panel])]
    both = cuts_with(standard, frames, [VIGNETTES, panel])
    low, high = np.minimum(apart[0].cut, apart[1].cut), np.maximum(apart[0].cut, apart[1].cut)
    assert ((both.cut >= low - 1e-9) & (both.cut <= high + 1e-9)).all()
    assert both.anchored_by == ("bookmark", "vignettes")
    assert "rp-67 (bookmark)" in both.rule
    assert "agreed-levels (vignettes)" in both.rule


@pytest.fixture(scope="module", name="decided")
def _decided(standard: Standard) -> SkillCuts:
    return cuts_with(standard, frames_of(shy_department(4, decisions=30)), ())


def test_decisions_enough_move_the_cuts_towards_where_committees_draw_them(decided: SkillCuts, norm: SkillCuts) -> None:
    assert decided.anchored_by == ("decisions",)
    assert decided.by_source["decisions"]["labels"] == 30
    assert decided.cut[3] < norm.cut[3] - 0.2
    assert decided.cut[0] > norm.cut[0] + 0.2


def test_deciding_on_somebody_three_times_weighs_what_once_does(standard: Standard) -> None:
    found = fit(standard, frames_of(shy_department(4, decisions=30)), as_of=AS_OF)
    assert found.model is not None
    once = decided_by(found.observed, found.model)
    own = once.labels[SKILL]
    thrice = Decided(
        {SKILL: once.persons[SKILL] * 3},
        {SKILL: Labels(*(np.tile(part, 3) for part in (own.theta, own.sd, own.level, own.weight)))},
    )
    evenly = np.array([-2.0, -0.7, 0.7, 2.0])
    error, none = np.full(4, 0.3), np.zeros(4)
    size = len(found.model.facet_covariance_)
    base = {SKILL: Cuts(evenly, error, error, none.astype(np.int64), np.zeros((4, size)), "norm", none > 0)}
    one, three = (from_decisions(found.model, SKILL, given, base, beside=False) for given in (once, thrice))
    assert one is not None
    assert three is not None
    assert (one.labels, three.labels) == (30, 90)
    assert one.cuts is not None
    assert three.cuts is not None
    np.testing.assert_allclose(three.cuts.cut, one.cuts.cut, atol=1e-6)
    np.testing.assert_allclose(three.cuts.se, one.cuts.se, rtol=1e-6)


def test_a_record_can_keep_decisions_from_setting_cuts(standard: Standard, decided: SkillCuts) -> None:
    frames = frames_of(shy_department(4, decisions=30))
    for skill, used in ((SKILL, False), ("*", False), ("code-review", True)):
        refusal = StandardSetting(skill, "decisions", "committee-decisions", 0, 0, {"use": False})
        found = cuts_with(standard, frames, [refusal])
        assert ("decisions" in found.anchored_by) == used
    allowed = StandardSetting(SKILL, "decisions", "committee-decisions", 0, 0, {"use": True})
    assert cuts_with(standard, frames, [refusal, allowed]).as_mapping() == decided.as_mapping()


def test_few_decisions_move_nothing_and_that_is_said(standard: Standard) -> None:
    found = cuts_with(standard, frames_of(shy_department(4, decisions=3)), ())
    assert found.anchored_by == ()
    assert "3 people decided upon; 5 are needed" in found.by_source["decisions"]["note"]


def test_decisions_taken_after_seeing_an_estimate_are_kept_out(standard: Standard) -> None:
    found = cuts_with(standard, frames_of(shy_department(4, decisions=30, seen=True)), ())
    assert found.anchored_by == ()
    assert "30 decisions taken after seeing an estimate are left out" in found.by_source["decisions"]["note"]


def test_decisions_add_to_vignettes_what_they_know_and_no_more(
    standard: Standard, frames: Frames, norm: SkillCuts
) -> None:
    decided = frames_of(shy_department(4, decisions=40))
    apart = cuts_with(standard, frames, [VIGNETTES])
    both = cuts_with(standard, decided, [VIGNETTES])
    assert both.anchored_by == ("decisions", "vignettes")
    assert both.se.mean() < apart.se.mean()
    unit = np.ptp(norm.cut) / np.ptp(SHY)  # of the fitted scale, in which the truth is to be told
    assert abs(both.cut - unit * TRUE).mean() < 0.35
    few = cuts_with(standard, frames_of(shy_department(4, decisions=6)), [VIGNETTES])
    assert few.anchored_by in {("vignettes",), ("decisions", "vignettes")}
    assert abs(few.cut - apart.cut).max() < 0.6


def test_an_item_rated_on_two_scales_is_no_page_of_a_booklet(standard: Standard) -> None:
    made = shy_department(4)
    answers = made.sources["feedback360/2026"]
    finer = [
        replace(
            one, artefact=f"{one.artefact}/fine", measures={**one.measures, "scale_max": 4, "scale": "1-4", "score": 2}
        )
        for one in answers[:40]
    ]
    frames = frames_of(made.adding("feedback360/2026", finer))
    found = cuts_with(standard, frames, ())
    assert not [page for page in found.pages if page["source"] == "feedback360"]
    record = {"booklet": [{"source": "feedback360", "item": SKILL, "at_least": 3}] * 2, "rounds": [{"3": [1]}]}
    told = cuts_with(standard, frames, [setting("bookmark", record, rule="rp-67")])
    assert "rated on several scales" in told.by_source["bookmark"]["note"]


def test_the_rule_of_the_standard_is_the_rule_of_its_cuts(standard: Standard, frames: Frames, norm: SkillCuts) -> None:
    other = replace(standard, cutpoints=Cutpoints("rp-67", "rp-67"))
    found = cuts_with(other, frames, ())
    assert (norm.rule, found.rule) == ("thurstonian-50", "rp-67")
    assert (found.cut - norm.cut > 0.3).all()
