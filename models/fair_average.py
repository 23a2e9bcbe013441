"""Severity in the units people give: what a rater's logits come to in marks.

The *fair average* (after Linacre 1989) is the mean mark that this rater would have given had they rated everybody on everything that was rated; raters who
rated different people can be compared by it, as they cannot by their means.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.categories import probabilities
from models.design import encode_known
from models.facets import FacetsModel

__all__ = ["fair_averages"]

Floats = NDArray[np.float64]

_MARKS = 5
_PLACES = (np.arange(50) + 0.5) / 50


def fair_averages(model: FacetsModel, ratings: pd.DataFrame) -> pd.DataFrame:
    """By rater: fair_average, and in_marks, what the rater's severity adds to their own marks beside a rater of mean severity.

    ratings: human rows the model was fitted on. Both are on a form of five marks, 1 to 5, to which forms of other widths are stretched; fair_average on the form
    most of the ratings were given on.
    """
    fitted = model.fitted_
    words, facets = fitted.design.vocabulary, fitted.solution.facets
    rows = encode_known(ratings, words)
    human = ~words.machine_severity
    mean = float(facets.severity[human].mean())
    theta = fitted.all_persons().mean[rows.person, rows.skill] - facets.mean
    shift = facets.severity[rows.severity] - mean
    stretch = (_MARKS - 1) / (words.categories[rows.format] - 1)
    steps = facets.cumulative(rows.severity, rows.format)
    gained = stretch * (_expected(facets.eta(theta, rows), steps) - _expected(facets.eta(theta + shift, rows), steps))
    rater = ratings["rater"].to_numpy()
    table = pd.DataFrame({"in_marks": pd.Series(gained).groupby(rater).mean()}).rename_axis("rater")
    form = int(np.bincount(rows.format).argmax())
    middling = theta + facets.mean - facets.item[rows.item]
    places = np.quantile(middling[rows.format == form], _PLACES)
    unit = np.array([words.severities.index(key) for key in _keys(table.index, words.severities)], dtype=np.int64)
    met = (places - facets.severity[unit][:, None]).ravel()
    width, of = words.categories[form] - 1, np.full(len(met), form)
    steps = facets.cumulative(np.repeat(unit, len(places)), of)
    marks = 1 + (_MARKS - 1) / width * _expected(facets.slope(of) * met, steps).reshape(len(unit), -1).mean(axis=1)
    table.insert(0, "fair_average", marks)
    return table


def _keys(raters: pd.Index, severities: tuple[tuple[object, ...], ...]) -> list[tuple[object, ...]]:
    """The first severity unit of each rater."""
    first: dict[object, tuple[object, ...]] = {}
    for key in severities:
        first.setdefault(key[0], key)
    return [first[rater] for rater in raters]


def _expected(eta: Floats, cumulative: Floats) -> Floats:
    chance = probabilities(eta, cumulative)[0]
    return np.asarray((np.arange(len(chance))[:, None] * chance).sum(axis=0))
