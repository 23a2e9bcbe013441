"""Whether a change was altered after a comment, and where: facts read from its commits, each kept apart.

A comment is written on a head of the change. *Later* commits are those of the final head that this head does not reach; if it was
force-pushed away, those whose patch (`git patch-id`) is not among its commits either, so that a rebase alone alters nothing.
Merges of the base into the change are nobody's answer and do not count.

- `file`: a later commit touches the commented file.
- `lines`: and between the head commented on and the final one, a commented line changed, or one within three lines of it. A file that was
  renamed is looked for under its new name; one that is gone has changed everywhere.
- `suggestion`: and the lines proposed stand there more often than before, where the commented ones stood.

What is missing in the mirror (a head never fetched, blobs of a partial clone, a line the forge does not tell) is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from collectors.forge_commits import Branch
from collectors.forge_people import same_account
from collectors.forge_records import ChangeRequest, Comment, Review
from collectors.forge_work import Followed
from collectors.git_log import Detail, Died, Record, differences, log, marker_of
from collectors.git_text import visible
from collectors.git_view import View

__all__ = ["Following", "followed", "suggestions"]

NEAR: Final = 3
"""Lines above and below the commented ones that count as the same place."""

_BLOB: Final = 2 << 20
_BODY: Final = 20_000
_REPLACED: Final = 500
"""Commits of a head that was pushed away, beyond which it is not compared."""
_BLOCK: Final = re.compile(
    r"^ {0,3}(?P<fence>`{3,}|~{3,})suggestion(?::-(?P<above>\d{1,3})\+(?P<below>\d{1,3}))?[ \t]*\r?\n(?P<text>.*?)^ {0,3}(?P=fence)[`~]*[ \t]*\r?$",
    re.MULTILINE | re.DOTALL,
)
_HUNK: Final = re.compile(rb"^@@ -(\d+)(?:,(\d+))? ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Following:
    """comments: by key, what happened to the place. reviews: by key, whether commits came after it."""

    comments: Mapping[str, Followed] = field(default_factory=dict)
    reviews: Mapping[str, bool] = field(default_factory=dict)


def followed(
    view: View, changes: Sequence[ChangeRequest], found: Mapping[str, Branch], known: Mapping[str, Record]
) -> dict[str, Following]:
    """For each of `changes`, all of which have a branch. known: records of all commits of the branches."""
    asked = [change for change in changes if any(_is_asked(change, comment) for comment in change.comments)]
    touched = _touched(view, {oid for change in asked for oid in found[change.key].own})
    return {change.key: _Follower(view, change, found[change.key], known, touched).following() for change in changes}


def suggestions(body: str, line: int, start: int | None) -> Iterator[tuple[int, int, list[str]]]:
    r"""(first line, last line, lines proposed in their place) of each suggestion in a comment on `start`..`line`.

    >>> list(suggestions("Shorter:\n```suggestion\nreturn x\n```", 7, None))
    [(7, 7, ['return x'])]
    """
    for block in _BLOCK.finditer(body[:_BODY]):
        first, last = start or line, line
        if block["above"] is not None:
            first, last = line - int(block["above"]), line + int(block["below"])
        yield max(first, 1), last, _split(block["text"])


def _is_asked(change: ChangeRequest, comment: Comment) -> bool:
    """On a file of the change, by somebody else than its author, with a path git can be asked about."""
    path = comment.path
    return bool(path and path.isprintable() and comment.commit_oid and not same_account(comment.author, change.author))


def _touched(view: View, oids: set[str]) -> dict[str, frozenset[str]]:
    """Paths of each commit, both sides of a rename; merges have none. Commits whose trees are missing are left out."""
    given = sorted(oids)
    found: dict[str, frozenset[str]] = {}
    try:
        for record in log(view, "".join(f"{oid}\n" for oid in given).encode(), Detail.NAMES, marker_of(given)):
            paths = record.changes.paths if record.changes else ()
            found[record.oid] = frozenset(path for change in paths for path in (change[0], change[3]) if path)
    except Died:
        return found
    return found


class _Follower:
    """One change request and what came after each head of it that somebody looked at."""

    def __init__(
        self,
        view: View,
        change: ChangeRequest,
        branch: Branch,
        known: Mapping[str, Record],
        touched: Mapping[str, frozenset[str]],
    ) -> None:
        self._view, self._change, self._branch, self._touched = view, change, branch, touched
        self._own = {oid: known[oid] for oid in branch.own if oid in known}
        self._later: dict[str, frozenset[str] | None] = {}
        self._hunks: dict[tuple[str, str], list[tuple[int, int]] | None] = {}

    def following(self) -> Following:
        comments = {one.key: self._comment(one) for one in self._change.comments if _is_asked(self._change, one)}
        reviews = {one.key: self._altered(one) for one in self._change.reviews}
        return Following(comments, reviews)

    def _altered(self, review: Review) -> bool:
        """By the head reviewed; where that is not known, by the committer's date."""
        later = self.later(review.commit_oid) if review.commit_oid else None
        if later is not None:
            return bool(later)
        return any(self._plain(oid) and _at(self._own[oid]) > review.submitted_at for oid in self._own)

    def _comment(self, comment: Comment) -> Followed:
        later = self.later(comment.commit_oid or "")
        if later is None or not later <= self._touched.keys():
            return Followed()
        path = comment.path or ""
        altered = any(visible(path) in self._touched[oid] for oid in later)
        end = comment.original_line
        if end is None:
            return Followed(file=altered)
        proposed = list(suggestions(comment.body, end, comment.original_start_line))
        if not altered:
            return Followed(lines=False, file=False, suggestion=False if proposed else None)
        return self._place(comment.commit_oid or "", path, comment.original_start_line or end, end, proposed)

    def _place(
        self, head: str, path: str, start: int, end: int, proposed: Sequence[tuple[int, int, list[str]]]
    ) -> Followed:
        """What became of lines start..end of a file that was altered later."""
        before, now = f"{head}:{path}", f"{self._branch.head}:{self._new_name(head, path) or path}"
        there = self._view.resolve([before, now])
        if there[0] is None:
            return Followed(file=True)
        if there[1] is None:
            return Followed(lines=True, file=True, suggestion=False if proposed else None)
        hunks = self._hunks_between(there[0], there[1])
        if hunks is None:
            return Followed(file=True)
        applied = any(
            _meets(hunks, first, last, 0) and self._stands(there[0], there[1], first, last, text)
            for first, last, text in proposed
        )
        return Followed(_meets(hunks, start, end, NEAR), file=True, suggestion=applied if proposed else None)

    def later(self, head: str) -> frozenset[str] | None:
        """Own commits, without merges, that came after `head`; None if that cannot be told."""
        if head not in self._later:
            self._later[head] = self._find_later(head)
        return self._later[head]

    def _find_later(self, head: str) -> frozenset[str] | None:
        plain = frozenset(oid for oid in self._own if self._plain(oid))
        if head in self._own:
            return plain - self._reached(head)
        if head == self._branch.fork:
            return plain
        old = self._view.output("rev-list", "--no-merges", f"--max-count={_REPLACED}", head, f"^{self._branch.fork}")
        if old is None:
            return None
        replaced = old.decode("ascii", "replace").split()
        if len(replaced) >= _REPLACED:
            return None
        patches = _patch_ids(self._view, [*replaced, *plain])
        there = {patches.get(oid) for oid in replaced} - {None}
        return frozenset(oid for oid in plain if patches.get(oid) not in there)

    def _reached(self, head: str) -> set[str]:
        found: set[str] = set()
        todo = [head]
        while todo:
            oid = todo.pop()
            if oid in self._own and oid not in found:
                found.add(oid)
                todo.extend(self._own[oid].parents.split())
        return found

    def _plain(self, oid: str) -> bool:
        return " " not in self._own[oid].parents

    def _new_name(self, head: str, path: str) -> str | None:
        """What the file is called in the final head, if it was renamed."""
        if self._view.resolve([f"{self._branch.head}:{path}"])[0] is not None:
            return None
        shown = visible(path)
        try:
            for changes in differences(self._view, [(head, self._branch.head)], marker_of([head, self._branch.head])):
                return next((new for new, _, _, old in changes.paths if old == shown and visible(new) == new), None)
        except Died:
            return None
        return None

    def _hunks_between(self, before: str, now: str) -> list[tuple[int, int]] | None:
        """(first, last) lines of the old side of each hunk; what is put in after line n is (n, n + 1)."""
        if (before, now) not in self._hunks:
            options = ("--no-ext-diff", "--no-textconv", "--no-color", "--unified=0")
            written = self._view.output("diff", *options, before, now) if before != now else b""
            hunks = _hunks(written or b"")
            self._hunks[before, now] = hunks if hunks or before == now else None  # a binary file has none
        return self._hunks[before, now]

    def _stands(self, before: str, now: str, first: int, last: int, proposed: list[str]) -> bool:
        old, new = (_split(self._view.blob(oid, _BLOB).decode("utf-8", "replace")) for oid in (before, now))
        if not proposed:
            gone = old[first - 1 : last]
            return bool(gone) and _times(new, gone) < _times(old, gone)
        return _times(new, proposed) > _times(old, proposed)


