"""Commits gathered into batches, with what only a second look at a commit can tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from collectors.git_commit import Commit
from collectors.git_content import added_names, reads
from collectors.git_view import View
from collectors.git_whitespace import whitespace_only

__all__ = ["COMMITS", "counted", "gather", "look_again"]

COMMITS = 5_000
"""Most commits in one batch."""
_ROWS = 50_000
"""Rows of files after which a batch is closed, so that imports of whole trees do not pile up in memory."""


def gather(commits: Iterable[Commit]) -> Iterator[list[Commit]]:
    """Consecutive commits, as many as a batch may hold."""
    batch: list[Commit] = []
    rows = 0
    for commit in commits:
        batch.append(commit)
        rows += len(commit.evidence.paths)
        if len(batch) >= COMMITS or rows >= _ROWS:
            yield batch
            batch, rows = [], 0
    if batch:
        yield batch


def look_again(view: View, commits: Iterable[Commit], marker: str, *, content: bool) -> None:
    """Fill in `whitespace_only` where the first pass left it open, and `imports` and `tools` if `content` is wanted."""
    commits = list(commits)
    found = whitespace_only(view, (commit.oid for commit in commits if commit.may_be_whitespace), marker)
    for commit in commits:
        if commit.may_be_whitespace:
            commit.measures["whitespace_only"] = found.get(commit.oid)
    if content:
        readable = [commit for commit in commits if commit.measures["added"] is not None]
        worth = [commit.oid for commit in readable if any(reads(path) for path, *_ in commit.evidence.paths)]
        names = added_names(view, worth, marker)
        unread = set(worth) - names.keys()
        for commit in readable:
            if commit.oid not in unread:
                imports, tools = names.get(commit.oid, ([], []))
                commit.measures["imports"], commit.measures["tools"] = imports, tools


def counted(commits: Iterable[Commit]) -> Counter[str]:
    """What is worth telling about a batch."""
    talk: Counter[str] = Counter()
    for commit in commits:
        measures = commit.measures
        talk["commits"] += 1
        talk["missing_blobs"] += bool(measures["missing_blobs"])
        talk["history_cut"] += "history_cut" in measures
        talk["truncated"] += "truncated" in measures
    return +talk
