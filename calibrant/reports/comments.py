"""What colleagues wrote, without telling who wrote it.

Comments are grouped by relation and cycle. A group in which fewer than three people rated the skill is withheld and
the copy says so. Shown comments come in the order of a hash, carry no date finer than the cycle, and no id: with the
id a reader of the ledger's export could find the rater.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from calibrant.reports.evidence_text import RATING_KINDS, cell, measures_of
from calibrant.reports.inert import NAME_LIMIT, shown
from calibrant.reports.inputs import AnonymityPolicy
from db.records import Kind, ParticipationRole

__all__ = ["CommentGroup", "comment_groups", "relation_text"]

_RELATIONS = {
    "peer": "peers",
    "manager": "managers",
    "report": "reports",
    "interviewer": "interviewers",
    "panel": "past panels",
    "self": "the subject",
}


@dataclass(frozen=True, slots=True)
class CommentGroup:
    """The comments of one relation group in one cycle. raters: how many rated, in words; withheld: why nothing is shown."""

    relation: str
    cycle: str
    raters: str
    comments: tuple[str, ...] = ()
    withheld: str = ""
    more: int = 0

    def at_most(self, cap: int) -> CommentGroup:
        """The first `cap` comments, and how many more there are."""
        return replace(self, comments=self.comments[:cap], more=max(len(self.comments) - cap, 0))


def relation_text(relation: str | None) -> str:
    """The group's name in the plural: "peers", "managers", "other colleagues"."""
    return _RELATIONS.get(relation or "", "other colleagues")


def comment_groups(
    cited: pd.DataFrame, participations: pd.DataFrame, person: str, policy: AnonymityPolicy
) -> tuple[CommentGroup, ...]:
    """Groups over the rating rows of `cited` (of one skill). Self-ratings are left out; they are shown by nobody else's side.

    cited: evidence, kind, occurred_at, measures, excerpt, erased. participations: evidence, role, person, identity.
    """
    raters = _raters(participations)
    groups: dict[tuple[str, str], dict[str, str]] = {}
    for row in cited[cited["kind"].isin(list(RATING_KINDS))].to_dict("records"):
        record = {str(name): cell(value) for name, value in row.items()}
        key = str(record["evidence"])
        rater = raters.get(key)
        relation, cycle = _group(record)
        if rater is None or rater == person or relation == "self" or record.get("erased"):
            continue
        said = groups.setdefault((relation, cycle), {})
        text = shown(record.get("excerpt"))
        said[rater] = " / ".join(part for part in sorted({said.get(rater, ""), text}) if part)
    printed = [_printed(relation, cycle, groups[relation, cycle], policy) for relation, cycle in sorted(groups)]
    return tuple(sorted(printed, key=lambda group: bool(group.withheld)))


def _raters(participations: pd.DataFrame) -> dict[str, str]:
    rows = participations[participations["role"] == ParticipationRole.RATER.value]
    return {
        str(row["evidence"]): str(cell(row["person"]) or row["identity"])
        for row in rows[["evidence", "person", "identity"]].to_dict("records")
    }


def _group(row: Mapping[str, object]) -> tuple[str, str]:
    """Relation and cycle; without a named cycle, the year."""
    measures = measures_of(row)
    if row["kind"] == Kind.DECISION.value:
        relation = "panel"
    elif row["kind"] == Kind.SCORECARD_RATING.value:
        relation = "interviewer"
    else:
        relation = shown(measures.get("relationship"), NAME_LIMIT) or "other"
    year = getattr(row["occurred_at"], "year", "")
    return relation, shown(measures.get("cycle"), NAME_LIMIT) or str(year)


def _printed(relation: str, cycle: str, said: Mapping[str, str], policy: AnonymityPolicy) -> CommentGroup:
    name = relation_text(relation)
    if policy.hides(relation, len(said)):
        fewer = f"fewer than {policy.minimum}"
        return CommentGroup(name, cycle, fewer, withheld=f"Withheld: {fewer} {name} rated this in {cycle}.")
    texts = sorted((text for text in said.values() if text), key=lambda text: hashlib.sha256(text.encode()).hexdigest())
    return CommentGroup(name, cycle, str(len(said)), tuple(texts))
