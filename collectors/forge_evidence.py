"""Records of a forge made into evidence: one change request, review, comment, issue or release each.

Facts only (docs/evidence.md lists them); what they are worth is decided at assessment. All text is made visible here, cut, and
rid of anything that looks like a token. A change request is the one unit of work: the commits by which it landed are the same
as it (`same_as`), so what git shows and what the forge shows count once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from collectors.forge_identity import Logins
from collectors.forge_people import identity, is_no_reply, same_account, seats
from collectors.forge_records import Account, ChangeRequest, Issue, Release
from collectors.forge_review_evidence import reviews_evidence
from collectors.forge_text import body_of, bounded_url, excerpt_of, names, object_id
from collectors.forge_work import UNKNOWN, Work
from collectors.git_commit import artefact_key
from collectors.git_identity import declares_assistance, is_tool
from db.records import (
    Batch,
    Evidence,
    IdentityLink,
    Kind,
    Participation,
    ParticipationRole,
    SameAs,
    SameAsRelation,
    Scalar,
)

__all__ = ["Made", "batch_of", "change_evidence", "issue_evidence", "release_evidence"]


@dataclass(frozen=True, slots=True)
class Made:
    """evidence of one record and all under it. ghosts: participations of deleted accounts, left out."""

    evidence: tuple[Evidence, ...]
    same_as: tuple[SameAs, ...] = ()
    ghosts: int = 0


def change_evidence(change: ChangeRequest, host: str, extractor: str, work: Work = UNKNOWN) -> Made:
    """A change request, its reviews and its review comments. work: what the mirror knows of it."""
    people, ghosts = _change_people(change, host, work)
    evidence = Evidence(
        change.key,
        Kind.CHANGE_REQUEST,
        change.merged_at or change.closed_at or change.created_at,
        extractor,
        _change_measures(change, host, work),
        work.paths or (),
        people,
        excerpt_of(change.title),
        bounded_url(change.url),
    )
    under, ghosts_under = reviews_evidence(change, host, extractor, work)
    return Made((evidence, *under), _same_as(change, work), ghosts + ghosts_under)


def issue_evidence(issue: Issue, host: str, extractor: str) -> Made:
    """An issue; it happened when it was opened."""
    measures: dict[str, Scalar] = {
        "number": issue.number,
        "state": issue.state,
        "labels": names(issue.labels),
        "comments": issue.comments,
        "closed_at": _text(issue.closed_at),
    }
    return _by_one(issue, Kind.ISSUE, issue.created_at, measures, issue.title, host, extractor)


def release_evidence(release: Release, host: str, extractor: str) -> Made:
    """A release; it happened when it was published."""
    measures: dict[str, Scalar] = {"tag": next(iter(names((release.tag,))), None)}
    return _by_one(release, Kind.RELEASE, release.published_at, measures, release.name, host, extractor)


def batch_of(
    records: Iterable[ChangeRequest | Issue | Release],
    host: str,
    extractor: str,
    cursor: Mapping[str, object],
    *,
    work: Mapping[str, Work] | None = None,
    talk: Mapping[str, int] | None = None,
    logins: Logins | None = None,
) -> Batch:
    """All records of a page as one batch, in an order of its own. work: by key of the change request. logins: those told in this run."""
    listed = list(records)
    made = [_made(record, host, extractor, work or {}) for record in listed]
    evidence = {one.artefact: one for each in made for one in each.evidence}
    counts = {"ghosts": sum(each.ghosts for each in made), **(talk or {})}
    return Batch(
        tuple(evidence[key] for key in sorted(evidence)),
        cursor,
        tuple(sorted({same for each in made for same in each.same_as}, key=lambda same: (same.artefact, same.other))),
        _links(listed, logins) if logins else (),
        talk={word: count for word, count in sorted(counts.items()) if count},
    )


def _links(listed: Iterable[ChangeRequest | Issue | Release], logins: Logins) -> tuple[IdentityLink, ...]:
    shown = logins.links(account for record in listed for account in _accounts(record))
    return shown + logins.addresses(record.vouched for record in listed if isinstance(record, ChangeRequest))


def _accounts(record: ChangeRequest | Issue | Release) -> Iterator[Account | None]:
    yield record.author
    if isinstance(record, ChangeRequest):
        yield record.merger
        yield from (review.author for review in record.reviews)
        yield from (comment.author for comment in record.comments)


def _made(record: ChangeRequest | Issue | Release, host: str, extractor: str, work: Mapping[str, Work]) -> Made:
    if isinstance(record, ChangeRequest):
        return change_evidence(record, host, extractor, work.get(record.key, UNKNOWN))
    make = issue_evidence if isinstance(record, Issue) else release_evidence
    return make(record, host, extractor)  # type: ignore[arg-type]


def _change_people(change: ChangeRequest, host: str, work: Work) -> tuple[tuple[Participation, ...], int]:
    """The author's commits under their account's no-reply address do not make them their own co-author."""
    reviewers = [
        (review.author, ParticipationRole.REVIEWER)
        for review in change.reviews
        if review.state != "dismissed" and not same_account(review.author, change.author)
    ]
    merger = [(change.merger, ParticipationRole.MERGER)] if change.merger else []
    people, ghosts = seats(host, [(change.author, ParticipationRole.AUTHOR), *reviewers, *merger])
    others = (one for one in work.people if not is_no_reply(host, change.author, one.identity.key))
    return people + tuple(others), ghosts


def _change_measures(change: ChangeRequest, host: str, work: Work) -> dict[str, Scalar]:
    author = change.author
    by_tool = author is not None and is_tool(author.login, "")
    assisted = work.assisted or by_tool or declares_assistance(body_of(change.body), ())
    return {
        "number": change.number,
        "state": change.state,
        "merged": change.state == "merged",
        "additions": change.additions,
        "deletions": change.deletions,
        "files": change.files,
        "commits": work.commits,
        "reviews": _reviews_by_others(change, host),
        "comments": len(change.comments),
        "labels": names(change.labels),
        "draft": change.draft,
        "created_at": _text(change.created_at),
        "merge_oid": object_id(change.merge_oid),
        "ai_assist": "declared" if assisted else None,
        **({} if change.complete else {"incomplete": True}),
    }


def _reviews_by_others(change: ChangeRequest, host: str) -> int:
    """Submitted and not dismissed, by neither the author nor a bot: nobody reviews their own work."""
    return sum(
        review.state != "dismissed"
        and not same_account(review.author, change.author)
        and not (review.author is not None and identity(host, review.author).bot)
        for review in change.reviews
    )


def _same_as(change: ChangeRequest, work: Work) -> tuple[SameAs, ...]:
    """Joins from the commits by which the change landed; without a mirror, from the one the forge names."""
    if change.state != "merged":
        return ()
    named = object_id(change.merge_oid)
    landed = work.landed if work.landed is not None else (named,) if named else ()
    return tuple(SameAs(artefact_key(oid), change.key, SameAsRelation.SQUASH_OF) for oid in landed)


def _by_one(
    record: Issue | Release,
    kind: Kind,
    at: datetime,
    measures: Mapping[str, Scalar],
    title: str,
    host: str,
    extractor: str,
) -> Made:
    people, ghosts = seats(host, [(record.author, ParticipationRole.AUTHOR)])
    evidence = Evidence(
        record.key, kind, at, extractor, measures, (), people, excerpt_of(title), bounded_url(record.url)
    )
    return Made((evidence,), ghosts=ghosts)


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
