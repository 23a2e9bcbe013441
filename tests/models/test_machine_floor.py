"""The floor under a machine's halo: where it stands, where it is taken away, and what persons' intervals are worth then."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest

from models.design import encode
from models.facets import FacetsModel
from models.machine_floor import machine_floors

TAU = np.array([-2.0, -0.7, 0.7, 2.0])
PERSONS = 120


def marks(eta: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Scores 0 .. 4."""
    weights = np.exp(np.column_stack([np.zeros(len(eta)), np.cumsum(eta[:, None] - TAU, axis=1)]))
    edges = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)[:, :-1]
    return (edges < rng.random(len(eta))[:, None]).sum(axis=1)


@functools.cache
def drawn(seed: int, error: float, *, skills: int = 2, judged: int = PERSONS) -> tuple[pd.DataFrame, np.ndarray]:
    """Each skill rated by three humans on three items, and by a machine on four whose own error about a person's skill has SD `error`.

    On the last skill only the first `judged` persons have more than one human rater.
    """
    rng = np.random.default_rng(seed)
    theta = rng.multivariate_normal(np.zeros(skills), 1.44 * (0.5 * np.eye(skills) + 0.5), size=PERSONS)
    severity, parts = rng.normal(0.0, 0.6, 30), []
    own = np.array([rng.choice(30, 3, replace=False) for _ in range(PERSONS)])
    for skill in range(skills):
        person, rater, item = (codes.ravel() for codes in np.indices((PERSONS, 3, 3)))
        halo = rng.normal(0.0, 0.5, own.shape)
        eta = theta[person, skill] - severity[own[person, rater]] - halo[person, rater]
        table = {"person": person, "rater": own[person, rater], "item": [f"s{skill}.{code}" for code in item]}
        human = pd.DataFrame({**table, "score": marks(eta, rng), "source": "feedback", "rater_class": "human"})
        if skill == skills - 1:
            human = human[(rater == 0) | (person < judged)]
        person, item = (codes.ravel() for codes in np.indices((PERSONS, 4)))
        eta = theta[person, skill] - rng.normal(0.0, error, PERSONS)[person]
        table = {"person": person, "rater": 99, "item": [f"s{skill}.work{code}" for code in item]}
        machine = pd.DataFrame({**table, "score": marks(eta, rng), "source": "git", "rater_class": "machine"})
        parts += [human.assign(skill=f"s{skill}"), machine.assign(skill=f"s{skill}")]
    return pd.concat(parts, ignore_index=True).assign(categories=5, lowest=0), theta


@functools.cache
def fitted(seed: int, error: float, judged: int = PERSONS) -> FacetsModel:
    return FacetsModel().fit(drawn(seed, error, judged=judged)[0])


def test_the_floor_stands_at_forty_nine_people_and_is_released_at_fifty() -> None:
    for judged, free in ((49, False), (50, True)):
        floors = machine_floors(encode(drawn(1, 0.2, judged=judged)[0], partial_credit=False))
        assert floors["people"].tolist() == [PERSONS, judged]
        assert floors["released"].tolist() == [True, free]
    held, released = (fitted(1, 0.2, judged).standard_deviations_ for judged in (49, 50))
    assert held["machine_halo_skill"]["s1"] == 1.0
    assert held["machine_halo"] == 0.5
    assert released["machine_halo_skill"]["s1"] < 0.8
    assert released["machine_halo"] < 0.5


def test_without_any_release_the_floor_is_one_number_for_all_skills() -> None:
    few = drawn(1, 0.2)[0].query("person < 49")
    found = FacetsModel().fit(few)
    assert not found.machine_floors_["released"].any()
    assert found.standard_deviations_["machine_halo_skill"] == 1.0


