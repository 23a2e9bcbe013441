"""Fits a stored run's evidence again, looks at its raters, and writes the facilitator's report or one rater's own page.

Neither is stored in the ledger: what is said of raters is made when it is asked for, from what the run could read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from calibrant.assessing import read_frames
from calibrant.registered import model_of
from calibrant.report_files import Written, person_named, reported_run, safe_name, write_text
from calibrant.reports import rater_page, raters, render
from calibrant.reports.evidence_text import day_text
from calibrant.reports.rater_tables import raters_csv
from calibrant.reports.suppression import MINIMUM_CELL
from calibrant.standards import standard_text
from db.ledger import Ledger
from db.records import Purpose, Run
from inference.decided import cutoff_before, decided_levels
from inference.diagnostics import Diagnostics, diagnose
from inference.drift import ItemShift, decision_cusum, evidence_shift, item_functioning, rater_drift
from inference.fitting import Fit, fit
from inference.frames import Frames
from inference.learning import served
from inference.levels import PROBABILITIES
from inference.observations import observe
from inference.predictions import labelled_predictions, predictions_before
from inference.roster_groups import RosterGroups, roster_groups
from inference.versions import recalibration_in
from rubrics import Standard

__all__ = ["write_rater_page", "write_raters"]

_WATCHED_DAYS = 731
_LEAST_DECISIONS = 10


@dataclass(frozen=True, slots=True)
class _Looked:
    """A run fitted again, with who sat where."""

    run: Run
    standard: Standard
    fit: Fit
    groups: RosterGroups
    diagnostics: Diagnostics | None
    drift: pd.DataFrame


def write_raters(ledger: Ledger, folder: Path, *, now: datetime, department: str = "Department") -> Written:
    """The report about all raters, in which there is no rater."""
    seen = _look(ledger, now)
    shifts, since = _shifts(ledger, seen)
    head = ledger.head()
    built = raters.build(
        raters.RatersInputs(
            department=department,
            standard=standard_text(seen.standard),
            run=seen.run,
            diagnostics=seen.diagnostics,
            drift=seen.drift,
            items=item_functioning(seen.fit, seen.groups),
            shifts=shifts,
            since=since,
            forecasts=_forecasts(ledger, seen),
            validity=seen.fit.validity,
            repositories=_repositories(ledger),
            generated_at=now,
            audit_head=head,
        )
    )
    folder.mkdir(parents=True, exist_ok=True)
    files = (
        write_text(folder / "raters.html", render.raters_html(built)),
        write_text(folder / "raters.json", render.json_text(built)),
        write_text(folder / "raters.csv", raters_csv(built)),
    )
    return Written(files, seen.run.id, head)


def write_rater_page(ledger: Ledger, rater: str, folder: Path, *, now: datetime) -> Written:
    """One rater's own page. rater: HR id or opaque id of a person in the roster."""
    found, key, name = person_named(ledger, rater, now)
    seen = _look(ledger, now)
    head = ledger.head()
    built = rater_page.build(
        rater_page.RaterPageInputs(
            rater=found,
            rater_key=key,
            rater_name=name,
            standard=standard_text(seen.standard),
            run=seen.run,
            diagnostics=seen.diagnostics,
            drift=seen.drift,
            generated_at=now,
            audit_head=head,
        )
    )
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"rater-{safe_name(key)}"
    files = (
        write_text(folder / f"{stem}.html", render.rater_page_html(built)),
        write_text(folder / f"{stem}.json", render.json_text(built)),
    )
    return Written(files, seen.run.id, head)


def _look(ledger: Ledger, now: datetime) -> _Looked:
    run, standard = reported_run(ledger, Purpose.PROMOTION, now)
    frames = read_frames(ledger, run.purpose, as_of=run.as_of, known_at=run.known_at)
    found = fit(standard, frames, as_of=run.as_of)
    groups = roster_groups(frames, as_of=run.as_of)
    rng = np.random.default_rng(int(run.id, 16))
    return _Looked(run, standard, found, groups, diagnose(found, groups, rng=rng), rater_drift(found))


def _shifts(ledger: Ledger, seen: _Looked) -> tuple[tuple[ItemShift, ...] | None, str]:
    """Marks beside those of the last run of this purpose and standard whose evidence ends earlier, and the day it ends."""
    earlier = [
        one
        for one in ledger.runs()
        if one.purpose is seen.run.purpose
        and one.as_of < seen.run.as_of
        and one.rubric_hash == seen.run.rubric_hash
        and not ledger.erased_citations(one.id)
    ]
    if not earlier:
        return None, ""
    last = max(earlier, key=lambda one: (one.as_of, one.known_at, one.id))
    frames = read_frames(ledger, last.purpose, as_of=last.as_of, known_at=last.known_at)
    before = observe(seen.standard, frames, as_of=last.as_of)
    return evidence_shift(before, seen.fit.observed), day_text(last.as_of.date())


def _forecasts(ledger: Ledger, seen: _Looked) -> pd.DataFrame | None:
    """The cumulative sum over the decisions of the last two years, each foretold from before its quarter; None with fewer than ten, or
    about fewer than five people.

    Foretold as the run's model version would have, so that calibrating again can end an alarm.

    Decisions taken in sight of an estimate are no test of one and are left out.
    """

    def frames_at(moment: datetime) -> Frames:
        return read_frames(ledger, seen.run.purpose, as_of=moment, known_at=seen.run.known_at)

    decided = decided_levels(seen.standard, frames_at(seen.run.as_of), ledger.decisions())
    since = pd.Timestamp(seen.run.as_of) - pd.Timedelta(days=_WATCHED_DAYS)
    within = (decided["decided_at"] > since) & (decided["decided_at"] <= pd.Timestamp(seen.run.as_of))
    decided = decided[within & ~decided["saw_estimate"].astype(bool)]
    if len(decided) < _LEAST_DECISIONS:
        return None
    moments = sorted({one.to_pydatetime() for one in cutoff_before(decided["decided_at"])})
    found = labelled_predictions(predictions_before(seen.standard, frames_at, moments), decided)
    found = served(found, recalibration_in(model_of(ledger, seen.run)))
    found = found.sort_values(["decided_at", "person", "skill"], kind="stable")
    if found["person"].nunique() < MINIMUM_CELL or len(found) < _LEAST_DECISIONS:
        return None
    return decision_cusum(found[PROBABILITIES].to_numpy(), found["level"], found["decided_at"], found["person"])


def _repositories(ledger: Ledger) -> dict[str, str]:
    """Machine rater -> name of the source it grades."""
    return {
        f"machine:git/{key}": one.source.name
        for one in ledger.sources()
        for key in (one.source.id, one.source.lineage)
        if key
    }
