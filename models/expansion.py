"""The log-likelihood of all ratings as a quadratic in predictors and facets, about where an iteration stands.

Per cell a site, by Laplace's method or matched to tilted moments (`models.sites`), and for the facets gradient and information, expected under the
same distributions. Everything is gathered block by block (`models.incidence`) in the order of the sorted rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.categories import Moments, averaged, floor_moments, probabilities, step_information
from models.centrality import ScaleSums
from models.discrimination import SlopeSums
from models.elimination import Cross
from models.incidence import Block, Incidence
from models.problem import Facets
from models.responses import Responses
from models.sites import LEAST_PRECISION, match
from models.widening import Couplings, widened

__all__ = ["Expansion", "Site", "expand"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Site:
    """Per cell: mean and variance of the predictor, and the site exp(natural u - precision u^2 / 2) in it."""

    predictor: Floats
    spread: Floats
    precision: Floats
    natural: Floats

    def part(self, cells: slice) -> Site:
        """Neighbouring cells, as views."""
        return Site(self.predictor[cells], self.spread[cells], self.precision[cells], self.natural[cells])


@dataclass(frozen=True, slots=True)
class Expansion:
    """New sites, and what the facets' Newton step needs.

    precision, natural: (cells,). mean: (cells,) predictor about which cells and facets are coupled. log_evidence: sum of the logs of
    the tilted normalisers (0 for Laplace). gradient: (facets,). cross: coupling of cells and facets. severity: (severities,) their
    own information; mixed: (severities, others); others: of items, steps, logs of scales, logs of
    discriminations and mean. bends: see `models.discrimination.curvature`, None unless observed.
    """

    precision: Floats
    natural: Floats
    mean: Floats
    log_evidence: float
    gradient: Floats
    cross: Cross
    severity: Floats
    mixed: Floats
    others: Floats
    bends: sparse.csr_array | None


def expand(
    incidence: Incidence, facets: Facets, sites: Site, *, nodes: int, pace: float = 1.0, observed: bool = False
) -> Expansion:
    """Expand at `sites`. nodes: 1 for Laplace's method; pace: share of the way from the old to newly matched sites; observed: see
    `models.discrimination`.
    """
    precision, natural, mean = (np.empty(incidence.cells) for _ in range(3))
    sums, evidence = _Sums.blank(incidence, max(len(steps) for steps in facets.steps)), 0.0
    scales = ScaleSums.blank(incidence, facets.steps, facets.rater) if len(facets.log_scale) else None
    free = len(facets.log_slope)
    slopes = SlopeSums.blank(incidence, facets.steps, facets.source, free, observed=observed) if free else None
    for block in incidence.blocks:
        responses, before = facets.responses(block.rows), sites.part(block.cell)
        if nodes == 1:
            after, held, found, eta = _laplace(block, responses, before)
        else:
            after, held, found, eta, gained = _tilted(block, responses, before, nodes, pace)
            evidence += gained
        precision[block.cell], natural[block.cell], mean[block.cell] = after.precision, after.natural, after.predictor
        weight, scale = held[block.cell_of_row] * block.facet_weight, facets.scale(block.rows.severity)
        sums.add(block, found, responses, weight, incidence, scale)
        if scales is not None:
            scales.add(block, found, responses, weight, scale)
        if slopes is not None and nodes > 1:
            slopes.add(block, found, responses, eta, weight, scale)
    couplings = sums.couplings(incidence)
    if scales is not None:
        couplings = widened(couplings, scales.columns(incidence, incidence.severities))
    if slopes is not None:
        couplings = widened(couplings, slopes.columns(incidence, facets.rater, len(facets.log_scale)))
    bends = slopes.bends(incidence) if slopes is not None and observed else None
    return Expansion(precision, natural, mean, evidence, *couplings, bends)


def _laplace(block: Block, responses: Responses, sites: Site) -> tuple[Site, Floats, Moments, Floats]:
    """Second-order expansion at the predictors; also eta there, (1, rows)."""
    rows, rate = block.rows, responses.rate
    eta = responses.eta(sites.predictor[block.cell_of_row])[None]
    chance = probabilities(eta, responses.cumulative)[0]
    seen, known = rows.score.astype(np.float64), np.zeros(int(rows.floor.sum()))
    if len(known):
        _, seen[rows.floor], known = floor_moments(chance[:, 0, rows.floor], rows.score[rows.floor])
    found = averaged(chance, np.ones((1, len(rows))))
    left = _unknown(found.variance, rows.floor, known)
    precision = block.by_cell(rows.weight * rate**2 * left)
    natural = precision * sites.predictor + block.by_cell(rows.weight * rate * (seen - found.expected))
    return Site(sites.predictor, sites.spread, precision, natural), np.ones(len(precision)), found, eta


def _tilted(
    block: Block, responses: Responses, sites: Site, nodes: int, pace: float
) -> tuple[Site, Floats, Moments, Floats, float]:
    """Matched sites, what they hold of the ratings' summed information, moments under the tilted distributions, and eta at their nodes."""
    rows, rate = block.rows, responses.rate
    matched = match(block, rows, responses, sites.predictor, sites.spread, sites.precision, sites.natural, nodes=nodes)
    share = matched.share[:, block.cell_of_row]
    known = np.zeros(int(rows.floor.sum()))
    if len(known):
        variance = floor_moments(matched.chance[:, :, rows.floor], rows.score[rows.floor])[2]
        known = (share[:, rows.floor] * variance).sum(axis=0)
    found = averaged(matched.chance, share)
    left = _unknown(found.variance, rows.floor, known)
    precision = sites.precision + pace * (matched.precision - sites.precision)
    natural = sites.natural + pace * (matched.natural - sites.natural)
    held = precision / np.maximum(block.by_cell(rows.weight * rate**2 * left), LEAST_PRECISION)
    site = Site(matched.mean, sites.spread, precision, natural)
    return site, held, found, matched.eta, float(matched.log_evidence.sum())


