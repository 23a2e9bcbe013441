"""Sources that follow a person's proficiency more closely, or less, than the reference does: a discrimination a per source.

    log P(k) / P(k - 1) = a_m (theta - item - severity - halo) - w_r tau_mk        log a_m ~ N(0, sd^2)

a = 1 for the reference source, which thereby fixes the unit of theta, and for sources with too few ratings to tell (`free_sources`). a above 1:
a logit of theta shows more in this source's marks than in the reference's; below 1: less.

The derivative S of a rating's log-likelihood in log a is (x - E X) eta, which depends on the person through eta; it is therefore averaged over the
nodes of the tilted distributions, not taken at their mean. log a joins the facets of the Newton step as a further column per free source, before
the mean (`models.widening`), in the second phase only: a joint mode makes up for the uncertain theta by an a that is much too large. As with log w the log-likelihood is not concave in log a; the prior and the start at a = 1 keep to the sensible solution.

The estimation steps with expected information, which is never negative. Errors are read off the observed one, E[-S'] - Var(S) over persons (Louis
1982, doi:10.1111/j.2517-6161.1982.tb01203.x). It has the residual's share a (x - E X) in what log a and theta have in common. And as S is a parabola
in u rather than a line, Var(S) is more than the elimination of persons takes: `curvature` is the rest.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from models.categories import Moments, padded
from models.design import Design
from models.elimination import Layout, PersonPosterior
from models.incidence import Block, Incidence
from models.ratings import RatingError
from models.responses import Responses
from models.widening import Columns

__all__ = [
    "LEAST_RATINGS",
    "SlopeSums",
    "curvature",
    "discriminations",
    "free_sources",
    "reference_source",
    "slopes_of_formats",
]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LEAST_RATINGS = 200
"""A source's discrimination is estimated from more ratings than these; floors are not counted."""

_NARROWEST = 1e-12


def reference_source(design: Design, named: Hashable | None = None) -> int:
    """Code of the source whose a is 1: the named one, else that with most human ratings, the first by name among equals.

    Where no human rates, that with most ratings. Raises RatingError where the frame has no sources, or not the named one.
    """
    rows, words = design.rows, design.vocabulary
    if not words.has_source:
        raise RatingError("discrimination=True compares sources, and the frame has no column 'source'; add it")
    if named is not None:
        return words.code("source", named)
    human = ~rows.machine if (~rows.machine).any() else np.ones(len(rows), dtype=bool)
    return int(np.bincount(rows.source[human], minlength=len(words.sources)).argmax())


def free_sources(design: Design, named: Hashable | None = None) -> Integers:
    """Codes of the sources whose a is estimated: more than `LEAST_RATINGS` ratings, and not the reference (see `reference_source`)."""
    many = _ratings(design) > LEAST_RATINGS
    many[reference_source(design, named)] = False
    return np.flatnonzero(many)


def slopes_of_formats(design: Design, free: Integers) -> Integers:
    """For each response format the place of its source in `free`, -1 where a is 1.

    Raises RatingError where several sources share a format, as they may with partial credit.
    """
    rows, words = design.rows, design.vocabulary
    place = np.full(len(words.sources), -1)
    place[free] = np.arange(len(free))
    source = np.full(len(words.formats), -1)
    source[rows.format] = rows.source
    mixed = np.flatnonzero(source[rows.format] != rows.source)
    if len(mixed):
        item = words.items[rows.item[mixed[0]]]
        raise RatingError(
            f"item {item!r} is rated in several sources, which share its steps under thresholds='partial_credit'; with "
            "discrimination=True name its items apart by source, or use thresholds='rating_scale'"
        )
    return np.asarray(place[source])


