"""All that is cited on one skill of one person, before a report chooses what to print."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from calibrant.reports.comments import CommentGroup, comment_groups
from calibrant.reports.evidence_text import Exhibit
from calibrant.reports.inputs import AnonymityPolicy
from db.records import Assessment, Citation, CriterionOutcome, Stance

__all__ = ["Material", "gather"]


@dataclass(frozen=True, slots=True)
class Material:
    """All that is cited on one skill of one person.

    outcomes: by criterion code. by_criterion: criterion code (None: the level as a whole) -> stance -> exhibits by id.
    erased: cited rows since erased, ratings included.
    """

    outcomes: Mapping[str, CriterionOutcome]
    by_criterion: Mapping[str | None, Mapping[Stance, tuple[Exhibit, ...]]]
    comments: tuple[CommentGroup, ...]
    erased: int

    def cited(self, criterion: str | None, stance: Stance) -> tuple[Exhibit, ...]:
        """Exhibits of one stance on one criterion (None: on the level as a whole)."""
        return self.by_criterion.get(criterion, {}).get(stance, ())

    def all(self, *stances: Stance) -> tuple[Exhibit, ...]:
        """Exhibits of these stances on any criterion, each once."""
        found = {
            e.evidence: e for group in self.by_criterion.values() for stance in stances for e in group.get(stance, ())
        }
        return tuple(found[key] for key in sorted(found))


def gather(
    skill: str,
    *,
    person: str,
    assessment: Assessment | None,
    citations: Iterable[Citation],
    exhibits: Mapping[str, Exhibit],
    cited: pd.DataFrame,
    participations: pd.DataFrame,
    policy: AnonymityPolicy,
) -> Material:
    """The material of one skill. exhibits: as `read_exhibits` gives them; cited, participations: the ledger's frames."""
    citations = [citation for citation in citations if citation.skill == skill]
    outcomes = {outcome.criterion: outcome for outcome in assessment.criteria} if assessment else {}
    grouped: dict[str | None, dict[Stance, dict[str, Exhibit]]] = {}
    for criterion, stance, evidence in _cited(citations, outcomes.values()):
        if evidence in exhibits:
            grouped.setdefault(criterion, {}).setdefault(stance, {})[evidence] = exhibits[evidence]
    ids = {citation.evidence for citation in citations}
    rows = cited[cited["evidence"].isin(sorted(ids))]
    return Material(
        outcomes=outcomes,
        by_criterion={
            criterion: {stance: tuple(found[key] for key in sorted(found)) for stance, found in stances.items()}
            for criterion, stances in grouped.items()
        },
        comments=comment_groups(rows, participations, person, policy),
        erased=int(rows["erased"].astype(bool).sum()) if "erased" in rows else 0,
    )


def _cited(
    citations: Iterable[Citation], outcomes: Iterable[CriterionOutcome]
) -> Iterable[tuple[str | None, Stance, str]]:
    """Citations, and the evidence that outcomes name themselves; both, because either may be the fuller."""
    for citation in citations:
        yield citation.criterion, citation.stance, citation.evidence
    for outcome in outcomes:
        for evidence in outcome.evidence_for:
            yield outcome.criterion, Stance.FOR, evidence
        for evidence in outcome.evidence_against:
            yield outcome.criterion, Stance.AGAINST, evidence
