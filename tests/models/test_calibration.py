from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from models.agreement import quadratic_weighted_kappa
from models.calibration import (
    LabelError,
    Recalibration,
    cross_recalibrated,
    fit_recalibration,
    method_for,
    reliability,
)
from models.decisions import ranked_probability_score

CUTS = np.array([-2.0, -0.7, 0.7, 2.0])


def people(
    count: int, seed: int, *, slope: float = 1.0, shift: float = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True probabilities, stated ones (cumulative logits times slope plus shift), and levels drawn from the true ones."""
    rng = np.random.default_rng(seed)
    eta = CUTS - rng.normal(0.0, 1.5, (count, 1))
    level = (rng.random((count, 1)) > expit(eta)).sum(axis=1) + 1
    true, stated = (np.diff(expit(one), axis=1, prepend=0.0, append=1.0) for one in (eta, slope * eta + shift))
    return true, stated, level


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def rps(share: np.ndarray, level: np.ndarray) -> float:
    return float(ranked_probability_score(share, level).mean())


@settings(deadline=None, max_examples=40)
@given(st.integers(2, 6), st.integers(1, 40), st.integers(0, 10**6))
def test_the_parts_of_the_score_add_up_and_are_not_negative(levels: int, rows: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    share = draw.dirichlet(np.full(levels, 0.7), rows)
    level = draw.integers(1, levels + 1, rows)
    found = reliability(share, level, rng=rng(), bootstrap=3, simulations=3)
    assert found.rps == pytest.approx(rps(share, level), abs=1e-12)
    assert found.rps == pytest.approx(found.rps_reliability - found.rps_resolution + found.rps_uncertainty, abs=1e-12)
    assert min(found.rps_reliability, found.rps_resolution, found.rps_uncertainty) >= -1e-12


def test_scores_are_those_of_their_definitions() -> None:
    _, stated, level = people(300, 1, slope=1.4)
    found = reliability(stated, level, rng=rng())
    assert found.nll == pytest.approx(-np.log(stated[np.arange(300), level - 1]).mean())
    assert found.accuracy == pytest.approx(np.mean(stated.argmax(axis=1) + 1 == level))
    median = (np.cumsum(stated, axis=1) < 0.5).sum(axis=1) + 1
    assert found.qwk == pytest.approx(quadratic_weighted_kappa(median, level))
    order = [np.argsort(column) for column in np.cumsum(stated[:, ::-1], axis=1)[:, ::-1][:, 1:].T]
    above = np.cumsum(stated[:, ::-1], axis=1)[:, ::-1][:, 1:]
    gaps = [
        np.abs(sum(above[rows, k] - (level[rows] >= k + 2))) for k in range(4) for rows in np.array_split(order[k], 15)
    ]
    assert found.cumulative_ece == pytest.approx(sum(gaps) / 300 / 4)


def test_the_calibration_line_finds_a_known_distortion() -> None:
    _, stated, level = people(5000, 2, slope=2.0, shift=0.8)
    found = reliability(stated, level, rng=rng(), bootstrap=40, simulations=20)
    np.testing.assert_allclose(found.slope, 0.5, atol=0.06)
    np.testing.assert_allclose(found.intercept, 0.4, atol=0.12)
    for k in range(2, 6):
        low, high = found.intervals[f"slope_{k}"]
        assert low < 0.5 < high < 0.7


def test_one_slope_for_all_thresholds_is_right_for_the_true_and_its_interval_holds_it() -> None:
    true, stated, level = people(4000, 3, slope=1.25, shift=0.4)
    whose = np.repeat(np.arange(2000), 2)
    found = reliability(stated, level, groups=whose, rng=rng(), bootstrap=2, simulations=2)
    assert found.common_slope == pytest.approx(0.8, abs=0.03)
    held = 0
    for seed in range(100):
        true, _, level = people(60, seed)
        doubled = np.concatenate([level, level])
        both = reliability(
            np.vstack([true, true]), doubled, groups=np.tile(np.arange(60), 2), rng=rng(), bootstrap=2, simulations=2
        )
        low, high = both.intervals["common_slope"]
        held += low <= 1.0 <= high
    assert 89 <= held <= 100


def test_true_probabilities_stay_within_the_floor_and_distorted_ones_do_not() -> None:
    within = 0
    for seed in range(40):
        true, stated, level = people(300, seed, slope=1.8, shift=0.4)
        found = reliability(true, level, rng=rng(), bootstrap=0, simulations=100)
        within += found.cumulative_ece <= found.ece_floor_p95
        wrong = reliability(stated, level, rng=rng(), bootstrap=0, simulations=100)
        assert wrong.cumulative_ece > wrong.ece_floor_p95
    assert within >= 34


def test_the_floor_knows_that_labels_of_one_person_go_together() -> None:
    """Eight labels of a person share one draw: the ECE of true probabilities is larger, and so is its floor."""
    within = []
    for seed in range(30):
        draw = np.random.default_rng(seed)
        whose = np.repeat(np.arange(40), 8)
        true, _, _ = people(320, seed)
        level = (draw.random(40)[whose, None] > np.cumsum(true, axis=1)[:, :-1]).sum(axis=1) + 1
        grouped = reliability(true, level, groups=whose, rng=rng(), bootstrap=0, simulations=100)
        alone = reliability(true, level, rng=rng(), bootstrap=0, simulations=100)
        within.append((grouped.cumulative_ece <= grouped.ece_floor_p95, alone.cumulative_ece <= alone.ece_floor_p95))
    assert np.mean(within, axis=0)[0] >= 0.8 > np.mean(within, axis=0)[1]


def test_a_bias_common_to_all_people_does_not_raise_the_floor() -> None:
    for seed in range(5):
        _, stated, level = people(320, seed, shift=2.5)
        whose = np.repeat(np.arange(10), 32)
        grouped = reliability(stated, level, groups=whose, rng=rng(), bootstrap=0, simulations=100)
        alone = reliability(stated, level, rng=rng(), bootstrap=0, simulations=100)
        assert grouped.ece_floor_p95 < 1.05 * alone.ece_floor_p95


def test_intervals_resample_people_and_not_rows() -> None:
    true, _, level = people(80, 3)
    once = reliability(true, level, rng=rng()).intervals["rps"]
    whose = np.repeat(np.arange(80), 5)
    repeated = reliability(true[whose], level[whose], groups=whose, rng=rng()).intervals["rps"]
    naive = reliability(true[whose], level[whose], rng=rng()).intervals["rps"]
    assert repeated == pytest.approx(once, abs=1e-9)
    assert naive[1] - naive[0] < 0.7 * (repeated[1] - repeated[0])


def test_intervals_cover_the_score_of_all() -> None:
    _, stated, level = people(40000, 4, slope=1.5)
    asked = {"rps": rps(stated, level), "nll": float(-np.log(stated[np.arange(40000), level - 1]).mean())}
    covered = dict.fromkeys(asked, 0)
    for part in np.arange(40000).reshape(100, 400)[:30]:
        found = reliability(stated[part], level[part], rng=rng(), bootstrap=40, simulations=1)
        for name, value in asked.items():
            covered[name] += found.intervals[name][0] <= value <= found.intervals[name][1]
    assert all(23 <= count <= 30 for count in covered.values())


def test_the_diagram_has_all_rows_and_its_intervals_hold_what_happened() -> None:
    true, _, level = people(200, 5)
    found = reliability(true, level, groups=np.arange(200) // 2, rng=rng(), bootstrap=0)
    for threshold in range(2, 6):
        points = [one for one in found.curve if one.threshold == threshold]
        assert sum(one.n for one in points) == 200
        assert sum(one.n * one.happened for one in points) == pytest.approx((level >= threshold).sum())
        assert all(0.0 <= one.low <= one.happened <= one.high <= 1.0 for one in points)


@pytest.mark.parametrize("levels", [[3], [2, 2, 2], [1, 5, 1, 5]])
def test_few_labels_and_single_levels_have_figures(levels: list[int]) -> None:
    stated = np.tile([[0.1, 0.2, 0.4, 0.2, 0.1]], (len(levels), 1))
    found = reliability(stated, levels, rng=rng())
    assert np.isfinite([found.rps, found.nll, found.cumulative_ece, found.ece_floor_p95]).all()
    assert np.isnan(found.slope).all()
    assert json.loads(json.dumps(found.as_mapping(), allow_nan=False))["slope"] == [None] * 4
    for method in (None, "logit", "isotonic"):
        mapped = fit_recalibration(stated, levels, method=method).apply(stated)
        np.testing.assert_allclose(mapped.sum(axis=1), 1.0)
    assert cross_recalibrated(stated, levels).shape == stated.shape


def test_a_sure_and_wrong_statement_costs_much_but_not_everything() -> None:
    found = reliability([[1.0, 0.0], [0.0, 1.0]], [2, 2], rng=rng())
    assert found.nll == pytest.approx(-0.5 * np.log(1e-12))


@pytest.mark.parametrize(
    ("probabilities", "levels", "groups", "message"),
    [
        ([[0.5, 0.5]], [0], None, "levels count from 1 to 2, found .* in row 0"),
        ([[0.5, 0.5]], [1, 2], None, "one level is needed"),
        ([[0.5, 0.6]], [1], None, "sum to 1"),
        ([[np.nan, 0.6]], [1], None, "sum to 1"),
        ([[1.5, -0.5]], [1], None, "sum to 1"),
        ([[0.5, 0.5]], [1], ["a", "b"], "groups must name the person"),
        ([[1.0]], [1], None, "one column per level"),
    ],
)
def test_what_does_not_belong_together_is_named(
    probabilities: list[list[float]], levels: list[int], groups: list[str] | None, message: str
) -> None:
    with pytest.raises(LabelError, match=message):
        reliability(probabilities, levels, groups=groups, rng=rng())


def test_reliability_of_nothing_is_refused() -> None:
    with pytest.raises(LabelError, match="at least one"):
        reliability(np.empty((0, 3)), [], rng=rng())


def test_the_same_seed_gives_the_same_figures() -> None:
    true, _, level = people(50, 6)
    first, second = (reliability(true, level, rng=rng()).as_mapping() for _ in range(2))
    assert first == second


def test_people_decide_what_is_fitted() -> None:
    assert [method_for(n) for n in (0, 49, 50, 299, 300, 999, 1000)] == [
        "none", "shift", "logit", "logit", "logit", "logit", "isotonic",
    ]  # fmt: skip
    assert [method_for(n, strata=True) for n in (299, 300, 999, 1000)] == ["logit", "strata", "strata", "isotonic"]
    _, stated, level = people(400, 7)
    whose = np.arange(400) % 20
    found = fit_recalibration(stated, level, groups=whose)
    assert (found.method, found.people, found.labels) == ("shift", 20, 400)
    nothing = fit_recalibration(np.empty((0, 5)), [])
    assert nothing.method == "none"
    np.testing.assert_allclose(nothing.apply(stated), stated)
    with pytest.raises(ValueError, match="strata only where strata are given"):
        fit_recalibration(stated, level, method="strata")


@pytest.mark.parametrize(("count", "method"), [(40, "shift"), (200, "logit"), (400, "logit"), (1500, "isotonic")])
def test_recalibration_repairs_a_distorted_model_and_leaves_a_true_one_nearly_alone(count: int, method: str) -> None:
    """Means over simulated sets, out of fold: nearly all of the distortion's cost comes back, a tenth of it at most is paid for nothing."""
    cost, back, paid = [], [], []
    for seed in range(max(6, 3000 // count)):
        true, stated, level = people(count, 100 + seed, slope=1.0 if method == "shift" else 1.8, shift=0.9)
        assert fit_recalibration(stated, level).method == method
        cost.append(rps(stated, level) - rps(true, level))
        back.append(rps(stated, level) - rps(cross_recalibrated(stated, level), level))
        paid.append(rps(cross_recalibrated(true, level), level) - rps(true, level))
    assert np.mean(cost) > 0.008
    assert np.mean(back) > 0.7 * np.mean(cost)
    assert np.mean(paid) < 0.1 * np.mean(cost)


def test_the_slope_and_shifts_that_distorted_are_found() -> None:
    _, stated, level = people(5000, 8, slope=1.5, shift=0.4)
    found = fit_recalibration(stated, level, method="logit")
    assert found.slope == pytest.approx(1 / 1.5, abs=0.04)
    np.testing.assert_allclose(found.shifts, 0.4 / 1.5, atol=0.12)


def test_strata_that_differ_get_their_own_shift_and_those_that_do_not_get_none() -> None:
    _, stated, level = people(800, 9)
    names = np.array(["a", "b", "c", "d"])[np.arange(800) % 4]
    assert max(map(abs, fit_recalibration(stated, level, strata=names).strata.values()), default=0.0) < 0.2
    away = np.where(names == "a", -1.0, np.where(names == "b", 1.0, 0.0))[:, None]
    above = expit(logit(np.cumsum(stated[:, ::-1], axis=1)[:, ::-1][:, 1:]) + away)
    moved = -np.diff(above, axis=1, prepend=1.0, append=0.0)
    found = fit_recalibration(moved, level, strata=names)
    assert found.method == "strata"
    assert found.strata["a"] - found.strata["c"] == pytest.approx(1.0, abs=0.4)
    assert found.strata["b"] - found.strata["c"] == pytest.approx(-1.0, abs=0.4)
    out = cross_recalibrated(moved, level, strata=names)
    assert rps(out, level) < rps(cross_recalibrated(moved, level), level) < rps(moved, level)
    unknown = found.apply(moved[:3], ["z", "z", "z"])
    np.testing.assert_array_equal(unknown, found.apply(moved[:3]))


@pytest.mark.parametrize("method", ["shift", "logit", "strata", "isotonic"])
def test_json_gives_the_same_recalibration_and_its_probabilities_are_valid(method: str) -> None:
    _, stated, level = people(300, 10, slope=2.0, shift=-1.0)
    names = np.array(["a", "b"])[np.arange(300) % 2]
    found = fit_recalibration(stated, level, strata=names, method=method)
    again = Recalibration.from_mapping(json.loads(json.dumps(found.as_mapping(), allow_nan=False)))
    assert again == found
    share = np.random.default_rng(0).dirichlet(np.full(5, 0.1), 2000)
    share[0] = [1.0, 0.0, 0.0, 0.0, 0.0]
    mapped = again.apply(share, np.tile(["a", "z"], 1000))
    assert (mapped >= 0).all()
    np.testing.assert_allclose(mapped.sum(axis=1), 1.0, atol=1e-9)
    np.testing.assert_array_equal(mapped, found.apply(share, np.tile(["a", "z"], 1000)))


def test_a_person_is_never_recalibrated_by_their_own_labels() -> None:
    _, stated, level = people(60, 11)
    whose = np.repeat(np.arange(30), 2)
    before = cross_recalibrated(stated, level, groups=whose)
    changed = level.copy()
    changed[:2] = 6 - changed[:2]
    after = cross_recalibrated(stated, changed, groups=whose)
    np.testing.assert_array_equal(after[:2], before[:2])
    assert not np.array_equal(after, before)


@pytest.mark.parametrize("method", ["shift", "logit", "isotonic"])
def test_weights_count_as_repeated_labels(method: str) -> None:
    _, stated, level = people(300, 12, slope=1.6)
    weight = np.random.default_rng(0).integers(0, 4, 300)
    once = fit_recalibration(stated, level, weights=weight, method=method).apply(stated)
    often = np.repeat(np.arange(300), weight)
    np.testing.assert_allclose(
        once, fit_recalibration(stated[often], level[often], method=method).apply(stated), atol=1e-7
    )
    with pytest.raises(LabelError, match="not negative"):
        fit_recalibration(stated, level, weights=-weight)
