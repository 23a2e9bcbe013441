"""Standard deviations are estimates, and posteriors can say so: wider where persons are few, hardly where they are many."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from models import deviation_share
from models.deviation_share import _covariance_root
from models.facets import FacetsModel
from models.newton import resettled
from models.parameters import priors
from models.problem import facet_problem


def widened(ratings: pd.DataFrame, **settings: object) -> np.ndarray:
    """Posterior SDs that count the deviations' error over those that do not."""
    plain = FacetsModel(**settings).fit(ratings).posteriors()  # type: ignore[arg-type]
    return FacetsModel(sd_uncertainty=True, **settings).fit(ratings).posteriors().sd / plain.sd  # type: ignore[arg-type]


def test_few_persons_widen_posteriors_and_many_hardly_do(simulate: Callable) -> None:
    few = widened(simulate(100, persons=30, raters=8).ratings)
    many = widened(simulate(100, persons=150, raters=40).ratings)
    assert few.min() > 1.0
    assert 0.015 < few.mean() - 1.0 < 0.05
    assert many.mean() - 1.0 < 0.3 * (few.mean() - 1.0)


def test_covariance_grid_and_what_is_left_out_carry_it_alike(simulate: Callable) -> None:
    ratings = simulate(101, persons=20, skills=2, raters=6, items=2, machines=1).ratings
    plain, model = FacetsModel().fit(ratings), FacetsModel(sd_uncertainty=True).fit(ratings)
    known, before = model.posterior("p003"), plain.posterior("p003")
    on_grid = np.sqrt((known.mass * known.grid**2).sum(axis=1) - (known.mass * known.grid).sum(axis=1) ** 2)
    np.testing.assert_allclose(on_grid, known.sd, rtol=1e-3)
    np.testing.assert_allclose(np.sqrt(np.diag(known.covariance)), known.sd)
    assert np.linalg.eigvalsh(known.covariance - before.covariance).min() > 0
    np.testing.assert_array_equal(known.held_sd, before.held_sd)
    np.testing.assert_array_equal(known.mean, before.mean)
    assert (model.leave_one_out().sd > plain.leave_one_out().sd).all()


@pytest.mark.parametrize("name", ["theta", "halo"])
def test_a_few_iterations_follow_a_deviation_as_a_fit_does(simulate: Callable, name: str) -> None:
    ratings = simulate(102, persons=30, raters=8).ratings
    model = FacetsModel().fit(ratings)
    found = model.standard_deviations_ | {name: model.standard_deviations_[name] * 1.05}
    given = {f"{one}_sd": found[one] for one in ("theta", "severity", "halo")}
    fitted = FacetsModel(estimate_variances=False, tolerance=1e-7, **given).fit(ratings)
    problem, solution = facet_problem(model.design_, priors(model.get_params())), model.fitted_.solution
    moved = resettled(problem, solution, fitted.fitted_.solution.variances, rounds=3)[0]
    far = fitted.fitted_.solution.posterior.theta - solution.posterior.theta
    left = moved.posterior.theta - fitted.fitted_.solution.posterior.theta
    assert np.sqrt((left**2).mean()) < 0.1 * np.sqrt((far**2).mean())


def test_deviations_that_are_given_add_nothing(simulate: Callable) -> None:
    assert (widened(simulate(103, persons=15).ratings, estimate_variances=False) == 1.0).all()


def test_beyond_so_many_persons_it_is_left_out(simulate: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deviation_share, "_MOST_PERSONS", 14)
    assert (widened(simulate(103, persons=15).ratings) == 1.0).all()


def test_on_a_shelf_the_prior_stands_alone() -> None:
    root = _covariance_root(np.array([[-3.0, 0.0], [0.0, 12.0]]), np.array([4.0, 4.0]))
    np.testing.assert_allclose(root @ root.T, np.diag([1 / 4, 1 / 16]), atol=1e-12)


@pytest.mark.parametrize("settings", [{"severity": "fixed"}, {"method": "joint"}])
def test_it_needs_priors(simulate: Callable, settings: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="sd_uncertainty=True needs the priors"):
        FacetsModel(sd_uncertainty=True, **settings).fit(simulate(1, persons=5).ratings)  # type: ignore[arg-type]
