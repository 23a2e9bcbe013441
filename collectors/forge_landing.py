"""By which commits a change request came onto its base branch: the merge, the squash, or each of the rebased ones.

| how it was merged | landed |
|---|---|
| merge commit | the merge and all it brought in, without what it brought in of other change requests (a stack, a feature branch) |
| squash | the one commit |
| rebase | as many commits as it had, each with the author, the author's date and the subject of its original |
| fast forward | its own commits |

A commit lands once: what another change request had put onto this branch stays that one's. That is told by the messages forges write
into merge and squash commits; a stack that was *rebased* into a branch which was then merged cannot be told, and is joined to both.
"""

from __future__ import annotations

from collections.abc import Mapping

from collectors.forge_commits import Branch, named_change, records
from collectors.forge_records import ChangeRequest
from collectors.git_log import Record
from collectors.git_view import View

__all__ = ["landed"]


def landed(
    view: View, change: ChangeRequest, branch: Branch | None, known: Mapping[str, Record]
) -> tuple[str, ...] | None:
    """Object ids, sorted; None where that cannot be told. known: records of the branch's commits and of the merge commit."""
    merged = known.get(change.merge_oid or "")
    if change.state != "merged" or merged is None:
        return None
    parents = merged.parents.split()
    if len(parents) > 1:
        return tuple(sorted(_brought_in(view, change.number, merged, branch, known)))
    if branch is None:
        return (merged.oid,)
    if merged.oid == branch.head:
        return tuple(sorted(branch.own))
    return tuple(sorted(_rebased(view, merged, branch, known)))


def _brought_in(
    view: View, number: int, merged: Record, branch: Branch | None, known: Mapping[str, Record]
) -> set[str]:
    """The merge, and what it reaches and its first parent does not."""
    first, *others = merged.parents.split()
    if branch is not None and others == [branch.head]:
        return {merged.oid, *_without_others(number, branch.own, known)}
    listed = view.output("rev-list", merged.oid, f"^{first}") or b""
    oids = tuple(oid for oid in listed.decode("ascii", "replace").split() if oid != merged.oid)
    return {merged.oid, *_without_others(number, oids, {**known, **records(view, oids)})}


def _without_others(number: int, oids: tuple[str, ...], known: Mapping[str, Record]) -> set[str]:
    """`oids` without those by which other change requests had landed among them."""
    mine = {oid: known[oid] for oid in oids if oid in known}
    foreign: set[str] = set()
    for oid, record in mine.items():
        named = named_change(record)
        if named is not None and named != number:
            first, *others = record.parents.split() or [""]
            foreign |= {oid} | (_reached(others, mine) - _reached([first], mine))
    return set(mine) - foreign


def _reached(tips: list[str], among: Mapping[str, Record]) -> set[str]:
    found: set[str] = set()
    todo = list(tips)
    while todo:
        oid = todo.pop()
        if oid in among and oid not in found:
            found.add(oid)
            todo.extend(among[oid].parents.split())
    return found


def _rebased(view: View, merged: Record, branch: Branch, known: Mapping[str, Record]) -> set[str]:
    """The chain of commits that ends in `merged` and repeats the branch's own; `merged` alone if it was squashed."""
    own = [known[oid] for oid in branch.own if oid in known and " " not in known[oid].parents]
    if len(own) < 2 or _signature(own[0]) != _signature(merged):
        return {merged.oid}
    listed = view.output("rev-list", "--first-parent", f"--max-count={len(own)}", merged.oid) or b""
    chain = listed.decode("ascii", "replace").split()
    there = records(view, chain)
    repeated: set[str] = set()
    for oid, original in zip(chain, own, strict=False):
        if oid not in there or _signature(there[oid]) != _signature(original):
            break
        repeated.add(oid)
    return repeated


def _signature(record: Record) -> tuple[str, str, str]:
    """What rebasing leaves as it is."""
    return record.author_email, record.author_at, record.message.strip().partition("\n")[0]
