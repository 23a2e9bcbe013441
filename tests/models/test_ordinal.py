from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from models.cumulative import CumulativeLikelihood, cell_probabilities
from models.decisions import ranked_probability_score
from models.ordinal import (
    AutoOrdinal,
    BoostedLevels,
    CumulativeLogit,
    FrankHall,
    clustered_se,
    from_mapping,
    spread_over,
)

ORACLES = Path(__file__).parent / "oracles"
FEATURES = ["x1", "x2", "x3", "x4"]
SMALL = {"max_iter": 15, "min_samples_leaf": 5}
EVERY = [
    CumulativeLogit(),
    CumulativeLogit(partial=True),
    FrankHall(),
    BoostedLevels(**SMALL),
    AutoOrdinal(boosting=False, folds=3),
]


@pytest.fixture(scope="module", name="known")
def _known() -> tuple[pd.DataFrame, dict[str, Any]]:
    return pd.read_csv(ORACLES / "ordinal_reg.csv"), json.loads((ORACLES / "ordinal_reg.expected.json").read_text())


VARIED = np.array([[1.4, -0.5, 0.0], [0.8, -0.5, 0.2], [0.2, -0.5, 0.4]])


def draw(
    rows: int, seed: int, slopes: np.ndarray | None = None, cuts: tuple[float, ...] = (-2.0, 0.0, 2.0)
) -> tuple[np.ndarray, np.ndarray]:
    """Levels 1 .. K by walking up the cumulative probabilities; slopes (K - 1, p) or (p,)."""
    rng = np.random.default_rng(seed)
    slope = np.broadcast_to(np.array([1.0, -0.5, 0.0]) if slopes is None else slopes, (len(cuts), 3))
    X = rng.normal(size=(rows, 3))
    below = expit(np.array(cuts) - X @ slope.T)
    return X, (rng.random(rows)[:, None] > below).sum(axis=1) + 1


def expected_failures(estimator: Any) -> dict[str, str]:
    if isinstance(estimator, BoostedLevels):
        return {
            "check_sample_weight_equivalence_on_dense_data": "binning ignores weights, as in HistGradientBoostingClassifier"
        }
    if isinstance(estimator, CumulativeLogit) and not estimator.partial:
        return {"check_classifiers_train": "the three blobs lie in no order along any line: odds are not proportional"}
    return {}


@parametrize_with_checks(EVERY, expected_failed_checks=expected_failures)
@pytest.mark.filterwarnings("ignore")
def test_the_contract_of_scikit_learn_is_kept(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)


@pytest.mark.parametrize("oracle", ["clm", "polr", "statsmodels"])
def test_without_penalty_it_is_the_maximum_likelihood_of_r_and_statsmodels(
    known: tuple[pd.DataFrame, dict[str, Any]], oracle: str
) -> None:
    table, expected = known
    asked = expected["oracles"][oracle]
    model = CumulativeLogit(C=np.inf).fit(table[FEATURES], table["y"])
    np.testing.assert_allclose(model.coef_, list(asked["coefficients"].values()), atol=2e-7)
    np.testing.assert_allclose(model.thresholds_, asked["thresholds"], atol=2e-7)
    np.testing.assert_allclose(model.coef_se_, list(asked["coefficients_se"].values()), rtol=1e-5)
    if "thresholds_se" in asked:
        np.testing.assert_allclose(model.thresholds_se_, asked["thresholds_se"], rtol=1e-5)
    assert model.loglik_ == pytest.approx(asked["loglik"], abs=1e-6)


def test_probabilities_are_those_of_r(known: tuple[pd.DataFrame, dict[str, Any]]) -> None:
    table, expected = known
    stated = CumulativeLogit(C=np.inf).fit(table[FEATURES], table["y"]).predict_proba(table[FEATURES])
    np.testing.assert_allclose(stated, expected["per_row_probabilities"]["rows"], atol=1e-7)


