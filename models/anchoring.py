"""Cutpoints from people, real or described, whose levels somebody decided: vignettes and committee decisions.

Let x be a person's theta, known with mean m and standard deviation s from evidence that excludes the decision, and let cuts c separate the
levels. Whoever decides sees x with an error of their own, SD sigma, and decides at times by something else altogether::

    P(decided level = l) = (1 - slip) * [Phi((m - c_below) / v) - Phi((m - c_above) / v)] + slip / L,   v^2 = sigma^2 + s^2

an ordinal (cumulative normal) regression whose slope is not free: theta is on the scale already. With sigma = .3 and levels 1.2 logits
wide the decided level is right four times in five, the confusion that MEASUREMENT's rule for committees assumes; log sigma has a
normal prior about it, SD .5. That is a committee of three whose members err by half a logit each; a panel that agrees on a vignette is
taken by its number of judges (`panel_noise`).

The cuts' prior is normal about cuts already held::

    c = c0 + shift + factor * (c0 - mean c0) + free + error of c0

with prior standard deviations for the common shift (logits), the spacing factor and each cut's own freedom. Decisions are few and
noisy, so they are held to .5, .25 and, under 50 people, 0; vignettes are chosen to span the scale and are agreed upon, so they
are held to next to nothing (2, .5, .5). Posterior means and covariances are computed by importance sampling on a fixed lattice about
the mode: deterministic, and right also where few labels leave the posterior skewed.

To first order the cuts follow the thetas they were learnt from, so what the facets' uncertainty moves in both does not blur a level
(`Cuts.loading`).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.cuts import FLOOR, LEAST_GAP, Cuts
from models.label_posterior import NOISE, Group, Labels, panel_noise, posterior_of

if TYPE_CHECKING:
    from models.facets import FacetsModel

__all__ = [
    "DECISIONS",
    "FREE_FROM",
    "NOISE",
    "VIGNETTES",
    "Freedom",
    "Labels",
    "Shift",
    "alone",
    "carried",
    "common_shift",
    "directions",
    "labelled_cuts",
    "panel_noise",
    "theta_loading",
    "without_prior",
]

Floats = NDArray[np.float64]

FREE_FROM = 50
"""People decided upon from whom on decisions may move each cut by itself."""


@dataclass(frozen=True, slots=True)
class Freedom:
    """Prior standard deviations of what labels may do to cuts already held: common shift and each cut alone in logits, factor as a share."""

    shift: float
    factor: float
    free: float


VIGNETTES = Freedom(2.0, 0.5, 0.5)
"""Described persons, chosen to span the scale, with levels that judges agreed on."""

DECISIONS = Freedom(0.5, 0.25, 0.5)
"""Committee decisions; `free` counts from FREE_FROM people on."""

_OF_ITS_OWN = 0.25
"""SD in logits by which one skill's shift may differ from that of the others."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Common shift and spacing factor learnt on other skills: mean (2,) and covariance (2, 2)."""

    mean: Floats
    covariance: Floats

    @classmethod
    def unknown(cls, freedom: Freedom) -> Shift:
        """Before any label."""
        return cls(np.zeros(2), np.diag([freedom.shift**2, freedom.factor**2]))


def labelled_cuts(
    prior: Cuts, labels: Labels, *, freedom: Freedom, shift: Shift | None = None, rule: str, floor: float = FLOOR
) -> tuple[Cuts, Floats]:
    """Cuts of one skill from its labels, shrunk to `prior`, and their derivative by each label's theta (cuts, n).

    prior: complete, rising. shift: what other skills' labels say of the common part. The result's loading is the prior's share; `carried` adds
    the labels' (`theta_loading` of the derivative) and completes the standard errors. Without labels this is the prior, moved and widened.
    """
    known = Shift.unknown(freedom) if shift is None else shift
    ways = directions(prior.cut)
    centre = prior.cut + ways @ known.mean
    size = len(centre)
    covariance = np.diag(prior.own**2 + freedom.free**2) + ways @ known.covariance @ ways.T
    if shift is not None:
        covariance = covariance + _OF_ITS_OWN**2
    centre = _rising(centre)
    found = posterior_of([Group(centre, np.eye(size), labels)], covariance)
    mean, spread = centre + found.mean, found.covariance
    kept = spread @ np.linalg.inv(covariance)
    own = np.sqrt(np.maximum(np.diag(spread), floor**2))
    cuts = Cuts(
        cut=mean,
        se=own,
        own=own,
        items=np.full(size, len(labels), dtype=np.int64),
        loading=kept @ prior.loading,
        rule=rule,
        extrapolated=np.zeros(size, dtype=np.bool_),
    )
    return cuts, found.gain


