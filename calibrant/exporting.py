"""Canonical export of assessments: level distributions by HR id, in alphabetical order and never as a ranking."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from calibrant.assessing import readable_run
from db.ledger import Ledger
from db.records import Purpose

__all__ = ["assessment_rows"]


def assessment_rows(ledger: Ledger, purpose: Purpose, *, now: datetime) -> Iterator[dict[str, object]]:
    """One mapping per person and skill of the purpose's latest run. Raters, and results without one of them, are left out."""
    run = readable_run(ledger, purpose, now=now)
    people = ledger.people(as_of=now, known_at=now)
    key = dict(zip(people["person"], people["key"], strict=True))
    for one in sorted(ledger.assessments(run.id), key=lambda one: (str(key.get(one.person, one.person)), one.skill)):
        yield {
            "run": run.id,
            "purpose": purpose.value,
            "as_of": run.as_of.isoformat(),
            "standard": run.rubric_hash,
            "model": run.model,
            "person": key.get(one.person, one.person),
            "skill": one.skill,
            "state": one.state.value,
            "probabilities": list(one.probabilities),
            "level_set": list(one.level_set),
            "set_mass": one.set_mass,
            "modal": one.modal,
            "high_confidence": one.high_confidence,
            "theta": one.theta,
            "theta_sd": one.theta_sd,
            "sources": list(one.sources),
            "reasons": list(one.reasons),
        }
