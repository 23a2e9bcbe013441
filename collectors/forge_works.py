"""What a mirror knows about change requests, a page of them at a time: people, paths, how they landed, what followed the reviews.

Costs one start of git for each change request and about ten for each page, and nothing of the forge's quota. Where the mirror lacks
something (it is absent, shallow, partial; a head was deleted before it was ever fetched), that part is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from collectors.forge_commits import Branch, branches, records
from collectors.forge_failure import ConnectionLost
from collectors.forge_follow import followed
from collectors.forge_landing import landed
from collectors.forge_records import ChangeRequest
from collectors.forge_text import object_id
from collectors.forge_work import UNKNOWN, Work
from collectors.git_commit import CommitReader
from collectors.git_log import Detail, Died, Record, differences, marker_of
from collectors.git_view import View
from db.errors import Incomplete, Refusal
from db.records import Participation, ParticipationRole, PathChange

__all__ = ["Works"]

_MOST = 500
"""Commits fetched for one page."""
_MAKERS = (ParticipationRole.AUTHOR, ParticipationRole.CO_AUTHOR)
_KEPT = (ParticipationRole.CO_AUTHOR, ParticipationRole.REVIEWER, ParticipationRole.TESTER)


class Works:
    """A mirror that is asked about change requests. Use as a context manager; without a mirror, all is unknown.

    fetch: asked for commits that the forge names and the mirror lacks (heads commented on, pushed away or pushed meanwhile), each once;
    what does not come stays unknown.
    """

    def __init__(
        self, folder: Path | None, git: str = "git", fetch: Callable[[Collection[str]], None] | None = None
    ) -> None:
        self._fetch = fetch
        self._asked: set[str] = set()
        self._stack = ExitStack()
        self._view: View | None = None
        if folder is not None and (folder / "objects").is_dir():
            self._view = self._stack.enter_context(View(folder, git))

    def __enter__(self) -> Works:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def of(self, changes: Iterable[ChangeRequest]) -> dict[str, Work]:
        """What is known of each, by key."""
        listed = [_with_object_ids(change) for change in changes]
        if self._view is None or not listed:
            return {}
        view = self._view
        self._fetch_missing(view, listed)
        known = records(view, (change.merge_oid for change in listed if change.merge_oid))
        found = branches(view, listed, known)
        known |= records(view, (oid for branch in found.values() for oid in branch.own))
        paths = _paths(view, found)
        works = {change.key: _work(view, change, found.get(change.key), known) for change in listed}
        follow = followed(view, [change for change in listed if change.key in found], found, known)
        return {
            key: replace(work, paths=paths.get(key), followed=follow[key].comments, altered=follow[key].reviews)
            if key in found
            else work
            for key, work in works.items()
        }

    def _fetch_missing(self, view: View, listed: Iterable[ChangeRequest]) -> None:
        """Heads that were pushed away before they were ever fetched, and what was pushed since the mirror was brought up to date."""
        named = {oid for change in listed for oid in (change.head_oid, change.merge_oid) if oid}
        named |= {one.commit_oid for change in listed for one in change.comments if one.commit_oid and one.path}
        missing = view.missing(named - self._asked) if self._fetch is not None else set()
        self._asked |= named
        if self._fetch is not None and missing:
            with suppress(ConnectionLost, Refusal, Incomplete):
                self._fetch(sorted(missing)[:_MOST])


def _with_object_ids(change: ChangeRequest) -> ChangeRequest:
    """The same, with nothing in the place of an object id that is none."""
    return replace(
        change,
        head_oid=object_id(change.head_oid),
        base_oid=object_id(change.base_oid),
        merge_oid=object_id(change.merge_oid),
        comments=tuple(replace(one, commit_oid=object_id(one.commit_oid)) for one in change.comments),
        reviews=tuple(replace(one, commit_oid=object_id(one.commit_oid)) for one in change.reviews),
    )


def _work(view: View, change: ChangeRequest, branch: Branch | None, known: Mapping[str, Record]) -> Work:
    onto = landed(view, change, branch, known)
    if branch is None:
        return replace(UNKNOWN, landed=onto)
    own = [known[oid] for oid in branch.own if oid in known and " " not in known[oid].parents]
    people, assisted = _people(own)
    return Work(len(own), people, landed=onto, assisted=assisted)


def _people(own: Sequence[Record]) -> tuple[tuple[Participation, ...], bool]:
    """Makers as co-authors and those who vouch in trailers, sorted; and whether a machine's help is declared."""
    reader = CommitReader()
    people: dict[tuple[ParticipationRole, str], Participation] = {}
    assisted = False
    for record in own:
        commit = reader.read(record)
        assisted = assisted or commit.measures["ai_assist"] is not None
        for one in commit.evidence.participations:
            role = ParticipationRole.CO_AUTHOR if one.role in _MAKERS else one.role
            if role in _KEPT:
                people.setdefault((role, one.identity.key.lower()), replace(one, role=role))
    return tuple(people[place] for place in sorted(people)), assisted


def _paths(view: View, found: Mapping[str, Branch]) -> dict[str, tuple[PathChange, ...]]:
    """The paths of each branch: without line counts where blobs are missing, left out where trees are."""
    paths: dict[str, tuple[PathChange, ...]] = {}
    keys = sorted(found)
    at = 0
    while at < len(keys):
        done = _compared(view, [found[key] for key in keys[at:]], Detail.LINES)
        if at + len(done) < len(keys):  # git died of the next one or the one after it
            branch = found[keys[at + len(done)]]
            done += _compared(view, [branch], Detail.LINES) or _compared(view, [branch], Detail.NAMES) or [None]
        paths |= {key: one for key, one in zip(keys[at:], done, strict=False) if one is not None}
        at += len(done)
    return paths


def _compared(view: View, some: Sequence[Branch], detail: Detail) -> list[tuple[PathChange, ...] | None]:
    """The paths of each, as far as git gets."""
    done: list[tuple[PathChange, ...] | None] = []
    marker = marker_of(branch.head for branch in some)
    with suppress(Died):
        for changes in differences(view, [(branch.fork, branch.head) for branch in some], marker, detail):
            done.append(changes.paths)  # noqa: PERF401 (those before the one git dies of are kept)
    return done