@pytest.mark.parametrize("C", [0.05, 1.0])
def test_two_levels_are_the_logistic_regression_of_scikit_learn(C: float) -> None:
    X, y = draw(200, 1)
    y = (y > 2).astype(int)
    Z = StandardScaler().fit_transform(X)
    theirs = LogisticRegression(C=C, tol=1e-10).fit(Z, y)
    for ours in (CumulativeLogit(C=C).fit(X, y), FrankHall(C=C).fit(X, y)):
        np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(Z), atol=1e-6)


def test_the_derivatives_are_those_of_the_value() -> None:
    X, y = draw(40, 2)
    rng = np.random.default_rng(0)
    tie = rng.normal(size=(3, 4, 5)) * 0.05
    tie[:, 0, :3] = np.eye(3)
    problem = CumulativeLikelihood(
        np.column_stack([np.ones(40), -X]), (y[:, None] == np.arange(1, 5)) * 1.0, tie, np.eye(5), np.zeros(5)
    )
    place, step = np.array([-1.5, 0.1, 1.4, 0.2, -0.1]), 1e-5
    gradient, information = problem.derivatives(place)
    for j, unit in enumerate(np.eye(5) * step):
        slope = (problem.value(place + unit) - problem.value(place - unit)) / (2 * step)
        assert gradient[j] == pytest.approx(slope, abs=1e-5)
        bend = (problem.derivatives(place + unit)[0] - problem.derivatives(place - unit)[0]) / (2 * step)
        np.testing.assert_allclose(information[j], -bend, atol=1e-4)


def test_a_general_optimiser_finds_no_higher_place_for_partial_proportional_odds() -> None:
    X, y = draw(150, 3, np.array([[1.5, 0.0, 0.0], [0.5, 0.5, 0.0], [0.0, 1.0, 0.5]]))
    model = CumulativeLogit(C=0.5, partial=True, deviation=0.2).fit(X, y)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)

    def loss(place: np.ndarray) -> float:
        thresholds, slopes = place[:3], place[3:].reshape(3, 3)
        stated = np.diff(expit(thresholds - Z @ slopes.T), axis=1, prepend=0.0, append=1.0)
        if (stated <= 0).any():
            return 1e6
        weight = (y[:, None] == np.arange(1, 5)) + 1e-3 / 4
        prior = (slopes.mean(axis=0) ** 2).sum() / 0.5 + (np.diff(slopes, axis=0) ** 2).sum() / 0.2
        return float(-(weight * np.log(stated)).sum() + 0.5 * prior)

    slopes = model.coef_ * X.std(axis=0)
    ours = np.concatenate([model.thresholds_ - slopes @ (X.mean(axis=0) / X.std(axis=0)), slopes.ravel()])
    theirs = minimize(loss, ours + 0.05, method="Powell", options={"xtol": 1e-6, "ftol": 1e-12, "maxiter": 20000})
    assert loss(ours) <= theirs.fun + 1e-7
    np.testing.assert_allclose(theirs.x, ours, atol=5e-3)


def test_without_deviation_partial_is_proportional_and_large_ones_are_far_from_it() -> None:
    X, y = draw(400, 4, np.array([[2.0, 0.0, 0.0], [0.5, 0.5, 0.0], [-0.5, 1.0, 0.0]]))
    plain = CumulativeLogit().fit(X, y).predict_proba(X)
    away = [
        np.abs(CumulativeLogit(partial=True, deviation=d).fit(X, y).predict_proba(X) - plain).max()
        for d in (0.0, 1e-9, 1e-2, 1.0)
    ]
    assert away[0] == 0.0
    assert away[1] < 1e-3 < 1e-2 < away[2] < away[3]


def test_the_data_say_whether_odds_are_proportional() -> None:
    parallel = CumulativeLogit(partial=True).fit(*draw(600, 5))
    varied = CumulativeLogit(partial=True).fit(*draw(600, 5, VARIED))
    assert parallel.deviation_ <= 0.01 < 0.1 <= varied.deviation_
    assert (np.abs(varied.coef_ - VARIED) < 3 * varied.coef_se_).all()