def discriminations(design: Design, free: Integers, log_slope: Floats, error: Floats) -> pd.DataFrame:
    """By source: estimate (a), se (a times that of log a; 0 where a is 1 by rule), n (ratings, without floors).

    log_slope, error: log a of the free sources, and its standard errors.
    """
    table = pd.DataFrame({"estimate": 1.0, "se": 0.0, "n": _ratings(design)}, index=design.vocabulary.sources)
    table.iloc[free, :2] = np.column_stack([np.exp(log_slope), np.exp(log_slope) * error])
    return table


def _ratings(design: Design) -> Integers:
    """By source: how many ratings say something of facets."""
    rows = design.rows
    return np.bincount(rows.source[~rows.floor], minlength=len(design.vocabulary.sources)).astype(np.int64)


def curvature(bends: sparse.csr_array, layout: Layout, posterior: PersonPosterior) -> Floats:
    """What the curves of S in u add to its variance over persons, (sources, sources): half the sum of S'' S'' cov(u, u)^2.

    bends: (cells, sources) expected S''. Of two cells of a person, u moves together by way of theta alone.
    """
    sources, (groups, skills) = bends.shape[1], posterior.theta.shape
    at, slope = np.repeat(np.arange(layout.cells), np.diff(bends.indptr)), posterior.slope**2
    place = layout.ability[at] * sources + bends.indices
    by_theta = np.bincount(place, weights=bends.data * slope[at], minlength=groups * skills * sources)
    by_theta = by_theta.reshape(groups, skills, sources)
    turned = np.matmul(posterior.covariance**2, by_theta)
    own = posterior.covariance[layout.cell_group, layout.cell_skill, layout.cell_skill]
    alone = posterior.predictor_variance**2 - (slope * own) ** 2
    within = bends.T @ sparse.csr_array((bends.data * alone[at], bends.indices, bends.indptr), shape=bends.shape)
    across = by_theta.reshape(-1, sources).T @ turned.reshape(-1, sources)
    return np.asarray(0.5 * (across + within.toarray()))


