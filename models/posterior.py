"""Posteriors of persons with the facets held: jointly over skills, and on a grid per skill.

For a person (or a person with some ratings left out or replaced) the cells' sites are found by expectation propagation, which
gives the joint normal posterior of all skills and halos. The marginal of one skill is then corrected on a grid: along the
grid, each cell of that skill contributes its exact likelihood, averaged over what else the cell's predictor depends on, instead of
its site (Cseke & Heskes 2011, JMLR 12:417-454). With a single skill this is the exact marginal; with several, the other skills
enter by their normal approximation.

What the facets' own uncertainty adds is the same for all variants of a person; it stretches the grid about its mean.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.categories import hermite_nodes, log_likelihood
from models.design import Rows
from models.elimination import Layout, PersonPosterior, condition
from models.problem import Facets
from models.responses import Responses
from models.sites import Sites, laplace_sites, match
from models.variances import Variances

__all__ = ["GRID_NODES", "Posterior", "Posteriors", "infer"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

GRID_NODES = 61
"""Nodes of the grid of one skill, over six posterior standard deviations on either side."""

_REACH = 6.0
_KNOTS = 4
_INNER_NODES = 7
_TOLERANCE = 1e-7
_COARSE = 0.05
_WORTH_DROPPING = 0.6
"""Share of cells still moving below which the settled ones are left behind."""
_PACES = (1.0,) * 20 + (0.5,) * 30 + (0.2,) * 50
"""Shares of the way to newly matched sites; what has not settled at full pace does so at a slower one."""


@dataclass(frozen=True, slots=True)
class Posterior:
    """What is known of one person. Arrays follow `skills`; theta in logits.

    mean, sd: EAP and posterior SD per skill. covariance: joint, facets' uncertainty included. held_sd: SD with the facets held.
    grid, mass: (skills, nodes) theta values and their probabilities, sum 1 per skill. prior_mean, prior_sd: of the population.
    n: number of ratings per skill.
    """

    person: Hashable
    skills: tuple[Hashable, ...]
    mean: Floats
    sd: Floats
    covariance: Floats
    held_sd: Floats
    grid: Floats
    mass: Floats
    prior_mean: float
    prior_sd: Floats
    n: Integers


@dataclass(frozen=True, slots=True)
class Posteriors:
    """Posteriors of many persons or variants: the arrays of `Posterior` with one leading axis.

    keys: one row per posterior, column person and, for variants, what was left out. centre, scale, nodes: the grid of posterior g and
    skill s is centre[g, s] + scale[g, s] * nodes.
    """

    keys: pd.DataFrame
    skills: pd.Index[Any]
    mean: Floats
    sd: Floats
    covariance: Floats
    held_sd: Floats
    centre: Floats
    scale: Floats
    nodes: Floats
    mass: Floats
    prior_mean: float
    prior_sd: Floats
    n: Integers

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, position: int) -> Posterior:
        return Posterior(
            person=self.keys["person"].iloc[position],
            skills=tuple(self.skills),
            mean=self.mean[position],
            sd=self.sd[position],
            covariance=self.covariance[position],
            held_sd=self.held_sd[position],
            grid=self.centre[position][:, None] + self.scale[position][:, None] * self.nodes,
            mass=self.mass[position],
            prior_mean=self.prior_mean,
            prior_sd=self.prior_sd,
            n=self.n[position],
        )

    @property
    def grid(self) -> Floats:
        """All grids at once: (posteriors, skills, nodes)."""
        return np.asarray(self.centre[:, :, None] + self.scale[:, :, None] * self.nodes)

    def frame(self) -> pd.DataFrame:
        """Long form: the key columns, skill, estimate, sd, held_sd, n."""
        skills = len(self.skills)
        table = self.keys.loc[self.keys.index.repeat(skills)].reset_index(drop=True)
        table["skill"] = np.tile(self.skills.to_numpy(), len(self))
        for name, values in {"estimate": self.mean, "sd": self.sd, "held_sd": self.held_sd, "n": self.n}.items():
            table[name] = values.ravel()
        return table


@dataclass(frozen=True, slots=True)
class Inferred:
    """Posteriors of groups with facets held, before names and the facets' uncertainty are added."""

    mean: Floats
    covariance: Floats
    centre: Floats
    scale: Floats
    nodes: Floats
    mass: Floats
    n: Integers