def test_partial_proportional_odds_predicts_better_where_odds_are_not_proportional_and_no_worse_where_they_are() -> (
    None
):
    for chosen, gains in ((VARIED, True), (None, False)):
        X, y = draw(4000, 6, chosen)
        score = [
            ranked_probability_score(
                CumulativeLogit(partial=partial).fit(X[:500], y[:500]).predict_proba(X[500:]), y[500:]
            )
            for partial in (False, True)
        ]
        gain = score[0] - score[1]
        error = gain.std() / np.sqrt(len(gain))
        assert gain.mean() >= (3 * error if gains else -2 * error)


@pytest.mark.parametrize("model", [CumulativeLogit(partial=True, deviation=1.0), FrankHall(C=100.0)])
def test_probabilities_are_valid_everywhere(model: Any) -> None:
    X, y = draw(60, 7, np.array([[3.0, 0.0, 0.0], [0.0, 1.0, 0.0], [-2.0, 0.0, 1.0]]), cuts=(-0.4, 0.0, 0.4))
    fitted = clone(model).fit(X, y)
    stated = fitted.predict_proba(np.random.default_rng(0).normal(size=(2000, 3)) * 20)
    assert (stated >= 0).all()
    np.testing.assert_allclose(stated.sum(axis=1), 1.0, atol=1e-12)


def test_cumulatives_of_the_rows_fitted_rise_before_any_repair() -> None:
    X, y = draw(60, 7, np.array([[3.0, 0.0, 0.0], [0.0, 1.0, 0.0], [-2.0, 0.0, 1.0]]), cuts=(-0.4, 0.0, 0.4))
    apart = FrankHall(C=1.0).fit(X, y).decision_logits(X)
    assert (np.diff(apart, axis=1) < 0).any()
    together = CumulativeLogit(partial=True, deviation=1.0).fit(X, y).decision_logits(X)
    assert (np.diff(together, axis=1) > 0).all()


def test_crossed_logits_are_sorted_and_tails_keep_their_digits() -> None:
    np.testing.assert_allclose(cell_probabilities(np.array([[1.0, -1.0]])), cell_probabilities(np.array([[-1.0, 1.0]])))
    tail = cell_probabilities(np.array([[-50.0, -49.0]]))[0, 1]
    assert tail == pytest.approx(np.exp(-49.0) - np.exp(-50.0), rel=1e-12)


@pytest.mark.parametrize("maker", [CumulativeLogit, FrankHall])
def test_an_estimated_penalty_is_strong_where_features_are_many_and_weak_where_they_tell(maker: Any) -> None:
    X, y = draw(400, 19)
    noise = np.random.default_rng(19).normal(size=(400, 40))
    many = np.column_stack([X, noise])
    told, lost = maker(C=None).fit(X[:100], y[:100]), maker(C=None).fit(many[:100], y[:100])
    assert lost.C_ < told.C_
    fixed = maker(C=1.0).fit(many[:100], y[:100])
    gain = ranked_probability_score(fixed.predict_proba(many[100:]), y[100:]) - ranked_probability_score(
        lost.predict_proba(many[100:]), y[100:]
    )
    assert gain.mean() > 3 * gain.std() / np.sqrt(len(gain))
    assert maker(C=told.C_).fit(X[:100], y[:100]).coef_ == pytest.approx(told.coef_, abs=1e-5)


MONOTONE = [
    CumulativeLogit(monotone=[-1, 1, 0]),
    CumulativeLogit(partial=True, deviation=1.0, monotone=[-1, 1, 0]),
    FrankHall(monotone=[-1, 1, 0]),
    BoostedLevels([-1, 1, 0], **SMALL),
]


