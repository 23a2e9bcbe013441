"""The likelihood of a cell as a normal *site*: a quadratic in the cell's predictor u.

A Laplace site is the second-order expansion at a point. A tilted site (expectation propagation, Minka 2001, arXiv:1301.2294) is the
quadratic that gives the cell's predictor the mean and variance it has when its own likelihood is used exactly and all others
by their sites; one-dimensional Gauss-Hermite sums are enough. Responses are log-concave, so sites never have negative precision. At its fixed
point the expected sufficient statistics under the tilted distributions are the gradient of the marginal likelihood in
the facets, which is why steps and variances come out without the bias of a joint mode.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.categories import Moments, averaged, hermite_nodes, moments, probabilities
from models.design import Rows
from models.elimination import Layout

__all__ = ["Sites", "laplace_sites", "tilted_sites"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_LEAST_PRECISION = 1e-9


@dataclass(frozen=True, slots=True)
class Sites:
    """Per cell: the quadratic exp(natural u - precision u^2 / 2), and the mean predictor at which `moments` were taken.

    held: site precision over the cell's summed rating information; log_evidence: log of the tilted normalisers (zeros for Laplace).
    """

    precision: Floats
    natural: Floats
    mean: Floats
    held: Floats
    moments: Moments
    log_evidence: Floats


def laplace_sites(
    layout: Layout, rows: Rows, offset: Floats, cumulative: Floats, predictor: Floats, formats: Sequence[Integers]
) -> Sites:
    """Second-order expansion of each cell's log-likelihood at `predictor`."""
    found = moments(predictor[layout.cell_of_row] + offset, rows.score, rows.weight, cumulative, formats)
    precision = layout.by_cell(rows.weight * found.variance)
    slope = layout.by_cell(rows.weight * (rows.score - found.expected))
    blank = np.zeros(layout.cells)
    return Sites(precision, precision * predictor + slope, predictor, np.ones(layout.cells), found, blank)


def tilted_sites(
    layout: Layout,
    rows: Rows,
    offset: Floats,
    cumulative: Floats,
    predictor: Floats,
    spread: Floats,
    precision: Floats,
    natural: Floats,
    *,
    nodes: int,
    formats: Sequence[Integers],
) -> Sites:
    """Sites matched to the tilted moments, given the current posterior N(predictor, spread) and the sites inside it."""
    points, masses = hermite_nodes(nodes)
    step_cost = cumulative[rows.score, np.arange(len(rows))]
    places = predictor + points[:, None] * np.sqrt(spread)
    chances, values, logs = [], [], np.empty_like(places)
    for node, place in enumerate(places):
        eta = place[layout.cell_of_row] + offset
        chance, normaliser = probabilities(eta, cumulative)
        value = rows.score * eta - step_cost - normaliser
        logs[node] = layout.by_cell(rows.weight * value) - place * (natural - 0.5 * precision * place)
        chances.append(chance)
        values.append(value)
    logs += np.log(masses)[:, None]
    highest = logs.max(axis=0)
    share = np.exp(logs - highest)
    total = share.sum(axis=0)
    share /= total
    mean = (share * places).sum(axis=0)
    variance = (share * (places - mean) ** 2).sum(axis=0)
    matched = np.maximum(1.0 / variance - 1.0 / spread + precision, _LEAST_PRECISION)
    matched_natural = mean / variance - predictor / spread + natural
    row_share = share[:, layout.cell_of_row]
    found = averaged(chances, row_share, (row_share * np.array(values)).sum(axis=0), rows.weight, formats)
    information = layout.by_cell(rows.weight * found.variance)
    held = matched / np.maximum(information, _LEAST_PRECISION)
    return Sites(matched, matched_natural, mean, held, found, highest + np.log(total))
