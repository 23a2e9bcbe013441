from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import binom

from models.conformal import (
    ConformalSets,
    conformal_band,
    conformal_scores,
    conformal_sets,
    fit_conformal,
    set_coverage,
)
from models.recalibration import LabelError

CUTS = np.array([-2.0, -0.7, 0.7, 2.0])


def people(count: int, rng: np.random.Generator, sharpness: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Stated probabilities, too sharp by `sharpness`, and levels drawn from the true ones."""
    theta = rng.normal(0.0, 1.5, (count, 1))
    true, stated = expit(CUTS - theta), expit(sharpness * (CUTS - theta))
    level = (rng.random((count, 1)) > true).sum(axis=1) + 1
    return np.diff(stated, axis=1, prepend=0.0, append=1.0), level


@given(st.lists(st.lists(st.floats(0.0, 1.0), min_size=5, max_size=5).filter(any), min_size=1, max_size=5))
def test_windows_grow_from_the_median_to_their_likelier_neighbour(weights: list[list[float]]) -> None:
    share = np.array(weights)
    share /= share.sum(axis=1, keepdims=True)
    for own, score in zip(share, conformal_scores(share), strict=True):
        order = np.argsort(score, kind="stable")
        inside = np.concatenate([[0.0], np.cumsum(own[order])[:-1]])
        np.testing.assert_allclose(score[order], inside + 0.5 * own[order], atol=1e-9)
        assert np.cumsum(own)[order[0]] >= 0.5 - 1e-6
        for cut in score:
            kept = np.flatnonzero(score <= cut)
            assert len(kept) == kept[-1] - kept[0] + 1


def test_a_symmetric_row_does_not_depend_on_rounding() -> None:
    share = np.array([[0.1, 0.2, 0.4, 0.2, 0.1]])
    moved = share + 1e-13 * np.array([[0, 1, -2, 1, 0], [0, 2, -1, -1, 0]])
    np.testing.assert_allclose(conformal_scores(moved), np.tile([[0.95, 0.7, 0.2, 0.5, 0.85]], (2, 1)), atol=1e-9)


@pytest.mark.parametrize("sharpness", [1.0, 3.0])
def test_coverage_is_in_its_band_as_often_as_the_band_says_whatever_the_probabilities(sharpness: float) -> None:
    rng, runs = np.random.default_rng(1), 300
    held = 0
    for _ in range(runs):
        known, others = people(80, rng, sharpness), people(100, rng, sharpness)
        held += set_coverage(fit_conformal(*known), known, others, rng=rng).holds
    assert binom.ppf(1e-4, runs, 0.95) <= held


def test_coverage_over_many_draws_is_the_promised_one() -> None:
    rng = np.random.default_rng(2)
    covered = []
    for _ in range(400):
        known, others = people(59, rng, 2.0), people(50, rng, 2.0)
        covered.append(set_coverage(fit_conformal(*known, alpha=0.2), known, others, rng=rng).covered)
    error = np.std(covered) / np.sqrt(len(covered))
    assert np.mean(covered) == pytest.approx(0.8, abs=4 * error)
    assert error < 0.01


def test_ties_over_cover_and_are_told_apart() -> None:
    """Two kinds of rows only: scores tie, coverage jumps over its target, and random order of ties brings it back."""
    rng = np.random.default_rng(3)

    def draw(count: int) -> tuple[np.ndarray, np.ndarray]:
        share = np.tile([[0.85, 0.1, 0.05]], (count, 1))
        return share, rng.choice([1, 2, 3], count, p=share[0])

    known, others = draw(400), draw(2000)
    found = set_coverage(fit_conformal(*known, alpha=0.2), known, others, rng=rng)
    assert found.covered > found.band[1]
    assert found.band[0] <= found.untied <= found.band[1]
    assert found.holds


def test_sets_for_others_than_the_labelled_are_caught() -> None:
    rng = np.random.default_rng(4)
    known = people(300, rng)
    share, level = people(300, rng)
    shifted = np.minimum(level + 1, 5)
    assert not set_coverage(fit_conformal(*known), known, (share, shifted), rng=rng).holds


def test_people_count_and_not_their_labels() -> None:
    rng = np.random.default_rng(5)
    share, level = people(8, rng)
    many = np.repeat(np.arange(8), 50)
    fitted = fit_conformal(np.repeat(share, 50, axis=0), np.repeat(level, 50), groups=many)
    assert (fitted.people, fitted.labels, fitted.cut) == (8, 400, np.inf)
    assert fitted.sets(share).tolist() == [[1, 5]] * 8
    share, level = people(60, rng)
    once = fit_conformal(share, level)
    uneven = np.repeat(np.arange(60), np.arange(60) % 3 + 1)
    again = fit_conformal(share[uneven], level[uneven], groups=uneven)
    assert again.cut == once.cut


def test_sets_grow_with_the_coverage_asked_for_and_are_never_empty() -> None:
    rng = np.random.default_rng(6)
    known, (share, _) = people(200, rng), people(50, rng)
    inner = conformal_sets(*known, share, alpha=0.9)
    outer = conformal_sets(*known, share, alpha=0.05)
    assert (inner[:, 0] <= inner[:, 1]).all()
    assert ((outer[:, 0] <= inner[:, 0]) & (inner[:, 1] <= outer[:, 1])).all()
    assert (outer[:, 1] - outer[:, 0]).mean() > (inner[:, 1] - inner[:, 0]).mean()


def test_the_band_is_that_of_simulated_coverage() -> None:
    rng = np.random.default_rng(7)
    scores = rng.random((20000, 49 + 30))
    cut = np.sort(scores[:, :49], axis=1)[:, int(np.ceil(50 * 0.9)) - 1]
    covered = (scores[:, 49:] <= cut[:, None]).mean(axis=1)
    low, high = conformal_band(49, 30, 0.1)
    inside = ((covered >= low) & (covered <= high)).mean()
    assert 0.95 <= inside <= 0.99
    assert conformal_band(8, 30, 0.1) == (1.0, 1.0)
    assert conformal_band(9, 30, 0.1)[1] == 1.0


def test_json_gives_the_same_sets() -> None:
    rng = np.random.default_rng(8)
    known = people(30, rng)
    for alpha in (0.1, 0.001):
        fitted = fit_conformal(*known, alpha=alpha)
        assert ConformalSets.from_mapping(json.loads(json.dumps(fitted.as_mapping(), allow_nan=False))) == fitted


def test_without_labels_sets_hold_everything_and_mistakes_are_named() -> None:
    fitted = fit_conformal(np.empty((0, 3)), [])
    assert fitted.sets([[0.2, 0.3, 0.5]]).tolist() == [[1, 3]]
    share = [[0.2, 0.3, 0.5]]
    with pytest.raises(LabelError, match=r"levels count from 1 to 3, found .*0.* in row 0"):
        fit_conformal(share, [0])
    with pytest.raises(ValueError, match="alpha must lie between 0 and 1"):
        fit_conformal(share, [1], alpha=1.0)
    with pytest.raises(LabelError, match="one column per level"):
        fitted.sets([[0.5, 0.5]])
    with pytest.raises(ValueError, match="people must be counted"):
        conformal_band(10, 0)
