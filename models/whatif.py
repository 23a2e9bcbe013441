"""Posteriors of a fitted model's persons: as they are, without a rater or a source, and with other ratings.

Facets and variances stay as fitted, so each variant concerns one person only. Variants of many persons are computed together, in chunks
whose size does not change the result.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.design import Design, Rows, encode_known
from models.newton import Solution
from models.posterior import GRID_NODES, Inferred, Posterior, Posteriors, infer
from models.ratings import RatingError

__all__ = ["Fitted"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_VARIANT_NODES = 41
_CHUNK_ROWS = 40_000


@dataclass(frozen=True, slots=True)
class Fitted:
    """Design, solution, and what the facets' uncertainty adds to each person (persons, skills, skills)."""

    design: Design
    solution: Solution
    share: Floats
    _start: Integers = field(init=False)
    _cache: dict[str, Posteriors] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        counts = np.bincount(self.design.rows.person, minlength=len(self.design.vocabulary.persons))
        object.__setattr__(self, "_start", np.concatenate([[0], np.cumsum(counts)]))

    def linear_predictor(self) -> Floats:
        """Posterior mean of each rating's linear predictor."""
        rows, step = self.design.rows, self.solution
        cells = np.flatnonzero(_changes(rows.person, rows.halo, rows.skill))
        cell = np.searchsorted(cells, np.arange(len(rows)), side="right") - 1
        return step.posterior.predictor[cell] + step.facets.offset(rows.severity, rows.item)

    def posterior(
        self, person: Hashable, *, without: Mapping[str, Hashable] | None, replace: pd.DataFrame | None
    ) -> Posterior:
        """One person, perhaps with ratings left out or replaced."""
        code = self.design.vocabulary.code("person", person)
        rows = self._of(code)
        if without:
            rows = rows.take(~self._matching(rows, without))
        if replace is not None and len(replace):
            rows = self._with(rows, _of_person(replace, person))
        found = self._inferred(rows, np.zeros(len(rows), dtype=np.int64), 1, GRID_NODES)
        keys = pd.DataFrame({"person": self.design.vocabulary.persons[[code]].to_numpy()})
        return self._posteriors(keys, np.array([code]), [found])[0]

    def all_persons(self) -> Posteriors:
        """Every person, all ratings."""
        if "all" not in self._cache:
            persons = len(self.design.vocabulary.persons)
            parts = []
            for first, last in self._chunks(np.diff(self._start)):
                rows = self.design.rows.take(np.arange(self._start[first], self._start[last]))
                parts.append(self._inferred(rows, rows.person - first, last - first, GRID_NODES))
            keys = pd.DataFrame({"person": self.design.vocabulary.persons.to_numpy()})
            self._cache["all"] = self._posteriors(keys, np.arange(persons), parts)
        return self._cache["all"]

    def leave_one_out(self, by: str) -> Posteriors:
        """Each person without each of their raters or sources."""
        rows, words = self.design.rows, self.design.vocabulary
        if by not in ("rater", "source"):
            raise ValueError(f"by={by!r} is not available; choose from 'rater', 'source'")
        element = words.severity_rater[rows.severity] if by == "rater" else rows.source
        names = words.raters if by == "rater" else words.sources
        pairs = np.unique(np.column_stack([rows.person, element]), axis=0)
        size = np.diff(self._start)[pairs[:, 0]]
        parts = []
        for first, last in self._chunks(size):
            count = size[first:last]
            group = np.repeat(np.arange(last - first), count)
            begin = np.cumsum(count) - count
            index = self._start[pairs[first:last, 0]][group] + np.arange(len(group)) - begin[group]
            kept = element[index] != pairs[first:last, 1][group]
            parts.append(self._inferred(rows.take(index[kept]), group[kept], last - first, _VARIANT_NODES))
        keys = pd.DataFrame({"person": words.persons[pairs[:, 0]].to_numpy(), "dropped": names[pairs[:, 1]].to_numpy()})
        return self._posteriors(keys, pairs[:, 0], parts)

    def replaced(self, ratings: pd.DataFrame) -> Posteriors:
        """The persons of `ratings` with those ratings put in the place of their own."""
        words = self.design.vocabulary
        codes = np.array(
            sorted({words.code("person", person) for person in ratings["person"].unique()}), dtype=np.int64
        )
        new = encode_known(ratings, words)
        parts = []
        for code in codes:
            rows = self._merged(self._of(code), new.take(new.person == code))
            parts.append(self._inferred(rows, np.zeros(len(rows), dtype=np.int64), 1, GRID_NODES))
        return self._posteriors(pd.DataFrame({"person": words.persons[codes].to_numpy()}), codes, parts)

    def _of(self, code: int) -> Rows:
        return self.design.rows.take(np.arange(self._start[code], self._start[code + 1]))

    def _matching(self, rows: Rows, without: Mapping[str, Hashable]) -> NDArray[np.bool_]:
        words = self.design.vocabulary
        columns = {"rater": words.severity_rater[rows.severity], "source": rows.source, "item": rows.item}
        columns["skill"] = rows.skill
        matching = np.ones(len(rows), dtype=bool)
        for name, value in without.items():
            if name not in columns:
                raise ValueError(f"without={name!r} is not available; choose from {sorted(columns)}")
            matching &= columns[name] == words.code(name, value)
        return matching

    def _with(self, rows: Rows, ratings: pd.DataFrame) -> Rows:
        return self._merged(rows, encode_known(ratings, self.design.vocabulary))

    def _merged(self, rows: Rows, new: Rows) -> Rows:
        """Old rows without those that new rows speak for, and the new rows, sorted."""
        if (new.person < 0).any():
            raise RatingError("replacement ratings name a person the model was not fitted on")
        taken = {key for key in zip(new.severity, new.source, new.item, new.skill, strict=True) if key[0] >= 0}
        kept = np.array(
            [key not in taken for key in zip(rows.severity, rows.source, rows.item, rows.skill, strict=True)],
            dtype=bool,
        )
        both = Rows(
            *(np.concatenate([getattr(rows, name)[kept], getattr(new, name)]) for name in Rows.__dataclass_fields__)
        )
        order = np.lexsort(
            (both.weight, both.score, both.source, both.format, both.item, both.severity, both.skill, both.halo)
        )
        return both.take(order)

    def _inferred(self, rows: Rows, group: Integers, groups: int, nodes: int) -> Inferred:
        return infer(rows, group, groups, self.solution.facets, self.solution.variances, nodes=nodes)

    @staticmethod
    def _chunks(sizes: Integers) -> Iterator[tuple[int, int]]:
        """Ranges of neighbours with about `_CHUNK_ROWS` rows together."""
        first, total = 0, 0
        for position, size in enumerate(sizes):
            if total and total + size > _CHUNK_ROWS:
                yield first, position
                first, total = position, 0
            total += int(size)
        if len(sizes) > first:
            yield first, len(sizes)

    def _posteriors(self, keys: pd.DataFrame, person: Integers, parts: list[Inferred]) -> Posteriors:
        """Put parts together and add the facets' uncertainty."""
        mean, covariance, centre, scale, mass, n = (
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("mean", "covariance", "centre", "scale", "mass", "n")
        )
        held = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
        total = covariance + self.share[person]
        spread = np.sqrt(np.diagonal(total, axis1=1, axis2=2))
        stretch = spread / held
        variances = self.solution.variances
        origin = np.diag(self.solution.covariance)[-1]
        return Posteriors(
            keys=keys,
            skills=self.design.vocabulary.skills,
            mean=mean,
            sd=spread,
            covariance=total,
            held_sd=held,
            centre=mean + (centre - mean) * stretch,
            scale=scale * stretch,
            nodes=parts[0].nodes,
            mass=mass,
            prior_mean=self.solution.facets.mean,
            prior_sd=np.sqrt(variances.theta**2 + origin),
            n=n,
        )


def _of_person(ratings: pd.DataFrame, person: Hashable) -> pd.DataFrame:
    table = ratings.copy()
    table["person"] = pd.Series([person] * len(table), index=table.index)
    return table


def _changes(*columns: Integers) -> NDArray[np.bool_]:
    changed = np.ones(len(columns[0]), dtype=bool)
    changed[1:] = False
    for column in columns:
        changed[1:] |= column[1:] != column[:-1]
    return changed
