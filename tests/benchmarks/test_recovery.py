from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from recovery import figures, text
from recovery_department import recover, to_theta
from recovery_scores import ENGINE, Contender, coverage, deciles, scores, set_reliability


def pairs(levels: list[int], stated: np.ndarray) -> pd.DataFrame:
    table = pd.DataFrame({"level": levels, "seed": [0] * len(levels)})
    return table.assign(**{f"p{k + 1}": stated[:, k] for k in range(5)})


def everything(table: pd.DataFrame) -> np.ndarray:
    return np.ones(len(table), dtype=bool)


def test_whoever_knows_the_truth_scores_perfectly() -> None:
    sure = np.eye(5)[[0, 1, 2, 3, 4, 2]]
    table = pairs([1, 2, 3, 4, 5, 3], sure)
    found = scores(table, Contender(sure, sure.argmax(axis=1) + 1.0), everything(table))
    assert found == {"n": 6.0, "qwk": 1.0, "accuracy": 1.0, "mae": 0.0, "rps": 0.0}


def test_a_sure_forecast_scores_its_distance_in_levels() -> None:
    table = pairs([1, 5], np.eye(5)[[2, 4]])
    found = scores(table, Contender(np.eye(5)[[2, 4]], np.array([3.0, 5.0])), everything(table))
    assert found["rps"] == pytest.approx(found["mae"] / 4)


def test_pairs_a_contender_is_silent_on_do_not_count() -> None:
    said = np.eye(5)[[0, 1, 2]].astype(float)
    said[2] = np.nan
    table = pairs([1, 2, 3], np.eye(5)[[0, 1, 2]])
    assert scores(table, Contender(said, np.array([1.0, 2.0, np.nan])), everything(table))["n"] == 2


def test_deciles_of_probabilities_that_are_true_agree() -> None:
    chance = np.random.default_rng(5)
    stated = chance.dirichlet(np.ones(5), 20_000)
    levels = (stated.cumsum(axis=1) < chance.random((len(stated), 1))).sum(axis=1) + 1
    table = deciles(pairs(levels.tolist(), stated).assign(seed=np.arange(len(stated)) % 50), np.ones(len(stated), bool))
    assert table["n"].sum() == 5 * len(stated)
    assert (np.abs(table["stated"] - table["happened"]) < 4 * table["error"]).all()


def test_intervals_that_say_what_is_so_cover_nine_in_ten() -> None:
    chance = np.random.default_rng(6)
    theta = chance.normal(size=20_000)
    table = pd.DataFrame(
        {"theta": theta, "sd": 0.4, "cut_error": 0.3, "true_theta": theta + chance.normal(0, 0.5, len(theta))}
    )
    assert coverage(table, everything(table))["coverage"] == pytest.approx(0.9, abs=0.01)


def test_sets_are_judged_by_what_they_hold() -> None:
    table = pairs([1, 4], np.full((2, 5), 0.2)).assign(low=1, high=2, mass=0.9)
    found = set_reliability(table, everything(table))
    assert (found["held"], found["levels"], found["stated"]) == (0.5, 2.0, 0.9)


@pytest.mark.parametrize(("ability", "theta"), [(1.5, -2.0), (2.0, -1.5), (4.5, 3.0), (5.0, 4.0), (1.0, -2.5)])
def test_the_truth_lies_on_theta_where_the_cutpoints_put_it(ability: float, theta: float) -> None:
    assert to_theta(ability, np.array([-2.0, -1.0, 1.0, 3.0])) == pytest.approx(theta)


def test_a_small_department_is_recovered_from_and_told_about(tmp_path: Path) -> None:
    run = recover(tmp_path, 1, 12)
    assert len(run.pairs) == 12 * 14
    assert run.pairs[[f"p{k}" for k in range(1, 6)]].sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-6)
    found = figures([run])
    assert set(found["compared"]) == {"pairs with human ratings", "inferred pairs", "all pairs"}
    assert found["compared"]["all pairs"][ENGINE]["n"][0] == 168
    assert "Recovery of the true level" in text(found)