@dataclass(slots=True)
class SlopeSums:
    """Sums over the ratings of free sources for the columns of log a, filled block by block.

    taus: (categories - 1, formats) steps, 0 beyond a format's last. place: (formats,) place of its source among the free ones, -1: none.
    residual, own: (free,). predictor, scale: (severity runs,) information shared with the linear predictor and with log w; bend: S''. item: (items,
    free). steps: (categories - 1, formats). observed: see the module.
    """

    taus: Floats
    place: Integers
    observed: bool
    residual: Floats
    own: Floats
    predictor: Floats
    scale: Floats
    bend: Floats
    item: Floats
    steps: Floats

    @classmethod
    def blank(
        cls, incidence: Incidence, steps: tuple[Floats, ...], place: Integers, free: int, *, observed: bool
    ) -> SlopeSums:
        """Nothing summed yet."""
        taus, runs = padded(steps), len(incidence.severity_cell)
        predictor, scale, bend = np.zeros((3, runs))
        item, by_step = np.zeros((incidence.items, free)), np.zeros(taus.shape)
        residual, own = np.zeros((2, free))
        return cls(taus, place, observed, residual, own, predictor, scale, bend, item, by_step)

    def add(self, block: Block, found: Moments, responses: Responses, eta: Floats, held: Floats, scale: Floats) -> None:
        """eta: (nodes, rows) linear predictors at the nodes; held, scale: as in `ScaleSums.add`."""
        kept = np.flatnonzero(self.place[block.rows.format] >= 0)
        if not len(kept) or responses.slope is None:
            return
        rows, (items, free) = block.rows.take(kept), self.item.shape
        eta, masses, above = eta[:, kept], found.masses[:, kept], found.above[:, :, kept]
        rate, held, weight, scale = responses.slope[kept], held[kept], block.facet_weight[kept], scale[kept]
        source, weighted = self.place[rows.format], masses * eta
        left = rows.score - above.sum(axis=0)
        residual = weight * (weighted * left).sum(axis=0)
        crossed = held * _crossed(above, weighted)
        own = held * _crossed(above, weighted * eta).sum(axis=0)
        shared = rate * crossed.sum(axis=0)
        if self.observed:
            own, shared = own - residual, shared - weight * rate * (masses * left).sum(axis=0)
            self._sum(self.bend, block, kept, weight * rate**2 * _bent(eta, masses, left))
        self.residual += np.bincount(source, weights=residual, minlength=free)
        self.own += np.bincount(source, weights=own, minlength=free)
        self._sum(self.predictor, block, kept, shared)
        self._sum(self.scale, block, kept, (self.taus[:, rows.format] * scale * crossed).sum(axis=0))
        places = rows.item * free + source
        self.item += np.bincount(places, weights=shared, minlength=items * free).reshape(items, free)
        for step, values in enumerate(scale * crossed):
            self.steps[step] += np.bincount(rows.format, weights=values, minlength=len(self.place))

    @staticmethod
    def _sum(runs: Floats, block: Block, kept: Integers, values: Floats) -> None:
        every = np.zeros(len(block.rows))
        every[kept] = values
        runs[block.severity_run] = block.by_severity_run(every)

    def columns(self, incidence: Incidence, rater: Integers, raters: int) -> Columns:
        """The columns of log a, one per free source. rater: (severities,) whose scale a severity unit has; raters: how many have scales."""
        free, runs = self.item.shape[1], self._runs(incidence)
        at, source = incidence.severity_code[runs], self.place[incidence.severity_format[runs]]
        severity, scales = np.zeros((incidence.severities, free)), np.zeros((raters, free))
        np.add.at(severity, (at, source), -self.predictor[runs])
        if raters:
            np.add.at(scales, (rater[at], source), -self.scale[runs])
        steps = np.zeros((incidence.steps, free))
        for code in np.flatnonzero(self.place >= 0):
            part = slice(*incidence.offsets[code : code + 2])
            steps[part, self.place[code]] = -self.steps[: part.stop - part.start, code]
        return Columns(
            gradient=self.residual,
            cell=self._by_cell(incidence, self.predictor),
            severity=severity,
            others=np.vstack([-self.item, steps, scales]),
            mean=self.item.sum(axis=0),
            own=np.diag(self.own),
        )

    def bends(self, incidence: Incidence) -> sparse.csr_array:
        """Expected S'' of every cell, (cells, free)."""
        return self._by_cell(incidence, self.bend)

    def _runs(self, incidence: Incidence) -> Integers:
        return np.flatnonzero(self.place[incidence.severity_format] >= 0)

    def _by_cell(self, incidence: Incidence, values: Floats) -> sparse.csr_array:
        runs, shape = self._runs(incidence), (incidence.cells, self.item.shape[1])
        start = np.searchsorted(incidence.severity_cell[runs], np.arange(incidence.cells + 1))
        return sparse.csr_array((values[runs], self.place[incidence.severity_format[runs]], start), shape=shape)


def _crossed(above: Floats, masses: Floats) -> Floats:
    """cov(X, 1{X >= j}) summed over nodes with masses (nodes, rows) of any sign: (categories - 1, rows). Its sum over j is the variance."""
    weighted = masses * above
    upper = weighted.sum(axis=1)
    later = np.cumsum(upper[::-1], axis=0)[::-1] - upper
    category = np.arange(1, len(upper) + 1)[:, None]
    return np.asarray(category * upper + later - (weighted * above.sum(axis=0)).sum(axis=1))


def _bent(eta: Floats, masses: Floats, left: Floats) -> Floats:
    """Expected second derivative in eta of eta times `left`, x - E X at the nodes: for a normal z, E[f''] = E[f (z^2 - 1)]."""
    away = eta - (masses * eta).sum(axis=0)
    variance = np.maximum((masses * away**2).sum(axis=0), _NARROWEST)
    return np.asarray((masses * eta * left * (away**2 / variance - 1.0)).sum(axis=0) / variance)
