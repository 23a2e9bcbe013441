"""Sets of cutpoints: what they hold, and how those of several sources become one.

A source's cuts may miss levels it says nothing about. `reconcile` weighs sources by precision, adds what they disagree to the standard
error, fills in what none of them reaches, and lets the result rise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

__all__ = ["FLOOR", "LEAST_GAP", "RP67", "RULES", "THURSTONIAN", "Cuts", "completed_from", "reconcile"]

Floats = NDArray[np.float64]

THURSTONIAN = "thurstonian-50"
RP67 = "rp-67"
RULES = {THURSTONIAN: 0.5, "rp-50": 0.5, RP67: 0.67, "rp-80": 0.8}
"""Response probability of each rule. On two categories RP67 lies .71 and RP80 1.39 logits above RP50, about a level: never mix them silently."""

FLOOR = 0.15
"""Standard error in logits below which no cut is claimed to be known."""

LEAST_GAP = 0.05
"""Logits between neighbouring cuts at least."""

_SPACING = 1.2
_SPACING_SD = 0.5
_SPACING_SHARE = 0.25


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


def completed_from(cuts: Cuts, other: Cuts) -> Cuts:
    """Cuts that are missing are put as far from their nearest known neighbour as in `other`, a quarter of that distance in doubt."""
    known = np.flatnonzero(np.isfinite(cuts.cut))
    if not len(known) or len(known) == len(cuts.cut):
        return cuts
    near = np.array([known[np.argmin(np.abs(known - k))] for k in range(len(cuts.cut))])
    apart = other.cut - other.cut[near]
    own = np.hypot(cuts.own[near], _SPACING_SHARE * apart)
    facet_part = cuts.se[near] ** 2 - cuts.own[near] ** 2
    return replace(
        cuts,
        cut=cuts.cut[near] + apart,
        own=own,
        se=np.sqrt(own**2 + facet_part),
        loading=cuts.loading[near],
        extrapolated=~np.isfinite(cuts.cut),
    )


def _completed(cuts: Cuts) -> Cuts:
    """Missing cuts between known ones are interpolated, beyond them extrapolated, with half a logit of error per level away."""
    known = np.flatnonzero(np.isfinite(cuts.cut))
    if len(known) == len(cuts.cut):
        return cuts
    spacing = (cuts.cut[known[-1]] - cuts.cut[known[0]]) / (known[-1] - known[0]) if len(known) > 1 else _SPACING
    spacing = max(spacing, LEAST_GAP)
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
    slack = cuts.cut - LEAST_GAP * np.arange(len(cuts.cut))
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
    moved = level + LEAST_GAP * np.arange(len(cuts.cut))
    shift = moved - cuts.cut
    own = np.hypot(cuts.own, shift)
    return replace(cuts, cut=moved, own=own, se=np.hypot(cuts.se, shift))
