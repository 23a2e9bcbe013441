"""Cutpoints from panels of judges who look at items, not at people: Bookmark and modified Angoff.

*Bookmark* (Lewis, Mitzel & Green 1996): the thresholds of the items are put in order of difficulty, one to a page. For each level a
judge marks the last page that somebody who only just reaches the level would pass with the rule's probability (RP67: two
times in three). The judge's cut lies midway between that page's place on theta and the next one's; before the
first page and after the last at that page, where its error is that of a cut up to the pages' mean distance beyond.

*Modified Angoff* (Angoff 1971): for each item a judge says which score somebody who only just reaches the level would get on average (on
a yes/no item: the probability of yes). The judge's cut is the theta at which the items' expected scores add up to the
judge's sum: the inverse of the test characteristic curve.

Both speak of a rater of average severity. The last round stands; the cut is the median (or mean) over judges, its standard error that
of the judges, pooled over levels, with the width between pages, at least `models.cuts.FLOOR`, and, by the delta method,
what the items' own places leave open. Judges who talked between rounds are not independent: the error is then too small,
which the floor only partly makes good.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from models.categories import Steps, probabilities
from models.cutpoints import formats_of, item_place, slope_place, steps_place, threshold_place
from models.cuts import FLOOR, RP67, RULES, Cuts

if TYPE_CHECKING:
    from models.facets import FacetsModel

__all__ = ["JUDGES_ASKED", "TCC", "Judged", "Page", "Round", "angoff_cuts", "booklet", "bookmark_cuts"]

Floats = NDArray[np.float64]

JUDGES_ASKED = 5
"""Judges a panel should have at least; fewer are taken, and said."""

TCC = "test-characteristic-curve"
"""The rule of Angoff cuts: expected scores, so no response probability."""

_LONE_JUDGE_SD = 0.5
_LONE_PAGE = 1.0
_BEYOND = 2.0
"""Half a page's width is not resolved between two pages; beyond the first or last the cut lies anywhere up to a whole one further."""
_MEDIAN_COST = float(np.sqrt(np.pi / 2.0))
_EDGE = 0.02


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a booklet: the threshold at which `item` is scored in category `at_least` (from 0) or higher."""

    item: Hashable
    at_least: int
    source: Hashable | None = None


@dataclass(frozen=True, slots=True)
class Round:
    """One round: cut and se (logits, NaN where no judge spoke) and the number of judges, per cut."""

    cut: Floats
    se: Floats
    judges: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Judged:
    """The cuts of a panel (those of its last round) and how it came to them, round by round."""

    cuts: Cuts
    rounds: tuple[Round, ...]


@dataclass(frozen=True, slots=True)
class _Views:
    """What judges said in one round: per level their cuts (judges,), derivatives (judges, facets), and a width not to be resolved."""

    places: Mapping[int, Floats]
    slopes: Mapping[int, Floats]
    blur: Mapping[int, float]


def booklet(
    model: FacetsModel, items: Sequence[Hashable], *, source: Hashable | None = None, rule: str = RP67
) -> list[tuple[Page, float]]:
    """Every threshold of the items with its place on theta by the rule, the easiest first."""
    words = model.fitted_.design.vocabulary
    found = []
    for item in items:
        for code in formats_of(model, item, source):
            own = None if words.partial_credit else words.formats[code][0]
            for category in range(1, int(words.categories[code])):
                place, _ = threshold_place(model, item, code, category, rule)
                found.append((Page(item, category, own), place))
    return sorted(found, key=lambda one: (one[1], str(one[0].item), one[0].at_least))


def bookmark_cuts(
    model: FacetsModel,
    pages: Sequence[Page],
    rounds: Sequence[Mapping[int, Sequence[int]]],
    *,
    rule: str = RP67,
    statistic: str = "median",
    levels: int = 5,
    floor: float = FLOOR,
) -> Judged:
    """Cuts from page placements.

    pages: the booklet in the order judges saw. rounds: for each round, by level (2 .. levels), every judge's page: the number
    (from 1) of the last page passed, 0 for none. Raises ValueError for unknown items, rules, pages and levels.
    """
    if rule not in RULES:
        raise ValueError(f"rule {rule!r} is unknown; choose from {', '.join(sorted(RULES))}")
    if not pages:
        raise ValueError("the booklet has no pages; list at least one threshold")
    placed = [threshold_place(model, page.item, _format(model, page), page.at_least, rule) for page in pages]
    place, slope = np.array([one for one, _ in placed]), np.array([one for _, one in placed])
    usual = float(np.abs(np.diff(place)).mean()) if len(place) > 1 else _LONE_PAGE
    views = []
    for placements in rounds:
        places, slopes, blur = {}, {}, {}
        for level, marks in placements.items():
            chosen = np.asarray(marks, dtype=np.int64)
            if chosen.size and not ((chosen >= 0) & (chosen <= len(pages))).all():
                raise ValueError(
                    f"level {level}: pages are numbered 1 to {len(pages)} (0: none is passed), not {marks}"
                )
            below, above = np.clip(chosen - 1, 0, None), np.clip(chosen, None, len(pages) - 1)
            places[level], slopes[level] = (place[below] + place[above]) / 2.0, (slope[below] + slope[above]) / 2.0
            width = np.where(below == above, _BEYOND * usual, place[above] - place[below])
            blur[level] = float(np.mean(width**2) / 12.0) if chosen.size else 0.0
        views.append(_Views(places, slopes, blur))
    return _judged(model, views, rule, statistic, levels, floor, len(pages))


def angoff_cuts(
    model: FacetsModel,
    items: Sequence[tuple[Hashable, Hashable | None]],
    rounds: Sequence[Mapping[int, ArrayLike]],
    *,
    statistic: str = "mean",
    levels: int = 5,
    floor: float = FLOOR,
) -> Judged:
    """Cuts from expected scores.

    items: (item, source) in the order of the judgements' columns. rounds: for each round, by level (2 .. levels), the category
    (from 0, fractions allowed) each judge expects of somebody who only just reaches the level: (judges, items).
    Raises ValueError for unknown items and scores outside their categories.
    """
    if not items:
        raise ValueError("there are no items to judge; list at least one")
    codes = [_format(model, Page(item, 1, source)) for item, source in items]
    curve = _Curve.of(model, [item for item, _ in items], codes)
    views = []
    for expected in rounds:
        places, slopes = {}, {}
        for level, scores in expected.items():
            table = np.atleast_2d(np.asarray(scores, dtype=np.float64))
            if table.shape[1] != len(items) or (table < 0).any() or (table > curve.top).any():
                raise ValueError(f"level {level}: expected scores must be one per item, from 0 to {curve.top.tolist()}")
            found = [curve.inverse(float(total)) for total in table.sum(axis=1)]
            places[level], slopes[level] = (
                np.array([at for at, _ in found]),
                np.array([along for _, along in found]).reshape(len(found), -1),
            )
        views.append(_Views(places, slopes, dict.fromkeys(places, 0.0)))
    return _judged(model, views, TCC, statistic, levels, floor, len(items))


@dataclass(frozen=True, slots=True)
class _Curve:
    """Test characteristic curve of some items: expected total score by theta, and its derivatives."""

    difficulty: Floats
    slope: Floats
    cumulative: Floats
    top: Floats
    at_item: NDArray[np.int64]
    at_steps: tuple[slice, ...]
    at_slope: tuple[int, ...]
    facets: int

    @classmethod
    def of(cls, model: FacetsModel, items: Sequence[Hashable], formats: Sequence[int]) -> _Curve:
        facets, words = model.fitted_.solution.facets, model.fitted_.design.vocabulary
        codes = [words.code("item", item) for item in items]
        return cls(
            difficulty=facets.item[codes],
            slope=facets.slope(np.array(formats)),
            cumulative=Steps.of([facets.steps[code] for code in formats]).cumulative,
            top=np.array([words.categories[code] - 1 for code in formats], dtype=np.float64),
            at_item=np.array([item_place(facets, code) for code in codes]),
            at_steps=tuple(steps_place(facets, code) for code in formats),
            at_slope=tuple(slope_place(facets, code) for code in formats) if len(facets.log_slope) else (),
            facets=len(facets.vector()),
        )

    def chances(self, theta: float) -> Floats:
        """(categories, items)."""
        return probabilities(self.slope * (theta - self.difficulty), self.cumulative)[0]

    def expected(self, theta: float) -> float:
        """Sum of the items' expected scores."""
        return float((np.arange(len(self.cumulative))[:, None] * self.chances(theta)).sum())

    def inverse(self, total: float) -> tuple[float, Floats]:
        """Theta at which the expected total is `total`, kept off the ends where theta would be infinite, and its derivative by facets."""
        most = float(self.top.sum())
        wanted = float(np.clip(total, _EDGE * most, (1.0 - _EDGE) * most))
        reach = 15.0 + float(np.abs(self.difficulty).max())
        theta = float(brentq(lambda at: self.expected(at) - wanted, -reach, reach, xtol=1e-12))
        chance = self.chances(theta)
        score = np.arange(len(chance))[:, None]
        mean = (score * chance).sum(axis=0)
        variance = (score**2 * chance).sum(axis=0) - mean**2
        slope = np.zeros(self.facets)
        for n, steps in enumerate(self.at_steps):
            slope[self.at_item[n]] += self.slope[n] * variance[n]
            above = np.cumsum(chance[::-1, n])[::-1]
            at_or_above = np.cumsum((score[:, 0] * chance[:, n])[::-1])[::-1]
            width = steps.stop - steps.start
            slope[steps] += (at_or_above - mean[n] * above)[1 : width + 1]
        for n, place in enumerate(self.at_slope):
            slope[place] -= self.slope[n] * (theta - self.difficulty[n]) * variance[n]
        return theta, slope / (self.slope * variance).sum()


