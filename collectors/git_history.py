"""Which commits there are: one pass of `git rev-list`, or a walk of our own where the history is damaged.

The list is held as one block of bytes, `OID_LENGTH` characters and a newline per commit, newest first (those at
the cut of a shallow clone last): 41 MB for a million commits, and any slice of it is what `git log --stdin` wants to read. The order is git's own and the same
on every call with the same tips, which is what lets a killed run go on where it stopped.
"""

from __future__ import annotations

import heapq
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import NamedTuple

from collectors.git_view import View

__all__ = ["History", "first_root", "history"]


class History(NamedTuple):
    """oids: one line per commit, newest first. damaged: some commits could not be read, so what lies behind them is not listed."""

    oids: bytes
    damaged: bool = False


def history(view: View, tips: Iterable[str], without: Iterable[str] = ()) -> History:
    """Commits reachable from `tips` and not from `without`. All given commits must exist.

    A commit that is missing or unreadable in the middle ends its branch there, as the cut of a shallow clone does.
    """
    given = "".join(f"{oid}\n" for oid in sorted(tips)) + "".join(f"^{oid}\n" for oid in sorted(without))
    listed = view.output("rev-list", "--stdin", given=given.encode())
    if listed is not None:
        return History(_cut_last(listed, view.cut))
    known = {oid for oid, _, _ in _reachable(view, without)}
    walked = "".join(f"{oid}\n" for oid, _, _ in _reachable(view, tips) if oid not in known)
    return History(_cut_last(walked.encode(), view.cut), damaged=True)


def _cut_last(oids: bytes, cut: frozenset[str]) -> bytes:
    """`oids` with those at the cut of a shallow clone moved to the end, where they can be told apart by looking."""
    if not cut:
        return oids
    lines = oids.decode("ascii").split()
    ordered = [oid for oid in lines if oid not in cut] + [oid for oid in lines if oid in cut]
    return "".join(f"{oid}\n" for oid in ordered).encode()


def first_root(view: View, tip: str) -> str | None:
    """The commit at which the first-parent line of `tip` began, None where the history is cut or damaged before it.

    First parents, not the smallest of all roots: merging another project's history in (a subtree, a vendored
    library) adds roots and must not turn a repository into a different one.
    """
    if view.cut:
        return None
    roots = view.output("rev-list", "--first-parent", "--max-parents=0", tip)
    return roots.decode("ascii").strip() or None if roots else None


def _reachable(view: View, tips: Iterable[str]) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    """(oid, committer seconds, parents) of every commit that can be read, newest first; unreadable ones are left out."""
    queue: list[tuple[int, str, tuple[str, ...]]] = []
    seen: set[str] = set()
    with closing(_Commits(view)) as commits:

        def meet(oids: Iterable[str]) -> None:
            for oid in oids:
                if oid not in seen:
                    seen.add(oid)
                    found = commits.read(oid)
                    if found is not None:
                        heapq.heappush(queue, (-found[0], oid, found[1]))

        meet(sorted(tips))
        while queue:
            negative_time, oid, parents = heapq.heappop(queue)
            yield oid, -negative_time, parents
            if oid not in view.cut:
                meet(parents)


class _Commits:
    """Commits one by one through `git cat-file --batch`, which is started anew after an object that kills it."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._process: subprocess.Popen[bytes] | None = None

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def read(self, oid: str) -> tuple[int, tuple[str, ...]] | None:
        """(committer seconds, parents), None if it is missing, unreadable or no commit."""
        if self._process is None:
            self._process = self._view.dialogue("cat-file", "--batch")
        source, answer = self._process.stdin, self._process.stdout
        assert source is not None
        assert answer is not None
        try:
            source.write(f"{oid}\n".encode())
            source.flush()
            title = answer.readline().split()
        except BrokenPipeError:
            title = []
        if len(title) != 3:
            if len(title) != 2:  # no "<oid> missing" either: git has died of it
                self.close()
            return None
        content = answer.read(int(title[2]) + 1)
        if len(content) <= int(title[2]):
            self.close()
            return None
        return _commit(content) if title[1] == b"commit" else None


def _commit(content: bytes) -> tuple[int, tuple[str, ...]]:
    header = content.split(b"\n\n", 1)[0].split(b"\n")
    parents = tuple(line[7:].decode("ascii", "replace") for line in header if line.startswith(b"parent "))
    committed = next((line for line in header if line.startswith(b"committer ")), b"").split()
    seconds = committed[-2] if len(committed) > 2 else b"0"
    return (int(seconds) if seconds.isdigit() else 0), parents
