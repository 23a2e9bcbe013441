"""Cuts from judges, against what can be worked out by hand, and their errors against simulated panels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from models.cuts import RP67, Cuts, completed_from
from models.facets import FacetsModel
from models.standard_setting import Page, angoff_cuts, booklet, bookmark_cuts
from models.whatif import Fitted


@pytest.fixture(scope="module", name="yes_no")
def _yes_no() -> FacetsModel:
    """Four yes/no items of rising difficulty, answered about sixty people."""
    rng = np.random.default_rng(3)
    theta = rng.normal(size=60)
    rows = [
        (f"p{p:02d}", f"i{i}", "r", int(rng.random() < expit(theta[p] - 1.5 * (i - 1.5))))
        for p in range(60)
        for i in range(4)
    ]
    return FacetsModel(halo=False).fit(pd.DataFrame(rows, columns=["person", "item", "rater", "score"]))


@pytest.fixture(scope="module", name="graded")
def _graded(simulate: Callable) -> FacetsModel:
    return FacetsModel().fit(simulate(11, persons=50, raters=12, items=3).ratings)


def places(model: FacetsModel, probability: float) -> np.ndarray:
    """Theta at which each yes/no item is passed with the probability, by hand: difficulty + step + log odds."""
    step = float(model.thresholds_["estimate"].iloc[0])
    return model.items_["estimate"].to_numpy() + step + logit(probability)


def test_a_booklet_orders_thresholds_by_where_they_are_passed_two_times_in_three(yes_no: FacetsModel) -> None:
    pages = booklet(yes_no, ["i3", "i0", "i2", "i1"])
    assert [page.item for page, _ in pages] == ["i0", "i1", "i2", "i3"]
    np.testing.assert_allclose([place for _, place in pages], places(yes_no, 0.67), atol=1e-9)


def test_a_bookmark_cut_lies_midway_between_the_last_page_passed_and_the_next(yes_no: FacetsModel) -> None:
    pages = [page for page, _ in booklet(yes_no, ["i0", "i1", "i2", "i3"])]
    at = places(yes_no, 0.67)
    found = bookmark_cuts(yes_no, pages, [{3: [1, 1, 1, 1, 2]}, {3: [2, 2, 2, 2, 2], 5: [4, 4, 4, 4, 4]}], levels=5)
    assert found.cuts.cut[1] == pytest.approx((at[1] + at[2]) / 2)
    assert found.cuts.cut[3] == pytest.approx(at[3])
    assert np.isnan(found.cuts.cut[[0, 2]]).all()
    assert found.rounds[0].cut[1] == pytest.approx((at[0] + at[1]) / 2)
    assert found.rounds[0].judges.tolist() == [0, 5, 0, 0]
    assert found.cuts.rule == RP67


def test_the_error_of_a_bookmark_is_that_of_its_judges_and_of_the_width_between_pages(yes_no: FacetsModel) -> None:
    pages = [page for page, _ in booklet(yes_no, ["i0", "i1", "i2", "i3"])]
    at = places(yes_no, 0.67)
    midway = (at[:-1] + at[1:]) / 2
    found = bookmark_cuts(yes_no, pages, [{2: [1, 1, 2, 2, 3]}], statistic="mean")
    judged = midway[[0, 0, 1, 1, 2]]
    by_hand = judged.std(ddof=1) / np.sqrt(5)
    gaps = np.diff(at)[[0, 0, 1, 1, 2]]
    assert found.rounds[0].se[0] == pytest.approx(by_hand)
    assert found.cuts.own[0] == pytest.approx(np.sqrt(by_hand**2 + np.mean(gaps**2) / 12))
    median = bookmark_cuts(yes_no, pages, [{2: [1, 1, 2, 2, 3]}])
    assert median.cuts.cut[0] == pytest.approx(midway[1])
    assert median.rounds[0].se[0] == pytest.approx(by_hand * np.sqrt(np.pi / 2))


def test_whoever_passes_no_page_or_all_says_less_than_between_two(yes_no: FacetsModel) -> None:
    """The cut is somewhere beyond the end: up to a page's usual width, uniform, about the end itself."""
    pages = [page for page, _ in booklet(yes_no, ["i0", "i1", "i2", "i3"])]
    at = places(yes_no, 0.67)
    found = bookmark_cuts(yes_no, pages, [{2: [0] * 5, 5: [4] * 5}], floor=0.01)
    assert found.cuts.cut[[0, 3]] == pytest.approx(at[[0, 3]])
    assert found.cuts.own[[0, 3]] == pytest.approx([np.diff(at).mean() / np.sqrt(3)] * 2)
    alone = bookmark_cuts(yes_no, pages[:1], [{2: [0] * 5}], floor=0.01)
    assert alone.cuts.own[0] == pytest.approx(1 / np.sqrt(3))


