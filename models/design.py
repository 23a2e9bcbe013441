"""From a long frame of ratings to the sorted integer arrays the estimators work on.

The columns of a rating frame are described in `models.ratings`.

Three facets are derived. A *severity unit* is a rater, or a rater in a period. A *halo unit* is what forms one impression of a
person: a human rater wherever they rate, but for machines the whole source, so that two repositories graded by the same rules
do not pass for two independent opinions. A *format* is a set of steps tau shared by ratings: per source and scale under
"rating_scale", per item under "partial_credit".

Rows are sorted by person, halo unit and skill and then by everything else, so that the order of the frame cannot matter.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.ratings import ALL, RatingError, completed, format_bounds

__all__ = ["Design", "Rows", "Vocabulary", "encode", "encode_known"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_NO_HALOS: tuple[tuple[Hashable, ...], ...] = (("person", ALL),)


@dataclass(frozen=True, slots=True)
class Rows:
    """Ratings as integer codes into a `Vocabulary`, sorted by person, halo unit, skill. All arrays (n,)."""

    person: Integers
    halo: Integers
    skill: Integers
    severity: Integers
    item: Integers
    format: Integers
    source: Integers
    score: Integers
    weight: Floats
    discount: Floats
    machine: NDArray[np.bool_]
    floor: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.person)

    @property
    def facet_weight(self) -> Floats:
        """Weight in what is learned of the facets: floors say nothing there."""
        return np.where(self.floor, 0.0, self.weight)

    def discounted(self) -> Rows:
        """As persons are judged by them: weights multiplied by discounts."""
        return self if (self.discount == 1.0).all() else replace(self, weight=self.weight * self.discount)

    @property
    def repeated_impressions(self) -> bool:
        """Whether any human rates a person more than once, on another item or skill: only then do impressions show."""
        human, same = ~self.machine, (self.person[1:] == self.person[:-1]) & (self.halo[1:] == self.halo[:-1])
        return bool((same & human[1:]).any())

    def take(self, index: Integers | NDArray[np.bool_]) -> Rows:
        """The rows at `index`, in that order."""
        return Rows(*(getattr(self, column.name)[index] for column in fields(self)))

    def part(self, rows: slice) -> Rows:
        """Neighbouring rows, as views of these."""
        return Rows(*(getattr(self, column.name)[rows] for column in fields(self)))


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the codes of `Rows` stand for.

    severities, halos: keys are tuples, see `encode`. categories, lowest: per format. machine_severity: per severity unit.
    """

    persons: pd.Index[Any]
    skills: pd.Index[Any]
    sources: pd.Index[Any]
    items: pd.Index[Any]
    raters: pd.Index[Any]
    severities: tuple[tuple[Hashable, ...], ...]
    halos: tuple[tuple[Hashable, ...], ...]
    formats: tuple[tuple[Hashable, ...], ...]
    categories: Integers
    lowest: Integers
    machine_severity: NDArray[np.bool_]
    severity_rater: Integers
    has_skill: bool
    has_period: bool
    has_source: bool
    partial_credit: bool
    item_format: Mapping[Hashable, tuple[int, ...]] = field(default_factory=dict)

    def code(self, kind: str, key: Hashable) -> int:
        """The code of a person, skill, source, item or rater; RatingError when unknown."""
        index: pd.Index[Any] = getattr(self, kind + "s")
        position = index.get_indexer(pd.Index([key], dtype=index.dtype if index.dtype != object else None))[0]
        if position < 0:
            raise RatingError(f"unknown {kind} {key!r}: the model was fitted on {len(index)} {kind}s, not on this one")
        return int(position)


@dataclass(frozen=True, slots=True)
class Design:
    """Encoded ratings, what their codes mean, and the place of each in the frame they came from."""

    rows: Rows
    vocabulary: Vocabulary
    position: Integers


