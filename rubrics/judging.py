"""Judging one skill: which rows a measure counts, what each criterion comes to, which category each item is in.

The semantics are told in `rubrics.evaluator`; here everything is arrays over the candidates: the people judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from db.records import Outcome
from rubrics.standard import Criterion, GradedItem, Measure, Skill
from rubrics.units import Integers, capped_changes, distinct_units
from rubrics.work import FACTS, WorkRows, micros

__all__ = ["Candidates", "GradedRows", "Verdicts", "judge", "judge_without_quarters"]

_UNIT_COLUMNS = {"months": "month", "repositories": "repository", "areas": "area", "people": "counterpart"}

FILES_UNKNOWN = "which files their changes touched is not known (no mirror clone)"
"""Why work that may be of a skill, or may have come with tests or documentation, is not counted."""

FATE_UNKNOWN = (
    "no source shows whether changes were altered after a review (that takes a forge's reviews and a mirror clone)"
)
"""Why nobody can be said to have led to no change."""

Booleans = NDArray[np.bool_]
Values = NDArray[np.float64]
Texts = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Candidates:
    """The people judged on one skill, out of `count`: positions, months present (NaN unknown), access and comments (true if unknown), unseen."""

    count: int
    person: Integers
    months: Values
    access: Booleans
    comments: Booleans
    unseen: Booleans

    @classmethod
    def of(cls, pairs: pd.DataFrame, skill: str, people: pd.Index) -> Candidates:
        """The candidates of a skill out of the sorted opportunity frame."""
        own = pairs[pairs["skill"] == skill]
        return cls(
            count=len(people),
            person=people.get_indexer(pd.Index(own["person"], dtype="str")).astype(np.int64),
            months=own["months_present"].to_numpy(dtype=np.float64, na_value=np.nan),
            access=own["access"].astype("boolean").to_numpy(dtype=np.bool_, na_value=True),
            comments=own["comments"].astype("boolean").to_numpy(dtype=np.bool_, na_value=True),
            unseen=own["unseen"].astype("boolean").to_numpy(dtype=np.bool_, na_value=False),
        )

    def lack(self, criterion: Criterion) -> tuple[Booleans, Booleans, Booleans]:
        """(too few months, no access, no comments shown) where there is a positive record of it."""
        clause = criterion.opportunity
        if clause is None:
            nobody = np.zeros(len(self.person), dtype=np.bool_)
            return nobody, nobody, nobody
        silent = ~self.comments & clause.comments
        return self.months < clause.months_present, ~self.access & clause.access, silent

    def keep(self, rows: WorkRows) -> WorkRows:
        """The rows of candidates."""
        judged = np.zeros(self.count, dtype=np.bool_)
        judged[self.person] = True
        kept = judged[rows.person]
        return rows if kept.all() else rows.take(np.flatnonzero(kept))


@dataclass(frozen=True, slots=True)
class GradedRows:
    """One graded item over its candidates. support: (person, evidence) of every counted row once, sorted."""

    item: GradedItem
    skill: str
    thresholds: tuple[Criterion, ...]
    person: Integers
    value: Values
    category: Integers
    ceiling: Integers
    support: tuple[Integers, Integers]

    @property
    def levels(self) -> tuple[int, ...]:
        """The level of each threshold."""
        return tuple(criterion.level for criterion in self.thresholds)

    @property
    def at_least(self) -> tuple[float, ...]:
        """The value each threshold asks for."""
        return tuple(criterion.at_least or 0.0 for criterion in self.thresholds)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What judging a skill gives: a frame per criterion (person as position), and the graded items."""

    criteria: list[pd.DataFrame]
    items: list[GradedRows]


def judge(skill: Skill, rows: WorkRows, candidates: Candidates, as_of: datetime, waived: Mapping[str, str]) -> Verdicts:
    """Judge one skill. rows: of this skill. waived: reason by criterion code."""
    rows = candidates.keep(rows)
    verdicts = Verdicts([_left_to_people(c, candidates, waived) for c in skill.criteria if c.measure is None], [])
    for item in skill.items:
        may_count = rows.take(np.flatnonzero(_counts(rows, item.measure, as_of)))
        counted = may_count.take(np.flatnonzero(~may_count.possible))
        values = _values(counted, item.measure, candidates.count)[candidates.person]
        most = _most(may_count, item.measure, candidates.count)[candidates.person]
        for criterion in item.criteria:
            outcomes, reasons = _outcomes(criterion, values, most, candidates, waived)
            verdicts.criteria.append(_frame(criterion, candidates, outcomes, reasons, item.measure.unit, values))
        thresholds = tuple(criterion for criterion in item.criteria if criterion.code not in waived)
        if thresholds:
            category, ceiling = _grades(thresholds, values, most, candidates)
            support = _support(counted)
            graded = GradedRows(item, skill.code, thresholds, candidates.person, values, category, ceiling, support)
            verdicts.items.append(graded)
    return verdicts


def judge_without_quarters(
    skill: Skill, rows: WorkRows, candidates: Candidates, as_of: datetime, waived: Mapping[str, str]
) -> Iterator[tuple[str, int, Integers, Integers]]:
    """(item, quarter as year * 4 + 0..3, persons, categories): every item without the work that counts in a quarter, of those who have any there."""
    rows = candidates.keep(rows)
    for item in skill.items:
        thresholds = tuple(criterion for criterion in item.criteria if criterion.code not in waived)
        counted = rows.take(np.flatnonzero(_counts(rows, item.measure, as_of)))
        quarter = counted.month // 3
        for one in np.unique(quarter) if thresholds else ():
            values = _values(counted.take(np.flatnonzero(quarter != one)), item.measure, candidates.count)
            values = values[candidates.person]
            category, _ = _grades(thresholds, values, values, candidates)
            touched = np.isin(candidates.person, counted.person[quarter == one])
            yield item.code, int(one), candidates.person[touched], category[touched]


