"""The files of a commit, from the rows git prints after its header. The innermost loop of the collector.

With `-z`, a raw row is `:<mode> <mode> <blob> <blob> <status>`, path (two paths for a rename); a numstat row is
`<added> TAB <deleted> TAB <path>` (for a rename an empty path, then the old and the new one); `-` stands for a binary file.
Both come in the same order. Gitlinks (submodules, mode 160000) name a commit of another repository: they are
counted, and are no paths of code.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from collectors.git_text import visible
from db.records import PathChange

__all__ = ["LONGEST", "PATHS", "Changes", "lines", "names"]

PATHS = 10_000
"""Most paths kept of one commit; all are counted."""

LONGEST = 4_000
"""Characters after which a path is cut; file systems know none as long."""

_GITLINK = "160000"
_GONE = "000000"


class Changes(NamedTuple):
    """What a commit changed. Numbers are None where blobs could not be read.

    files: without gitlinks. added, deleted, binary: lines, lines and files. even: every text file has as many lines
    added as deleted, and some: without that, a commit cannot be one of whitespace only. blobs: contents on both sides
    (only from `names`).
    """

    files: int
    added: int | None
    deleted: int | None
    binary: int | None
    renames: int
    submodules: int
    paths: tuple[PathChange, ...]
    even: bool = False
    blobs: frozenset[str] = frozenset()


def _shown(path: str) -> str:
    return visible(path if len(path) <= LONGEST else f"{path[:LONGEST]}…")


def lines(fields: Iterator[str], oid_length: int) -> Changes:
    """Changes from raw and numstat rows."""
    status_at = 17 + 2 * oid_length
    gitlinks: set[str] = set()
    field = next(fields, "")[1:]
    while field[:1] == ":":
        path = next(fields)
        if field[status_at] in "RC":
            path = next(fields)
        if _GITLINK in field[1:14] and field[8:14] in (_GITLINK, _GONE):
            gitlinks.add(path)
        field = next(fields, "")
    files = added = deleted = binary = renames = 0
    even = True
    paths: list[PathChange] = []
    while field:
        plus, minus, path = field.split("\t", 2)
        old = None
        if not path:
            old, path = next(fields), next(fields)
            renames += 1
            if not old.isprintable() or "\\" in old or len(old) > LONGEST:
                old = _shown(old)
        field = next(fields, "")
        if gitlinks and path in gitlinks:
            continue
        files += 1
        if not path.isprintable() or "\\" in path or len(path) > LONGEST:
            path = _shown(path)
        if plus == "-":
            binary += 1
            change: PathChange = (path, None, None, old)
        else:
            more, less = int(plus), int(minus)
            added += more
            deleted += less
            if more != less:
                even = False
            change = (path, more, less, old)
        if files <= PATHS:
            paths.append(change)
    return Changes(files, added, deleted, binary, renames, len(gitlinks), tuple(paths), even and added > 0)


def names(fields: Iterator[str], oid_length: int) -> Changes:
    """Changes from raw rows alone: no line counts, and only renames that left the content as it was."""
    status_at = 17 + 2 * oid_length
    first, second = 15, 16 + oid_length
    files = renames = submodules = 0
    paths: list[PathChange] = []
    blobs: set[str] = set()
    field = next(fields, "")[1:]
    while field:
        path, old = next(fields), None
        if field[status_at] in "RC":
            old, path = _shown(path), next(fields)
            renames += 1
        if _GITLINK in field[1:14] and field[8:14] in (_GITLINK, _GONE):
            submodules += 1
        else:
            files += 1
            if field[1:7] not in (_GITLINK, _GONE):
                blobs.add(field[first : first + oid_length])
            if field[8:14] != _GONE:
                blobs.add(field[second : second + oid_length])
            if files <= PATHS:
                paths.append((_shown(path), None, None, old))
        field = next(fields, "")
    return Changes(files, None, None, None, renames, submodules, tuple(paths), blobs=frozenset(blobs))