def encode(ratings: pd.DataFrame, *, partial_credit: bool, impressions: bool = True) -> Design:
    """Encode a rating frame (columns: see the module). Raises RatingError naming column, row and remedy.

    impressions: False puts all ratings of a person into one halo unit, for models without halo.
    """
    table = completed(ratings, partial_credit=partial_credit)
    lookups = {name: _sorted_unique(table[name], name) for name in ("person", "skill", "source", "item", "rater")}
    codes = {name: index.get_indexer(pd.Index(table[name])).astype(np.int64) for name, index in lookups.items()}
    machine = (table["rater_class"] == "machine").to_numpy(dtype=bool)
    _one_class_per_rater(codes["rater"], machine, lookups["rater"])
    severity_codes, severities = _tuples(table, ["rater", "period"])
    halo_codes, halos = (
        _halo_units(table, machine) if impressions else (np.zeros(len(table), dtype=np.int64), _NO_HALOS)
    )
    format_codes, formats = _tuples(table, ["_format_source", "_format"])
    categories, lowest = format_bounds(table, format_codes, formats)
    score = table["score"].to_numpy(dtype=np.int64) - lowest[format_codes]
    rows = Rows(
        person=codes["person"], halo=halo_codes, skill=codes["skill"], severity=severity_codes, item=codes["item"],
        format=format_codes, source=codes["source"], score=score,
        weight=table["weight"].to_numpy(dtype=np.float64), discount=table["discount"].to_numpy(dtype=np.float64),
        machine=machine,
        floor=table["at_least"].to_numpy(dtype=bool),
    )  # fmt: skip
    first = np.unique(severity_codes, return_index=True)[1]
    vocabulary = Vocabulary(
        persons=lookups["person"], skills=lookups["skill"], sources=lookups["source"], items=lookups["item"],
        raters=lookups["rater"], severities=severities, halos=halos, formats=formats, categories=categories,
        lowest=lowest, machine_severity=machine[first], severity_rater=codes["rater"][first],
        has_skill="skill" in ratings, has_period="period" in ratings, has_source="source" in ratings,
        partial_credit=partial_credit, item_format=_item_formats(table["item"], format_codes),
    )  # fmt: skip
    order = _order(rows)
    return Design(rows.take(order), vocabulary, order)


def encode_known(ratings: pd.DataFrame, vocabulary: Vocabulary) -> Rows:
    """Encode further ratings in the terms of a fit. Raters unknown to it get severity code -1; all else must be known.

    Halo units unknown to the fit get fresh codes. Used for what-if posteriors and for prediction, where `score` may be absent.
    """
    frame = ratings if "score" in ratings else ratings.assign(score=0)
    table = completed(frame, partial_credit=vocabulary.partial_credit)
    codes = {}
    for name in ("skill", "source", "item"):
        index: pd.Index[Any] = getattr(vocabulary, name + "s")
        codes[name] = index.get_indexer(pd.Index(table[name])).astype(np.int64)
        if (codes[name] < 0).any():
            missing = table[name][codes[name] < 0].iloc[0]
            raise RatingError(
                f"unknown {name} {missing!r}: no rating of the fit has it, so it has no place on the scale"
            )
    machine = (table["rater_class"] == "machine").to_numpy(dtype=bool)
    formats = _known(_keys(table, ["_format_source", "_format"]), vocabulary.formats)
    formats = _formats_by_item(formats, table["item"], vocabulary)
    halo_keys = _halo_keys(table, machine) if vocabulary.halos != _NO_HALOS else list(_NO_HALOS) * len(table)
    known = {key: code for code, key in enumerate(vocabulary.halos)}
    fresh = {key: len(known) + n for n, key in enumerate(sorted({k for k in halo_keys if k not in known}, key=repr))}
    origin = vocabulary.lowest[formats] if "score" in ratings else np.zeros(len(table), dtype=np.int64)
    score = table["score"].to_numpy(dtype=np.int64) - origin
    if ((score < 0) | (score >= vocabulary.categories[formats])).any():
        raise RatingError("a score lies outside the categories its response format had in the fit")
    return Rows(
        person=vocabulary.persons.get_indexer(pd.Index(table["person"])).astype(np.int64),
        halo=np.array([known[key] if key in known else fresh[key] for key in halo_keys], dtype=np.int64),
        skill=codes["skill"], severity=_known(_keys(table, ["rater", "period"]), vocabulary.severities),
        item=codes["item"], format=formats, source=codes["source"], score=score,
        weight=table["weight"].to_numpy(dtype=np.float64), discount=table["discount"].to_numpy(dtype=np.float64),
        machine=machine,
        floor=table["at_least"].to_numpy(dtype=bool),
    )  # fmt: skip


