"""What an erasure does to what has been inferred: the latest runs inferred again without it, and how they differ."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from calibrant.assessing import read_frames
from calibrant.registered import model_of
from db.ledger import Ledger
from db.records import Assessment, Purpose, Run
from inference.engine import infer
from rubrics import Standard

__all__ = ["Change", "Consequences", "consequences"]


@dataclass(frozen=True, slots=True)
class Change:
    """Another state or another 90 % set of levels. before and after in words; person by opaque id."""

    purpose: Purpose
    person: str
    skill: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Consequences:
    """changes: results that read differently now. slight: how many others changed in their figures only."""

    changes: tuple[Change, ...]
    slight: int


def consequences(
    ledger: Ledger, affected: Collection[str], *, on_step: Callable[[int, str], None] | None = None
) -> Consequences:
    """Infers again, as of the same day, the latest run of each purpose that is among the affected; stores nothing."""
    latest = [run for run in (ledger.latest_run(purpose) for purpose in Purpose) if run is not None]
    changes: list[Change] = []
    slight = 0
    for number, run in enumerate(run for run in latest if run.id in set(affected)):
        if on_step is not None:
            on_step(number, run.purpose.value)
        before = {(one.person, one.skill): one for one in ledger.assessments(run.id)}
        after = {(one.person, one.skill): one for one in _again(ledger, run)}
        for pair in sorted(before.keys() | after.keys()):
            was, now = _words(before.get(pair)), _words(after.get(pair))
            if was != now:
                changes.append(Change(run.purpose, *pair, was, now))
            else:
                slight += before[pair] != after[pair]
    return Consequences(tuple(changes), slight)


def _again(ledger: Ledger, run: Run) -> tuple[Assessment, ...]:
    model = model_of(ledger, run)
    frames = read_frames(ledger, run.purpose, as_of=run.as_of, known_at=run.known_at, model=model)
    standard = Standard.from_text(ledger.rubric_text(run.rubric_hash))
    return tuple(infer(standard, frames, as_of=run.as_of).assessments)


def _words(one: Assessment | None) -> str:
    return f"{one.state.value} {one.level_set[0]}-{one.level_set[1]}" if one else "nothing"