@pytest.mark.parametrize("model", MONOTONE)
def test_a_sign_that_was_asked_for_is_kept_against_the_data(model: Any) -> None:
    X, y = draw(300, 8)
    fitted = clone(model).fit(X, y)
    at = np.zeros((41, 3))
    for feature, sign in ((0, -1), (1, 1)):
        place = at.copy()
        place[:, feature] = np.linspace(-6, 6, 41)
        above = 1.0 - np.cumsum(fitted.predict_proba(place), axis=1)[:, :-1]
        assert (sign * np.diff(above, axis=0) >= -1e-12).all()


def test_signs_that_agree_with_the_data_change_nothing_and_may_be_named() -> None:
    X, y = draw(300, 9)
    table = pd.DataFrame(X, columns=["a", "b", "c"])
    free = CumulativeLogit().fit(table, y)
    bound = CumulativeLogit(monotone={"a": 1, "b": -1}).fit(table, y)
    np.testing.assert_allclose(bound.coef_, free.coef_, atol=1e-7)
    model = CumulativeLogit(monotone={"z": 1})
    with pytest.raises(ValueError, match=r"not fitted: \['z'\]"):
        model.fit(table, y)
    model = CumulativeLogit(monotone=[1, 2, 0])
    with pytest.raises(ValueError, match="-1, 0 or 1"):
        model.fit(table, y)


def test_the_scale_and_place_of_features_do_not_matter() -> None:
    X, y = draw(200, 10)
    moved = X * np.array([1e4, 1e-3, 1.0]) + np.array([5e4, 0.0, -7.0])
    for model in (CumulativeLogit(partial=True, deviation=0.1), FrankHall()):
        here, there = clone(model).fit(X, y), clone(model).fit(moved, y)
        np.testing.assert_allclose(there.predict_proba(moved), here.predict_proba(X), atol=1e-7)


@pytest.mark.parametrize("model", EVERY)
def test_one_level_one_row_of_a_level_and_constant_features_do_not_stop_it(model: Any) -> None:
    X, y = draw(60, 11)
    X[:, 2] = 3.0
    alone = clone(model).fit(X, np.full(60, 4))
    np.testing.assert_array_equal(alone.predict_proba(X), np.ones((60, 1)))
    y[0] = 9
    rare = clone(model).fit(X, y)
    assert list(rare.classes_) == [1, 2, 3, 4, 9]
    assert np.isfinite(rare.predict_proba(X)).all()


@pytest.mark.parametrize("model", [CumulativeLogit(), CumulativeLogit(partial=True), FrankHall()])
def test_separable_levels_have_a_finite_fit(model: Any) -> None:
    X = np.linspace(-1, 1, 30)[:, None]
    fitted = clone(model).fit(X, np.repeat([0, 1, 2], 10))
    assert np.abs(fitted.coef_).max() < 1e2
    assert (fitted.predict(X) == np.repeat([0, 1, 2], 10)).mean() > 0.6


def test_weights_count_as_repeated_rows() -> None:
    X, y = draw(80, 12)
    weight = np.random.default_rng(0).integers(0, 4, 80)
    for model in (CumulativeLogit(partial=True), FrankHall()):
        weighted = clone(model).fit(X, y, sample_weight=weight)
        repeated = clone(model).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
        np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-7)


@pytest.mark.parametrize(
    "model",
    [CumulativeLogit(C=np.inf), CumulativeLogit(partial=True), FrankHall(monotone={"a": 1}), CumulativeLogit(None)],
)
def test_json_gives_the_same_predictions(model: Any) -> None:
    X, y = draw(120, 13)
    table = pd.DataFrame(X, columns=["a", "b", "c"])
    fitted = clone(model).fit(table, y)
    again = type(model).from_mapping(json.loads(json.dumps(fitted.as_mapping(), allow_nan=False)))
    np.testing.assert_array_equal(again.predict_proba(table), fitted.predict_proba(table))
    assert again.get_params() == fitted.get_params()
    other = FrankHall if isinstance(model, CumulativeLogit) else CumulativeLogit
    with pytest.raises(ValueError, match="expected a mapping of kind"):
        other.from_mapping(fitted.as_mapping())


