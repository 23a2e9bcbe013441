"""Cutpoints: where on theta one level ends and the next begins, with standard errors and the rule they follow.

Two rules, never mixed without saying so (they lie .7 logit apart):

* *Thurstonian .5* for ratings whose categories are levels: the theta at which a rater of average severity gives the level or a higher
  one with probability .5;
* *RP67* for graded measures whose thresholds are tied to levels: the theta at which the threshold is passed with
  probability .67 (Bookmark, Lewis et al. 1996).

Both follow from item difficulties, steps and the sources' discriminations, averaged over the items of one source and skill. The variance of a cut is that of these estimates
(delta method), plus what the items disagree, at least the square of a floor: standard setting itself is not exact. Until
judges, vignettes or decisions anchor them (`models.standard_setting`, `models.anchoring`), cuts are relative to this organisation's
average rater.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from models.categories import Steps, probabilities
from models.cuts import FLOOR, RP67, RULES, THURSTONIAN, Cuts, reconcile
from models.levels import level_probabilities, level_set, normal_level_probabilities, probability_all
from models.uncertainty import along

if TYPE_CHECKING:
    from models.facets import FacetsModel
    from models.problem import Facets

__all__ = [
    "RP67",
    "THURSTONIAN",
    "Cuts",
    "formats_of",
    "item_place",
    "level_probabilities",
    "level_set",
    "measure_cuts",
    "normal_level_probabilities",
    "person_errors",
    "probability_all",
    "rating_cuts",
    "reconcile",
    "slope_place",
    "steps_place",
    "threshold_place",
]

Floats = NDArray[np.float64]


def rating_cuts(
    model: FacetsModel,
    items: Sequence[Hashable],
    *,
    source: Hashable | None = None,
    scales: Collection[str] | None = None,
    anchors: Mapping[int, Sequence[int]] | None = None,
    levels: int = 5,
    rule: str = THURSTONIAN,
    floor: float = FLOOR,
) -> Cuts:
    """Cuts from level-anchored ratings on `items`, all of one skill.

    A format with `levels` categories means those levels. anchors: for other numbers of categories, the level of each
    category (non-decreasing), keyed by the number of categories; a level no category means gets no cut. source, scales: only formats of
    this source, and of these scales' names. Raises ValueError for unanchored formats and unknown items.
    """
    meaning = {levels: tuple(range(1, levels + 1)), **{width: tuple(of) for width, of in (anchors or {}).items()}}
    thresholds: list[tuple[Hashable, int, dict[int, int]]] = []
    for item in items:
        for format_code in formats_of(model, item, source):
            width = int(model.fitted_.design.vocabulary.categories[format_code])
            if scales is not None and model.fitted_.design.vocabulary.formats[format_code][1] not in scales:
                continue
            if width not in meaning:
                raise ValueError(
                    f"item {item!r} has {width} categories, which are not {levels} levels; give anchors={{{width}: [level, ..]}}"
                )
            thresholds.append((item, format_code, _first_categories(meaning[width], width)))
    return _averaged(model, thresholds, levels, rule, floor)


def measure_cuts(
    model: FacetsModel,
    thresholds: Mapping[Hashable, Sequence[int]],
    *,
    source: Hashable | None = None,
    levels: int = 5,
    rule: str = RP67,
    floor: float = FLOOR,
) -> Cuts:
    """Cuts from graded measures of one skill: thresholds[item] holds the level each of its thresholds is tied to, rising."""
    found = []
    for item, tied in thresholds.items():
        for format_code in formats_of(model, item, source):
            width = int(model.fitted_.design.vocabulary.categories[format_code])
            if len(tied) != width - 1:
                raise ValueError(f"item {item!r} has {width - 1} thresholds in the fit, {len(tied)} levels were given")
            found.append((item, format_code, {level: k for k, level in enumerate(tied, start=1)}))
    return _averaged(model, found, levels, rule, floor)


def person_errors(model: FacetsModel, cuts: Cuts, skill: Hashable | None = None) -> Floats:
    """Standard errors of the cuts as seen from each person, (persons, cuts), to go with the persons' own posterior SDs.

    Items and steps that are uncertain move cuts and thetas together; what they share does not blur the level. These errors leave
    it out, so that posterior variance plus squared error is the variance of theta less cut.
    """
    solution, words = model.fitted_.solution, model.fitted_.design.vocabulary
    position = 0 if skill is None else words.code("skill", skill)
    carried = solution.covariance @ cuts.loading.T
    alone = np.einsum("kf,fk->k", cuts.loading, carried)
    together = along(solution, carried)[:, position]
    return np.asarray(np.sqrt(np.maximum(cuts.own**2 + alone - 2.0 * together, 0.0)))


def formats_of(model: FacetsModel, item: Hashable, source: Hashable | None) -> list[int]:
    """Codes of the response formats an item had in the fit, of one source if given. Raises ValueError for unknown items."""
    words = model.fitted_.design.vocabulary
    if item not in words.item_format:
        raise ValueError(f"item {item!r} has no ratings in the fit, so it says nothing about cutpoints")
    codes = words.item_format[item]
    if source is None or words.partial_credit:
        return list(codes)
    return [code for code in codes if words.formats[code][0] == str(source)]


def _first_categories(meaning: tuple[int, ...], width: int) -> dict[int, int]:
    """For each level above the lowest that a category means: the first such category, counted from 0."""
    if len(meaning) != width or list(meaning) != sorted(meaning):
        raise ValueError(f"anchors of {width} categories must be {width} levels that never fall, not {list(meaning)}")
    return {level: meaning.index(level) for level in sorted(set(meaning)) if meaning.index(level) > 0}


def _averaged(
    model: FacetsModel,
    thresholds: Sequence[tuple[Hashable, int, Mapping[int, int]]],
    levels: int,
    rule: str,
    floor: float,
) -> Cuts:
    """Average over items of the theta at which each threshold is passed."""
    size = len(model.facet_covariance_)
    cut, se, own = (np.full(levels - 1, np.nan) for _ in range(3))
    items, loading = np.zeros(levels - 1, dtype=np.int64), np.zeros((levels - 1, size))
    for k in range(levels - 1):
        found = [
            threshold_place(model, item, code, first[k + 2], rule) for item, code, first in thresholds if k + 2 in first
        ]
        if not found:
            continue
        places = np.array([place for place, _ in found])
        loading[k] = np.mean([slope for _, slope in found], axis=0)
        between = float(places.var(ddof=1)) / len(places) if len(places) > 1 else 0.0
        cut[k], items[k] = places.mean(), len(places)
        own[k] = np.sqrt(max(floor**2, between))
        se[k] = np.sqrt(own[k] ** 2 + loading[k] @ model.facet_covariance_ @ loading[k])
    return Cuts(cut, se, own, items, loading, rule, np.isnan(cut))


def threshold_place(
    model: FacetsModel, item: Hashable, format_code: int, category: int, rule: str
) -> tuple[float, Floats]:
    """Theta at which the category or a higher one has the rule's probability, and its derivative by the facets."""
    facets, words = model.fitted_.solution.facets, model.fitted_.design.vocabulary
    target, tau = RULES[rule], facets.steps[format_code]
    cumulative = Steps.of([tau]).cumulative

    def excess(eta: float) -> float:
        return float(probabilities(np.array([eta]), cumulative)[0][category:, 0].sum()) - target

    reach = 10.0 + float(np.abs(tau).max())
    eta = float(brentq(excess, -reach, reach, xtol=1e-12))
    chance = probabilities(np.array([eta]), cumulative)[0][:, 0]
    above = np.cumsum(chance[::-1])[::-1][1:]
    crossed = np.minimum(above, above[category - 1]) - above * above[category - 1]
    code = words.code("item", item)
    rate = float(facets.slope(np.array([format_code]))[0])
    slope = np.zeros(len(model.facet_covariance_))
    slope[item_place(facets, code)] = 1.0
    slope[steps_place(facets, format_code)] = crossed / crossed.sum() / rate
    if len(facets.log_slope):
        slope[slope_place(facets, format_code)] = -eta / rate
    return eta / rate + float(facets.item[code]), slope


def item_place(facets: Facets, code: int) -> int:
    """Where an item stands in the facet vector."""
    return len(facets.severity) + code


def steps_place(facets: Facets, format_code: int) -> slice:
    """Where a format's steps stand in the facet vector."""
    start = len(facets.severity) + len(facets.item) + sum(len(steps) for steps in facets.steps[:format_code])
    return slice(start, start + len(facets.steps[format_code]))


def slope_place(facets: Facets, format_code: int) -> int:
    """Where the log of the discrimination of a format's source stands in the facet vector, if it has one."""
    return int(facets.slope_places.start) + int(facets.source[format_code])
