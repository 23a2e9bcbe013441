"""What each assessment cites: criteria with the work counted for them, ratings, and what speaks against.

Work is cited one artefact per counted unit (a month, an area, a person ..), so the citations carry the count and no
more. A rating speaks for a level if it states that level or above, relative to the level the assessment expects.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from db.records import Citation, CriterionOutcome, Outcome, Stance
from inference.observations import Observed
from rubrics import Standard

__all__ = ["Cited", "cite"]

PER_CRITERION: Final = 6
PER_ITEM: Final = 24
PER_REVERTS: Final = 6

Cited = tuple[dict[tuple[str, str], tuple[CriterionOutcome, ...]], list[Citation]]
"""Outcomes by (person, skill), and all citations in order."""

_UNIT_COLUMNS: Final = {
    "months": "month",
    "quarters": "quarter",
    "repositories": "repository",
    "areas": "area",
    "people": "counterpart",
    "changes": "evidence",
}


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
    support = observed.grading.evaluation.support.astype({"person": "str", "item": "str", "evidence": "str"})
    if support.empty:
        return {}
    work = observed.grading.work.drop_duplicates(["person", "evidence"])
    rows = support.merge(
        work[["person", "evidence", "occurred_at", "month", "repository", "area", "counterpart"]],
        on=["person", "evidence"],
    )
    rows["quarter"] = rows["month"] // 3
    column = rows["item"].map({code: _UNIT_COLUMNS[item.measure.unit] for code, item in standard.items.items()})
    rows["unit"] = ""
    for name in sorted(column.unique()):
        mine = column == name
        rows.loc[mine, "unit"] = rows.loc[mine, name].astype("string").fillna("")
    rows = rows.sort_values(
        ["person", "item", "occurred_at", "evidence"], ascending=[True, True, False, True], kind="stable"
    )
    rows = rows.drop_duplicates(["person", "item", "unit"])
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for person, item, evidence in rows[["person", "item", "evidence"]].itertuples(index=False, name=None):
        listed = found.get((person, item), ())
        if len(listed) < PER_ITEM:
            found[person, item] = (*listed, evidence)
    return found


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
    undone = undone.sort_values(
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