def _hunks(written: bytes) -> list[tuple[int, int]]:
    found = []
    for hunk in _HUNK.finditer(written):
        start, count = int(hunk[1]), int(hunk[2]) if hunk[2] else 1
        found.append((start, start + count - 1) if count else (start, start + 1))
    return found


def _meets(hunks: Iterable[tuple[int, int]], start: int, end: int, near: int) -> bool:
    return any(first <= end + near and last >= start - near for first, last in hunks)


def _patch_ids(view: View, oids: Sequence[str]) -> dict[str, str]:
    """Patch ids of commits; one that changes nothing has none."""
    given = "".join(f"{oid}\n" for oid in oids).encode()
    options = ("--stdin", "-p", "--no-ext-diff", "--no-textconv", "--no-color")
    written = view.output("diff-tree", *options, given=given) or b""
    listed = view.output("patch-id", "--stable", given=written) or b""
    pairs = (line.split() for line in listed.decode("ascii", "replace").splitlines())
    return {pair[1]: pair[0] for pair in pairs if len(pair) == 2}


def _split(text: str) -> list[str]:
    """Lines as they are compared: what stands at their ends does not count."""
    return [line.rstrip() for line in text.splitlines()]


def _times(lines: Sequence[str], wanted: Sequence[str]) -> int:
    """How often `wanted` stands in `lines`, one line after the other."""
    length = len(wanted)
    return sum(list(lines[at : at + length]) == list(wanted) for at in range(len(lines) - length + 1))


def _at(record: Record) -> datetime:
    try:
        return datetime.fromtimestamp(int(record.committed_at), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
