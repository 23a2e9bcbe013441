"""Which persons and raters can be compared at all.

Persons and human raters form a graph with an edge for every rating. Two persons in different components have no common rater, not
even through others: what is said about their difference comes from the priors. Shared items do not connect (add a constant to all
thetas and severities of a block and the likelihood stays the same), nor do machines. A connected graph is not enough either, if
items and raters are confounded; the rank of the design tells.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import linalg, sparse
from scipy.sparse.csgraph import connected_components

from models.design import Design

__all__ = ["components", "nullity"]

Integers = NDArray[np.int64]


def components(design: Design) -> pd.Series[Any]:
    """Component number of every person and every human rater, index (facet, id) with facet "person" or "rater".

    Numbered from 1 in the order of each component's first person. Machines are 0.
    """
    rows, words = design.rows, design.vocabulary
    persons, raters = len(words.persons), len(words.raters)
    human = ~rows.machine
    rater = words.severity_rater[rows.severity]
    edges = sparse.coo_array(
        (np.ones(int(human.sum())), (rows.person[human], persons + rater[human])), shape=(persons + raters,) * 2
    )
    labels = connected_components(edges, directed=False)[1]
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    number = np.empty(len(first), dtype=np.int64)
    number[np.argsort(first, kind="stable")] = np.arange(1, len(first) + 1)
    numbers = number[inverse]
    numbers[persons + np.unique(rater[~human])] = 0
    index = pd.MultiIndex.from_arrays(
        [["person"] * persons + ["rater"] * raters, [*words.persons, *words.raters]], names=["facet", "id"]
    )
    return pd.Series(numbers, index=index, name="component")


def nullity(design: Design) -> int:
    """Columns less rank of the design of indicators for person and skill, rater and item, over human ratings.

    2 is the least a linked design of several persons, raters and items has (1 for each facet's free origin but one); each
    unit above it is a contrast the data cannot determine. 0 without human ratings.
    """
    rows = design.rows.take(~design.rows.machine)
    if not len(rows):
        return 0
    ability = _compact(rows.person * len(design.vocabulary.skills) + rows.skill)
    rater, item = _compact(design.vocabulary.severity_rater[rows.severity]), _compact(rows.item)
    raters, index = int(rater.max()) + 1, np.arange(len(rows))
    other = sparse.csr_array(
        (np.ones(2 * len(rows)), (np.tile(index, 2), np.concatenate([rater, raters + item]))),
        shape=(len(rows), raters + int(item.max()) + 1),
    )
    person = sparse.csr_array((np.ones(len(rows)), (index, ability)))
    counts = np.bincount(ability)
    shared = (person.T @ other).tocsr()
    left = (other.T @ other - shared.T @ (sparse.diags_array(1.0 / counts) @ shared)).toarray()
    scale = np.sqrt(np.maximum(np.diag(left), 0.0))
    scale[scale < 1e-9] = 1.0
    left = left / np.outer(scale, scale)
    rank = int(linalg.lapack.dpstrf(left, lower=True, tol=1e-8)[2])
    return len(left) - rank


def _compact(codes: Integers) -> Integers:
    return np.unique(codes, return_inverse=True)[1].astype(np.int64)
