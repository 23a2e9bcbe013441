"""Raters who use the middle, or the ends, of a scale: every rater's own scale w of the steps.

    log P(k) / P(k - 1) = theta - item - severity - halo - w_r tau_mk        log w_r ~ N(0, s^2)

w above 1 is centrality (steps far apart: middle categories), below 1 extremity. Machines have w = 1, the human raters' geometric mean is 1, and
where a format has two categories, its one step being 0, w says nothing. Infit alone misses centrality (MEASUREMENT of the field: Myford &
Wolfe 2004, J. Applied Measurement 5:189).

The derivative of a rating's log-likelihood in log w is -w (C_x - E C_X), with C the cumulative steps: the steps' own derivatives, summed with tau as
weights. So log w joins the facets of the Newton step as further columns, between the steps and the mean (`models.widening`), and s is scored like the other SDs. The information is
expected, so its inverse holds at the solution; the log-likelihood is not concave in log w, but the prior and the start at w = 1 keep
to the sensible solution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.categories import Moments, padded
from models.incidence import Block, Incidence
from models.responses import Responses
from models.widening import Columns

__all__ = ["ScaleSums"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(slots=True)
class ScaleSums:
    """Sums over rows for the columns of log w, filled block by block.

    taus: (categories - 1, formats) steps, 0 beyond a format's last. rater: (severities,) whose scale each severity unit has.
    residual, own: (severity runs,) gradient and information; predictor: information shared with the linear predictor, by severity
    run and by item run; steps: shared with the steps, (categories - 1, severity runs).
    """

    taus: Floats
    rater: Integers
    residual: Floats
    own: Floats
    predictor: Floats
    item_predictor: Floats
    steps: Floats

    @classmethod
    def blank(cls, incidence: Incidence, steps: tuple[Floats, ...], rater: Integers) -> ScaleSums:
        """Nothing summed yet."""
        runs, taus = len(incidence.severity_cell), padded(steps)
        return cls(
            taus,
            rater,
            np.empty(runs),
            np.empty(runs),
            np.empty(runs),
            np.empty(len(incidence.item_cell)),
            np.empty((len(taus), runs)),
        )

    def add(self, block: Block, found: Moments, responses: Responses, held: Floats, scale: Floats) -> None:
        """held: (rows,) weight of each rating's information; scale: (rows,) w of its rater."""
        rows = block.rows
        tau = self.taus[:, rows.format] * scale
        passed = found.upper - (rows.score > np.arange(len(tau))[:, None])
        shared = held * responses.rate * (tau * found.cross).sum(axis=0)
        steps = held * scale * _with_cumulative(found, tau)
        self.residual[block.severity_run] = block.by_severity_run(block.facet_weight * (tau * passed).sum(axis=0))
        self.own[block.severity_run] = block.by_severity_run((tau / scale * steps).sum(axis=0))
        self.predictor[block.severity_run] = block.by_severity_run(shared)
        self.item_predictor[block.item_run] = block.by_item_run(shared)
        self.steps[:, block.severity_run] = block.by_severity_run(steps)

    def columns(self, incidence: Incidence, severities: int) -> Columns:
        """The columns of log w, one per rater."""
        raters, items, count = int(self.rater.max()) + 1, incidence.items, incidence.steps
        rater = self.rater[incidence.severity_code]

        def by_rater(values: Floats, code: Integers = rater, other: Integers | None = None, size: int = 1) -> Floats:
            place = code if other is None else other * raters + code
            sums = np.bincount(place, weights=values, minlength=size * raters)
            return sums.astype(np.float64).reshape(size, raters)

        meets = np.zeros((severities, raters))
        meets[np.arange(severities), self.rater] = np.bincount(
            incidence.severity_code, weights=self.predictor, minlength=severities
        )
        others = np.zeros((items + count, raters))
        others[:items] = by_rater(self.item_predictor, self.rater[incidence.item_severity], incidence.item_code, items)
        formats = len(incidence.offsets) - 1
        for step, values in enumerate(self.steps):
            sums = by_rater(values, rater, incidence.severity_format, formats)
            for code in np.flatnonzero(np.diff(incidence.offsets) > step):
                others[items + incidence.offsets[code] + step] = sums[code]
        runs = np.searchsorted(incidence.severity_cell, np.arange(incidence.cells + 1))
        return Columns(
            gradient=by_rater(self.residual)[0],
            cell=sparse.csr_array((-self.predictor, rater, runs), shape=(incidence.cells, raters)),
            severity=meets,
            others=others,
            mean=-by_rater(self.predictor)[0],
            own=np.diag(by_rater(self.own)[0]),
        )


def _with_cumulative(found: Moments, tau: Floats) -> Floats:
    """cov(1{X >= j}, sum over k of tau_k 1{X >= k}), expected over nodes: (categories - 1, rows)."""
    at_least = tau * found.upper
    below = np.cumsum(tau, axis=0) * found.upper
    above = np.cumsum(at_least[::-1], axis=0)[::-1] - at_least
    mean = (tau[:, None] * found.above).sum(axis=0)
    return np.asarray(below + above - (found.weighted * mean).sum(axis=1))
