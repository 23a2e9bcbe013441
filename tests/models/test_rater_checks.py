from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.facets import FacetsModel
from models.fair_average import fair_averages
from models.foreseen import foreseen
from models.rater_checks import STATISTICS, rater_checks, rater_statistics

Simulate = Callable[..., Any]

ERRATIC, CENTRAL, HALO = "r000", "r001", "r002"


@pytest.fixture(scope="module", name="plain")
def _plain(simulate: Simulate) -> pd.DataFrame:
    """Sixty raters who rate as the model has it, six people each."""
    table: pd.DataFrame = simulate(11, persons=60, skills=3, raters=40, per_person=6, items=2, halo_sd=0.5).ratings
    return table


@pytest.fixture(scope="module", name="checks")
def _checks(plain: pd.DataFrame) -> pd.DataFrame:
    return rater_checks(foreseen(FacetsModel().fit(plain), plain), rng=np.random.default_rng(0))


@pytest.fixture(scope="module", name="odd")
def _odd(plain: pd.DataFrame) -> pd.DataFrame:
    """The same, but one rater marks by chance, one gives threes (rarely twos and fours), one gives everybody one mark for all."""
    rng, table = np.random.default_rng(3), plain.copy()
    of = {rater: (table["rater"] == rater).to_numpy() for rater in (ERRATIC, CENTRAL, HALO)}
    table.loc[of[ERRATIC], "score"] = rng.integers(1, 6, of[ERRATIC].sum())
    table.loc[of[CENTRAL], "score"] = 3 + rng.choice([-1, 0, 0, 0, 1], of[CENTRAL].sum())
    marks = table[of[HALO]].groupby("person")["score"].transform("mean").round().astype(int)
    table.loc[of[HALO], "score"] = marks + table.loc[of[HALO], "person"].str[-1].astype(int) % 3 - 1
    table["score"] = table["score"].clip(1, 5)
    return table


@pytest.fixture(scope="module", name="found")
def _found(odd: pd.DataFrame) -> pd.DataFrame:
    return rater_checks(foreseen(FacetsModel().fit(odd), odd), rng=np.random.default_rng(0))


def test_raters_who_rate_as_the_model_has_it_are_rarely_conspicuous(checks: pd.DataFrame) -> None:
    z = checks["z"].unstack()
    assert set(z.columns) == set(STATISTICS)
    assert (z.abs() > 2).to_numpy().mean() < 0.09
    assert z.mean().abs().max() < 0.5
    assert z["infit"].std() == pytest.approx(1.0, abs=0.35)


def test_mean_squares_of_foreseen_residuals_are_one(checks: pd.DataFrame) -> None:
    observed = checks["observed"].unstack()
    assert observed[["infit", "outfit"]].mean().to_numpy() == pytest.approx(1.0, abs=0.1)


def test_an_erratic_rater_has_a_high_infit(found: pd.DataFrame) -> None:
    assert found.loc[(ERRATIC, "infit"), "z"] > 3
    assert found.loc[(ERRATIC, "infit"), "observed"] > 1.5


def test_a_central_rater_uses_few_marks_and_marks_against_the_expectation(found: pd.DataFrame) -> None:
    assert found.loc[(CENTRAL, "entropy"), "z"] < -2
    assert found.loc[(CENTRAL, "centrality"), "z"] < -2


def test_one_impression_shows_as_halo_and_not_as_misfit(found: pd.DataFrame) -> None:
    assert found.loc[(HALO, "halo"), "z"] > 3
    assert found.loc[(HALO, "profile"), "z"] < -2


def test_the_others_are_left_in_peace(found: pd.DataFrame) -> None:
    z = found["z"].unstack().drop([ERRATIC, CENTRAL, HALO])
    assert (z.abs() > 2).to_numpy().mean() < 0.12


def test_bands_are_wider_where_less_was_rated(plain: pd.DataFrame) -> None:
    few = plain.drop(plain.index[(plain["rater"] == "r005")][6:])
    checks = rater_checks(foreseen(FacetsModel().fit(few), few), rng=np.random.default_rng(0), replicates=100)
    width = (checks["high"] - checks["low"]).unstack()["infit"]
    assert width["r005"] > 1.5 * width.drop("r005").median()


def test_a_rating_does_not_foresee_itself(plain: pd.DataFrame) -> None:
    """Turning one rater's marks of a person over moves that person's theta, but not what others say of it."""
    person = plain.loc[plain["rater"] == "r003", "person"].iloc[0]
    rows = ((plain["rater"] == "r003") & (plain["person"] == person)).to_numpy()
    turned = plain.assign(score=np.where(rows, 6 - plain["score"], plain["score"]))
    models = [FacetsModel(estimate_variances=False).fit(table) for table in (plain, turned)]
    before, after = (foreseen(model, table) for model, table in zip(models, (plain, turned), strict=True))
    pair = before.pair[rows][0]
    moved = models[1].persons_.loc[person, "estimate"] - models[0].persons_.loc[person, "estimate"]
    assert np.abs(moved).min() > 0.2
    assert np.abs(after.mean[pair] - before.mean[pair]).max() < 0.3 * np.abs(moved).min(), "by way of the facets alone"


def test_the_same_generator_gives_the_same_bands_whatever_the_order_of_rows(plain: pd.DataFrame) -> None:
    found = foreseen(FacetsModel().fit(plain), plain)
    one, other = (rater_checks(found, rng=np.random.default_rng(5), replicates=20) for _ in range(2))
    pd.testing.assert_frame_equal(one, other)
    statistics = rater_statistics(found, found.score)
    mixed = plain.sample(frac=1.0, random_state=1)
    shuffled = foreseen(FacetsModel().fit(mixed), mixed)
    for name, values in rater_statistics(shuffled, shuffled.score).items():
        np.testing.assert_allclose(values, statistics[name], atol=1e-9)


def test_ratings_the_fit_does_not_hold_are_refused(plain: pd.DataFrame) -> None:
    model = FacetsModel().fit(plain)
    row = plain.iloc[[0]].assign(rater=min(set(plain["rater"]) - set(plain.loc[plain["person"] == "p000", "rater"])))
    with pytest.raises(ValueError, match="the fit holds no rating of 'p000'"):
        foreseen(model, row.assign(person="p000"))


def test_severity_in_marks_is_what_the_fair_average_says(plain: pd.DataFrame) -> None:
    model = FacetsModel().fit(plain)
    found = fair_averages(model, plain)
    assert found["fair_average"].between(1, 5).all()
    assert np.corrcoef(found["fair_average"], model.raters_["estimate"])[0, 1] < -0.99
    assert (np.sign(found["in_marks"]) == -np.sign(model.raters_["estimate"] - model.raters_["estimate"].mean())).all()
