"""Reviews and review comments of one change request made into evidence.

A comment that the change's own author wrote is an answer and no review: it is counted with the change and kept no further. A
dismissed review is kept as withdrawn. What a review is about, its paths, are its change request's and are taken from there
at assessment.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from collectors.comment_kind import comment_kind
from collectors.forge_people import same_account, seats
from collectors.forge_records import Account, ChangeRequest, Comment, Review, Thread
from collectors.forge_text import body_of, bounded_url, excerpt_of
from collectors.forge_work import Followed, Work
from collectors.git_text import visible
from db.records import Evidence, Kind, ParticipationRole, Scalar

__all__ = ["has_suggestion", "reviews_evidence"]

_READ: Final = 20_000
_SECONDS_PER_HOUR: Final = 3_600
_SUGGESTION: Final = re.compile(r"^ {0,3}(?:`{3,}|~{3,})suggestion\b", re.MULTILINE)
_NOTHING: Final = Followed()


def has_suggestion(body: str) -> bool:
    r"""Whether a comment proposes lines in the way both forges can apply.

    >>> has_suggestion("Shorter:\n```suggestion\nreturn x\n```")
    True
    """
    return _SUGGESTION.search(body[:_READ]) is not None


def reviews_evidence(change: ChangeRequest, host: str, extractor: str, work: Work) -> tuple[tuple[Evidence, ...], int]:
    """Evidence of every submitted review and every comment by others than the author; and how many deleted accounts there were."""
    threads = {thread.key: thread for thread in change.threads}
    comments = [one for one in change.comments if not same_account(one.author, change.author)]
    by_review: dict[str, list[Comment]] = defaultdict(list)
    for comment in comments:
        by_review[comment.review or ""].append(comment)
    evidence, ghosts = [], 0
    for review in change.reviews:
        measures = _review_measures(review, change, by_review.get(review.key, []), threads, work)
        one, gone = _evidence(review, Kind.REVIEW, measures, change, host, extractor)
        evidence.append(one)
        ghosts += gone
    for comment in comments:
        measures = _comment_measures(comment, change, threads.get(comment.thread or ""), work)
        one, gone = _evidence(comment, Kind.REVIEW_COMMENT, measures, change, host, extractor)
        evidence.append(one)
        ghosts += gone
    return tuple(evidence), ghosts


def _evidence(
    record: Review | Comment,
    kind: Kind,
    measures: Mapping[str, Scalar],
    change: ChangeRequest,
    host: str,
    extractor: str,
) -> tuple[Evidence, int]:
    """The author of the change takes part too: a review is between two people."""
    people, ghosts = seats(host, _roles(record.author, change.author))
    path = record.path if isinstance(record, Comment) else None
    return Evidence(
        record.key,
        kind,
        record.submitted_at if isinstance(record, Review) else record.created_at,
        extractor,
        measures,
        ((visible(path), None, None, None),) if path else (),
        people,
        excerpt_of(record.body),
        bounded_url(record.url),
        withdrawn=isinstance(record, Review) and record.state == "dismissed",
    ), ghosts


def _roles(reviewer: Account | None, author: Account | None) -> Iterable[tuple[Account | None, ParticipationRole]]:
    yield reviewer, ParticipationRole.REVIEWER
    if author is not None:  # a deleted author is counted with the change
        yield author, ParticipationRole.AUTHOR


def _review_measures(
    review: Review, change: ChangeRequest, comments: Sequence[Comment], threads: Mapping[str, Thread], work: Work
) -> dict[str, Scalar]:
    followed = [work.followed.get(comment.key, _NOTHING) for comment in comments]
    kinds = {str(comment_kind(text)) for text in (review.body, *(one.body for one in comments)) if text.strip()}
    begun = [thread for one in comments if (thread := threads.get(one.thread or "")) and _begins(one, thread)]
    return {
        "reviewed_change": change.key,
        "state": review.state,
        "body_length": len(body_of(review.body).strip()),
        "comments": len(comments),
        "kinds": sorted(kinds),
        "change_followed": _review_followed(review, comments, work),
        "altered_after": work.altered.get(review.key),
        "suggestions_applied": _count(one.suggestion for one in followed),
        "threads_resolved": sum(thread.resolved for thread in begun),
        "hours_to_review": round((review.submitted_at - change.created_at).total_seconds() / _SECONDS_PER_HOUR, 2),
        "self_review": same_account(review.author, change.author),
    }


def _comment_measures(comment: Comment, change: ChangeRequest, thread: Thread | None, work: Work) -> dict[str, Scalar]:
    followed = work.followed.get(comment.key, _NOTHING)
    return {
        "reviewed_change": change.key,
        "review": comment.review,
        "kind": str(comment_kind(comment.body)),
        "length": len(body_of(comment.body).strip()),
        "change_followed": _comment_followed(comment, work),
        "file_altered": followed.file,
        "resolved": thread.resolved if thread else None,
        "outdated": thread.outdated if thread else None,
        "suggestion": has_suggestion(comment.body),
        "suggestion_applied": followed.suggestion,
    }


def _comment_followed(comment: Comment, work: Work) -> bool | None:
    """Its suggestion was applied or its lines were altered; for a comment on a file as a whole, the file. Lines that are not known
    were not altered where the file was not, and else nobody can tell."""
    followed = work.followed.get(comment.key, _NOTHING)
    if followed.suggestion:
        return True
    if followed.lines is None and (comment.whole_file or followed.file is False):
        return followed.file
    return followed.lines


def _review_followed(review: Review, comments: Sequence[Comment], work: Work) -> bool | None:
    """One of its comments was followed; or it asked for changes and commits came. Null if that is not known."""
    told = [_comment_followed(one, work) for one in comments if one.path is not None]
    if review.state == "changes_requested":
        told.append(work.altered.get(review.key))
    if any(told):
        return True
    return None if None in told or not work.is_known else False


def _begins(comment: Comment, thread: Thread) -> bool:
    return comment.key == next(iter(thread.comments), None)


def _count(told: Iterable[bool | None]) -> int | None:
    """How many are true; None if that is not known of any where it could be asked."""
    known = list(told)
    return None if known and all(one is None for one in known) else sum(one is True for one in known)
