"""Who vouches in a circle: pairs and rings that mostly vouch for each other, and circles of rubber stamps.

Both look for giving that leads back to where it began, and for nothing else: a person who often reviews one colleague and is
reviewed by others is in no circle.

**Closed groups**, by volume alone: pairs and rings (ann for bo, bo for cy, cy for ann) in which each gives the next more than
`CLOSED_SHARE` of all the vouching they do. The share is two thirds and not a half because three people who only have each other
cannot but favour one: with a half, half of all honest, even teams of three would lose a fifth of their reviews to a chance pair, and more
to chance rings; with two thirds hardly any does (`docs/contract-tests.md`). Three who review each other evenly are no
ring, however little they look at what they approve: by volume they are an honest small team. Teams of two are always a closed pair.

**Rubber stamps**, where a forge shows what was said. Somebody's approvals of one colleague's changes are stamps if so few of
them say anything that chance, at the usual share of reviewers there, would do it in less than `RARELY`. Stamps in a circle
(of two, three or more) are set aside, even circles and circles hidden among any number of other reviews; stamps that
lead nowhere back are not. Where nobody comments, the usual share is zero and nothing is a stamp.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.stats import binom

__all__ = ["CLOSED_SHARE", "FEWEST_REVIEWS", "RARELY", "closed_groups", "rubber_stamps"]

CLOSED_SHARE: Final = 2 / 3
"""People form a closed group if each gives the next more than this share of all the vouching they do."""

RARELY: Final = 0.001
"""How unlikely so little said must be, at the usual share, to be a stamp. In a circle it must be so for everybody."""

FEWEST_REVIEWS: Final = 5
"""Reviews by which somebody counts towards what is usual."""

Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]


def closed_groups(who: Integers, who_for: Integers) -> Integers:
    """Edges (n x 2: giver, taker; sorted) of closed pairs and rings.

    who, who_for: one entry per act of vouching; codes from 0 on.

    >>> closed_groups(np.array([0, 0, 1, 2]), np.array([1, 1, 0, 0])).tolist()
    [[0, 1], [1, 0]]
    >>> closed_groups(np.array([0, 1, 2]), np.array([1, 2, 0])).tolist()
    [[0, 1], [1, 2], [2, 0]]
    """
    edges, _, count = _edges(who, who_for)
    most = edges[count > CLOSED_SHARE * np.bincount(edges[:, 0], weights=count)[edges[:, 0]]]
    return most[_on_a_circle(most)]


def rubber_stamps(who: Integers, who_for: Integers, spoke: Booleans) -> Integers:
    """Edges (n x 2: giver, taker; sorted) of circles of stamps. One entry per person, colleague and reviewed change.

    spoke: whether that review has substance. Usual is the median reviewer's share, of those with `FEWEST_REVIEWS` or more: so many
    empty reviews by a few do not change it.

    >>> who = np.repeat([0, 1, 2, 3], 12)
    >>> who_for = np.concatenate([np.repeat([1, 0], 12), np.tile([0, 1, 3], 4), np.tile([0, 1, 2], 4)])
    >>> rubber_stamps(who, who_for, who >= 2).tolist()
    [[0, 1], [1, 0]]
    """
    given, said = np.bincount(who), np.bincount(who, weights=spoke)
    many = given >= FEWEST_REVIEWS
    usual = float(np.median(said[many] / given[many])) if many.any() else 0.0
    edges, at, count = _edges(who, who_for)
    spoken = np.bincount(at, weights=spoke, minlength=len(edges))
    stamps = edges[binom.cdf(spoken, count, usual) < RARELY]
    return stamps[_on_a_circle(stamps)]


def _edges(who: Integers, who_for: Integers) -> tuple[Integers, Integers, Integers]:
    """Distinct edges (n x 2, sorted), the edge of each entry, and the number of entries of each edge."""
    width = int(who_for.max(initial=0)) + 1
    code, at, count = np.unique(who * width + who_for, return_inverse=True, return_counts=True)
    return np.stack(np.divmod(code, width), axis=1).astype(np.int64), at, count


def _on_a_circle(edges: Integers) -> Booleans:
    """Which edges can be followed back to where they begin: both ends are in one strong component."""
    if not len(edges):
        return np.zeros(0, dtype=np.bool_)
    size = int(edges.max()) + 1
    graph = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(size, size))
    _, component = connected_components(graph, connection="strong")
    return np.asarray(component[edges[:, 0]] == component[edges[:, 1]])