def infer(
    rows: Rows,
    group: Integers,
    groups: int,
    facets: Facets,
    variances: Variances,
    *,
    nodes: int = GRID_NODES,
    start: Sites | None = None,
) -> Inferred:
    """Posteriors of `groups` groups of rows (sorted by group, halo unit, skill), facets and variances held, old ratings discounted.

    start: sites of the cells near the solution, which saves finding them.
    """
    rows = rows.discounted()
    skills = len(variances.theta)
    layout = Layout.of(rows, group, groups=groups, skills=skills)
    responses = facets.responses(rows)
    posterior, precision, natural = _propagate(layout, rows, responses, variances, start)
    centre, variance = posterior.theta, np.diagonal(posterior.covariance, axis1=1, axis2=2)
    scale = np.sqrt(variance)
    points = np.linspace(-_REACH, _REACH, nodes)
    logs = np.broadcast_to(-0.5 * points**2, (groups, skills, nodes)).copy()
    if layout.cells:
        blurred = max(variances.halo, variances.halo_skill, variances.machine_halo, *variances.machine_halo_skills) > 0
        count = _INNER_NODES if blurred or skills > 1 else 1
        gain = _corrections(layout, rows, responses, posterior, precision, natural, points, count)
        flat = np.zeros((groups * skills, nodes))
        order = np.argsort(layout.ability, kind="stable")
        ability = layout.ability[order]
        first = np.flatnonzero(np.r_[True, ability[1:] != ability[:-1]])
        flat[ability[first]] = np.add.reduceat(gain[order], first, axis=0)
        logs += flat.reshape(logs.shape)
    mass = np.exp(logs - logs.max(axis=2, keepdims=True))
    mass /= mass.sum(axis=2, keepdims=True)
    shift = (mass * points).sum(axis=2)
    ratio = np.sqrt(np.maximum((mass * points**2).sum(axis=2) - shift**2, 1e-12))
    n = np.bincount(group * skills + rows.skill, minlength=groups * skills).reshape(groups, skills)
    return Inferred(
        mean=centre + scale * shift + facets.mean,
        covariance=posterior.covariance * ratio[:, :, None] * ratio[:, None, :],
        centre=centre + facets.mean,
        scale=scale,
        nodes=points,
        mass=mass,
        n=n,
    )


def _propagate(
    layout: Layout, rows: Rows, responses: Responses, variances: Variances, start: Sites | None
) -> tuple[PersonPosterior, Floats, Floats]:
    """Fixed point of the cells' sites; start: sites near it, if known."""
    blank = np.zeros(layout.cells)
    if not layout.cells:
        return condition(layout, variances, blank, blank), blank, blank
    known = start if start is not None else _laplace(layout, rows, responses, variances)
    precision, natural = known.precision.copy(), known.natural.copy()
    posterior = condition(layout, variances, precision, natural)
    part, cells, going = layout, np.arange(layout.cells), np.ones(layout.cells, dtype=bool)
    for pace in _PACES:
        before, spread = posterior.predictor, posterior.predictor_variance
        old, own = precision[cells], natural[cells]
        matched = match(part, rows, responses, before, spread, old, own, nodes=7)
        precision[cells] = old + np.where(going, pace * (matched.precision - old), 0.0)
        natural[cells] = own + np.where(going, pace * (matched.natural - own), 0.0)
        posterior = condition(part, variances, precision[cells], natural[cells])
        moved = np.abs(posterior.predictor - before) + np.abs(np.sqrt(posterior.predictor_variance) - np.sqrt(spread))
        going &= _of_group(part, moved) > _TOLERANCE
        if not going.any():
            break
        if going.sum() < _WORTH_DROPPING * len(going):
            kept = going[part.cell_of_row]
            group = np.unique(part.cell_group[part.cell_of_row[kept]], return_inverse=True)[1]
            rows, responses = rows.take(kept), responses.take(kept)
            part = Layout.of(rows, group, groups=int(group[-1]) + 1, skills=layout.skills)
            cells, going = cells[going], going[going]
            posterior = condition(part, variances, precision[cells], natural[cells])
    return condition(layout, variances, precision, natural), precision, natural


