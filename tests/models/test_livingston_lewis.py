from __future__ import annotations

import numpy as np
import pytest

from models.livingston_lewis import livingston_lewis, true_score_distribution


def _scores(rng: np.random.Generator, true: np.ndarray, items: int) -> np.ndarray:
    return rng.binomial(items, true).astype(float)


def test_a_binomial_test_gives_back_its_length_and_its_true_scores() -> None:
    """Scores of 60 equal items about a beta: the method's own assumptions, so that it must find them."""
    rng, items = np.random.default_rng(3), 60
    true = 0.2 + 0.7 * rng.beta(4.0, 2.5, 400_000)
    scores = _scores(rng, true, items)
    found = true_score_distribution(scores, float(true.var() * items**2 / scores.var()), lowest=0, highest=items)
    assert found.parameters == 4
    assert found.length == pytest.approx(items, rel=0.02)
    assert (found.lower, found.upper) == pytest.approx((0.2, 0.9), abs=0.05)


def test_accuracy_and_consistency_are_those_of_a_simulated_second_test() -> None:
    rng, items, cuts = np.random.default_rng(4), 60, [30.0, 42.0]
    true = 0.2 + 0.7 * rng.beta(4.0, 2.5, 400_000)
    first, second = _scores(rng, true, items), _scores(rng, true, items)
    found = livingston_lewis(first, float(np.corrcoef(first, second)[0, 1]), cuts, lowest=0, highest=items)
    placed = [np.searchsorted(cuts, scores, side="right") for scores in (first, second, true * items)]
    assert found.accuracy == pytest.approx(float((placed[0] == placed[2]).mean()), abs=0.01)
    assert found.consistency == pytest.approx(float((placed[0] == placed[1]).mean()), abs=0.01)
    for cut in range(2):
        same = (placed[0] > cut) == (placed[1] > cut)
        assert found.consistency_at[cut] == pytest.approx(float(same.mean()), abs=0.01)
    assert found.confusion.sum() == pytest.approx(1.0, abs=1e-9)
    np.testing.assert_allclose(found.joint, found.joint.T, atol=1e-12)


def test_a_more_reliable_score_decides_better() -> None:
    scores = np.random.default_rng(5).binomial(40, 0.6, 500).astype(float) + np.tile([-6.0, 0.0, 6.0, 0.0, 3.0], 100)
    accuracy = [livingston_lewis(scores, r, 25.0, lowest=0, highest=50).accuracy for r in (0.5, 0.7, 0.9)]
    assert accuracy == sorted(accuracy)
    assert accuracy[2] - accuracy[0] > 0.05


def test_impermissible_moments_fall_back_to_two_parameters() -> None:
    scores = np.repeat([1.0, 2.0, 19.0, 20.0], 50)
    found = true_score_distribution(scores, 0.9, lowest=0, highest=20)
    assert (found.parameters, found.lower, found.upper) == (2, 0.0, 1.0)


def test_unusable_input_is_refused() -> None:
    scores = [10.0, 20.0, 30.0]
    with pytest.raises(ValueError, match="reliability must lie"):
        livingston_lewis(scores, 1.0, 15, lowest=0, highest=40)
    with pytest.raises(ValueError, match="cuts must rise"):
        livingston_lewis(scores, 0.8, [20, 10], lowest=0, highest=40)
    with pytest.raises(ValueError, match="between 0 and 25"):
        livingston_lewis(scores, 0.8, 15, lowest=0, highest=25)
    with pytest.raises(ValueError, match="all scores are equal"):
        livingston_lewis([5.0, 5.0], 0.8, 4, lowest=0, highest=10)
