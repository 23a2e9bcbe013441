"""What the model would have said before each decision: everybody's levels from evidence that holds no decision and nothing later.

Decisions are grouped by quarter: one fit stands for all decisions of a quarter and reads only what happened before the
quarter began. Cutpoints, severities and the population come from that fit too, so that no decision, and no rating
made after one, plays a part in its own prediction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd

from db.records import State
from inference.activity import ActivityClassifier
from inference.activity_learning import with_classifier
from inference.decided import cutoff_before, without_decisions
from inference.fitting import Fit, fit
from inference.frames import Frames
from inference.levels import PROBABILITIES
from inference.states import Reading, state_of
from models.cutpoints import level_set
from rubrics import Standard

__all__ = ["labelled_predictions", "level_table", "predictions_before"]


def predictions_before(
    standard: Standard,
    frames_at: Callable[[datetime], Frames],
    moments: Sequence[datetime],
    *,
    activity: ActivityClassifier | None = None,
    on_step: Callable[[int, str], None] | None = None,
) -> pd.DataFrame:
    """`level_table` of everybody at each moment (column cutoff), without recalibration, from evidence without decisions.

    frames_at: the frames as of a moment. activity: the classifier of the version being learned, whose folds keep a person's own decision out. Moments are taken in order; people without any evidence are listed too.
    """
    tables = []
    for number, moment in enumerate(sorted(moments)):
        if on_step is not None:
            on_step(number, moment.date().isoformat())
        frames = without_decisions(replace(frames_at(moment), model=None))
        frames = with_classifier(frames, activity, standard.hash, moment)
        found = level_table(standard, frames, fit(standard, frames, as_of=moment))
        tables.append(found.assign(cutoff=pd.Timestamp(moment)))
    return pd.concat(tables, ignore_index=True)


def level_table(standard: Standard, frames: Frames, found: Fit) -> pd.DataFrame:
    """One row per person of the roster and skill, sorted. Columns: person, key (as the roster names them), skill, p1 .. p5,
    theta, sd, prior_sd, raters, human_raters, low, high (the 90 % set), mass (its probability), inferred (conflicts apart).
    """
    rows = found.observed.observations
    spoke = rows.groupby(["person", "skill"], observed=True)["rater"].nunique()
    humans = rows[rows["rater_class"] == "human"].groupby(["person", "skill"], observed=True)["rater"].nunique()
    counts = spoke.to_dict(), humans.to_dict()
    keys = dict(zip(frames.people["person"].astype(str), frames.people["key"].astype(str), strict=True))
    table = []
    for person in sorted(keys):
        for skill in sorted(standard.skills):
            ability = found.levels.ability(person, skill)
            low, high, mass = level_set(ability.probabilities)
            raters, human = (int(count.get((person, skill), 0)) for count in counts)
            reduction = 1.0 - ability.sd**2 / ability.prior_sd**2
            state, _ = state_of(Reading(raters, human, reduction, (low, high)))
            said = ability.theta, ability.sd, ability.prior_sd, raters, human, low, high, mass, state is State.INFERRED
            table.append((person, keys[person], skill, *ability.probabilities, *said))
    columns = ["person", "key", "skill", *PROBABILITIES, "theta", "sd", "prior_sd", "raters", "human_raters"]
    return pd.DataFrame(table, columns=[*columns, "low", "high", "mass", "inferred"])


def labelled_predictions(predictions: pd.DataFrame, decided: pd.DataFrame) -> pd.DataFrame:
    """The predictions with the level decided after them (column level), one row per person, skill and quarter.

    decided: `decided_levels`. Of several decisions in a quarter the first stands; one taken without sight of an estimate comes
    before one taken with it. Columns of both; people who were not in the roster yet drop out.
    """
    dated = decided.assign(cutoff=cutoff_before(decided["decided_at"]) if len(decided) else decided["decided_at"])
    order = ["person", "skill", "cutoff", "saw_estimate", "decided_at", "panel"]
    first = dated.sort_values(order, kind="stable").drop_duplicates(["person", "skill", "cutoff"])
    joined = predictions.merge(first, on=["person", "skill", "cutoff"], how="inner")
    joined["level"] = joined["level"].astype(np.int64)
    return joined.sort_values(["person", "skill", "cutoff"], kind="stable").reset_index(drop=True)