def test_the_json_of_a_single_level_and_of_none_to_fit() -> None:
    fitted = FrankHall().fit([[0.0], [1.0]], [3, 3])
    again = FrankHall.from_mapping(json.loads(json.dumps(fitted.as_mapping())))
    np.testing.assert_array_equal(again.predict([[5.0]]), [3])
    model = CumulativeLogit()
    with pytest.raises(ValueError, match="weights"):
        model.fit([[0.0], [1.0]], [1, 2], sample_weight=[0.0, 0.0])


def interaction(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, size=(rows, 3))
    below = expit(np.array([-1.0, 1.0]) - 6.0 * np.sign(X[:, 0] * X[:, 1])[:, None])
    return X, (rng.random(rows)[:, None] > below).sum(axis=1)


def test_boosting_is_taken_where_lines_cannot_see_and_left_where_they_suffice() -> None:
    crossed = AutoOrdinal(folds=3).fit(*interaction(240, 1))
    assert crossed.choice_ == "boosting"
    assert crossed.scores_.loc["boosting", "gain"] > crossed.scores_.loc["boosting", "se"]
    X, y = interaction(2000, 2)
    true_enough, too_sure = (
        -np.log(model.predict_proba(X)[np.arange(2000), y]).mean() for model in (crossed, crossed.model_)
    )
    assert true_enough < too_sure
    straight = AutoOrdinal(folds=3).fit(*draw(240, 14))
    assert straight.choice_ != "boosting"
    with pytest.raises(ValueError, match="no JSON form"):
        crossed.as_mapping()
    again = from_mapping(straight.as_mapping())
    np.testing.assert_array_equal(again.predict_proba(np.eye(3)), straight.predict_proba(np.eye(3)))
    with pytest.raises(ValueError, match="no linear ordinal classifier of kind 'forest'"):
        from_mapping({"kind": "forest"})


def test_folds_keep_people_whole() -> None:
    """Rows that repeat each person's own noise as a feature: only folds by row would think it predicts."""
    rng = np.random.default_rng(15)
    person = np.repeat(np.arange(40), 6)
    mark = rng.uniform(-1, 1, (40, 3))[person]
    y = rng.integers(0, 3, 40)[person]
    by_row = AutoOrdinal(folds=3).fit(mark, y)
    by_person = AutoOrdinal(folds=3).fit(mark, y, groups=person)
    assert by_row.choice_ == "boosting"
    assert by_person.choice_ != "boosting"
    with pytest.raises(ValueError, match="groups must name the person"):
        AutoOrdinal().fit(mark, y, groups=person[:-1])


def test_levels_may_be_missing_from_folds_and_people_be_few() -> None:
    X, y = draw(30, 16)
    y[3] = 7
    assert AutoOrdinal(folds=3).fit(X, y).predict_proba(X).shape == (30, 5)
    lone = AutoOrdinal().fit(X, y, groups=np.zeros(30))
    assert lone.scores_ is None


def test_it_works_in_pipelines_and_cross_validation() -> None:
    X, y = draw(90, 17)
    stated = cross_val_predict(
        make_pipeline(StandardScaler(), CumulativeLogit(partial=True)), X, y, cv=3, method="predict_proba"
    )
    assert ranked_probability_score(stated, y).mean() < ranked_probability_score(np.full((90, 4), 0.25), y).mean()


def test_the_same_data_make_the_same_model() -> None:
    X, y = draw(120, 18)
    first, second = (AutoOrdinal(folds=2).fit(X, y).predict_proba(X) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_errors_of_means_respect_groups() -> None:
    values = np.random.default_rng(0).normal(size=50)
    assert clustered_se(values) == pytest.approx(values.std(ddof=1) / np.sqrt(50))
    assert clustered_se(np.repeat(values, 3), np.repeat(np.arange(50), 3)) == pytest.approx(clustered_se(values))
    assert np.isnan(clustered_se([1.0, 2.0], [0, 0]))
    np.testing.assert_array_equal(spread_over([[1.0]], [5], [4, 5]), [[0.0, 1.0]])
