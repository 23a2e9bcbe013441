"""Posteriors of a fitted model's persons: as they are, without a rater or a source, and with other ratings.

Facets and variances stay as fitted, so each variant concerns one person only. A variant with less evidence is never reported surer than
with all of it: where a surprising rating had widened the exact posterior (a few per cent of removals among persons at the ends of the
scale), the wider SD is kept. Variants of many persons are computed together, in chunks
whose size does not change the result.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from models.design import Design, Rows, encode_known
from models.newton import Solution
from models.posterior import GRID_NODES, Inferred, Posterior, Posteriors, infer
from models.ratings import RatingError
from models.sites import Sites

__all__ = ["Fitted"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_VARIANT_NODES = 31
_CHUNK_ROWS = 8_000


@dataclass(frozen=True, slots=True)
class Fitted:
    """Design, solution, and what the facets' uncertainty adds to each person (persons, skills, skills)."""

    design: Design
    solution: Solution
    share: Floats
    _start: Integers = field(init=False)
    _cell_start: Integers = field(init=False)
    _cache: dict[str, Posteriors] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        counts = np.bincount(self.design.rows.person, minlength=len(self.design.vocabulary.persons))
        object.__setattr__(self, "_start", np.concatenate([[0], np.cumsum(counts)]))
        rows = self.design.rows
        object.__setattr__(self, "_cell_start", np.flatnonzero(_changes(rows.person, rows.halo, rows.skill)))

    def linear_predictor(self) -> Floats:
        """Posterior mean of each rating's linear predictor."""
        rows, step = self.design.rows, self.solution
        cell = np.searchsorted(self._cell_start, np.arange(len(rows)), side="right") - 1
        return step.facets.eta(step.posterior.predictor[cell], rows)

    def posterior(
        self, person: Hashable, *, without: Mapping[str, Hashable] | ArrayLike | None, replace: pd.DataFrame | None
    ) -> Posterior:
        """One person, perhaps with ratings left out or replaced."""
        code = self.design.vocabulary.code("person", person)
        rows = self._of(code)
        if without is not None:
            rows = rows.take(~self._matching(code, rows, without))
        if replace is not None and len(replace):
            rows = self._merged(rows, encode_known(_of_person(replace, person), self.design.vocabulary))
        as_it_is = without is None and (replace is None or not len(replace))
        alone = np.zeros(len(rows), dtype=np.int64)
        found = self._complete(code, code + 1) if as_it_is else self._inferred(rows, alone, 1, GRID_NODES)
        keys = pd.DataFrame({"person": self.design.vocabulary.persons[[code]].to_numpy()})
        only_less = without is not None and replace is None
        least = self.all_persons().covariance[[code]] - self.share[[code]] if only_less else None
        return self._posteriors(keys, np.array([code]), [found], least=least)[0]

    def all_persons(self) -> Posteriors:
        """Every person, all ratings."""
        if "all" not in self._cache:
            persons = len(self.design.vocabulary.persons)
            parts = [self._complete(first, last) for first, last in self._chunks(np.diff(self._start))]
            keys = pd.DataFrame({"person": self.design.vocabulary.persons.to_numpy()})
            self._cache["all"] = self._posteriors(keys, np.arange(persons), parts)
        return self._cache["all"]

    def leave_one_out(self, by: str | ArrayLike) -> Posteriors:
        """Each person without each of their raters, sources, or whatever labels tell apart."""
        element, names = self._elements(by)
        row = np.flatnonzero(element >= 0)
        return self._lessened(row, element[row], names, np.zeros(len(row), dtype=np.int64))

    def lessened(self, rating: ArrayLike, variant: ArrayLike, at_least: ArrayLike) -> Posteriors:
        """Each person of each variant, with less known of some ratings. `keys`: person, dropped (the variant).

        rating: places in the fitted frame, each at most once per variant. at_least: what is still known of the rating's category,
        counted from 0: that it was so high or higher; 0 leaves the rating out.
        """
        place = np.empty(len(self.design.position), dtype=np.int64)
        place[self.design.position] = np.arange(len(place))
        codes, names = pd.factorize(np.asarray(variant, dtype=object), sort=True)
        return self._lessened(place[np.asarray(rating)], codes, pd.Index(names), np.asarray(at_least, dtype=np.int64))

    def _lessened(self, row: Integers, variant: Integers, names: pd.Index[Any], at_least: Integers) -> Posteriors:
        rows, words = self.design.rows, self.design.vocabulary
        pairs, pair = np.unique(np.column_stack([rows.person[row], variant]), axis=0, return_inverse=True)
        key = pair.ravel() * len(rows) + row
        order = np.argsort(key, kind="stable")
        key, at_least = key[order], at_least[order]
        size = np.diff(self._start)[pairs[:, 0]]
        parts = []
        for first, last in self._chunks(size):
            count = size[first:last]
            group = np.repeat(np.arange(last - first), count)
            begin = np.cumsum(count) - count
            index = self._start[pairs[first:last, 0]][group] + np.arange(len(group)) - begin[group]
            wanted = (first + group) * len(rows) + index
            found = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
            floor = np.where(key[found] == wanted, at_least[found], -1)
            kept = floor != 0
            left = _floored(rows.take(index[kept]), floor[kept])
            parts.append(self._inferred(left, group[kept], last - first, _VARIANT_NODES))
        keys = pd.DataFrame({"person": words.persons[pairs[:, 0]].to_numpy(), "dropped": names[pairs[:, 1]].to_numpy()})
        whole = self.all_persons()
        return self._posteriors(keys, pairs[:, 0], parts, least=whole.covariance[pairs[:, 0]] - self.share[pairs[:, 0]])

    def replaced(self, ratings: pd.DataFrame) -> Posteriors:
        """The persons of `ratings` with those ratings put in the place of their own."""
        words = self.design.vocabulary
        new = encode_known(ratings, words)
        codes = np.unique(new.person)
        variants = [self._merged(self._of(code), new.take(new.person == code)) for code in codes]
        sizes = np.array([len(rows) for rows in variants])
        parts = []
        for first, last in self._chunks(sizes):
            group = np.repeat(np.arange(last - first), sizes[first:last])
            parts.append(self._inferred(_stacked(variants[first:last]), group, last - first, GRID_NODES))
        return self._posteriors(pd.DataFrame({"person": words.persons[codes].to_numpy()}), codes, parts)

    def _elements(self, by: str | ArrayLike) -> tuple[Integers, pd.Index[Any]]:
        """Code of what each row belongs to (-1: nothing to leave out), and the names of the codes."""
        rows, words = self.design.rows, self.design.vocabulary
        if isinstance(by, str):
            known = {
                "rater": (words.severity_rater[rows.severity], words.raters),
                "source": (rows.source, words.sources),
            }
            if by not in known:
                raise ValueError(
                    f"by={by!r} is not available; choose from 'rater', 'source', or pass one label per row"
                )
            return known[by]
        codes, names = pd.factorize(np.asarray(by, dtype=object), sort=True)
        if len(codes) != len(rows):
            raise ValueError(f"{len(codes)} labels were given for the {len(rows)} ratings of the fit")
        return np.asarray(codes[self.design.position], dtype=np.int64), pd.Index(names)

    def _complete(self, first: int, last: int) -> Inferred:
        """Persons first .. last - 1 with all their ratings."""
        rows = self.design.rows.part(slice(int(self._start[first]), int(self._start[last])))
        cells = slice(*np.searchsorted(self._cell_start, [self._start[first], self._start[last]]))
        known = Sites(self.solution.sites.precision[cells], self.solution.sites.natural[cells])
        return infer(
            rows, rows.person - first, last - first, self.solution.facets, self.solution.variances, start=known
        )

    def _of(self, code: int) -> Rows:
        return self.design.rows.take(np.arange(self._start[code], self._start[code + 1]))

    def _matching(self, code: int, rows: Rows, without: Mapping[str, Hashable] | ArrayLike) -> NDArray[np.bool_]:
        """Which of a person's rows are to be left out."""
        words = self.design.vocabulary
        if not isinstance(without, Mapping):
            mask = np.asarray(without, dtype=bool)
            if mask.shape != self.design.position.shape:
                raise ValueError(f"the mask has shape {mask.shape}; the fit has {len(self.design.position)} ratings")
            return mask[self.design.position[self._start[code] : self._start[code + 1]]]
        columns = {"rater": words.severity_rater[rows.severity], "source": rows.source, "item": rows.item}
        columns["skill"] = rows.skill
        matching = np.ones(len(rows), dtype=bool)
        for name, value in without.items():
            if name not in columns:
                raise ValueError(f"without={name!r} is not available; choose from {sorted(columns)}")
            matching &= columns[name] == words.code(name, value)
        return matching

    def _merged(self, rows: Rows, new: Rows) -> Rows:
        """Old rows without those that new rows speak for, and the new rows, sorted."""
        if (new.person < 0).any():
            raise RatingError("replacement ratings name a person the model was not fitted on")
        taken = {key for key in zip(new.severity, new.source, new.item, new.skill, strict=True) if key[0] >= 0}
        own = zip(rows.severity, rows.source, rows.item, rows.skill, strict=True)
        kept = np.array([key not in taken for key in own], dtype=bool)
        both = _stacked([rows.take(kept), new])
        keys = (
            both.floor,
            both.weight,
            both.discount,
            both.score,
            both.source,
            both.format,
            both.item,
            both.severity,
            both.skill,
            both.halo,
        )
        return both.take(np.lexsort(keys))

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

    def _posteriors(
        self, keys: pd.DataFrame, person: Integers, parts: list[Inferred], *, least: Floats | None = None
    ) -> Posteriors:
        """Put parts together and add the facets' uncertainty. least: covariances whose SDs no result may fall below."""
        mean, covariance, centre, scale, mass, n = (
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("mean", "covariance", "centre", "scale", "mass", "n")
        )
        found = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
        held = found if least is None else np.maximum(found, np.sqrt(np.diagonal(least, axis1=1, axis2=2)))
        wider = held / found
        total = covariance * wider[:, :, None] * wider[:, None, :] + self.share[person]
        spread = np.sqrt(np.diagonal(total, axis1=1, axis2=2))
        stretch = spread / found
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


def _floored(rows: Rows, floor: Integers) -> Rows:
    """The rows, those with a floor (not negative) known to be at least that only."""
    known = floor < 0
    return replace(rows, score=np.where(known, rows.score, np.minimum(floor, rows.score)), floor=rows.floor | ~known)


def _of_person(ratings: pd.DataFrame, person: Hashable) -> pd.DataFrame:
    table = ratings.copy()
    table["person"] = pd.Series([person] * len(table), index=table.index)
    return table


def _stacked(parts: Sequence[Rows]) -> Rows:
    return Rows(*(np.concatenate([getattr(rows, column.name) for rows in parts]) for column in fields(Rows)))


def _changes(*columns: Integers) -> NDArray[np.bool_]:
    changed = np.ones(len(columns[0]), dtype=bool)
    changed[1:] = False
    for column in columns:
        changed[1:] |= column[1:] != column[:-1]
    return changed
