"""The commits of change requests, read from a mirror many at a time.

A change request's own commits are those its head reaches and its base does not. The base is taken at the moment of the merge: the first parent
of the commit that merged it, which holds what was merged into the change meanwhile; else what the forge names. Where head or
base is missing, or more than `MOST` commits are in question (a base that has nothing to do with the head), nothing is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from collectors.forge_records import ChangeRequest
from collectors.git_log import Detail, Died, Record, log, marker_of
from collectors.git_trailers import read_message
from collectors.git_view import View

__all__ = ["MOST", "Branch", "branches", "named_change", "records"]

MOST: Final = 2_000
"""Own commits of one change request beyond which it is not looked at."""


@dataclass(frozen=True, slots=True)
class Branch:
    """What a change request put on top of its base. fork: where it left it. own: its commits, newest first, merges too."""

    head: str
    fork: str
    own: tuple[str, ...]


def records(view: View, oids: Iterable[str]) -> dict[str, Record]:
    """Header and message of each of `oids` that is there."""
    wanted = sorted(set(oids))
    there = [
        oid for oid, found in zip(wanted, view.resolve(f"{oid}^{{commit}}" for oid in wanted), strict=True) if found
    ]
    marker = marker_of(there)
    try:
        given = "".join(f"{oid}\n" for oid in there).encode()
        return {record.oid: record for record in log(view, given, Detail.HEADER, marker)} if there else {}
    except Died:
        return {}


def branches(view: View, changes: Iterable[ChangeRequest], known: Mapping[str, Record]) -> dict[str, Branch]:
    """The branch of each change request whose commits are there, by its key. known: records of their merge commits."""
    found = {}
    for change in changes:
        branch = _branch(view, change, known)
        if branch is not None:
            found[change.key] = branch
    return found


def _branch(view: View, change: ChangeRequest, known: Mapping[str, Record]) -> Branch | None:
    head, merged = change.head_oid, known.get(change.merge_oid or "")
    moved_on = (
        merged is not None and merged.oid != head and merged.parents
    )  # else the base was moved forward to the head
    first_parent = merged.parents.split(" ")[0] if merged is not None and moved_on else None
    for base in dict.fromkeys((first_parent, change.base_oid)):
        branch = _between(view, base, head) if head and base else None
        if branch is not None:
            return branch
    return None


def _between(view: View, base: str, head: str) -> Branch | None:
    listed = view.output("rev-list", "--topo-order", "--boundary", f"--max-count={MOST + 1}", head, f"^{base}")
    lines = (listed or b"").decode("ascii", "replace").split()
    own = tuple(line for line in lines if not line.startswith("-"))
    ends = [line[1:] for line in lines if line.startswith("-")]
    if not own or len(own) > MOST or not ends or view.cut.intersection(own):
        return None
    fork = ends[0] if len(ends) == 1 else _merge_base(view, base, head)
    return Branch(head, fork, own) if fork else None


def _merge_base(view: View, base: str, head: str) -> str | None:
    return (view.output("merge-base", base, head) or b"").decode("ascii", "replace").strip() or None


def named_change(record: Record) -> int | None:
    """The number of the change request that a commit says it merges or squashes."""
    number = read_message(record.message).change_request
    return int(number) if number else None
