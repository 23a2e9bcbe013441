"""Tables of a fit: severities, items, steps and persons with errors and fit statistics, the same for every method of estimation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.design import Design, Rows, Vocabulary
from models.fit_statistics import mean_squares, standardised
from models.problem import Facets

__all__ = ["Description"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Description:
    """What the tables are made of. facets and error in the order of `Facets.vector`; squared, variance: of the rows in `judged`.

    judged: the rows with a finite expectation. Others (of extreme persons in a joint fit) count in outfit and n by their limit, a
    standardised residual of 0, as in mfrmr; elements with no judged row have no fit statistics.
    """

    design: Design
    facets: Facets
    error: Floats
    judged: Rows
    squared: Floats
    variance: Floats

    @classmethod
    def of(cls, design: Design, facets: Facets, error: Floats, judged: Rows, predictor: Floats) -> Description:
        """predictor: (rows of judged,) at which ratings are expected."""
        return cls(design, facets, error, judged, *standardised(judged, predictor, facets))

    def raters(self) -> pd.DataFrame:
        """estimate, se, infit, outfit, n, rater_class and, with scales, centrality and its error by rater, or (rater, period)."""
        words, count = self.design.vocabulary, len(self.facets.severity)
        table = self._facet(self.judged.severity, self.design.rows.severity, self.facets.severity, 0)
        table["rater_class"] = np.where(words.machine_severity, "machine", "human")
        if len(self.facets.log_scale):
            table["centrality"] = self.facets.scale(np.arange(count))
            error = self.error[self.facets.scale_places][words.severity_rater]
            table["centrality_se"] = table["centrality"] * error
        table.index = (
            pd.MultiIndex.from_tuples(words.severities, names=["rater", "period"])
            if words.has_period
            else pd.Index([key[0] for key in words.severities[:count]], name="rater")
        )
        return table

    def items(self) -> pd.DataFrame:
        """estimate, se, infit, outfit, n by item."""
        table = self._facet(self.judged.item, self.design.rows.item, self.facets.item, len(self.facets.severity))
        table.index = self.design.vocabulary.items
        return table

    def thresholds(self) -> pd.DataFrame:
        """estimate, se by step, see `FacetsModel`."""
        words, steps = self.design.vocabulary, self.facets.steps
        first = len(self.facets.severity) + len(self.facets.item)
        keys = [
            (*key, step) for key, taus in zip(words.formats, steps, strict=True) for step in range(1, len(taus) + 1)
        ]
        table = pd.DataFrame({"estimate": np.concatenate(steps), "se": self.error[first : first + len(keys)]})
        if words.partial_credit:
            table.index = pd.MultiIndex.from_tuples([key[1:] for key in keys], names=["item", "step"])
        elif len(words.formats) == 1:
            table.index = pd.Index([key[2] for key in keys], name="step")
        else:
            table.index = pd.MultiIndex.from_tuples(keys, names=["source", "scale", "step"])
        return table

    def persons(self, estimate: Floats, sd: Floats) -> pd.DataFrame:
        """estimate, sd, infit, outfit, n, extreme by person, or (person, skill); those with ratings."""
        rows, words = self.design.rows, self.design.vocabulary
        count = len(words.persons) * len(words.skills)
        table = self._table(_ability(self.judged, words), _ability(rows, words), count)
        table.insert(0, "estimate", estimate)
        table.insert(1, "sd", sd)
        table["extreme"] = _extreme(rows, words, count)
        table.index = (
            pd.MultiIndex.from_product([words.persons, words.skills], names=["person", "skill"])
            if words.has_skill
            else words.persons
        )
        return table[table["n"] > 0]

    def _facet(self, judged: Integers, every: Integers, estimate: Floats, first: int) -> pd.DataFrame:
        table = self._table(judged, every, len(estimate))
        table.insert(0, "estimate", estimate)
        table.insert(1, "se", self.error[first : first + len(estimate)])
        return table

    def _table(self, judged: Integers, every: Integers, count: int) -> pd.DataFrame:
        table = mean_squares(judged, count, self.judged.facet_weight, self.squared, self.variance)
        if len(judged) < len(every):
            weight, rows = self.judged.facet_weight, self.design.rows
            part, whole = np.bincount(judged, weight, count), np.bincount(every, rows.facet_weight, count)
            table["outfit"] *= part / np.maximum(whole, np.finfo(np.float64).tiny)
            table["n"] = np.bincount(every, minlength=count)
        return table


def _ability(rows: Rows, words: Vocabulary) -> Integers:
    return np.asarray(rows.person * len(words.skills) + rows.skill, dtype=np.int64)


def _extreme(rows: Rows, words: Vocabulary, count: int) -> NDArray[np.bool_]:
    """Persons (and skills) whose ratings are all lowest or all highest."""
    ability, top = _ability(rows, words), words.categories[rows.format] - 1
    below, above = (
        np.bincount(ability, weights=inner, minlength=count) for inner in (rows.score < top, rows.score > 0)
    )
    return np.asarray((np.bincount(ability, minlength=count) > 0) & ((below == 0) | (above == 0)))
