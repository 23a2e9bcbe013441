"""The work frame as arrays of codes: what the evaluator counts, checked once.

Rows that can never count are left out here: not substantive, no share, after `as_of`, of a person or skill that is not
to be judged.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from db.errors import Refusal
from rubrics.units import Integers, to_grid

__all__ = ["FACTS", "OPPORTUNITY_COLUMNS", "WORK_COLUMNS", "WorkRows", "code", "demand", "micros"]

FACTS = ("reviewed", "survived", "tests", "docs", "change_followed", "suggestion_applied", "substance", "others_work")
WORK_COLUMNS = (
    "person",
    "skill",
    "evidence",
    "artefact",
    "kind",
    "role",
    "occurred_at",
    "month",
    "repository",
    "area",
    "counterpart",
    "share",
    *FACTS,
)
OPPORTUNITY_COLUMNS = ("person", "skill", "months_present", "access", "comments")

Booleans = NDArray[np.bool_]


def demand(frame: pd.DataFrame, columns: tuple[str, ...], what: str) -> None:
    """Refuse a frame that lacks columns."""
    if missing := [column for column in columns if column not in frame.columns]:
        raise Refusal(f"the {what} frame lacks {', '.join(missing)}", remedy=f"give all of {', '.join(columns)}")


def code(column: pd.Series) -> tuple[Integers, list[str]]:
    """Codes (-1 where null) and the distinct values they stand for. Fast for text, whatever holds it."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy().astype(np.int64), [str(value) for value in column.cat.categories]
    if not column.notna().any():  # of no text at all pandas does not say that it is text
        return np.full(len(column), -1, dtype=np.int64), []
    values = pa.array(column, type=pa.large_string(), from_pandas=True)
    encoded = (values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values).dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, encoded.dictionary.to_pylist()


def micros(instant: datetime) -> int:
    """Microseconds since the epoch. Refuses an instant without a time zone."""
    if instant.tzinfo is None:
        raise Refusal(f"{instant.isoformat()} has no time zone", where="as_of", remedy="pass an aware datetime, UTC")
    return int((instant - datetime(1970, 1, 1, tzinfo=UTC)) / pd.Timedelta(microseconds=1))


@dataclass(frozen=True, slots=True)
class WorkRows:
    """One entry per countable row. Codes are -1 where unknown; person and skill are positions in the lists given.

    evidence_ids: distinct evidence ids in order of (occurred_at, id); `evidence` holds positions in it. shares on the
    grid of `rubrics.units`. facts: one array per name of FACTS. possible: the row tells what may be and not what is.
    """

    person: Integers
    skill: Integers
    evidence: Integers
    artefact: Integers
    kind: Integers
    role: Integers
    occurred: Integers
    month: Integers
    repository: Integers
    area: Integers
    counterpart: Integers
    share: Integers
    facts: NDArray[np.bool_]
    evidence_ids: pd.Index
    kinds: list[str]
    roles: list[str]
    possible: Booleans

    @classmethod
    def of(cls, work: pd.DataFrame, people: pd.Index, skills: list[str], as_of: datetime) -> WorkRows:
        """Code a work frame. Raises Refusal for missing columns, shares outside 0..1 and unknown times."""
        demand(work, WORK_COLUMNS, "work")
        person = _positions(work["person"], people)
        skill = _positions(work["skill"], pd.Index(skills))
        occurred = _occurred(work["occurred_at"])
        share = _shares(work["share"])
        counts = (person >= 0) & (skill >= 0) & (share > 0) & (occurred <= micros(as_of))
        if "substantive" in work.columns:
            counts &= _facts(work["substantive"], unknown=True)
        kept = work[counts] if not counts.all() else work
        person, skill, occurred, share = person[counts], skill[counts], occurred[counts], share[counts]
        artefact, _ = code(kept["artefact"])
        evidence, ids = code(kept["evidence"])
        evidence, evidence_ids = _by_time(evidence, ids, occurred)
        kind, kinds = code(kept["kind"])
        role, roles = code(kept["role"])
        repository, area = code(kept["repository"])[0], code(kept["area"])[0]
        return cls(
            person=person,
            skill=skill,
            evidence=evidence,
            artefact=artefact,
            kind=kind,
            role=role,
            occurred=occurred,
            month=_months(person, artefact, kept["month"].to_numpy(dtype=np.int64)),
            repository=repository,
            area=area,
            counterpart=_others(kept["counterpart"], person, people),
            share=to_grid(share),
            facts=np.stack([_facts(kept[name], unknown=False) for name in FACTS]),
            evidence_ids=evidence_ids,
            kinds=kinds,
            roles=roles,
            possible=_facts(kept["possible"], unknown=False)
            if "possible" in kept.columns
            else np.zeros(len(kept), dtype=np.bool_),
        )

    def take(self, rows: NDArray[np.intp] | slice) -> WorkRows:
        """The same with only these rows."""
        whole = {"evidence_ids", "kinds", "roles"}
        chosen = {f.name: getattr(self, f.name) for f in fields(self)}
        return WorkRows(
            **{
                name: value if name in whole else value[:, rows] if name == "facts" else value[rows]
                for name, value in chosen.items()
            }
        )

    def per_skill(self, skills: int) -> list[WorkRows]:
        """The rows of each skill, by its position."""
        grouped = self.take(np.argsort(self.skill, kind="stable"))
        edges = np.searchsorted(grouped.skill, np.arange(skills + 1))
        return [grouped.take(slice(edges[i], edges[i + 1])) for i in range(skills)]