def test_the_rule_moves_bookmarks_by_its_log_odds(yes_no: FacetsModel) -> None:
    pages = [page for page, _ in booklet(yes_no, ["i0", "i1", "i2", "i3"])]
    cuts = [
        bookmark_cuts(yes_no, pages, [{2: [1], 3: [2]}], rule=rule).cuts.cut[0] for rule in ("rp-50", "rp-67", "rp-80")
    ]
    assert cuts[1] - cuts[0] == pytest.approx(0.708, abs=0.001)
    assert cuts[2] - cuts[0] == pytest.approx(1.386, abs=0.001)


def test_angoff_on_one_item_is_its_difficulty_plus_the_log_odds(yes_no: FacetsModel) -> None:
    found = angoff_cuts(yes_no, [("i1", None)], [{2: [[0.5]] * 5, 3: [[0.7]] * 5}])
    assert found.cuts.cut[0] == pytest.approx(places(yes_no, 0.5)[1])
    assert found.cuts.cut[1] == pytest.approx(places(yes_no, 0.7)[1])
    assert found.cuts.rule == "test-characteristic-curve"


def test_angoff_inverts_the_sum_of_expected_scores(graded: FacetsModel) -> None:
    expected = np.array([[1.5, 2.0, 2.5], [2.0, 2.0, 2.0], [1.0, 2.5, 2.0]])
    found = angoff_cuts(graded, [("s0.0", "feedback360"), ("s0.1", None), ("s0.2", None)], [{4: expected}])
    tau = graded.thresholds_["estimate"].to_numpy()
    thetas = []
    for total in expected.sum(axis=1):
        grid = np.linspace(-6, 6, 24_001)
        curve = np.zeros_like(grid)
        for item in ("s0.0", "s0.1", "s0.2"):
            logs = np.arange(5) * (grid[:, None] - graded.items_.loc[item, "estimate"]) - np.concatenate(
                [[0.0], np.cumsum(tau)]
            )
            chance = np.exp(logs - logs.max(axis=1, keepdims=True))
            curve += (chance / chance.sum(axis=1, keepdims=True)) @ np.arange(5)
        thetas.append(np.interp(total, curve, grid))
    assert found.cuts.cut[2] == pytest.approx(np.mean(thetas), abs=1e-4)
    assert found.cuts.own[2] == pytest.approx(max(0.15, np.std(thetas, ddof=1) / np.sqrt(3)), abs=1e-4)


def test_expected_scores_at_the_ends_give_a_far_but_finite_cut(graded: FacetsModel) -> None:
    items = [("s0.0", None), ("s0.1", None)]
    cuts = angoff_cuts(graded, items, [{2: [[0.0, 0.0]], 5: [[4.0, 4.0]]}]).cuts.cut
    assert np.isfinite(cuts[[0, 3]]).all()
    assert cuts[3] - cuts[0] > 4