def _counts(rows: WorkRows, measure: Measure, as_of: datetime) -> Booleans:
    """Which rows a measure counts: kind, role, window and every fact asked for."""
    start = pd.Timestamp(as_of) - pd.DateOffset(months=measure.window_months)
    kinds = np.array([*(kind in measure.evidence for kind in rows.kinds), False])
    roles = np.array([*(role == measure.role for role in rows.roles), False])
    counts: Booleans = kinds[rows.kind] & roles[rows.role] & (rows.occurred > micros(start.to_pydatetime()))
    for fact in measure.facts:
        counts &= rows.facts[FACTS.index(fact)]
    return counts


def _values(rows: WorkRows, measure: Measure, count: int) -> Values:
    """Value of a measure for people 0..count-1."""
    if measure.unit == "changes":
        return capped_changes(rows.person, rows.month, rows.artefact, rows.share, count)
    units: Integers = rows.month // 3 if measure.unit == "quarters" else getattr(rows, _UNIT_COLUMNS[measure.unit])
    value = distinct_units(rows.person, units, rows.artefact, rows.share, count)
    if measure.unit == "areas":
        value = np.minimum(value, distinct_units(rows.person, rows.month, rows.artefact, rows.share, count))
    return value.astype(np.float64)


def _most(rows: WorkRows, measure: Measure, count: int) -> Values:
    """What the values of people 0..count-1 could be at most: a change of which nobody knows the files may lie in any number of areas."""
    value = _values(rows, measure, count)
    if measure.unit == "areas":
        partly = np.bincount(rows.person[rows.possible], minlength=count) > 0
        months = distinct_units(rows.person, rows.month, rows.artefact, rows.share, count)
        value = np.where(partly, months, value)
    return value


def _outcomes(
    criterion: Criterion, values: Values, most: Values, candidates: Candidates, waived: Mapping[str, str]
) -> tuple[Texts | str, Texts | str]:
    """(outcome, reason) per candidate, or one for all."""
    if criterion.code in waived:
        return Outcome.NOT_OBSERVED.value, f"waived: {waived[criterion.code]}"
    met = values >= (criterion.at_least or 0.0)
    short, barred, silent = candidates.lack(criterion)
    partly = ~met & (most >= (criterion.at_least or 0.0))
    unseen = (~met & (short | barred | silent)) | partly
    outcomes = np.full(len(values), Outcome.NOT_MET.value, dtype=object)
    outcomes[met] = Outcome.MET.value
    outcomes[unseen] = Outcome.NOT_OBSERVED.value
    reasons = np.full(len(values), "", dtype=object)
    asked = criterion.opportunity.months_present if criterion.opportunity else 0.0
    for place in np.flatnonzero(unseen):
        time = f"present {candidates.months[place]:.1f} of the {asked:g} months asked" if short[place] else ""
        hidden = partly[place] or (barred[place] and candidates.unseen[place])
        access = FILES_UNKNOWN if hidden else "no access to such work" if barred[place] else ""
        comments = FATE_UNKNOWN if silent[place] else ""
        reasons[place] = "; ".join(filter(None, (time, access, comments)))
    return outcomes, reasons


def _grades(
    thresholds: tuple[Criterion, ...], values: Values, most: Values, candidates: Candidates
) -> tuple[Integers, Integers]:
    """(category, ceiling): thresholds met, and the highest category that the record could have shown; where what is not known
    could raise the category, that itself: what is rated is a floor.
    """
    partly = np.zeros(len(values), dtype=np.bool_)
    category = np.zeros(len(values), dtype=np.int64)
    ceiling = np.zeros(len(values), dtype=np.int64)
    for position, criterion in enumerate(thresholds, start=1):
        met = values >= (criterion.at_least or 0.0)
        short, barred, silent = candidates.lack(criterion)
        category[met] = position
        ceiling[met | ~(short | barred | silent)] = position
        partly |= ~met & (most >= (criterion.at_least or 0.0))
    return category, np.where(partly, category, ceiling)


def _support(counted: WorkRows) -> tuple[Integers, Integers]:
    span = max(len(counted.evidence_ids), 1)
    person, evidence = np.divmod(np.unique(counted.person * span + counted.evidence), span)
    return person, evidence


def _left_to_people(criterion: Criterion, candidates: Candidates, waived: Mapping[str, str]) -> pd.DataFrame:
    if criterion.code in waived:
        return _frame(criterion, candidates, Outcome.NOT_OBSERVED.value, f"waived: {waived[criterion.code]}")
    return _frame(criterion, candidates, Outcome.HUMAN.value, "")


def _frame(
    criterion: Criterion,
    candidates: Candidates,
    outcomes: Texts | str,
    reasons: Texts | str,
    unit: str | None = None,
    values: Values | float = np.nan,
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "person": candidates.person,
            "skill": criterion.skill,
            "criterion": criterion.code,
            "level": criterion.level,
            "measure": criterion.measure,
            "unit": unit,
            "outcome": outcomes,
            "value": values,
            "at_least": np.nan if criterion.at_least is None else criterion.at_least,
            "reason": reasons,
        }
    )
