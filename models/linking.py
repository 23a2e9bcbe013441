"""How firmly a design holds together: which raters hold it, and how many would have to go before it falls apart.

`models.connectivity` says who can be compared at all. Here is by how much: a connected design that hangs by one rater compares
its halves through that one rater's severity. Only human raters link.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import linalg, sparse
from scipy.sparse.csgraph import connected_components, maximum_flow
from scipy.sparse.linalg import eigsh

__all__ = ["LEAST_BRIDGES", "LEAST_SHARED_PEOPLE", "Boundary", "Linking", "linking"]

Integers = NDArray[np.int64]

LEAST_BRIDGES = 2
"""Raters who must rate on both sides of a boundary."""

LEAST_SHARED_PEOPLE = 5
"""People whom raters of both sides must have rated."""

_DENSE = 1500
_ENDLESS = 1_000_000


@dataclass(frozen=True, slots=True)
class Boundary:
    """Between two groups of people. bridges: raters who rated in both. shared: people rated by somebody of either group; None where raters' groups are unknown."""

    first: str
    second: str
    bridges: int
    shared: int | None

    @property
    def thin(self) -> bool:
        """Too few bridges, or too few people seen from both sides."""
        return self.bridges < LEAST_BRIDGES or (self.shared is not None and self.shared < LEAST_SHARED_PEOPLE)


@dataclass(frozen=True, slots=True)
class Linking:
    """components: parts no rater joins. bridge_raters: without any one of whom there would be more, people left unrated not counted.

    minimum_cut: the fewest raters without whom some people could not be compared with the rest; cut_off: how many people are then on the smaller side.
    Both None with several components, or fewer than two people. algebraic_connectivity: second smallest eigenvalue of the normalised Laplacian, 0 where
    it falls apart, 1 and more where everybody rates everybody; NaN with fewer than two nodes.
    """

    people: int
    raters: int
    components: int
    bridge_raters: tuple[str, ...]
    minimum_cut: int | None
    cut_off: int | None
    algebraic_connectivity: float
    boundaries: tuple[Boundary, ...]


def linking(
    ratings: pd.DataFrame,
    *,
    group_of_person: Mapping[str, str] | None = None,
    group_of_rater: Mapping[str, str] | None = None,
) -> Linking:
    """How firmly human ratings (columns person, rater) hold together.

    group_of_person, group_of_rater: team or the like; people without one are in no boundary.

    >>> found = linking(pd.DataFrame({"person": list("aabbcc"), "rater": list("xyxyyz")}))
    >>> found.components, found.bridge_raters, found.minimum_cut
    (1, ('y',), 1)
    """
    pairs = ratings[["person", "rater"]].astype(str).drop_duplicates()
    person, persons = pd.factorize(pairs["person"], sort=True)
    rater, raters = pd.factorize(pairs["rater"], sort=True)
    person, rater = person.astype(np.int64), rater.astype(np.int64)
    count = _components(person, rater, len(persons), len(raters))
    cut, off = _minimum_cut(person, rater, len(persons), len(raters)) if count == 1 else (None, None)
    return Linking(
        people=len(persons),
        raters=len(raters),
        components=count,
        bridge_raters=tuple(str(raters[one]) for one in _bridges(person, rater, len(persons), len(raters), count)),
        minimum_cut=cut,
        cut_off=off,
        algebraic_connectivity=_algebraic(person, rater, len(persons), len(raters)),
        boundaries=_boundaries(pairs, group_of_person or {}, group_of_rater),
    )


def _graph(person: Integers, rater: Integers, persons: int, raters: int) -> sparse.csr_array:
    size = persons + raters
    return sparse.coo_array((np.ones(len(person)), (person, persons + rater)), shape=(size, size)).tocsr()


def _components(person: Integers, rater: Integers, persons: int, raters: int) -> int:
    return int(connected_components(_graph(person, rater, persons, raters), directed=False)[0])


def _bridges(person: Integers, rater: Integers, persons: int, raters: int, count: int) -> list[int]:
    """Raters without whom people who still have a rater would fall into more parts."""
    found = []
    for one in range(raters):
        kept = rater != one
        left = np.unique(person[kept])
        fewer = np.unique(rater[kept])
        if (
            len(left)
            and _components(
                np.searchsorted(left, person[kept]), np.searchsorted(fewer, rater[kept]), len(left), len(fewer)
            )
            > count
        ):
            found.append(one)
    return found


def _minimum_cut(person: Integers, rater: Integers, persons: int, raters: int) -> tuple[int | None, int | None]:
    """Fewest raters who separate people: raters are split in two with capacity 1 between the halves, ratings never break."""
    if persons < 2:
        return None, None
    enter, leave = persons + rater, persons + raters + rater
    inner = np.arange(raters)
    source = np.concatenate([person, leave, persons + inner])
    target = np.concatenate([enter, person, persons + raters + inner])
    capacity = np.concatenate([np.full(2 * len(person), _ENDLESS), np.ones(raters, dtype=np.int64)])
    network = sparse.coo_array((capacity.astype(np.int32), (source, target)), shape=(persons + 2 * raters,) * 2).tocsr()
    best: tuple[int, int] | None = None
    for other in range(1, persons):
        flow = maximum_flow(network, 0, other)
        if best is None or flow.flow_value <= best[0]:
            side = _reached(network, flow.flow, persons)
            size = min(side, persons - side)
            if best is None or (flow.flow_value, -size) < (best[0], -best[1]):
                best = int(flow.flow_value), size
    assert best is not None
    return (None, None) if best[0] >= _ENDLESS or best[0] >= raters else best


def _reached(network: sparse.csr_array, flow: Any, persons: int) -> int:
    """People on the source's side of the cut: reachable where capacity is left."""
    left = (network - flow).tocsr()
    left.data = np.where(left.data > 0, left.data, 0)
    left.eliminate_zeros()
    order = sparse.csgraph.breadth_first_order(left, 0, directed=True, return_predecessors=False)
    return int((order < persons).sum())


def _algebraic(person: Integers, rater: Integers, persons: int, raters: int) -> float:
    size = persons + raters
    if size < 2:
        return float("nan")
    upper = _graph(person, rater, persons, raters)
    both = upper + upper.T
    scale = 1.0 / np.sqrt(np.maximum(both.sum(axis=1), 1e-12))
    normal = sparse.diags_array(scale) @ both @ sparse.diags_array(scale)
    if size <= _DENSE:
        values = linalg.eigvalsh(normal.toarray(), subset_by_index=[size - 2, size - 1])
        return float(max(1.0 - values[0], 0.0))
    start = np.ones(size) / np.sqrt(size)
    values = np.sort(eigsh(normal.tocsc(), k=2, which="LA", v0=start, return_eigenvectors=False, tol=1e-8))
    return float(max(1.0 - values[0], 0.0))


def _boundaries(
    pairs: pd.DataFrame, group_of_person: Mapping[str, str], group_of_rater: Mapping[str, str] | None
) -> tuple[Boundary, ...]:
    table = pairs.assign(group=pairs["person"].map(group_of_person)).dropna(subset="group")
    served = table.groupby("rater")["group"].agg(set)
    seen = None
    if group_of_rater is not None:
        known = pairs.assign(side=pairs["rater"].map(group_of_rater)).dropna(subset="side")
        seen = known.groupby("person")["side"].agg(set)
    return tuple(
        Boundary(
            first,
            second,
            sum({first, second} <= groups for groups in served),
            None if seen is None else sum({first, second} <= sides for sides in seen),
        )
        for first, second in combinations(sorted(set(table["group"])), 2)
    )
