"""Assesses everybody for each purpose: reads the ledger, infers, stores the run; replays a stored one."""

from __future__ import annotations

import hashlib
import json
import platform
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any, Final

import rubrics
from calibrant.registered import model_for, model_of, model_text, not_used
from db.errors import Refusal
from db.ledger import Ledger
from db.records import Assessment, ModelVersion, Purpose, Run, State
from inference.engine import Inference, infer
from inference.frames import Frames
from rubrics import Standard

__all__ = ["Assessed", "assess_purposes", "read_frames", "readable_run", "replay"]

_PINS: Final = ("numpy", "scipy", "pandas", "pyarrow", "scikit-learn")


@dataclass(frozen=True, slots=True)
class Assessed:
    """What one purpose's run came to. states: number of assessments per state word. model: what it was inferred with."""

    purpose: Purpose
    run: str
    model: str
    people: int
    evidence: int
    states: Mapping[str, int]
    warnings: tuple[str, ...]
    state_names: tuple[str, ...] = tuple(state.value for state in State)


def read_frames(
    ledger: Ledger,
    purpose: Purpose | None,
    *,
    as_of: datetime,
    known_at: datetime,
    model: ModelVersion | None = None,
) -> Frames:
    """All that inference reads, for one purpose. model: the registered version to infer with, see `calibrant.registered`."""
    contested = {one.target for one in ledger.disputes(known_at=known_at) if one.state in ("open", "upheld")}
    return Frames(
        evidence=ledger.evidence(as_of=as_of, known_at=known_at, purpose=purpose),
        participations=ledger.participations(as_of=as_of, known_at=known_at, purpose=purpose),
        reverts=ledger.reverts(as_of=as_of, known_at=known_at),
        reviewed=ledger.reviewed(as_of=as_of, known_at=known_at),
        people=ledger.people(as_of=as_of, known_at=known_at),
        employments=ledger.employments(known_at=known_at),
        memberships=ledger.memberships(known_at=known_at),
        absences=ledger.absences(known_at=known_at),
        contested=frozenset(contested),
        standard_settings=tuple(ledger.standard_settings(known_at=known_at)),
        model=model,
    )


def assess_purposes(
    ledger: Ledger,
    where: str,
    *,
    purposes: Sequence[Purpose],
    as_of: datetime,
    known_at: datetime,
    on_step: Callable[[int, str], None] | None = None,
) -> list[Assessed]:
    """One run per purpose, each from the sources that grant it. Purposes that may read the same sources share the inference."""
    standard = rubrics.load(where)
    ledger.save_rubric(hash=standard.hash, name=standard.name, version=standard.version, text=standard.text())
    grants = ledger.granting(known_at=known_at)
    shared: dict[tuple[str, ...], Inference] = {}
    done = []
    for number, purpose in enumerate(purposes):
        if on_step is not None:
            on_step(number, purpose.value)
        sources = tuple(sorted(source for source, granted in grants.items() if purpose in granted))
        model = model_for(ledger, purpose, standard.hash, known_at=known_at)
        if sources not in shared:
            frames = read_frames(ledger, purpose, as_of=as_of, known_at=known_at, model=model)
            shared[sources] = infer(standard, frames, as_of=as_of)
        inference = shared[sources]
        run = _run(inference, standard, purpose, model, as_of, known_at)
        ledger.save_run(run, inference.assessments, inference.citations, inference.posteriors)
        done.append(_assessed(run, inference, sources, not_used(ledger, purpose, model, known_at=known_at)))
    return done


def _run(
    inference: Inference,
    standard: Standard,
    purpose: Purpose,
    model: ModelVersion | None,
    as_of: datetime,
    known_at: datetime,
) -> Run:
    results = hashlib.sha256(repr(inference.assessments).encode()).hexdigest()
    details = {
        "results_hash": results,
        **inference.details,
        "pins": {"python": platform.python_version(), **{name: version(name) for name in _PINS}},
    }
    words = model_text(model)
    identity = [purpose.value, as_of.isoformat(), known_at.isoformat(), standard.hash, words, details]
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"))
    return Run(hashlib.sha256(text.encode()).hexdigest()[:32], purpose, as_of, known_at, standard.hash, words, details)


def _assessed(run: Run, inference: Inference, sources: tuple[str, ...], *more: str) -> Assessed:
    counts: Any = inference.details["counts"]
    warnings = [*inference.warnings, *(text for text in more if text)]
    if not sources:
        warnings.append(f"no source may be read for {run.purpose.value}: grant it with `calibrant sources grant`")
    states = Counter(assessment.state.value for assessment in inference.assessments)
    return Assessed(run.purpose, run.id, run.model, counts["people"], counts["evidence"], states, tuple(warnings))


def readable_run(ledger: Ledger, purpose: Purpose, *, now: datetime) -> Run:
    """The purpose's latest run, for a report. Raises Refusal if there is none, or if a source it read may no longer be read."""
    run = ledger.latest_run(purpose)
    if run is None:
        raise Refusal(f"nothing has been assessed for {purpose.value} yet", remedy="run `calibrant assess` first")
    read, may = (
        {source for source, granted in ledger.granting(known_at=moment).items() if purpose in granted}
        for moment in (run.known_at, now)
    )
    if read - may:
        names = sorted(status.source.name for status in ledger.sources() if status.source.id in read - may)
        raise Refusal(
            f"the latest run read what may no longer be read for {purpose.value}",
            where=", ".join(names),
            remedy="run `calibrant assess` again",
        )
    return run


def replay(ledger: Ledger, run_id: str) -> list[str]:
    """Infers a stored run again from the ledger; what differs, in words (empty: the same, byte for byte)."""
    stored = next((run for run in ledger.runs() if run.id == run_id), None)
    if stored is None:
        raise Refusal("no such run", where=run_id, remedy="`calibrant assess` prints the ids of its runs")
    standard = Standard.from_text(ledger.rubric_text(stored.rubric_hash))
    model = model_of(ledger, stored)
    frames = read_frames(ledger, stored.purpose, as_of=stored.as_of, known_at=stored.known_at, model=model)
    inference = infer(standard, frames, as_of=stored.as_of)
    run = _run(inference, standard, stored.purpose, model, stored.as_of, stored.known_at)
    differences = _differences(ledger.assessments(run_id), inference.assessments)
    if run.id != run_id and not differences:
        differences.append("the assessments are the same, but not the observations or the environment behind them")
    if differences:
        erased = ledger.erased_citations(run_id)
        differences += [f"cited evidence erased since: {evidence}" for evidence in erased]
    return differences


def _differences(before: Sequence[Assessment], after: Sequence[Assessment]) -> list[str]:
    old = {(one.person, one.skill): one for one in before}
    new = {(one.person, one.skill): one for one in after}
    said = []
    for pair in sorted(old.keys() | new.keys()):
        was, now = old.get(pair), new.get(pair)
        if was != now:
            words = [
                f"{one.state.value} {one.level_set[0]}-{one.level_set[1]}" if one else "absent" for one in (was, now)
            ]
            said.append(f"{pair[0]} {pair[1]}: was {words[0]}, is {words[1]}")
    return said
