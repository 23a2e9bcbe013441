"""What each assessment cites: criteria with the work counted for them, ratings, and what speaks against.

Work is cited one artefact per counted unit (a month, an area, a person ..), so the citations carry the count and no
more. A rating speaks for a level if it states that level or above, relative to the level the assessment expects.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from db.records import Citation, CriterionOutcome, Outcome, Stance
from inference.coded import coded, positions
from inference.observations import Observed
from rubrics import Standard

__all__ = ["Cited", "cite"]

PER_CRITERION: Final = 6
PER_ITEM: Final = 24
PER_REVERTS: Final = 6

Cited = tuple[dict[tuple[str, str], tuple[CriterionOutcome, ...]], list[Citation]]
"""Outcomes by (person, skill), and all citations in order."""

_SUPPORT: Final = ("person", "item", "evidence")


def cite(standard: Standard, observed: Observed, expected_level: Mapping[tuple[str, str], float]) -> Cited:
    """Outcomes and citations of everybody. expected_level: mean of P(level) by (person, skill)."""
    counted = _counted(standard, observed)
    outcomes = _outcomes(observed, counted)
    citations = [
        *_work_citations(observed, counted),
        *_reverts(observed),
        *_rating_citations(observed.ratings, expected_level),
    ]
    key = lambda one: (one.person, one.skill, one.criterion or "", one.evidence, one.stance)  # noqa: E731
    return outcomes, sorted(set(citations), key=key)


def _counted(standard: Standard, observed: Observed) -> dict[tuple[str, str], tuple[str, ...]]:
    """(person, item) -> evidence ids, newest first, one per counted unit."""
    support, changes = observed.grading.evaluation.support, observed.attribution.changes
    if support.empty:
        return {}
    ids = support["evidence"].cat.categories
    change = positions(ids, changes.index)
    newest_first = np.empty(len(ids), dtype=np.int64)
    newest_first[np.lexsort((change, -changes["occurred_at"].array.asi8[change]))] = np.arange(len(ids))
    person, item, evidence = (support[name].cat.codes.to_numpy().astype(np.int64) for name in _SUPPORT)
    group = person * len(support["item"].cat.categories) + item
    order = np.argsort(group * len(ids) + newest_first[evidence], kind="stable")
    group, item, evidence = group[order], item[order], evidence[order]
    unit = _units(standard, observed, support["item"].cat.categories, person[order], item, change[evidence])
    _, once = np.unique(group * (int(unit.max()) + 2) + unit + 1, return_index=True)
    kept = np.sort(once)
    group, evidence = group[kept], evidence[kept]
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    people, items = support["person"].cat.categories, support["item"].cat.categories
    found = {}
    for start, end in pairwise([*starts.tolist(), len(group)]):
        of, at = divmod(int(group[start]), len(items))
        found[str(people[of]), str(items[at])] = tuple(ids.take(evidence[start : min(end, start + PER_ITEM)]))
    return found


def _units(
    standard: Standard,
    observed: Observed,
    items: pd.Index,
    person: NDArray[np.int64],
    item: NDArray[np.int64],
    change: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Code of the unit that each counted change counts in (-1: a unit of its own for what has none)."""
    changes = observed.attribution.changes
    month = changes["month"].to_numpy()
    per_change = {
        "months": month,
        "quarters": month // 3,
        "repositories": coded(changes["repository"])[0],
        "areas": coded(changes["area"])[0],
        "changes": np.arange(len(changes)),
    }
    unit = np.empty(len(item), dtype=np.int64)
    kinds = np.array([standard.items[str(code)].measure.unit for code in items])[item]
    for name in np.unique(kinds):
        mine = kinds == name
        unit[mine] = (
            _partners(observed, person[mine], change[mine]) if name == "people" else per_change[name][change[mine]]
        )
    return unit


