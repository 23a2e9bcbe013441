"""Ratings that are floors: "this category or a higher one"."""

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

from models.categories import Steps, floor_moments, log_likelihood, probabilities
from models.facets import FacetsModel


def department(rng: np.random.Generator, people: int = 40) -> pd.DataFrame:
    theta = dict(enumerate(rng.normal(0, 1.2, people)))
    rows = []
    for person in range(people):
        for rater in rng.choice(12, size=4, replace=False):
            for item in "xy":
                chance = probabilities(
                    np.array([theta[person] + 0.4 * (rater % 3 - 1)]),
                    Steps.of([np.array([-2.0, -0.7, 0.7, 2.0])]).cumulative,
                )[0][:, 0]
                rows.append((f"p{person:02}", item, f"r{rater:02}", int(rng.choice(5, p=chance)), "feedback", "human"))
        rows.append(
            (f"p{person:02}", "months", "machine", int(np.clip(np.rint(theta[person] + 1.5), 0, 3)), "git", "machine")
        )
    frame = pd.DataFrame(rows, columns=["person", "item", "rater", "score", "source", "rater_class"])
    frame["categories"] = np.where(frame["source"] == "git", 4, 5)
    frame["lowest"] = 0
    return frame.assign(at_least=False)


@pytest.fixture(scope="module")
def ratings() -> pd.DataFrame:
    return department(np.random.default_rng(5))


def machine_row(ratings: pd.DataFrame, person: str, score: int, *, at_least: bool) -> pd.DataFrame:
    own = ratings[(ratings["person"] == person) & (ratings["source"] == "git")]
    return own.assign(score=score, at_least=at_least)


def test_the_likelihood_of_a_floor_is_the_sum_over_what_it_allows() -> None:
    cumulative = np.repeat(Steps.of([np.array([-1.0, 0.0, 1.5])]).cumulative, 41, axis=1)
    eta = np.linspace(-5, 5, 41)
    for score in range(4):
        scores, floor = np.full(41, score), np.ones(41, dtype=bool)
        value, slope = log_likelihood(eta, scores, cumulative, floor)
        assert value == pytest.approx(np.log(probabilities(eta, cumulative)[0][score:].sum(axis=0)))
        assert slope[1:-1] == pytest.approx(np.gradient(value, eta)[1:-1], abs=0.02)
        assert (slope >= -1e-12).all()
        assert (np.diff(slope) <= 1e-12).all()


def test_truncation_never_widens() -> None:
    eta = np.linspace(-6, 6, 101)
    cumulative = np.repeat(Steps.of([np.array([-1.0, 0.0, 1.5])]).cumulative, 101, axis=1)
    chance = probabilities(eta, cumulative)[0]
    whole = floor_moments(chance, np.zeros(101, dtype=np.int64))[2]
    for score in range(1, 4):
        assert (floor_moments(chance, np.full(101, score))[2] <= whole + 1e-12).all()


def test_a_floor_at_the_lowest_category_says_nothing(ratings: pd.DataFrame) -> None:
    person = "p07"
    rest = ratings[~((ratings["person"] == person) & (ratings["source"] == "git"))]
    without = FacetsModel(estimate_variances=False).fit(rest)
    both = pd.concat([rest, machine_row(ratings, person, 0, at_least=True)])
    model = FacetsModel(estimate_variances=False).fit(both)
    assert model.persons_["estimate"].to_numpy() == pytest.approx(without.persons_["estimate"].to_numpy(), abs=2e-3)
    assert model.persons_["sd"].to_numpy() == pytest.approx(without.persons_["sd"].to_numpy(), abs=2e-3)


def test_a_floor_never_pulls_below_the_exact_category_or_below_silence(ratings: pd.DataFrame) -> None:
    model = FacetsModel().fit(ratings)
    for person in ("p00", "p11", "p23", "p39"):
        silent = model.posterior(person, without={"source": "git"})
        for score in range(4):
            exact = model.posterior(person, replace=machine_row(ratings, person, score, at_least=False))
            floor = model.posterior(person, replace=machine_row(ratings, person, score, at_least=True))
            assert floor.mean[0] >= exact.mean[0] - 1e-6
            assert floor.mean[0] >= silent.mean[0] - 1e-3


def test_the_top_category_as_a_floor_is_the_top_category(ratings: pd.DataFrame) -> None:
    model = FacetsModel().fit(ratings)
    exact = model.posterior("p03", replace=machine_row(ratings, "p03", 3, at_least=False))
    floor = model.posterior("p03", replace=machine_row(ratings, "p03", 3, at_least=True))
    assert floor.mean == pytest.approx(exact.mean, abs=1e-6)
    assert floor.sd == pytest.approx(exact.sd, abs=1e-6)


def test_the_posterior_with_a_floor_is_the_exact_one(ratings: pd.DataFrame) -> None:
    """One machine rating of "at least 2", facets held, without halo: integrated by brute force."""
    quiet = FacetsModel(halo=False, estimate_variances=False).fit(ratings)
    floor = quiet.posterior("p05", without={"source": "feedback"}, replace=None)
    assert floor.n.sum() == 1
    only = ratings[ratings["source"] == "git"]
    lone = pd.concat([only[only["person"] != "p05"], machine_row(ratings, "p05", 2, at_least=True)])
    model = FacetsModel(halo=False, estimate_variances=False).fit(lone)
    found = model.posterior("p05")
    taus = model.thresholds_["estimate"].to_numpy()
    shift = float(model.items_["estimate"].iloc[0] + model.raters_["estimate"].iloc[0])
    steps = Steps.of([taus]).cumulative

    def density(theta: float) -> float:
        chance = probabilities(np.array([theta - shift]), steps)[0][2:, 0].sum()
        return float(stats.norm.pdf(theta, model.theta_mean_, 1.2) * chance)

    mass = integrate.quad(density, -12, 12)[0]
    mean = integrate.quad(lambda theta: theta * density(theta), -12, 12)[0] / mass
    variance = integrate.quad(lambda theta: (theta - mean) ** 2 * density(theta), -12, 12)[0] / mass
    assert found.mean[0] == pytest.approx(mean, abs=2e-3)
    assert found.held_sd[0] == pytest.approx(np.sqrt(variance), abs=2e-3)


def test_floors_say_nothing_about_items_or_severities(ratings: pd.DataFrame) -> None:
    plain = FacetsModel(estimate_variances=False).fit(ratings)
    stranger = machine_row(ratings, "p05", 3, at_least=True).assign(person="stranger")
    model = FacetsModel(estimate_variances=False).fit(pd.concat([ratings, stranger]))
    assert model.items_["estimate"].to_numpy() == pytest.approx(plain.items_["estimate"].to_numpy(), abs=0.02)
    assert model.items_["se"].to_numpy() == pytest.approx(plain.items_["se"].to_numpy(), rel=1e-3)
