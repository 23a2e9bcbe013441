"""The likelihood of a cell as a normal *site*: a quadratic in the cell's predictor u.

A Laplace site is the second-order expansion at a point. A tilted site (expectation propagation, Minka 2001, arXiv:1301.2294) is the
quadratic that gives the cell's predictor the mean and variance it has when its own likelihood is used exactly and all others
by their sites; one-dimensional Gauss-Hermite sums are enough. Responses are log-concave, so sites never have negative precision. At its fixed
point the expected sufficient statistics under the tilted distributions are the gradient of the marginal likelihood in
the facets, which is why steps and variances come out without the bias of a joint mode.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.categories import floor_moments, hermite_nodes, moments, probabilities, step_costs
from models.design import Rows
from models.responses import Responses

__all__ = ["LEAST_PRECISION", "Cells", "Match", "Sites", "laplace_sites", "match"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LEAST_PRECISION = 1e-9
_NARROWEST = 1.0 / 16.0
"""Of the spread: narrower distributions fall between the nodes, and are approached in steps."""


class Cells(Protocol):
    """Which cell each row belongs to, and sums over cells along the last axis: a whole layout or a block of it."""

    @property
    def cell_of_row(self) -> Integers:
        """(rows,)"""
        ...

    def by_cell(self, values: Floats) -> Floats:
        """(.., rows) to (.., cells)"""
        ...


@dataclass(frozen=True, slots=True)
class Sites:
    """Per cell: the quadratic exp(natural u - precision u^2 / 2)."""

    precision: Floats
    natural: Floats


def laplace_sites(cells: Cells, rows: Rows, responses: Responses, predictor: Floats) -> Sites:
    """Second-order expansion of each cell's log-likelihood at `predictor`."""
    eta, rate = responses.eta(predictor[cells.cell_of_row]), responses.rate
    expected, left = moments(eta, responses.cumulative)
    slope = rows.score - expected
    if rows.floor.any():
        floor = rows.floor
        chance = probabilities(eta[floor], responses.steps_of(floor))[0]
        _, seen, known = floor_moments(chance, rows.score[floor])
        slope[floor], left[floor] = seen - expected[floor], np.maximum(left[floor] - known, 0.0)
    precision = cells.by_cell(rows.weight * rate**2 * left)
    return Sites(precision, precision * predictor + cells.by_cell(rows.weight * rate * slope))


@dataclass(frozen=True, slots=True)
class Match:
    """Sites matched to tilted moments, and the tilted distributions on their nodes.

    precision, natural: as in `Sites`. mean: (cells,) of the tilted predictors. log_evidence: (cells,) log of the tilted normalisers.
    share: (nodes, cells) tilted mass of each node. eta, chance: linear predictors and category
    probabilities of all rows at all nodes, (nodes, rows) and (categories, nodes, rows).
    """

    precision: Floats
    natural: Floats
    mean: Floats
    log_evidence: Floats
    share: Floats
    eta: Floats
    chance: Floats


def match(
    cells: Cells,
    rows: Rows,
    responses: Responses,
    predictor: Floats,
    spread: Floats,
    precision: Floats,
    natural: Floats,
    *,
    nodes: int,
) -> Match:
    """Match sites, given the current posterior N(predictor, spread) and the sites (precision, natural) inside it."""
    points, masses = hermite_nodes(nodes)
    places = predictor + points[:, None] * np.sqrt(spread)
    eta = responses.eta(places[:, cells.cell_of_row])
    chance, normaliser = probabilities(eta, responses.cumulative)
    value = rows.score * eta
    value -= step_costs(rows.score, responses.cumulative)
    value -= normaliser
    if rows.floor.any():
        value[:, rows.floor] = np.log(floor_moments(chance[:, :, rows.floor], rows.score[rows.floor])[0])
    value *= rows.weight
    logs = cells.by_cell(value) - places * (natural - 0.5 * precision * places) + np.log(masses)[:, None]
    highest = logs.max(axis=0)
    share = np.exp(logs - highest)
    total = share.sum(axis=0)
    share /= total
    mean = (share * places).sum(axis=0)
    variance = np.maximum((share * (places - mean) ** 2).sum(axis=0), _NARROWEST * spread)
    return Match(
        precision=np.maximum(1.0 / variance - 1.0 / spread + precision, LEAST_PRECISION),
        natural=mean / variance - predictor / spread + natural,
        mean=mean,
        log_evidence=highest + np.log(total),
        share=share,
        eta=eta,
        chance=chance,
    )
