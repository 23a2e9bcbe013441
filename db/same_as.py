"""Which artefacts are one piece of work: a squash and its change request, a cherry-pick and its origin."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from db.lookup import values
from db.tables import metadata
from db.transaction import Transaction

__all__ = ["primaries", "record_same_as"]

_same_as, _artefact = metadata.tables["same_as"], metadata.tables["artefact"]


def record_same_as(unit: Transaction, rows: Sequence[tuple[str, str, str]]) -> int:
    """Record (artefact id, other's id, relation) each once; the number added."""
    rows = [row for row in rows if row[0] != row[1]]
    if not rows:
        return 0
    listed = values(unit.connection, sorted({row[0] for row in rows}))
    statement = select(_same_as).join(listed, _same_as.c.artefact_id == listed.c.value)
    known = {(row.artefact_id, row.other_id, row.relation) for row in unit.connection.execute(statement)}
    fresh = [row for row in rows if row not in known]
    for artefact, other, relation in fresh:
        unit.add(_same_as, artefact_id=artefact, other_id=other, relation=relation, known_at=unit.now)
    return len(fresh)


def primaries(connection: Connection, known_at: int) -> dict[str, list[str]]:
    """Per artefact (opaque id) those that stand before it for the same work, the most original first.

    Artefacts joined by any chain of `same_as` are one group. The fewer steps lead from an artefact to one that points
    nowhere, the more original it is; ties go by key, so every ledger of the same history chooses alike.
    """
    edges: dict[str, set[str]] = {}
    for row in connection.execute(
        select(_same_as.c.artefact_id, _same_as.c.other_id).where(_same_as.c.known_at <= known_at)
    ):
        edges.setdefault(row.artefact_id, set()).add(row.other_id)
        edges.setdefault(row.other_id, set())
    if not edges:
        return {}
    depth = _depths(edges)
    order = {
        row.id: row.key or ""
        for row in connection.execute(
            select(_artefact.c.id, _artefact.c.key).where(
                _artefact.c.id.in_(select(_same_as.c.artefact_id).union(select(_same_as.c.other_id)))
            )
        )
    }
    chains: dict[str, list[str]] = {}
    for group in _groups(edges):
        ranked = sorted(group, key=lambda one: (depth.get(one, len(edges)), order.get(one, ""), one))
        for place, one in enumerate(ranked):
            chains[one] = ranked[:place]
    return chains


def _depths(edges: dict[str, set[str]]) -> dict[str, int]:
    """Steps from each artefact to the nearest that points nowhere; those in pure circles are left out."""
    behind: dict[str, list[str]] = {}
    for one, others in edges.items():
        for other in others:
            behind.setdefault(other, []).append(one)
    depth = {one: 0 for one, others in edges.items() if not others}
    level = list(depth)
    while level:
        following = []
        for one in level:
            for earlier in behind.get(one, ()):
                if earlier not in depth:
                    depth[earlier] = depth[one] + 1
                    following.append(earlier)
        level = following
    return depth


def _groups(edges: dict[str, set[str]]) -> list[list[str]]:
    neighbours: dict[str, set[str]] = {one: set(others) for one, others in edges.items()}
    for one, others in edges.items():
        for other in others:
            neighbours[other].add(one)
    seen: set[str] = set()
    groups = []
    for start in neighbours:
        if start in seen:
            continue
        group, stack = [], [start]
        seen.add(start)
        while stack:
            one = stack.pop()
            group.append(one)
            for other in neighbours[one] - seen:
                seen.add(other)
                stack.append(other)
        groups.append(group)
    return groups
