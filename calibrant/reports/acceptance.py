"""How a piece of work was accepted, in words: the rule by which inference counts a change as reviewed.

It was accepted if somebody other than its authors vouched for it or committed it, or if it came in through a forge's
change request (see `inference.attribution`). Bots vouch for nothing. What the subject did for it is no acceptance of the
subject's work. What takes the whole department to find out is not repeated here: whether people mostly vouch for
each other, whether an identity that is nobody's vouches for many, and whether a forge shows the review that a trailer tells of. A report passes over what nobody known said.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from db.records import ParticipationRole

__all__ = ["accepted", "vouched"]

_REVIEWED = "reviewed"
_THROUGH = "through a change request"
_WORDS = {
    ParticipationRole.REVIEWER.value: _REVIEWED,
    ParticipationRole.TESTER.value: "tested by somebody else",
    ParticipationRole.MERGER.value: "merged by somebody else",
    ParticipationRole.COMMITTER.value: "committed by somebody else",
}
"""What is said of the roles that vouch, strongest first."""

_AUTHORS = frozenset({ParticipationRole.AUTHOR.value, ParticipationRole.CO_AUTHOR.value})


def vouched(participations: pd.DataFrame, person: str) -> dict[str, str]:
    """Evidence id -> how somebody other than its authors and `person` vouched for it: "reviewed". Others are left out.

    participations: evidence, role, person, identity, bot (all rows of the cited evidence).
    """
    rows = participations.assign(who=participations["person"].fillna(participations["identity"]))
    authors = set(rows.loc[rows["role"].isin(_AUTHORS), ["evidence", "who"]].itertuples(index=False, name=None))
    heard = rows["person"].notna() & ~rows["bot"].fillna(False).astype(bool)
    others = rows[rows["role"].isin(_WORDS) & heard & (rows["who"] != person)]
    roles: dict[str, set[str]] = {}
    for evidence, who, role in others[["evidence", "who", "role"]].itertuples(index=False, name=None):
        if (evidence, who) not in authors:
            roles.setdefault(str(evidence), set()).add(str(role))
    return {evidence: next(_WORDS[role] for role in _WORDS if role in found) for evidence, found in roles.items()}


def accepted(measures: Mapping[str, object], vouching: str) -> str:
    """How it was accepted, "" if it was not as far as the record goes. vouching: its entry in `vouched`, or "".

    >>> accepted({"change_request": "12", "github_merge": True}, "")
    'through a change request'
    """
    reviews = measures.get("reviews")
    if vouching == _REVIEWED or (measures.get("merged") is True and isinstance(reviews, int | float) and reviews > 0):
        return _REVIEWED
    if measures.get("change_request") is not None and measures.get("github_merge") is True:
        return _THROUGH
    return vouching
