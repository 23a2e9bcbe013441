"""What counts as a review on GitLab, which has approvals and comments but no such thing.

**A review is a round: everything one person other than the author did on one merge request on one calendar day (UTC).** One comment
or thirty, an approval, requested changes: together one review, as they would be elsewhere. Its state is the last verdict of that day
that stands; without one it is `commented`. An approval stands if it is the person's last one and GitLab still counts it: one taken back, or
reset by a push, is `dismissed`, or `commented` if the person also said something that day. An author's comments on their own
merge request are no review, an author's approval is one (and evidence says that it is a self-review).

So a person cannot have more reviews of a merge request than days, however they slice their comments; the key of a
round (merge request, account, day) outlives later comments and changes of mind; and an approval with its comments is one act, not an
empty approval beside comments.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from collectors.forge_records import Account, ChangeRequest, Review, ReviewState
from collectors.gitlab_fields import Json, number, parts, said_at
from collectors.gitlab_records import account
from collectors.gitlab_talk import Note, Talk, Verdict

__all__ = ["Approval", "approvals", "reviewed"]


@dataclass(frozen=True, slots=True)
class Approval:
    """An approval that stands. at: where GitLab tells it (newer versions)."""

    user: str
    author: Account | None
    at: datetime | None = None


@dataclass(slots=True)
class _Round:
    """One person's day on a merge request."""

    verdicts: list[Note] = field(default_factory=list)
    remarks: list[Note] = field(default_factory=list)


def approvals(raw: Json) -> tuple[Approval, ...]:
    """Who approves a merge request now, from the answer of its `approvals`."""
    return tuple(
        Approval(number(one["user"], "id"), account(one["user"]), said_at(one.get("approved_at")))
        for one in parts(raw, "approved_by")
        if isinstance(one, Mapping) and isinstance(one.get("user"), Mapping) and "id" in one["user"]
    )


def reviewed(host: str, change: ChangeRequest, talk: Talk, standing: Collection[Approval] | None) -> ChangeRequest:
    """The merge request with its reviews, comments and threads.

    standing: approvals that count now; None where GitLab does not tell (it has no approvals, or keeps them from this
    token), then an approval stands until its author takes it back.
    """
    approvers = _standing_by_notes(talk) if standing is None else {approval.user for approval in standing}
    last = {note.user: note.key for note in talk.verdicts if note.verdict is Verdict.APPROVED}
    stands = {key for user, key in last.items() if user in approvers}
    prefix = f"{host}:review/{change.key.rpartition('/')[2]}"
    reviews: list[Review] = []
    rounds: dict[str, str] = {}
    for (user, day), one in _rounds(change, talk).items():
        review = _review(f"{prefix}/{user}/{day.isoformat()}", one, stands)
        reviews.append(review)
        rounds |= {note.key: review.key for note in one.remarks}
    reviews += _undated(prefix, change, standing or (), last)
    return replace(
        change,
        reviews=tuple(sorted(reviews, key=lambda review: (review.submitted_at, review.key))),
        comments=tuple(replace(comment, review=rounds.get(comment.key)) for comment in talk.comments),
        threads=talk.threads,
    )


def _standing_by_notes(talk: Talk) -> set[str]:
    standing: set[str] = set()
    for note in talk.verdicts:
        (standing.add if note.verdict is Verdict.APPROVED else standing.discard)(note.user)
    return standing


def _rounds(change: ChangeRequest, talk: Talk) -> dict[tuple[str, date], _Round]:
    author = change.author.id if change.author else None
    rounds: dict[tuple[str, date], _Round] = {}
    for note in talk.verdicts:
        rounds.setdefault((note.user, note.day), _Round()).verdicts.append(note)
    for note in talk.remarks:
        if note.user != author:
            rounds.setdefault((note.user, note.day), _Round()).remarks.append(note)
    return {key: one for key, one in rounds.items() if one.remarks or _decisions(one)}


def _decisions(one: _Round) -> list[Note]:
    """Taking an approval back is no decision of its own: what it took back no longer stands."""
    return [note for note in one.verdicts if note.verdict is not Verdict.WITHDRAWN]


def _review(key: str, one: _Round, stands: set[str]) -> Review:
    decisions = _decisions(one)
    valid = [note for note in decisions if note.verdict is Verdict.REQUESTED or note.key in stands]
    deciding = (valid or (one.remarks[:1] or decisions[-1:]))[-1]
    state: ReviewState = "commented" if one.remarks else "dismissed"
    if valid:
        state = "approved" if deciding.verdict is Verdict.APPROVED else "changes_requested"
    return Review(key, deciding.url, deciding.author, deciding.at, state)


def _undated(
    prefix: str, change: ChangeRequest, standing: Collection[Approval], noted: Mapping[str, str]
) -> list[Review]:
    """Approvals without a note (imported ones may lack it): at the moment GitLab tells, else when the merge request ended."""
    ended = change.merged_at or change.closed_at or change.updated_at
    return [
        Review(f"{prefix}/{one.user}/undated", change.url, one.author, one.at or ended, "approved")
        for one in standing
        if one.user not in noted
    ]
