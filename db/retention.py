"""Retention: what is older than its class allows is destroyed like anything erased, and does not come back."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from sqlalchemy import select

from db.engine import Store
from db.erasure import affected, destroy, destroy_artefacts
from db.errors import Refusal
from db.records import Retention
from db.results import RetentionReport
from db.tables import metadata
from db.transaction import Transaction

__all__ = ["run_retention"]

_evidence, _supersession, _decision = (metadata.tables[name] for name in ("evidence", "supersession", "decision"))
_DAY: Final = 86_400_000_000
_AT_ONCE: Final = 2_000


def run_retention(store: Store, policy: Mapping[Retention, int]) -> RetentionReport:
    """See `Ledger.run_retention`."""
    for retention, days in policy.items():
        if days < 1:
            raise Refusal(f"{Retention(retention).value} cannot be kept {days} days", remedy="give a day at least")
    destroyed: dict[str, int] = {}
    runs: set[str] = set()
    persons: set[str] = set()
    with store.writer() as connection:
        for retention, days in sorted(policy.items()):
            name = Retention(retention).value
            destroyed[name] = 0
            while True:
                versions, more_runs, more_persons = store.write(
                    "retention", partial(_expire, retention=name, days=days), connection
                )
                if not versions:
                    break
                destroyed[name] += versions
                runs |= more_runs
                persons |= more_persons
        decisions = 0
        if Retention.DECISION in policy:
            decisions = store.write(
                "retention", lambda unit: _expire_decisions(unit, policy[Retention.DECISION]), connection
            )
    return RetentionReport(destroyed, decisions, tuple(sorted(runs)), tuple(sorted(persons)))


def _expire(unit: Transaction, retention: str, days: int) -> tuple[int, set[str], set[str]]:
    """Destroy some artefacts whose current version is over age; (versions, runs, persons) affected."""
    replaced = select(_supersession.c.old).where(_supersession.c.old == _evidence.c.id).exists()
    artefacts = sorted(
        unit.connection.scalars(
            select(_evidence.c.artefact_id)
            .where(
                _evidence.c.retention == retention,
                _evidence.c.occurred_at < unit.now - days * _DAY,
                _evidence.c.content_hash.is_not(None),
                ~replaced,
            )
            .limit(_AT_ONCE)
        )
    )
    if not artefacts:
        return 0, set(), set()
    runs, persons = affected(unit, artefacts, without=None)
    versions, _ = destroy_artefacts(unit, artefacts)
    unit.detail |= {"retention": retention, "days": days, "artefacts": len(artefacts), "evidence": versions}
    return versions, runs, persons


def _expire_decisions(unit: Transaction, days: int) -> int:
    old = unit.connection.scalars(
        select(_decision.c.id).where(_decision.c.decided_at < unit.now - days * _DAY, _decision.c.payload.is_not(None))
    )
    destroyed = destroy(unit, "decision", sorted(old))
    unit.detail |= {"retention": Retention.DECISION.value, "days": days, "decisions": destroyed}
    return destroyed
