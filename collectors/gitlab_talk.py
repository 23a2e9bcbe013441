"""The discussions of a merge request, read into comments and threads, and what its system notes tell.

GitLab writes down what people do as *system notes*, in English whatever the language of its pages: "approved this merge request",
"requested changes", "changed this line in version 3 of the diff". They are no comments; a comment of the same words is no
system note, because only GitLab sets `system`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Final

from collectors.forge_records import Account, ChangeRequest, Comment, Thread
from collectors.gitlab_fields import Json, Malformed, instant, number, part, text, whole
from collectors.gitlab_records import account

__all__ = ["TOUCHED_WITHIN", "Note", "Talk", "Verdict", "read_talk"]

TOUCHED_WITHIN: Final = timedelta(minutes=1)
"""A note moves the `updated_at` of its merge request only if that is older than this, so a row may lag so far behind its notes."""


class Verdict(Enum):
    """What a system note says that a reviewer decided."""

    APPROVED = "approved this merge request"
    WITHDRAWN = "unapproved this merge request"
    REQUESTED = "requested changes"


_OUTDATED: Final = ("changed this line in ", "changed this file in ")


@dataclass(frozen=True, slots=True)
class Note:
    """One note: by whom (the id also of a deleted account, which as an Account is nobody), when, and a verdict or a comment."""

    key: str
    url: str | None
    user: str
    author: Account | None
    at: datetime
    verdict: Verdict | None

    @property
    def day(self) -> date:
        """Its calendar day, in UTC."""
        return self.at.date()


@dataclass(frozen=True, slots=True)
class Talk:
    """verdicts, remarks: the notes in order of time, system notes and people's. comments, threads: the records. newest: last moment of any note."""

    verdicts: tuple[Note, ...]
    remarks: tuple[Note, ...]
    comments: tuple[Comment, ...]
    threads: tuple[Thread, ...]
    newest: datetime | None

    @property
    def approved(self) -> bool:
        """Whether anybody ever approved, so that it is worth asking who still does."""
        return any(note.verdict is Verdict.APPROVED for note in self.verdicts)

    def is_newer_than(self, change: ChangeRequest) -> bool:
        """Whether something happened after the row of the merge request was made, so that the row is stale."""
        return self.newest is not None and self.newest > change.updated_at + TOUCHED_WITHIN


def read_talk(host: str, change: ChangeRequest, discussions: Iterable[Json]) -> Talk:
    """All of it, in order of time. Raises Malformed for what is no discussion."""
    verdicts: list[Note] = []
    remarks: list[Note] = []
    comments: list[Comment] = []
    threads: list[Thread] = []
    newest: datetime | None = None
    for discussion in discussions:
        raws = _notes(discussion)
        for raw in raws:
            note = _note(host, change, raw)
            newest = max(filter(None, (newest, note.at, instant(raw.get("updated_at") or raw.get("created_at")))))
            if not raw.get("system"):
                remarks.append(note)
            elif note.verdict:
                verdicts.append(note)
        mine, thread = _discussed(host, change, discussion, raws)
        comments += mine
        threads += thread
    comments.sort(key=lambda comment: (comment.created_at, comment.key))
    threads.sort(key=lambda thread: thread.key)
    return Talk(_ordered(verdicts), _ordered(remarks), tuple(comments), tuple(threads), newest)


def _ordered(notes: list[Note]) -> tuple[Note, ...]:
    return tuple(sorted(notes, key=lambda note: (note.at, int(note.key.rpartition("/")[2]))))


def _notes(discussion: Json) -> list[Json]:
    notes = discussion.get("notes") if isinstance(discussion, Mapping) else None
    if not isinstance(notes, list) or not all(isinstance(note, Mapping) for note in notes):
        raise Malformed("expected a discussion with its notes")
    return notes


def _note(host: str, change: ChangeRequest, raw: Json) -> Note:
    own, author = number(raw, "id"), part(raw, "author")
    url = f"{change.url}#note_{own}" if change.url else None
    verdict = _verdict(str(raw.get("body") or "")) if raw.get("system") else None
    key, at = f"{host}:note/{own}", instant(raw.get("created_at"))
    return Note(key, url, number(author, "id") if author else "", account(author), at, verdict)


def _verdict(body: str) -> Verdict | None:
    said = body.strip().lower()
    return next((verdict for verdict in Verdict if said.startswith(verdict.value)), None)


def _discussed(
    host: str, change: ChangeRequest, discussion: Json, raws: list[Json]
) -> tuple[list[Comment], list[Thread]]:
    """The comments of a discussion; and the thread, if it is one that can be resolved."""
    said = [raw for raw in raws if not raw.get("system")]
    resolvable = [raw for raw in said if raw.get("resolvable")]
    key = f"{host}:discussion/{discussion.get('id')}" if resolvable and not discussion.get("individual_note") else None
    comments = [_comment(host, change, raw, key) for raw in said]
    comments[1:] = [replace(comment, reply_to=comments[0].key) for comment in comments[1:]]
    if key is None:
        return comments, []
    resolvers = [part(raw, "resolved_by") for raw in resolvable if raw.get("resolved")]
    on_lines = any(comment.path for comment in comments)
    outdated = any(raw.get("system") and str(raw.get("body") or "").startswith(_OUTDATED) for raw in raws)
    thread = Thread(
        key=key,
        resolved=len(resolvers) == len(resolvable),
        resolver=account(resolvers[-1]) if len(resolvers) == len(resolvable) else None,
        outdated=outdated if on_lines else None,
        path=next((comment.path for comment in comments if comment.path), None),
        comments=tuple(comment.key for comment in comments),
    )
    return comments, [thread]


def _comment(host: str, change: ChangeRequest, raw: Json, thread: str | None) -> Comment:
    """Where it stands: GitLab moves the position of a comment along with pushes that leave its lines alone, and lets it stand on
    the last version that had them when they change. So position and head_sha always belong together."""
    position = part(raw, "position")
    note = _note(host, change, raw)
    line, first = whole(position, "new_line"), whole(part(part(position, "line_range"), "start"), "new_line")
    here = position.get("head_sha") == change.head_oid
    return Comment(
        key=note.key,
        url=note.url,
        author=note.author,
        created_at=note.at,
        updated_at=instant(raw.get("updated_at") or raw.get("created_at")),
        body=str(raw.get("body") or ""),
        thread=thread,
        path=text(position, "new_path") or text(position, "old_path"),
        line=line if here else None,
        original_line=line,
        commit_oid=text(position, "head_sha"),
        start_line=first if here else None,
        original_start_line=first,
        whole_file=position.get("position_type") == "file",
    )
