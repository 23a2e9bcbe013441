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

from models.categories import (
    Moments,
    averaged,
    averaged_variance,
    floor_moments,
    hermite_nodes,
    moments,
    probabilities,
)
from models.design import Rows
from models.elimination import Layout

__all__ = ["Match", "Sites", "laplace_sites", "match", "tilted_sites"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_LEAST_PRECISION = 1e-9
_NARROWEST = 1.0 / 16.0
"""Of the spread: narrower distributions fall between the nodes, and are approached in steps."""


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
    eta = predictor[layout.cell_of_row] + offset
    found = moments(eta, rows.facet_weight, cumulative, formats)
    seen, left = rows.score.astype(np.float64), np.zeros(len(rows))
    if rows.floor.any():
        chance = probabilities(eta[rows.floor], cumulative[:, rows.floor])[0]
        _, seen[rows.floor], left[rows.floor] = floor_moments(chance, rows.score[rows.floor])
    precision = layout.by_cell(rows.weight * np.maximum(found.variance - left, 0.0))
    slope = layout.by_cell(rows.weight * (seen - found.expected))
    blank = np.zeros(layout.cells)
    return Sites(precision, precision * predictor + slope, predictor, np.ones(layout.cells), found, blank)


@dataclass(frozen=True, slots=True)
class Match:
    """Sites matched to tilted moments, and the tilted distributions on their nodes.

    precision, natural, mean, log_evidence: as in `Sites`. share: (nodes, cells) tilted mass of each node; chances: category
    probabilities of all rows at each node, if kept.
    """

    precision: Floats
    natural: Floats
    mean: Floats
    log_evidence: Floats
    share: Floats
    chances: tuple[Floats, ...]


def match(
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
    keep: bool = False,
) -> Match:
    """Match sites, given the current posterior N(predictor, spread) and the sites (precision, natural) inside it."""
    points, masses = hermite_nodes(nodes)
    step_cost = cumulative[rows.score, np.arange(len(rows))]
    places = predictor + points[:, None] * np.sqrt(spread)
    chances, logs = [], np.empty_like(places)
    floors = bool(rows.floor.any())
    for node, place in enumerate(places):
        eta = place[layout.cell_of_row] + offset
        chance, normaliser = probabilities(eta, cumulative)
        value = rows.score * eta - step_cost - normaliser
        if floors:
            value[rows.floor] = np.log(floor_moments(chance[:, rows.floor], rows.score[rows.floor])[0])
        logs[node] = layout.by_cell(rows.weight * value) - place * (natural - 0.5 * precision * place)
        if keep:
            chances.append(chance)
    logs += np.log(masses)[:, None]
    highest = logs.max(axis=0)
    share = np.exp(logs - highest)
    total = share.sum(axis=0)
    share /= total
    mean = (share * places).sum(axis=0)
    variance = np.maximum((share * (places - mean) ** 2).sum(axis=0), _NARROWEST * spread)
    return Match(
        precision=np.maximum(1.0 / variance - 1.0 / spread + precision, _LEAST_PRECISION),
        natural=mean / variance - predictor / spread + natural,
        mean=mean,
        log_evidence=highest + np.log(total),
        share=share,
        chances=tuple(chances),
    )


def tilted_sites(layout: Layout, rows: Rows, found: Match, formats: Sequence[Integers]) -> Sites:
    """A match (with chances kept) and the moments of all ratings under the tilted distributions."""
    share = found.share[:, layout.cell_of_row]
    variance = averaged_variance(found.chances, share)
    if rows.floor.any():
        floor, left = rows.floor, np.zeros(int(rows.floor.sum()))
        for chance, mass in zip(found.chances, share, strict=True):
            left += mass[floor] * floor_moments(chance[:, floor], rows.score[floor])[2]
        variance[floor] = np.maximum(variance[floor] - left, 0.0)
    information = layout.by_cell(rows.weight * variance)
    held = found.precision / np.maximum(information, _LEAST_PRECISION)
    taken = averaged(found.chances, share, held[layout.cell_of_row] * rows.facet_weight, formats)
    return Sites(found.precision, found.natural, found.mean, held, taken, found.log_evidence)
