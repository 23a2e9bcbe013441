"""How the facets' uncertainty reaches persons.

A person's theta is estimated with severities, items, steps and the population mean held. Each of them is uncertain; to first order
theta moves with them by the couplings that remain after halos and persons are eliminated, so their covariance adds
J C J' to the person's own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.newton import Solution

__all__ = ["along", "facet_share"]

Floats = NDArray[np.float64]

_CHUNK = 64


def along(solution: Solution, directions: Floats) -> Floats:
    """How much every person's thetas move along directions (facets, k) of the facet vector: (persons, skills, k)."""
    persons, skills = solution.posterior.theta.shape
    pulled = solution.coupling.push(directions).reshape(persons, skills, -1)
    return np.asarray(directions[-1] - np.matmul(solution.posterior.covariance, pulled))


def facet_share(solution: Solution) -> Floats:
    """Covariance that the facets add to every person's skills: (persons, skills, skills)."""
    persons, skills = solution.posterior.theta.shape
    severities = solution.coupling.severity.shape[1]
    slopes = solution.coupling.spread(solution.posterior.covariance)
    share = np.empty((persons, skills, skills))
    for start in range(0, persons, _CHUNK):
        stop = min(start + _CHUNK, persons)
        within = slice(start * skills, stop * skills)
        severity, rest = -slopes.severity[within], -slopes.rest[within]
        rest = rest if isinstance(rest, np.ndarray) else rest.toarray()
        rest[:, -1] += 1.0
        # sparse by full: a person has few of many raters
        carried = severity @ solution.covariance[:severities] + rest @ solution.covariance[severities:]
        slope = np.hstack([severity.toarray(), rest])
        share[start:stop] = np.matmul(
            carried.reshape(stop - start, skills, -1), slope.reshape(stop - start, skills, -1).transpose(0, 2, 1)
        )
    return np.asarray(0.5 * (share + share.transpose(0, 2, 1)))
