"""What calibration learns from decisions, from frames alone: labels, predictions made before them, recalibration, and who was looked at.

Pure: the same frames and decisions give the same result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd

from db.records import Decision
from inference.activity import ActivityClassifier
from inference.activity_learning import learn_activity, with_classifier
from inference.decided import cutoff_before, decided_levels, double_panelled
from inference.fitting import Fit, fit
from inference.frames import Frames
from inference.levels import PROBABILITIES
from inference.predictions import labelled_predictions, level_table, predictions_before
from inference.recalibration import LEAST_PEOPLE, LevelRecalibration, fold_of, learn_recalibration
from inference.selection import Selection, people_features, selection
from models.calibration import ConformalSets, fit_conformal
from rubrics import Standard

__all__ = ["Learned", "learn", "served"]

_ALPHA: Final = 0.1


@dataclass(frozen=True, slots=True)
class Learned:
    """labelled: predictions with the level decided after them, of everybody who had evidence before, without sight of an estimate.

    served: the same rows with the probabilities that held-out people get. apart: decisions taken with an estimate in
    sight, served likewise. conformal: sets about decisions. without: labels of people without evidence before them. doubles: cases that two panels decided.
    current: everybody today, as assessed (decisions count as ratings there). today: everybody today from evidence without
    decisions. fitted: behind `current`. activity: the classifier learned from the same decisions, or None.
    """

    decided: pd.DataFrame
    labelled: pd.DataFrame
    served: pd.DataFrame
    apart: pd.DataFrame
    without: int
    doubles: pd.DataFrame
    recalibration: LevelRecalibration | None
    conformal: ConformalSets | None
    selection: Selection
    current: pd.DataFrame
    today: pd.DataFrame
    fitted: Fit
    evidence: int
    activity: ActivityClassifier | None = None

    @property
    def people(self) -> int:
        """Labelled people that calibration could use."""
        return int(self.labelled["person"].nunique())

    @property
    def unlabelled(self) -> pd.DataFrame:
        """Rows of `today`, served, of pairs with evidence on which nobody decided."""
        known = set(self.labelled[["person", "skill"]].itertuples(index=False, name=None))
        pairs = self.today[["person", "skill"]].itertuples(index=False, name=None)
        new = np.array([pair not in known for pair in pairs], dtype=bool)
        return served(self.today[new & (self.today["raters"] > 0).to_numpy()], self.recalibration)

    def digest(self) -> str:
        """SHA-256 of what was learned from, to four decimals: tells one set of data from another."""
        parts = [self.labelled, self.apart, self.current]
        columns = ["skill", *PROBABILITIES, "theta", "sd"]
        texts = [
            part[[*columns, *(["level"] if "level" in part else [])]].round(4).to_csv(index=False, lineterminator="\n")
            for part in parts
        ]
        return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def learn(
    standard: Standard,
    frames_at: Callable[[datetime], Frames],
    recorded: Sequence[Decision] = (),
    *,
    as_of: datetime,
    on_step: Callable[[int, str], None] | None = None,
) -> Learned:
    """Learns from every decision up to `as_of`. frames_at: the ledger's frames as of a moment; recorded: the ledger's decisions."""
    frames = frames_at(as_of)
    told = [one for one in recorded if one.decided_at <= as_of]
    decided = decided_levels(standard, frames, told)
    cutoffs = sorted(set(cutoff_before(decided["decided_at"]))) if len(decided) else []
    moments = [*(moment.to_pydatetime() for moment in cutoffs), as_of]
    activity = learn_activity(standard, frames_at, decided)
    before = predictions_before(standard, frames_at, moments, activity=activity, on_step=on_step)
    joined = labelled_predictions(before, decided)
    evident = joined[joined["raters"] > 0]
    saw = evident["saw_estimate"].to_numpy(dtype=bool)
    labelled, apart = evident[~saw].reset_index(drop=True), evident[saw].reset_index(drop=True)
    recalibration = learn_recalibration(labelled)
    today = before[before["cutoff"] == pd.Timestamp(as_of)].reset_index(drop=True)
    frames = with_classifier(frames, activity, standard.hash, as_of)
    fitted = fit(standard, frames, as_of=as_of)
    return Learned(
        decided=decided,
        labelled=labelled,
        served=served(labelled, recalibration),
        apart=served(apart, recalibration),
        without=len(joined) - len(evident),
        doubles=double_panelled(decided),
        recalibration=recalibration,
        conformal=_conformal(served(labelled, recalibration)),
        selection=_selection(before, labelled, today),
        current=served(level_table(standard, frames, fitted), recalibration),
        today=today,
        fitted=fitted,
        evidence=len(frames.evidence),
        activity=activity,
    )


def served(rows: pd.DataFrame, recalibration: LevelRecalibration | None) -> pd.DataFrame:
    """The rows with p1 .. p5 as the people in them get them: by the coefficients that were learned without their fold."""
    if recalibration is None or rows.empty:
        return rows
    fold = np.array([fold_of(key) for key in rows["key"]], dtype=np.int64)
    new = recalibration.apply(fold, rows["skill"].tolist(), rows[PROBABILITIES].to_numpy(dtype=np.float64))
    return rows.assign(**dict(zip(PROBABILITIES, new.T, strict=True)))


def _conformal(rows: pd.DataFrame) -> ConformalSets | None:
    """Sets about decisions from held-out probabilities; None under 50 people. A person's own decisions move the cut by one rank."""
    if rows["person"].nunique() < LEAST_PEOPLE:
        return None
    probabilities, level = rows[PROBABILITIES].to_numpy(dtype=np.float64), rows["level"].to_numpy()
    return fit_conformal(probabilities, level, groups=rows["person"].to_numpy(), alpha=_ALPHA)


def _selection(before: pd.DataFrame, labelled: pd.DataFrame, today: pd.DataFrame) -> Selection:
    """The labelled as they were before their first decision, the others as they were at the middle one of those moments.

    What is known of somebody fades with time: compared at other moments, people would differ by the calendar alone.
    """
    first = labelled.sort_values("cutoff", kind="stable").drop_duplicates("person")[["person", "cutoff"]]
    then = before.merge(first, on=["person", "cutoff"])
    middle = first["cutoff"].sort_values().iloc[len(first) // 2] if len(first) else today["cutoff"].max()
    others = before[(before["cutoff"] == middle) & ~before["person"].isin(first["person"])]
    features = people_features(pd.concat([then, others], ignore_index=True))
    audited = set(labelled.loc[labelled["audit"], "person"].astype(str))
    return selection(features, set(first["person"].astype(str)), audited)
