"""How the facets' uncertainty reaches persons.

A person's theta is estimated with severities, items, steps and the population mean held. Each of them is uncertain; to first order
theta moves with them by the couplings that remain after halos and persons are eliminated, so their covariance adds
J C J' to the person's own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.newton import Solution

__all__ = ["along", "facet_share"]

Floats = NDArray[np.float64]

_CHUNK = 64


def along(solution: Solution, directions: Floats) -> Floats:
    """How much every person's thetas move along directions (facets, k) of the facet vector: (persons, skills, k)."""
    persons, skills = solution.posterior.theta.shape
    severities = solution.coupling.severity.shape[1]
    pulled = solution.coupling.severity @ directions[:severities] + solution.coupling.rest @ directions[severities:]
    moved = np.matmul(solution.posterior.covariance, pulled.reshape(persons, skills, -1))
    return np.asarray(directions[-1] - moved)


def facet_share(solution: Solution) -> Floats:
    """Covariance that the facets add to every person's skills: (persons, skills, skills)."""
    covariance = solution.posterior.covariance
    persons, skills = covariance.shape[:2]
    severities = solution.coupling.severity.shape[1]
    share = np.empty_like(covariance)
    for start in range(0, persons, _CHUNK):
        part = slice(start, min(start + _CHUNK, persons))
        count = part.stop - start
        blocks = sparse.bsr_array(
            (covariance[part], np.arange(count), np.arange(count + 1)), shape=(count * skills,) * 2
        ).tocsr()
        within = slice(start * skills, part.stop * skills)
        severity = -(blocks @ solution.coupling.severity[within])
        rest = -(blocks @ solution.coupling.rest[within]).toarray()
        rest[:, -1] += 1.0
        carried = severity @ solution.covariance[:severities] + rest @ solution.covariance[severities:]
        slopes = np.hstack([severity.toarray(), rest]).reshape(count, skills, -1)
        share[part] = np.matmul(carried.reshape(count, skills, -1), slopes.transpose(0, 2, 1))
    return 0.5 * (share + share.transpose(0, 2, 1))