def _laplace(layout: Layout, rows: Rows, responses: Responses, variances: Variances) -> Sites:
    """Sites near the mode, to start from."""
    blank = np.zeros(layout.cells)
    sites = laplace_sites(layout, rows, responses, blank)
    precision, natural, predictor = sites.precision, sites.natural, blank
    going = np.ones(layout.cells, dtype=bool)
    for pace in _PACES:
        posterior = condition(layout, variances, precision, natural)
        move = np.where(going, np.clip(posterior.predictor - predictor, -3.0, 3.0), 0.0)
        going &= _of_group(layout, np.abs(move)) > _COARSE
        predictor = predictor + pace * move
        if not going.any():
            break
        sites = laplace_sites(layout, rows, responses, predictor)
        precision, natural = np.where(going, sites.precision, precision), np.where(going, sites.natural, natural)
    return Sites(precision, natural)


def _of_group(layout: Layout, values: Floats) -> Floats:
    """Per cell, the largest value among its group's cells: a group stops by itself, whatever it is computed together with."""
    largest = np.zeros(layout.groups)
    np.maximum.at(largest, layout.cell_group, values)
    return largest[layout.cell_group]


def _corrections(
    layout: Layout,
    rows: Rows,
    responses: Responses,
    posterior: PersonPosterior,
    precision: Floats,
    natural: Floats,
    points: Floats,
    inner_nodes: int,
) -> Floats:
    """Log of exact over site likelihood of every cell along its skill's grid: (cells, nodes).

    inner_nodes: for what else than its theta a cell's predictor depends on; 1 where that is nothing.
    """
    table = _Table.of(layout, rows, responses, posterior)
    own = posterior.covariance[layout.cell_group, layout.cell_skill, layout.cell_skill]
    inner = np.maximum(posterior.predictor_variance - posterior.slope**2 * own, 0.0)
    centre = posterior.predictor[:, None] + (posterior.slope * np.sqrt(own))[:, None] * points
    places, masses = hermite_nodes(inner_nodes)
    spread = np.sqrt(inner)[:, None]
    logs = np.empty((len(places), *centre.shape))
    for node, place in enumerate(places):
        at = centre + place * spread
        logs[node] = table.at(at) - at * (natural[:, None] - 0.5 * precision[:, None] * at)
    if len(places) == 1:
        return np.asarray(logs[0])
    highest = logs.max(axis=0)
    logs -= highest
    np.exp(logs, out=logs)
    total = masses[0] * logs[0]
    for mass, part in zip(masses[1:], logs[1:], strict=True):
        total += mass * part
    return np.asarray(highest + np.log(total))


@dataclass(frozen=True, slots=True)
class _Table:
    """Log-likelihood of each cell and its slope at equally spaced predictors, for cubic Hermite interpolation.

    Knots lie at whole multiples of a binary fraction, so that a cell's values do not depend on which others share the table.
    """

    lowest: Integers
    value: Floats
    slope: Floats

    @classmethod
    def of(cls, layout: Layout, rows: Rows, responses: Responses, posterior: PersonPosterior) -> _Table:
        reach = 8.0 * np.sqrt(posterior.predictor_variance)
        lowest = np.floor((posterior.predictor - reach) * _KNOTS).astype(np.int64)
        count = int((np.ceil((posterior.predictor + reach) * _KNOTS).astype(np.int64) - lowest).max()) + 2
        value, slope = np.empty((count, layout.cells)), np.empty((count, layout.cells))
        first = lowest[layout.cell_of_row]
        for knot in range(count):
            eta = responses.eta((first + knot) / _KNOTS)
            values, slopes = log_likelihood(eta, rows.score, responses.cumulative, rows.floor)
            value[knot] = layout.by_cell(rows.weight * values)
            slope[knot] = layout.by_cell(rows.weight * responses.rate * slopes) / _KNOTS
        return cls(lowest, np.ascontiguousarray(value.T), np.ascontiguousarray(slope.T))

    def at(self, places: Floats) -> Floats:
        """Interpolated log-likelihoods of the cells at places (cells, n)."""
        knots = self.value.shape[1]
        scaled = places * _KNOTS
        left = np.floor(scaled)
        t = scaled - left
        index = left.astype(np.int64)
        index -= self.lowest[:, None]
        np.clip(index, 0, knots - 2, out=index)
        index += (np.arange(len(places)) * knots)[:, None]
        value, slope = self.value.ravel(), self.slope.ravel()
        first, second = value[index], value[index + 1]
        rise = second - first
        bend = slope[index] - rise
        tail = slope[index + 1] - rise
        return np.asarray(first + t * (rise + (1.0 - t) * (bend * (1.0 - t) - tail * t)))
