"""Which commits changed whitespace only.

git can be told to ignore whitespace (`-w`), but then it counts other lines than everybody else sees, and asking it twice
for everything would double the cost. A change of whitespace alone leaves each file with as many lines added as
deleted, so only such commits are asked about a second time: about one in seven, and small ones, for some 7 % of git's time.
Lines that became or ceased to be blank are not whitespace in this sense, nor is git's `-w`: they change the count of lines.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing, suppress

from collectors.git_log import Detail, Died, log
from collectors.git_view import View

__all__ = ["whitespace_only"]


def whitespace_only(view: View, oids: Iterable[str], marker: str) -> dict[str, bool]:
    """For each of `oids` that git can still read, whether nothing is left of it once whitespace is ignored."""
    given = "".join(f"{oid}\n" for oid in oids).encode()
    found: dict[str, bool] = {}
    if given:
        with suppress(Died), closing(log(view, given, Detail.WORDS, marker)) as records:
            for record in records:
                changes = record.changes
                found[record.oid] = changes is not None and not changes.added and not changes.deleted
    return found
