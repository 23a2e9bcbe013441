"""Category probabilities and their moments, against plain sums over categories."""

from __future__ import annotations

import numpy as np
import pytest

from models.categories import Steps, averaged, probabilities, step_information

ETA = np.array([-1e4, -200.0, -37.5, -3.0, 0.0, 0.4, 5.0, 60.0, 200.0, 1e4])


def plain(eta: float, tau: np.ndarray) -> tuple[np.ndarray, float]:
    logits = np.arange(len(tau) + 1) * eta - np.concatenate([[0.0], np.cumsum(tau)])
    weights = np.exp(logits - logits.max())
    return weights / weights.sum(), float(logits.max() + np.log(weights.sum()))


@pytest.mark.parametrize("categories", [2, 5, 10, 40])
def test_probabilities_and_constants_hold_at_any_predictor(categories: int) -> None:
    tau = np.linspace(-8.0, 6.0, categories - 1) if categories > 2 else np.array([0.3])
    chance, constant = probabilities(ETA, Steps.of([tau]).cumulative)
    for column, eta in enumerate(ETA):
        expected, total = plain(eta, tau)
        np.testing.assert_allclose(chance[:, column], expected, rtol=1e-12, atol=1e-17)
        assert constant[column] == pytest.approx(total, rel=1e-12, abs=1e-12)


def test_categories_a_format_lacks_are_impossible_even_at_the_end_of_the_scale() -> None:
    formats = [np.array([-1.0, 0.0, 1.0]), np.array([0.5])]
    cumulative = Steps.of(formats).cumulative[:, [0, 1]]
    for eta in ETA:
        chance, constant = probabilities(np.full((3, 2), eta), cumulative)
        for column, tau in enumerate(formats):
            expected, total = plain(eta, tau)
            np.testing.assert_allclose(chance[: len(expected), 0, column], expected, rtol=1e-12, atol=1e-17)
            assert (chance[len(expected) :, :, column] == 0.0).all()
            assert constant[2, column] == pytest.approx(total, rel=1e-12, abs=1e-12)


def test_moments_average_over_nodes_and_formats_as_plain_sums_do() -> None:
    rng = np.random.default_rng(1)
    formats, of_row = [np.array([-1.0, 0.2, 0.8]), np.array([0.5])], np.array([0, 1, 0, 1, 0])
    cumulative = Steps.of(formats).cumulative[:, of_row]
    masses = rng.dirichlet(np.ones(3), 5).T
    chance = probabilities(rng.normal(size=(3, 5)), cumulative)[0]
    kept, weight, category = chance.copy(), rng.uniform(0.5, 2.0, 5), np.arange(4)[:, None, None]
    found = averaged(chance, masses)
    mean = (category * kept).sum(axis=0)
    np.testing.assert_allclose(found.expected, (masses * mean).sum(axis=0))
    np.testing.assert_allclose(found.variance, (masses * ((category**2 * kept).sum(axis=0) - mean**2)).sum(axis=0))
    information = step_information(found, weight, of_row, 2)
    for code in range(2):
        total = np.zeros((3, 3))
        for node in range(3):
            for row in np.flatnonzero(of_row == code):
                passed = np.arange(4)[None, :] >= np.arange(1, 4)[:, None]
                share = passed @ kept[:, node, row]
                both = (passed * kept[:, node, row]) @ passed.T
                total += weight[row] * masses[node, row] * (both - np.outer(share, share))
        np.testing.assert_allclose(information[code], total, atol=1e-14)
    alone = averaged(kept[:, :, of_row == 0].copy(), masses[:, of_row == 0])
    np.testing.assert_allclose(step_information(alone, weight[of_row == 0], of_row[of_row == 0], 1)[0], information[0])