def _format(model: FacetsModel, page: Page) -> int:
    codes = formats_of(model, page.item, page.source)
    if len(codes) != 1:
        found = "no format" if not codes else "several response formats"
        raise ValueError(f"item {page.item!r} has {found} of source {page.source!r} in the fit; name its source")
    width = int(model.fitted_.design.vocabulary.categories[codes[0]])
    if not 1 <= page.at_least < width:
        raise ValueError(f"item {page.item!r} has thresholds 1 to {width - 1}, not {page.at_least}")
    return codes[0]


def _judged(
    model: FacetsModel, views: Sequence[_Views], rule: str, statistic: str, levels: int, floor: float, items: int
) -> Judged:
    if statistic not in ("median", "mean"):
        raise ValueError(f"statistic {statistic!r} is unknown; choose 'median' or 'mean'")
    if not views:
        raise ValueError("no round was judged; give at least one")
    strange = sorted({level for one in views for level in one.places if not 2 <= level <= levels})
    if strange:
        raise ValueError(f"levels {strange} begin nowhere; cuts are set for levels 2 to {levels}")
    rounds = tuple(_round(one, statistic, levels) for one in views)
    last, size = views[-1], len(model.facet_covariance_)
    own, se, loading = np.full(levels - 1, np.nan), np.full(levels - 1, np.nan), np.zeros((levels - 1, size))
    for level, places in last.places.items():
        if not len(places):
            continue
        k = level - 2
        loading[k] = _middle(places, last.slopes[level]) if statistic == "median" else last.slopes[level].mean(axis=0)
        own[k] = np.sqrt(max(floor**2, rounds[-1].se[k] ** 2 + last.blur[level]))
        se[k] = np.sqrt(own[k] ** 2 + loading[k] @ model.facet_covariance_ @ loading[k])
    cut = rounds[-1].cut
    counted = np.where(np.isfinite(cut), items, 0)
    return Judged(Cuts(cut, se, own, counted, loading, rule, np.isnan(cut)), rounds)


def _round(views: _Views, statistic: str, levels: int) -> Round:
    """SD between judges pooled over levels, because a handful of judges per level tell little of it."""
    cut, se, judges = np.full(levels - 1, np.nan), np.full(levels - 1, np.nan), np.zeros(levels - 1, dtype=np.int64)
    several = [places for places in views.places.values() if len(places) > 1]
    freedom = sum(len(places) - 1 for places in several)
    spread = np.sqrt(sum(float(p.var(ddof=0)) * len(p) for p in several) / freedom) if freedom else _LONE_JUDGE_SD
    for level, places in views.places.items():
        if len(places):
            cut[level - 2] = np.median(places) if statistic == "median" else places.mean()
            cost = _MEDIAN_COST if statistic == "median" and len(places) > 2 else 1.0
            se[level - 2] = cost * spread / np.sqrt(len(places))
            judges[level - 2] = len(places)
    return Round(cut, se, judges)


def _middle(places: Floats, slopes: Floats) -> Floats:
    """Mean derivative of the one or two judges in the middle."""
    order = np.argsort(places, kind="stable")
    half = len(order) // 2
    return np.asarray(slopes[order[half : half + 1] if len(order) % 2 else order[half - 1 : half + 1]].mean(axis=0))