def _sorted_unique(values: pd.Series[Any], name: str) -> pd.Index[Any]:
    try:
        index: pd.Index[Any] = pd.Index(values.unique()).sort_values().rename(name)
        return index
    except TypeError as error:
        raise RatingError(f"column {name!r} mixes types that have no order; use one type, for example text") from error


def _one_class_per_rater(rater: Integers, machine: NDArray[np.bool_], names: pd.Index[Any]) -> None:
    both = np.intersect1d(rater[machine], rater[~machine])
    if both.size:
        raise RatingError(f"rater {names[both[0]]!r} is both human and machine; give the machine an id of its own")


def _keys(table: pd.DataFrame, columns: list[str]) -> list[tuple[Hashable, ...]]:
    return list(table[columns].itertuples(index=False, name=None))


def _tuples(table: pd.DataFrame, columns: list[str]) -> tuple[Integers, tuple[tuple[Hashable, ...], ...]]:
    """Codes of the distinct rows of `columns`, numbered in their sort order."""
    grouped = table.groupby(columns, sort=True)
    keys = tuple(key for key, _ in grouped.size().items())
    codes = np.asarray(grouped.ngroup(), dtype=np.int64)
    return codes, tuple(k if isinstance(k, tuple) else (k,) for k in keys)


def _halo_keys(table: pd.DataFrame, machine: NDArray[np.bool_]) -> list[tuple[Hashable, ...]]:
    return [
        ("machine", str(source)) if is_machine else ("human", rater)
        for is_machine, source, rater in zip(machine, table["source"], table["rater"], strict=True)
    ]


def _halo_units(table: pd.DataFrame, machine: NDArray[np.bool_]) -> tuple[Integers, tuple[tuple[Hashable, ...], ...]]:
    humans = _sorted_unique(table["rater"][~machine], "rater") if (~machine).any() else pd.Index([])
    sources = _sorted_unique(table["source"][machine].astype(str), "source") if machine.any() else pd.Index([])
    codes = np.empty(len(table), dtype=np.int64)
    codes[~machine] = humans.get_indexer(pd.Index(table["rater"][~machine]))
    codes[machine] = len(humans) + sources.get_indexer(pd.Index(table["source"][machine].astype(str)))
    return codes, tuple([("human", rater) for rater in humans] + [("machine", str(source)) for source in sources])


def _known(keys: list[tuple[Hashable, ...]], known: tuple[tuple[Hashable, ...], ...]) -> Integers:
    position = {key: code for code, key in enumerate(known)}
    return np.array([position.get(key, -1) for key in keys], dtype=np.int64)


def _item_formats(items: pd.Series[Any], formats: Integers) -> dict[Hashable, tuple[int, ...]]:
    pairs = pd.DataFrame({"item": items.to_numpy(), "format": formats}).drop_duplicates()
    return {item: tuple(sorted(part)) for item, part in pairs.groupby("item")["format"]}


def _formats_by_item(formats: Integers, items: pd.Series[Any], vocabulary: Vocabulary) -> Integers:
    """Where the named format is unknown, the only format the item had in the fit."""
    result = formats.copy()
    for row in np.flatnonzero(formats < 0):
        choices = vocabulary.item_format[items.iloc[row]]
        if len(choices) != 1:
            raise RatingError(f"item {items.iloc[row]!r} has several response formats; name its source and scale")
        result[row] = choices[0]
    return result


def _order(rows: Rows) -> Integers:
    keys = (
        rows.floor,
        rows.weight,
        rows.discount,
        rows.score,
        rows.source,
        rows.format,
        rows.item,
        rows.severity,
        rows.skill,
        rows.halo,
        rows.person,
    )
    return np.lexsort(keys)