def _unknown(variance: Floats, floor: NDArray[np.bool_], known: Floats) -> Floats:
    """Variance less what floors leave of it: a floor tells less than a score."""
    if not len(known):
        return variance
    left = variance.copy()
    left[floor] = np.maximum(left[floor] - known, 0.0)
    return left


@dataclass(slots=True)
class _Sums:
    """Sums over rows, filled block by block: by runs, and over all rows where the sums are small."""

    severity_residual: Floats
    severity_information: Floats
    severity_steps: Floats
    item_information: Floats
    item_residual: Floats
    item_steps: Floats
    step_residual: Floats
    step_information: Floats

    @classmethod
    def blank(cls, incidence: Incidence, steps: int) -> _Sums:
        runs, formats = len(incidence.severity_cell), len(incidence.offsets) - 1
        return cls(
            np.empty(runs),
            np.empty(runs),
            np.empty((steps, runs)),
            np.empty(len(incidence.item_cell)),
            np.zeros(incidence.items),
            np.zeros((steps, incidence.items, formats)),
            np.zeros((steps, formats)),
            np.zeros((formats, steps, steps)),
        )

    def add(
        self,
        block: Block,
        found: Moments,
        responses: Responses,
        held: Floats,
        incidence: Incidence,
        scale: Floats,
    ) -> None:
        """held: (rows,) weight of each rating's information in what the facets learn; scale: (rows,) of the steps."""
        rows, items, formats, rate = block.rows, incidence.items, len(incidence.offsets) - 1, responses.rate
        residual = block.facet_weight * rate * (rows.score - found.expected)
        information = held * rate**2 * found.variance
        steps = held * (rate * scale) * found.cross
        self.severity_residual[block.severity_run] = block.by_severity_run(residual)
        self.severity_information[block.severity_run] = block.by_severity_run(information)
        self.severity_steps[:, block.severity_run] = block.by_severity_run(steps)
        self.item_information[block.item_run] = block.by_item_run(information)
        self.item_residual += np.bincount(rows.item, weights=residual, minlength=items)
        both = rows.item * formats + rows.format if formats > 1 else rows.item
        for step, upper in enumerate(found.upper):
            passed = block.facet_weight * scale * (upper - (rows.score > step))
            self.step_residual[step] += np.bincount(rows.format, weights=passed, minlength=formats)
            sums = np.bincount(both, weights=steps[step], minlength=items * formats)
            self.item_steps[step] += sums.reshape(items, formats)
        self.step_information += step_information(found, held * scale**2, rows.format, formats)

    def couplings(self, incidence: Incidence) -> Couplings:
        """Gradient, coupling, and the facets' own information, as in `Expansion`."""
        severities, items, count = incidence.severities, incidence.items, incidence.steps
        lengths = np.diff(incidence.offsets)

        def by_severity(values: Floats) -> Floats:
            return np.bincount(incidence.severity_code, weights=values, minlength=severities).astype(np.float64)

        gradient = np.concatenate(
            [
                -by_severity(self.severity_residual),
                -self.item_residual,
                *(self.step_residual[:length, code] for code, length in enumerate(lengths)),
                [self.item_residual.sum()],
            ]
        )
        severity = by_severity(self.severity_information)
        pairs = incidence.item_severity * items + incidence.item_code
        met = np.bincount(pairs, weights=self.item_information, minlength=severities * items)
        mixed = np.zeros((severities, items + count + 1))
        mixed[:, :items] = met.reshape(severities, items)
        mixed[:, -1] = -severity
        by_format = severities * incidence.severity_format + incidence.severity_code
        crossed = np.zeros((items, count))
        for step, values in enumerate(self.severity_steps):
            sums = np.bincount(by_format, weights=values, minlength=severities * len(lengths)).reshape(-1, severities)
            for code in np.flatnonzero(lengths > step):
                column = incidence.offsets[code] + step
                mixed[:, items + column] = sums[code]
                crossed[:, column] = self.item_steps[step, :, code]
        others = self._others(incidence, crossed)
        cross = incidence.cross(self.severity_information, self.item_information, self.severity_steps)
        return gradient, cross, severity, mixed, others

    def _others(self, incidence: Incidence, crossed: Floats) -> Floats:
        """Information of items, steps and mean. crossed: (items, steps)."""
        items, count = crossed.shape
        item = np.bincount(incidence.item_code, weights=self.item_information, minlength=items)
        others = np.zeros((items + count + 1,) * 2)
        others[np.arange(items), np.arange(items)] = item
        others[:items, -1] = others[-1, :items] = -item
        others[-1, -1] = item.sum()
        others[:items, items:-1], others[items:-1, :items] = crossed, crossed.T
        others[-1, items:-1] = others[items:-1, -1] = -crossed.sum(axis=0)
        for code, length in enumerate(np.diff(incidence.offsets)):
            own = slice(items + incidence.offsets[code], items + incidence.offsets[code + 1])
            others[own, own] = self.step_information[code, :length, :length]
        return others
