"""Cuts from vignettes and decisions: against quadrature, by their derivatives, and for coverage of known truths."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from models.anchoring import (
    DECISIONS,
    VIGNETTES,
    Freedom,
    Labels,
    Shift,
    alone,
    carried,
    common_shift,
    labelled_cuts,
    panel_noise,
    theta_loading,
    without_prior,
)
from models.cutpoints import rating_cuts
from models.cuts import Cuts
from models.facets import FacetsModel
from models.uncertainty import along

NORM = (-2.0, -0.7, 0.7, 2.0)
FEW = replace(DECISIONS, free=0.0)


def cuts_at(values: tuple[float, ...] | np.ndarray, own: float = 0.2, facets: int = 1) -> Cuts:
    size = len(values)
    error = np.full(size, own)
    return Cuts(
        np.array(values), error, error, np.ones(size, int), np.zeros((size, facets)), "held", np.zeros(size, bool)
    )


def labels(theta: list[float], level: list[int], sd: float = 0.3, weight: float = 1.0) -> Labels:
    size = len(theta)
    return Labels(np.array(theta), np.full(size, sd), np.array(level, dtype=np.int64), np.full(size, weight))


def test_a_single_cut_agrees_with_quadrature_over_cut_and_noise() -> None:
    said = labels([-1.0, -0.2, 0.3, 0.6, 1.4], [1, 1, 2, 1, 2], sd=0.25)
    found, _ = labelled_cuts(cuts_at((0.5,), own=0.4), said, freedom=Freedom(0.6, 0.0, 0.0), rule="by hand", floor=0.0)
    cut, log = np.meshgrid(np.linspace(-4, 5, 1201), np.linspace(-2.5, 2.5, 161), indexing="ij")
    spread = np.sqrt((0.3 * np.exp(log)) ** 2 + 0.25**2)
    density = norm.logpdf(cut, 0.5, np.hypot(0.4, 0.6)) + norm.logpdf(log, 0, 0.5)
    for theta, level in zip(said.theta, said.level, strict=True):
        above = norm.cdf((theta - cut) / spread)
        density += np.log(0.98 * (above if level == 2 else 1 - above) + 0.02 / 2)
    mass = np.exp(density - density.max())
    mass /= mass.sum()
    mean = (mass * cut).sum()
    assert found.cut[0] == pytest.approx(mean, abs=0.005)
    assert found.own[0] == pytest.approx(np.sqrt((mass * (cut - mean) ** 2).sum()), abs=0.005)


def test_without_labels_the_cuts_are_the_prior_and_wider() -> None:
    found, gain = labelled_cuts(cuts_at(NORM), labels([], []), freedom=FEW, rule="none")
    np.testing.assert_allclose(found.cut, NORM)
    np.testing.assert_allclose(found.own**2, 0.2**2 + 0.5**2 + (0.25 * np.array(NORM)) ** 2)
    assert gain.shape == (4, 0)


def test_labels_pull_cuts_their_way_and_more_of_them_further() -> None:
    """Everybody half a logit below a cut is decided to be above it."""
    pulled = []
    for copies in (1, 5, 25):
        said = labels([-2.5, -1.2, 0.2, 1.5] * copies, [2, 3, 4, 5] * copies)
        pulled.append(labelled_cuts(cuts_at(NORM), said, freedom=FEW, rule="x")[0])
    moves = np.array([one.cut.mean() for one in pulled])
    assert (np.diff(moves) < 0).all()
    assert moves[0] < -0.05
    assert (np.diff([one.own.mean() for one in pulled]) < 0).all()


def test_a_label_of_little_weight_says_little() -> None:
    said = labels([0.2], [4])
    whole = labelled_cuts(cuts_at(NORM), said, freedom=FEW, rule="x")[0].cut
    faint = labelled_cuts(cuts_at(NORM), replace(said, weight=np.array([0.01])), freedom=FEW, rule="x")[0].cut
    assert abs(faint[2] - 0.7) < 0.02 * abs(whole[2] - 0.7) + 0.01


def test_one_wild_decision_moves_the_cuts_less_than_a_plain_one() -> None:
    """A slip explains what no reasonable cut could: influence is bounded."""
    plain = labelled_cuts(cuts_at(NORM), labels([0.2], [4], sd=0.1), freedom=FEW, rule="x")[0].cut
    wild = labelled_cuts(cuts_at(NORM), labels([-4.0], [5], sd=0.1), freedom=FEW, rule="x")[0].cut
    assert abs(wild - NORM).max() < 0.25
    assert abs(plain - NORM).max() > 0.1


def test_cuts_follow_thetas_and_priors_as_their_derivatives_say() -> None:
    prior, said = cuts_at(NORM, facets=4), labels([-2.2, -0.5, 0.9, 1.1, 2.6], [1, 3, 3, 4, 5])
    prior = replace(prior, loading=np.eye(4))
    found, gain = labelled_cuts(prior, said, freedom=VIGNETTES, rule="x")
    step = 0.01
    for n in range(len(said)):
        up, down = (
            labelled_cuts(
                prior, replace(said, theta=said.theta + sign * step * (np.arange(5) == n)), freedom=VIGNETTES, rule="x"
            )[0]
            for sign in (1, -1)
        )
        np.testing.assert_allclose((up.cut - down.cut) / (2 * step), gain[:, n], atol=0.05)
    up, down = (
        labelled_cuts(replace(prior, cut=prior.cut + sign * step), said, freedom=VIGNETTES, rule="x")[0]
        for sign in (1, -1)
    )
    np.testing.assert_allclose((up.cut - down.cut) / (2 * step), found.loading.sum(axis=1), atol=0.05)


def test_what_others_decisions_taught_moves_a_skill_that_has_none() -> None:
    far = labels([-2.6, -1.3, 0.1, 1.4] * 8, [2, 3, 4, 5] * 8)
    shift = common_shift([cuts_at(NORM), cuts_at((-1.0, 0.0, 1.0, 2.0))], [far, labels([], [])], freedom=FEW)
    assert shift.mean[0] < -0.2
    assert shift.covariance[0, 0] < 0.5**2
    nothing = common_shift([cuts_at(NORM)], [labels([], [])], freedom=FEW)
    np.testing.assert_allclose(nothing.covariance, Shift.unknown(FEW).covariance)
    moved, _ = labelled_cuts(cuts_at(NORM), labels([], []), freedom=FEW, shift=shift, rule="x")
    assert (moved.cut < np.array(NORM)).all()


def test_what_labels_say_beside_their_prior_gives_the_posterior_back() -> None:
    prior = cuts_at(NORM)
    said = labels(
        list(np.linspace(-3, 3, 60)), [1 + int(sum(x > np.array(NORM) - 0.4)) for x in np.linspace(-3, 3, 60)]
    )
    found, _ = labelled_cuts(prior, said, freedom=DECISIONS, rule="x", floor=0.0)
    site = without_prior(found, prior, DECISIONS, None)
    variance = 0.2**2 + 0.5**2 + 0.5**2 + (0.25 * np.array(NORM)) ** 2
    total = 1 / variance + site.own**-2
    np.testing.assert_allclose((np.array(NORM) / variance + site.cut * site.own**-2) / total, found.cut, atol=0.02)
    silent = without_prior(labelled_cuts(prior, labels([0.0], [3]), freedom=FEW, rule="x")[0], prior, FEW, None)
    assert np.isnan(silent.cut).all()


def test_described_persons_are_not_drawn_towards_the_population() -> None:
    mean, sd, telling = alone(np.array([1.8, 0.1]), np.array([0.4, 1.19]), 0.0, 1.2)
    assert mean[0] == pytest.approx(1.8 / (1 - 0.4**2 / 1.2**2))
    assert sd[0] == pytest.approx((0.4**-2 - 1.2**-2) ** -0.5)
    assert telling.tolist() == [True, False]


def test_the_loading_of_thetas_is_the_adjoint_of_how_facets_move_them(simulate: Callable) -> None:
    model = FacetsModel().fit(simulate(7, persons=25, skills=2, raters=8, items=2).ratings)
    rng = np.random.default_rng(0)
    gain, direction = rng.normal(size=(4, 3)), rng.normal(size=len(model.facet_covariance_))
    loading = theta_loading(model, "s1", ["p004", "p000", "p020"], gain)
    moved = along(model.fitted_.solution, direction[:, None])[[4, 0, 20], 1, 0]
    np.testing.assert_allclose(loading @ direction, gain @ moved)
    cuts = carried(model, cuts_at(NORM, facets=len(direction)), loading)
    delta = np.einsum("kf,fg,kg->k", loading, model.facet_covariance_, loading)
    np.testing.assert_allclose(cuts.se**2, 0.2**2 + delta)


def drawn(
    rng: np.random.Generator, freedom: Freedom, count: int, *, vignettes: bool
) -> tuple[np.ndarray, Labels] | None:
    """True cuts from the prior, and what deciders say of people seen with an error; None for cuts too close to draw people between."""
    base = np.array(NORM)
    cut = base * (1 + rng.normal(0, freedom.factor)) + rng.normal(0, freedom.shift) + rng.normal(0, freedom.free, 4)
    cut = cut + rng.normal(0, 0.2, 4)
    if (np.diff(cut) < 0.3).any():
        return None
    if vignettes:
        edges = np.concatenate([[cut[0] - 1.2], cut, [cut[3] + 1.2]])
        level = np.resize(np.arange(5), count)
        theta = edges[level] + rng.random(count) * np.diff(edges)[level]
        seen, sd = theta + rng.normal(0, 0.2, count), 0.2
    else:
        theta, error = rng.normal(0, 1.2, count), 0.45
        kept = 1.2**2 / (1.2**2 + error**2)
        seen, sd = kept * (theta + rng.normal(0, error, count)), error * np.sqrt(kept)
    said = 1 + ((theta + rng.normal(0, 0.3, count))[:, None] > cut).sum(axis=1)
    return cut, Labels(seen, np.full(count, sd), said, np.ones(count))


def coverage(freedom: Freedom, count: int, *, vignettes: bool, runs: int, seed: int) -> tuple[float, float, float]:
    """Coverage of 90 % intervals, RMSE, and root mean square standard error, over true cuts drawn from the prior."""
    rng = np.random.default_rng(seed)
    inside, squares, errors = [], [], []
    for _ in range(runs):
        made = drawn(rng, freedom, count, vignettes=vignettes)
        if made is None:
            continue
        found, _ = labelled_cuts(cuts_at(NORM), made[1], freedom=freedom, rule="x", floor=0.0)
        inside.append(np.abs(found.cut - made[0]) < 1.645 * found.own)
        squares.append((found.cut - made[0]) ** 2)
        errors.append(found.own**2)
    return float(np.mean(inside)), float(np.sqrt(np.mean(squares))), float(np.sqrt(np.mean(errors)))


@pytest.mark.parametrize(
    ("freedom", "count", "vignettes"), [(VIGNETTES, 7, True), (FEW, 25, False), (DECISIONS, 60, False)]
)
def test_cuts_cover_the_truth_as_often_as_their_errors_say(freedom: Freedom, count: int, vignettes: bool) -> None:
    inside, _, stated = coverage(freedom, count, vignettes=vignettes, runs=60, seed=count)
    assert 0.83 <= inside <= 0.96
    beforehand = np.sqrt(0.2**2 + freedom.shift**2 + freedom.free**2 + (freedom.factor * np.array(NORM)) ** 2).mean()
    assert stated < 0.6 * beforehand


@pytest.mark.long
@pytest.mark.parametrize(
    ("freedom", "count", "vignettes"),
    [(VIGNETTES, 5, True), (VIGNETTES, 8, True), (FEW, 15, False), (DECISIONS, 120, False)],
)
def test_cuts_cover_the_truth_as_often_as_their_errors_say_at_length(
    freedom: Freedom, count: int, vignettes: bool
) -> None:
    inside, error, stated = coverage(freedom, count, vignettes=vignettes, runs=500, seed=count)
    assert 0.87 <= inside <= 0.93
    assert 0.9 <= error / stated <= 1.1


TRUE = np.array([-1.8, -0.6, 0.6, 1.8])
SHY = np.array([-3.2, -1.1, 1.1, 3.2])
"""Where raters begin to give each mark: so far out that true fives are marked 4.2 on average."""


def shy_raters(
    seed: int, *, persons: int = 60, raters: int = 12, per_person: int = 5, described: int = 8
) -> pd.DataFrame:
    """Ratings on one level-anchored item by raters who shun the ends, of people and of vignettes that everybody rates."""
    rng = np.random.default_rng(seed)
    severity = rng.normal(0, 0.5, raters)
    severity -= severity.mean()
    inner = np.concatenate([[-2.6], TRUE, [2.6]])
    level = np.resize([0, 1, 2, 3, 4, 0, 4, 2], described)
    people = [
        (f"p{n:03d}", theta, rng.choice(raters, per_person, replace=False))
        for n, theta in enumerate(rng.normal(0, 1.2, persons))
    ]
    people += [
        (f"vignette:{n}", inner[k] + rng.uniform(0.2, 0.8) * (inner[k + 1] - inner[k]), np.arange(raters))
        for n, k in enumerate(level)
    ]
    rows = []
    for person, theta, whose in people:
        for rater in whose:
            eta = theta - severity[rater] - rng.normal(0, 0.3)
            logs = np.concatenate([[0.0], np.cumsum(eta - SHY)])
            chance = np.exp(logs - logs.max())
            mark = 1 + int(rng.choice(5, p=chance / chance.sum()))
            rows.append((person, "marks", f"r{rater:02d}", mark, "feedback360", 5, 1, theta))
    columns = ["person", "item", "rater", "score", "source", "categories", "lowest", "theta"]
    table = pd.DataFrame(rows, columns=columns)
    table.attrs["levels"] = {f"vignette:{n}": int(k) + 1 for n, k in enumerate(level)}
    return table


def mended(seed: int) -> tuple[Cuts, Cuts, pd.DataFrame]:
    """The norm's cuts, the vignettes', and the ratings."""
    table = shy_raters(seed)
    model = FacetsModel().fit(table.drop(columns="theta"))
    held = rating_cuts(model, ["marks"], source="feedback360")
    everyone = model.posteriors()
    names = sorted(table.attrs["levels"])
    row = pd.Index(everyone.keys["person"]).get_indexer(pd.Index(names))
    theta, sd, _ = alone(
        everyone.mean[row, 0], everyone.held_sd[row, 0], float(everyone.prior_mean), float(everyone.prior_sd[0])
    )
    levels = np.array([table.attrs["levels"][name] for name in names])
    said = Labels(theta, sd, levels, np.ones(len(names)), panel_noise(6))
    cuts, gain = labelled_cuts(held, said, freedom=VIGNETTES, rule="vignettes")
    return held, carried(model, cuts, theta_loading(model, "all", names, gain)), table


def test_vignettes_mend_what_shy_raters_do_to_the_top_cut() -> None:
    held, found, table = mended(1)
    fives = table[(table["theta"] > TRUE[3]) & table["person"].str.startswith("p")]
    assert 3.9 < fives["score"].mean() < 4.5
    assert held.cut[3] - TRUE[3] > 1.0
    assert abs(found.cut - TRUE).max() < 0.6
    assert abs(found.cut - TRUE).mean() < 0.4 * abs(held.cut - TRUE).mean()


@pytest.mark.long
def test_vignettes_mend_shy_raters_with_errors_that_cover() -> None:
    runs = [mended(seed)[:2] for seed in range(40)]
    off = np.array([found.cut - TRUE for _, found in runs])
    inside = np.abs(off) < 1.645 * np.array([found.se for _, found in runs])
    assert inside.mean() >= 0.88  # above .9, for these levels are agreed without any error
    assert (np.abs(off.mean(axis=0)) < 0.25).all()
    assert np.array([held.cut[3] for held, _ in runs]).mean() - TRUE[3] > 1.0
