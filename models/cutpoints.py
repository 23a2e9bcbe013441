"""Cutpoints: where on theta one level ends and the next begins, with standard errors and the rule they follow.

Two rules, never mixed without saying so (they lie .7 logit apart):

* *Thurstonian .5* for ratings whose categories are levels: the theta at which a rater of average severity gives the level or a higher
  one with probability .5;
* *RP67* for graded measures whose thresholds are tied to levels: the theta at which the threshold is passed with
  probability .67 (Bookmark, Lewis et al. 1996).

Both follow from item difficulties and steps, averaged over the items of one source and skill. The variance of a cut is that of these estimates
(delta method), plus what the items disagree, at least the square of a floor: standard setting itself is not exact. Until
vignettes or decisions anchor them, cuts are relative to this organisation's average rater.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from models.categories import Steps, probabilities
from models.levels import level_probabilities, level_set, normal_level_probabilities, probability_all
from models.uncertainty import along

if TYPE_CHECKING:
    from models.facets import FacetsModel

__all__ = [
    "RP67",
    "THURSTONIAN",
    "Cuts",
    "level_probabilities",
    "level_set",
    "measure_cuts",
    "normal_level_probabilities",
    "person_errors",
    "probability_all",
    "rating_cuts",
    "reconcile",
]

Floats = NDArray[np.float64]

THURSTONIAN = "thurstonian-50"
RP67 = "rp-67"
_PROBABILITY = {THURSTONIAN: 0.5, RP67: 0.67}
_FLOOR = 0.15
_SPACING = 1.2
_SPACING_SD = 0.5
_LEAST_GAP = 0.05


@dataclass(frozen=True, slots=True)
class Cuts:
    """Cutpoints of one skill in logits. All arrays have one entry per cut; cut k separates level k + 1 from k + 2.

    cut: NaN where the source says nothing about that level. se: standard errors. own: the part of the SE that is not the facets'.
    items: number of items behind each. loading: (cuts, facets) derivative by the fit's facets (order of
    `facet_covariance_`). rule: how they were set, in words. extrapolated: True where a neighbour had to do.
    """

    cut: Floats
    se: Floats
    own: Floats
    items: NDArray[np.int64]
    loading: Floats
    rule: str
    extrapolated: NDArray[np.bool_]


def rating_cuts(
    model: FacetsModel,
    items: Sequence[Hashable],
    *,
    source: Hashable | None = None,
    anchors: Mapping[int, Sequence[int]] | None = None,
    levels: int = 5,
    rule: str = THURSTONIAN,
    floor: float = _FLOOR,
) -> Cuts:
    """Cuts from level-anchored ratings on `items`, all of one skill.

    A format with `levels` categories means those levels. anchors: for other numbers of categories, the level of each
    category (non-decreasing), keyed by the number of categories; a level no category means gets no cut. source: only formats of this
    source. Raises ValueError for unanchored formats and unknown items.
    """
    meaning = {levels: tuple(range(1, levels + 1)), **{width: tuple(of) for width, of in (anchors or {}).items()}}
    thresholds: list[tuple[Hashable, int, dict[int, int]]] = []
    for item in items:
        for format_code in _formats(model, item, source):
            width = int(model.fitted_.design.vocabulary.categories[format_code])
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
    floor: float = _FLOOR,
) -> Cuts:
    """Cuts from graded measures of one skill: thresholds[item] holds the level each of its thresholds is tied to, rising."""
    found = []
    for item, tied in thresholds.items():
        for format_code in _formats(model, item, source):
            width = int(model.fitted_.design.vocabulary.categories[format_code])
            if len(tied) != width - 1:
                raise ValueError(f"item {item!r} has {width - 1} thresholds in the fit, {len(tied)} levels were given")
            found.append((item, format_code, {level: k for k, level in enumerate(tied, start=1)}))
    return _averaged(model, found, levels, rule, floor)


def reconcile(by_source: Mapping[str, Cuts]) -> Cuts:
    """One set of cuts from those of several sources: precision-weighted per level, widened by what sources disagree.

    Levels that no source reaches are extrapolated from their neighbours, half a logit wider per level; the result rises. With one
    source this only completes it. Raises ValueError when no source has any cut.
    """
    sources = [(name, by_source[name]) for name in sorted(by_source) if np.isfinite(by_source[name].cut).any()]
    if not sources:
        raise ValueError("no source has a cutpoint; at least one level must be anchored")
    rule = " + ".join(f"{cuts.rule} ({name})" for name, cuts in sources)
    if len(sources) == 1:
        return _rising(_completed(replace(sources[0][1], rule=sources[0][1].rule)))
    cut, own = np.array([c.cut for _, c in sources]), np.array([c.own for _, c in sources])
    se, loading = np.array([c.se for _, c in sources]), np.array([c.loading for _, c in sources])
    known = np.isfinite(cut)
    weight = np.where(known, 1.0 / np.where(known, se, 1.0) ** 2, 0.0)
    total = weight.sum(axis=0)
    share = weight / np.where(total > 0, total, 1.0)
    mean = np.where(total > 0, (share * np.where(known, cut, 0.0)).sum(axis=0), np.nan)
    apart = (share * np.where(known, cut - mean, 0.0) ** 2).sum(axis=0)
    own_part = np.sqrt((share**2 * np.where(known, own, 0.0) ** 2).sum(axis=0) + apart)
    carried = (share[:, :, None] * loading).sum(axis=0)
    facet_part = (share**2 * np.where(known, se**2 - own**2, 0.0)).sum(axis=0)
    merged = Cuts(
        cut=mean,
        se=np.where(total > 0, np.sqrt(own_part**2 + facet_part), np.nan),
        own=own_part,
        items=np.array([c.items for _, c in sources]).sum(axis=0),
        loading=carried,
        rule=f"precision-weighted: {rule}",
        extrapolated=total == 0,
    )
    return _rising(_completed(merged))


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


def _formats(model: FacetsModel, item: Hashable, source: Hashable | None) -> list[int]:
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
        found = [_place(model, item, code, first[k + 2], rule) for item, code, first in thresholds if k + 2 in first]
        if not found:
            continue
        places = np.array([place for place, _ in found])
        loading[k] = np.mean([slope for _, slope in found], axis=0)
        between = float(places.var(ddof=1)) / len(places) if len(places) > 1 else 0.0
        cut[k], items[k] = places.mean(), len(places)
        own[k] = np.sqrt(max(floor**2, between))
        se[k] = np.sqrt(own[k] ** 2 + loading[k] @ model.facet_covariance_ @ loading[k])
    return Cuts(cut, se, own, items, loading, rule, np.isnan(cut))


def _place(model: FacetsModel, item: Hashable, format_code: int, category: int, rule: str) -> tuple[float, Floats]:
    """Theta at which the category or a higher one has the rule's probability, and its derivative by the facets."""
    facets, words = model.fitted_.solution.facets, model.fitted_.design.vocabulary
    target, tau = _PROBABILITY[rule], facets.steps[format_code]
    cumulative = Steps.of([tau]).cumulative

    def excess(eta: float) -> float:
        return float(probabilities(np.array([eta]), cumulative)[0][category:, 0].sum()) - target

    reach = 10.0 + float(np.abs(tau).max())
    eta = float(brentq(excess, -reach, reach, xtol=1e-12))
    chance = probabilities(np.array([eta]), cumulative)[0][:, 0]
    above = np.cumsum(chance[::-1])[::-1][1:]
    crossed = np.minimum(above, above[category - 1]) - above * above[category - 1]
    code = words.code("item", item)
    slope = np.zeros(len(model.facet_covariance_))
    severities = len(facets.severity)
    start = severities + len(facets.item) + sum(len(steps) for steps in facets.steps[:format_code])
    slope[severities + code] = 1.0
    slope[start : start + len(tau)] = crossed / crossed.sum()
    return eta + float(facets.item[code]), slope


