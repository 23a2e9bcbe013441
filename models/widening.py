"""Further columns among the facets: what the logs of scales and of discriminations share with everything else.

They stand between the steps and the mean, in the order in which they are put in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.elimination import Cross

__all__ = ["Columns", "Couplings", "widened"]

Floats = NDArray[np.float64]
Couplings: TypeAlias = tuple[Floats, Cross, Floats, Floats, Floats]
"""gradient, cross, severity, mixed and others, as in `models.expansion.Expansion`."""


@dataclass(frozen=True, slots=True)
class Columns:
    """k new facets: gradient (k,), and the information they share with cells (cells, k), severities (severities, k), the facets between
    severities and mean (others, k), the mean (k,), and each other (k, k).
    """

    gradient: Floats
    cell: sparse.csr_array
    severity: Floats
    others: Floats
    mean: Floats
    own: Floats


def widened(couplings: Couplings, new: Columns) -> Couplings:
    """Couplings with the new columns put in before the mean's."""
    gradient, cross, severity, mixed, others = couplings
    rest = cross.rest
    wide = (
        np.hstack([rest[:, :-1], new.cell.toarray(), rest[:, -1:]])
        if isinstance(rest, np.ndarray)
        else sparse.csr_array(sparse.hstack([rest[:, :-1], new.cell, rest[:, -1:]], format="csr"))
    )
    return (
        np.concatenate([gradient[:-1], new.gradient, gradient[-1:]]),
        Cross(cross.severity, wide),
        severity,
        np.hstack([mixed[:, :-1], new.severity, mixed[:, -1:]]),
        np.block(
            [
                [others[:-1, :-1], new.others, others[:-1, -1:]],
                [new.others.T, new.own, new.mean[:, None]],
                [others[-1:, :-1], new.mean[None, :], others[-1:, -1:]],
            ]
        ),
    )