def test_one_and_the_same_rater_twice_and_a_rating_of_oneself_are_no_second_opinion() -> None:
    ratings = drawn(1, 0.2)[0]
    human = ratings["rater_class"] == "human"
    first = ratings[human].groupby(["person", "skill"])["rater"].transform("first")
    alone = pd.concat([ratings[human][ratings.loc[human, "rater"] == first], ratings[~human]])
    assert machine_floors(encode(alone, partial_credit=False))["people"].tolist() == [0, 0]
    alone = alone.assign(person=alone["person"] + 1000)
    oneself = alone[alone["rater_class"] == "human"].assign(rater=lambda table: table["person"])
    found = machine_floors(encode(pd.concat([alone, oneself]), partial_credit=False))
    assert found["people"].tolist() == [0, 0]
    another = machine_floors(encode(pd.concat([alone, oneself.assign(rater=77)]), partial_credit=False))
    assert another["people"].tolist() == [PERSONS, PERSONS]


def test_a_single_rating_tells_no_halo_from_chance_and_keeps_the_floor() -> None:
    ratings = drawn(1, 0.2)[0]
    first = ratings["item"].isin(["s0.work0", "s1.work0"])
    single = ratings[(ratings["rater_class"] == "human") | first]
    assert machine_floors(encode(single, partial_credit=False))["people"].tolist() == [0, 0]
    others = ratings["item"].str.contains("work") & ~first
    at_least = ratings.assign(at_least=others)
    assert machine_floors(encode(at_least, partial_credit=False))["people"].tolist() == [0, 0]


def test_a_second_machine_has_to_stand_beside_as_many_people() -> None:
    ratings = drawn(1, 0.2)[0]
    machine = ratings[(ratings["rater_class"] == "machine") & (ratings["person"] < 30) & (ratings["skill"] == "s0")]
    other = machine.assign(source="tickets", rater=98, item="tickets")
    floors = machine_floors(encode(pd.concat([ratings, other]), partial_credit=False))
    assert floors["people"].tolist() == [30, PERSONS]
    assert floors["released"].tolist() == [False, True]


def test_a_frame_without_machines_has_no_floors() -> None:
    ratings = drawn(1, 0.2)[0].query("rater_class == 'human'")
    assert machine_floors(encode(ratings, partial_credit=False)).empty


def test_a_given_deviation_stays_given() -> None:
    model = FacetsModel(estimate_variances=False).fit(drawn(1, 0.2)[0])
    assert model.standard_deviations_["machine_halo_skill"] == 1.0


@pytest.mark.parametrize(("error", "low", "high"), [(0.2, 0.15, 0.8), (2.0, 1.5, 2.5)])
def test_agreement_lowers_it_and_disagreement_raises_it_and_intervals_hold(
    error: float, low: float, high: float
) -> None:
    covered = []
    for seed in (1, 2):
        model, theta = fitted(seed, error), drawn(seed, error)[1]
        spread = model.standard_deviations_
        total = np.hypot(spread["machine_halo_skill"], spread["machine_halo"])
        assert total.between(low, high).all()
        persons = model.persons_[["estimate", "sd"]].unstack()
        away = persons["estimate"].to_numpy() - theta
        covered.append((np.abs(away - away.mean(axis=0)) < 1.645 * persons["sd"].to_numpy()).mean())
    assert 0.86 < np.mean(covered) < 0.94


def test_persons_are_known_better_where_the_machine_has_shown_that_it_agrees() -> None:
    held = fitted(1, 0.2, 49).persons_["sd"].unstack().loc[:48, "s1"]
    released = fitted(1, 0.2, 50).persons_["sd"].unstack().loc[:48, "s1"]
    assert released.mean() < 0.95 * held.mean()


def test_rows_in_another_order_give_the_same_deviations() -> None:
    ratings = drawn(1, 0.2, judged=50)[0]
    other = FacetsModel().fit(ratings.sample(frac=1.0, random_state=2))
    pd.testing.assert_frame_equal(other.persons_, fitted(1, 0.2, 50).persons_, check_exact=True)