def _completed(cuts: Cuts) -> Cuts:
    """Missing cuts between known ones are interpolated, beyond them extrapolated, with half a logit of error per level away."""
    known = np.flatnonzero(np.isfinite(cuts.cut))
    if len(known) == len(cuts.cut):
        return cuts
    spacing = (cuts.cut[known[-1]] - cuts.cut[known[0]]) / (known[-1] - known[0]) if len(known) > 1 else _SPACING
    spacing = max(spacing, _LEAST_GAP)
    cut, own, loading = cuts.cut.copy(), cuts.own.copy(), cuts.loading.copy()
    for k in np.flatnonzero(~np.isfinite(cuts.cut)):
        nearest = known[np.argmin(np.abs(known - k))]
        below, above = known[known < k], known[known > k]
        if len(below) and len(above):
            low, high = below[-1], above[0]
            share = (k - low) / (high - low)
            cut[k] = (1.0 - share) * cuts.cut[low] + share * cuts.cut[high]
            loading[k] = (1.0 - share) * cuts.loading[low] + share * cuts.loading[high]
        else:
            cut[k] = cuts.cut[nearest] + (k - nearest) * spacing
            loading[k] = cuts.loading[nearest]
        own[k] = np.hypot(cuts.own[nearest], _SPACING_SD * abs(k - nearest))
    facet_part = np.where(np.isfinite(cuts.se), cuts.se**2 - cuts.own**2, np.nan)
    near = np.array([known[np.argmin(np.abs(known - k))] for k in range(len(cut))])
    return replace(
        cuts,
        cut=cut,
        own=own,
        loading=loading,
        se=np.sqrt(own**2 + facet_part[near]),
        extrapolated=~np.isfinite(cuts.cut),
    )


def _rising(cuts: Cuts) -> Cuts:
    """Neighbours that fall, or nearly tie, are pooled and set the least gap apart."""
    blocks = [[k] for k in range(len(cuts.cut))]
    weight = 1.0 / cuts.se**2
    slack = cuts.cut - _LEAST_GAP * np.arange(len(cuts.cut))
    value = [float(v) for v in slack]
    position = 0
    while position < len(blocks) - 1:
        if value[position] <= value[position + 1]:
            position += 1
            continue
        blocks[position] += blocks.pop(position + 1)
        members = blocks[position]
        value[position] = float(np.average(slack[members], weights=weight[members]))
        value.pop(position + 1)
        position = max(position - 1, 0)
    level = np.concatenate([np.full(len(members), v) for members, v in zip(blocks, value, strict=True)])
    moved = level + _LEAST_GAP * np.arange(len(cuts.cut))
    shift = moved - cuts.cut
    own = np.hypot(cuts.own, shift)
    return replace(cuts, cut=moved, own=own, se=np.hypot(cuts.se, shift))
