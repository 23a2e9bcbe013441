"""The activity classifier learned from decisions: each from the work on record before its quarter, none seen with an estimate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pandas as pd

from db.records import ModelVersion
from inference.activity import LEAST_PEOPLE, ActivityClassifier, fit_activity
from inference.activity_features import activity_features
from inference.activity_items import ledger_record
from inference.attribution import attribute
from inference.decided import cutoff_before
from inference.frames import Frames
from inference.tagging import tag_work
from rubrics import Standard

__all__ = ["decision_features", "learn_activity", "with_classifier"]


def learn_activity(
    standard: Standard, frames_at: Callable[[datetime], Frames], decided: pd.DataFrame
) -> ActivityClassifier | None:
    """The classifier, or None under 50 people decided on, or where work tells nothing of their levels. decided: `decided_levels`."""
    blind = decided[~decided["saw_estimate"].astype(bool)]
    if blind["person"].nunique() < LEAST_PEOPLE:
        return None
    features, labels = decision_features(standard, frames_at, blind)
    return fit_activity(features, labels["level"], labels["key"])


def decision_features(
    standard: Standard, frames_at: Callable[[datetime], Frames], decided: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Features (`activity_features`), and person, key, skill, level beside them: one row per decision on somebody with work of the skill on record.

    frames_at: the frames as of a moment: nothing later than the quarter before a decision is read for it, reverts included.
    """
    found, labels = [], []
    dated = decided.assign(cutoff=cutoff_before(decided["decided_at"]))
    for cutoff, rows in dated.groupby("cutoff", sort=True):
        moment = pd.Timestamp(str(cutoff)).to_pydatetime()
        frames = frames_at(moment).uncontested()
        attribution = attribute(frames.evidence, frames.participations, frames.reverts, frames.reviewed)
        record = ledger_record(attribution, tag_work(standard, attribution))
        asked = rows[["person", "skill", "level"]].rename(columns={"skill": "area"})
        asked = asked.merge(frames.people[["person", "key"]], on="person")
        shown = set(zip(record.people.take(record.person), record.areas.take(record.area), strict=True))
        pairs = zip(asked["person"], asked["area"], strict=True)
        asked = asked[[pair in shown for pair in pairs]].reset_index(drop=True)
        found.append(activity_features(record, asked, as_of=moment))
        labels.append(asked.rename(columns={"area": "skill"}))
    return pd.concat(found, ignore_index=True), pd.concat(labels, ignore_index=True)


def with_classifier(frames: Frames, classifier: ActivityClassifier | None, rubric: str, as_of: datetime) -> Frames:
    """The frames as they would be with this classifier and no other; rubric: hash of the standard."""
    held = None if classifier is None else classifier.as_mapping()
    if frames.model is not None:
        return replace(
            frames, model=replace(frames.model, coefficients={**frames.model.coefficients, "activity": held})
        )
    if held is None:
        return frames
    version = ModelVersion("activity", rubric, as_of, as_of, {"activity": held}, {}, {})
    return replace(frames, model=version)