def _partners(observed: Observed, person: NDArray[np.int64], change: NDArray[np.int64]) -> NDArray[np.int64]:
    """Code of the counterpart of each person in each change, in the first of the person's roles there; -1 for none."""
    shares, changes = observed.attribution.shares, observed.attribution.changes
    of = positions(shares["person"], observed.grading.evaluation.support["person"].cat.categories)
    known = np.flatnonzero(of >= 0)
    at = shares["change"].to_numpy()[known]
    role = shares["role"].cat.codes.to_numpy()[known]
    partner = shares["counterpart"].cat.codes.to_numpy().astype(np.int64)[known]
    order = np.lexsort((role, at, of[known]))
    keys, first = np.unique((of[known] * len(changes) + at)[order], return_index=True)
    return partner[order][first][np.searchsorted(keys, person * len(changes) + change)]


def _outcomes(
    observed: Observed, counted: Mapping[tuple[str, str], tuple[str, ...]]
) -> dict[tuple[str, str], tuple[CriterionOutcome, ...]]:
    outcomes: dict[tuple[str, str], list[CriterionOutcome]] = {}
    for row in observed.grading.evaluation.criteria.itertuples(index=False):
        by_machine = isinstance(row.measure, str)
        ids = counted.get((str(row.person), f"{row.skill}/{row.measure}"), ()) if by_machine else ()
        outcomes.setdefault((str(row.person), str(row.skill)), []).append(
            CriterionOutcome(
                criterion=str(row.criterion),
                level=int(str(row.level)),
                outcome=Outcome(str(row.outcome)),
                measure=str(row.measure) if by_machine else None,
                value=float(str(row.value)) if by_machine else None,
                at_least=float(str(row.at_least)) if by_machine else None,
                evidence_for=ids[:PER_CRITERION],
                reason=str(row.reason),
            )
        )
    return {pair: tuple(rows) for pair, rows in outcomes.items()}


def _work_citations(observed: Observed, counted: Mapping[tuple[str, str], tuple[str, ...]]) -> list[Citation]:
    """Each counted artefact once per item, under the highest criterion met (the first one if none is)."""
    criteria = observed.grading.evaluation.criteria
    judged = criteria[criteria["measure"].notna()]
    judged = judged.assign(item=judged["skill"] + "/" + judged["measure"], met=judged["outcome"] == Outcome.MET.value)
    judged["rank"] = np.where(judged["met"], judged["at_least"], -judged["at_least"])
    best = judged.sort_values(["person", "item", "rank"], kind="stable").drop_duplicates(
        ["person", "item"], keep="last"
    )
    code = dict(zip(zip(best["person"], best["item"], strict=True), best["criterion"], strict=True))
    return [
        Citation(person, item.split("/", 1)[0], evidence, Stance.FOR, code.get((person, item)))
        for (person, item), ids in counted.items()
        for evidence in ids
    ]


def _reverts(observed: Observed) -> list[Citation]:
    """Work of the person on the skill that was later reverted, newest first."""
    work = observed.grading.work
    undone = work[~work["survived"].astype(bool) & work["substantive"].astype(bool) & (work["role"] == "author")]
    undone = undone.drop_duplicates(["person", "skill", "evidence"]).sort_values(
        ["person", "skill", "occurred_at", "evidence"], ascending=[True, True, False, True], kind="stable"
    )
    rows = undone.groupby(["person", "skill"], observed=True).head(PER_REVERTS)
    return [
        Citation(str(row.person), str(row.skill), str(row.evidence), Stance.AGAINST)
        for row in rows.itertuples(index=False)
    ]


def _rating_citations(ratings: pd.DataFrame, expected_level: Mapping[tuple[str, str], float]) -> list[Citation]:
    citations = []
    for row in ratings.itertuples(index=False):
        person, skill = str(row.person), str(row.skill)
        if row.is_self:
            stance = Stance.CONTEXT
        else:
            level = round(expected_level.get((person, skill), 3.0))
            stance = Stance.FOR if int(str(row.stated_level)) >= level else Stance.AGAINST
        citations.append(Citation(person, skill, str(row.evidence), stance))
    return citations