def _positions(column: pd.Series, values: pd.Index) -> Integers:
    codes, found = code(column)
    place = np.append(values.get_indexer(pd.Index(found, dtype=values.dtype)), -1).astype(np.int64)
    return place[codes]


def _occurred(column: pd.Series) -> Integers:
    try:
        instants = column.astype("datetime64[us, UTC]")
    except (TypeError, ValueError) as error:
        raise Refusal("occurred_at holds no instants", where="work frame", remedy="give aware times, UTC") from error
    if instants.isna().any():
        raise Refusal("a row has no occurred_at", where="work frame", remedy="give every row its time")
    return instants.to_numpy(dtype="datetime64[us]").astype(np.int64)


def _shares(column: pd.Series) -> NDArray[np.float64]:
    shares = column.to_numpy(dtype=np.float64, na_value=np.nan)
    if len(shares) and not (shares.min() >= 0 and shares.max() <= 1):
        raise Refusal("a share is outside 0..1", where="work frame", remedy="a share is a person's part of an artefact")
    return shares


def _facts(column: pd.Series, *, unknown: bool) -> Booleans:
    values: Booleans = column.astype("boolean").to_numpy(dtype=np.bool_, na_value=unknown)
    return values


def _by_time(evidence: Integers, ids: list[str], occurred: Integers) -> tuple[Integers, pd.Index]:
    """Evidence renumbered in order of (occurred_at, id), so that no result depends on the order of rows."""
    names = pd.Index(ids, dtype="str")
    first = np.full(len(ids), np.iinfo(np.int64).max)
    np.minimum.at(first, evidence, occurred)
    by_name = names.argsort()
    order = by_name[np.argsort(first[by_name], kind="stable")]
    rank = np.empty(len(ids), dtype=np.int64)
    rank[order] = np.arange(len(ids))
    return rank[evidence], names[order]


def _months(person: Integers, artefact: Integers, month: Integers) -> Integers:
    """Each artefact's month for a person: the earliest, should its rows disagree."""
    if not len(month):
        return month
    low = np.full(int(artefact.max()) + 1, np.iinfo(np.int64).max)
    high = np.full(len(low), np.iinfo(np.int64).min)
    np.minimum.at(low, artefact, month)
    np.maximum.at(high, artefact, month)
    if (low == high).all():
        return month
    pairs, place = np.unique(person * len(low) + artefact, return_inverse=True)
    earliest = np.full(len(pairs), np.iinfo(np.int64).max)
    np.minimum.at(earliest, place, month)
    return earliest[place]


def _others(counterpart: pd.Series, person: Integers, people: pd.Index) -> Integers:
    """Codes of counterparts; -1 where there is none or it is the person."""
    codes, names = code(counterpart)
    place = np.append(people.get_indexer(pd.Index(names, dtype=people.dtype)), -1)[codes]
    return np.where(place == person, -1, codes)