def test_judged_cuts_move_with_the_facets_as_their_loading_says(graded: FacetsModel) -> None:
    pages = [page for page, _ in booklet(graded, ["s0.0", "s0.1", "s0.2"])]
    facets = graded.fitted_.solution.facets
    step = 1e-5 * np.random.default_rng(1).normal(size=len(graded.facet_covariance_))
    moved = FacetsModel.__new__(FacetsModel)
    moved.__dict__.update(graded.__dict__)
    solution = replace(graded.fitted_.solution, facets=facets.moved(facets.vector() + step))
    moved.fitted_ = Fitted(graded.fitted_.design, solution, graded.fitted_.share)
    bookmark = lambda model: bookmark_cuts(model, pages, [{2: [2, 3, 3, 4], 5: [9, 8, 9, 10, 8]}])  # noqa: E731
    angoff = lambda model: angoff_cuts(model, [("s0.0", None), ("s0.2", None)], [{3: [[1.2, 1.9], [1.0, 2.4]]}])  # noqa: E731
    for panel, known in ((bookmark, [0, 3]), (angoff, [1])):
        before, after = panel(graded).cuts, panel(moved).cuts
        np.testing.assert_allclose((after.cut - before.cut)[known], (before.loading @ step)[known], atol=1e-8)
        delta = np.einsum("kf,fg,kg->k", before.loading, graded.facet_covariance_, before.loading)
        np.testing.assert_allclose((before.se**2)[known], (before.own**2 + delta)[known])


def test_what_judges_say_wrongly_is_refused(yes_no: FacetsModel) -> None:
    pages = [page for page, _ in booklet(yes_no, ["i0", "i1"])]
    for rounds, message in (
        ([{2: [3]}], "pages are numbered 1 to 2"),
        ([{1: [1]}], r"levels \[1\] begin nowhere"),
        ([], "no round"),
    ):
        with pytest.raises(ValueError, match=message):
            bookmark_cuts(yes_no, pages, rounds)
    with pytest.raises(ValueError, match="rule 'rp-66' is unknown"):
        bookmark_cuts(yes_no, pages, [{2: [1]}], rule="rp-66")
    with pytest.raises(ValueError, match="has thresholds 1 to 1, not 2"):
        bookmark_cuts(yes_no, [Page("i0", 2)], [{2: [1]}])
    with pytest.raises(ValueError, match="one per item, from 0 to"):
        angoff_cuts(yes_no, [("i0", None)], [{2: [[1.5]]}])
    with pytest.raises(ValueError, match="no ratings in the fit"):
        angoff_cuts(yes_no, [("nobody's", None)], [{2: [[0.5]]}])


def test_cuts_a_panel_left_out_keep_the_norms_distances(yes_no: FacetsModel) -> None:
    size = len(yes_no.facet_covariance_)
    error, none = np.full(4, 0.2), np.zeros(4, dtype=np.int64)
    norm = Cuts(np.array([-2.0, -0.5, 0.5, 2.5]), error, error, none, np.zeros((4, size)), "norm", none > 0)
    pages = [page for page, _ in booklet(yes_no, ["i0", "i1", "i2", "i3"])]
    judged = bookmark_cuts(yes_no, pages, [{3: [2, 2, 2, 2, 2]}]).cuts
    whole = completed_from(judged, norm)
    np.testing.assert_allclose(whole.cut - whole.cut[1], norm.cut - norm.cut[1])
    assert whole.se[3] > whole.se[2] > whole.se[1]
    assert whole.extrapolated.tolist() == [True, False, True, True]


def test_panels_cover_the_true_cut_as_often_as_they_say(yes_no: FacetsModel) -> None:
    """Forty-eight panels of eight judges whose views scatter about the truth: rules over graded scores, so pages do not matter."""
    rng = np.random.default_rng(5)
    inside = []
    for _ in range(48):
        views = 0.3 + 0.6 * rng.normal(size=(2, 8))
        expected = {level: expit(views[row][:, None] - places(yes_no, 0.5)) for row, level in enumerate((2, 3))}
        cuts = angoff_cuts(yes_no, [(f"i{i}", None) for i in range(4)], [expected]).cuts
        inside += list(np.abs(cuts.cut[:2] - 0.3) < 1.645 * cuts.own[:2])
    assert 0.82 <= np.mean(inside) <= 0.97