def common_shift(priors: Sequence[Cuts], labels: Sequence[Labels], *, freedom: Freedom) -> Shift:
    """Shift and spacing factor common to several skills, from the labels of all (in the priors' order).

    How much a skill's own cuts are in doubt, and may differ from the others', counts as error of each of its labels.
    """
    groups = []
    for prior, own in zip(priors, labels, strict=True):
        spread = np.sqrt(own.sd**2 + float((prior.own**2).mean()) + _OF_ITS_OWN**2)
        seen = Labels(own.theta, spread, own.level, own.weight, own.noise)
        groups.append(Group(prior.cut, directions(prior.cut), seen))
    if not any(len(group.labels) for group in groups):
        return Shift.unknown(freedom)
    found = posterior_of(groups, Shift.unknown(freedom).covariance)
    return Shift(found.mean, found.covariance)


def without_prior(cuts: Cuts, prior: Cuts, freedom: Freedom, shift: Shift | None) -> Cuts:
    """What the labels alone say per cut: precision and precision times mean of `labelled_cuts`, less those of its prior.

    NaN where they say next to nothing. For use beside sources that the prior was made of, so that it is not counted twice.
    """
    known = Shift.unknown(freedom) if shift is None else shift
    ways = directions(prior.cut)
    variance = prior.own**2 + freedom.free**2 + np.einsum("kd,de,ke->k", ways, known.covariance, ways)
    variance = variance + (0.0 if shift is None else _OF_ITS_OWN**2)
    centre = _rising(prior.cut + ways @ known.mean)
    information = cuts.own**-2 - 1.0 / variance
    telling = information > 1.0 / variance
    safe = np.where(telling, information, 1.0)
    cut = np.where(telling, (cuts.cut * cuts.own**-2 - centre / variance) / safe, np.nan)
    own = np.where(telling, np.maximum(safe**-0.5, FLOOR), np.nan)
    facet_part = np.maximum(cuts.se**2 - cuts.own**2, 0.0)
    return Cuts(cut, np.sqrt(own**2 + facet_part), own, cuts.items, cuts.loading, cuts.rule, ~telling)


def alone(
    mean: Floats, sd: Floats, prior_mean: float, prior_sd: float, *, least: float = 0.05
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Posterior means and SDs with the population taken out: for described persons, who were not drawn from it.

    Third: whether the evidence says anything (`least`: information per squared logit).

    >>> [float(part[0].round(3)) for part in alone(np.array([1.0]), np.array([0.6]), 0.0, 1.2)[:2]]
    [1.333, 0.693]
    """
    information = sd**-2 - prior_sd**-2
    telling = information > least
    safe = np.where(telling, information, 1.0)
    return (mean * sd**-2 - prior_mean * prior_sd**-2) / safe, safe**-0.5, telling


def carried(model: FacetsModel, cuts: Cuts, loading: Floats) -> Cuts:
    """The cuts with a further dependence on the facets, standard errors included."""
    whole = cuts.loading + loading
    facet_part = np.einsum("kf,fg,kg->k", whole, model.facet_covariance_, whole)
    return replace(cuts, loading=whole, se=np.sqrt(cuts.own**2 + facet_part))


def theta_loading(model: FacetsModel, skill: Hashable, persons: Sequence[Hashable], gain: Floats) -> Floats:
    """Derivative by the fit's facets of gain @ theta, (rows of gain, facets). gain: (rows, persons) on one skill."""
    solution, words = model.fitted_.solution, model.fitted_.design.vocabulary
    people, skills = solution.posterior.theta.shape
    column = words.code("skill", skill) if words.has_skill else 0
    weight = np.zeros((len(gain), people, skills))
    for person, share in zip(persons, gain.T, strict=True):
        code = words.code("person", person)
        weight[:, code] += share[:, None] * solution.posterior.covariance[code, column]
    flat = weight.reshape(len(gain), -1)
    pulled = np.hstack(
        [np.asarray((part.T @ flat.T).T) for part in (solution.coupling.severity, solution.coupling.rest)]
    )
    loading = -pulled
    loading[:, -1] += gain.sum(axis=1)
    return np.asarray(loading)


def directions(cut: Floats) -> Floats:
    """What a common shift and a spacing factor do to each cut: (cuts, 2)."""
    return np.column_stack([np.ones(len(cut)), cut - cut.mean()])


def _rising(cut: Floats) -> Floats:
    steps = np.arange(len(cut)) * LEAST_GAP * 1.01
    return np.asarray(np.maximum.accumulate(cut - steps) + steps)
