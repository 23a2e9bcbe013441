"""Everything is a rating by a rater: human ratings and the machine's grading in one frame for the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from inference.activity_items import activity_items, classifier_of, ledger_record, with_activity
from inference.attribution import Attribution, attribute
from inference.frames import Frames
from inference.measures import Grading, grade
from inference.ratings import RATED_KINDS, heard, human_ratings
from inference.recency import quarter_of, recency_weight
from inference.tagging import tag_ratings, tag_work, unplaced
from inference.vignettes import is_vignette
from rubrics import Standard

__all__ = ["Observed", "observe"]

_COLUMNS = [
    "person",
    "skill",
    "item",
    "rater",
    "source",
    "scale",
    "score",
    "categories",
    "lowest",
    "at_least",
    "weight",
    "discount",
    "rater_class",
    "quarter",
]


@dataclass(frozen=True, slots=True)
class Observed:
    """observations: person, skill, item, rater, source, scale, score (from `lowest`, which is 0), categories, at_least (the
    score is a floor), weight, discount (of age), rater_class: the model's input, only ratings that are `heard`; and the quarter a human
    rating belongs to ("2026Q1", UTC; "" for a machine's, see `inference.quarters`). ratings: `human_ratings`, all of them. unplaced: number of ratings per name that no skill of the standard takes. vignettes: `human_ratings` of
    vignettes, which are among the observations too.
    """

    observations: pd.DataFrame
    ratings: pd.DataFrame
    attribution: Attribution
    grading: Grading
    unplaced: Mapping[str, int]
    vignettes: pd.DataFrame


def observe(standard: Standard, frames: Frames, *, as_of: datetime) -> Observed:
    """Observations of everybody in the roster, from the frames, under one standard."""
    frames = frames.uncontested()
    attribution = attribute(frames.evidence, frames.participations, frames.reverts, frames.reviewed)
    work_tags = tag_work(standard, attribution)
    grading = grade(
        standard,
        attribution,
        work_tags,
        frames.people,
        frames.employments,
        frames.teams(as_of),
        frames.absences,
        as_of=as_of,
    )
    rated = frames.evidence[frames.evidence["kind"].isin(RATED_KINDS)]
    tags = tag_ratings(standard, rated)
    ratings = human_ratings(rated, frames.participations, tags)
    vignettes = ratings[is_vignette(ratings["person"])].reset_index(drop=True)
    ratings = ratings[ratings["person"].isin(frames.people["person"])].reset_index(drop=True)
    observations = pd.concat(
        [
            _from_humans(standard, ratings, as_of),
            _from_humans(standard, vignettes, as_of).assign(discount=1.0),
            _from_machines(grading.machine),
        ],
        ignore_index=True,
    )
    classifier = classifier_of(frames)
    if classifier is not None:
        record = ledger_record(attribution, work_tags)
        items = activity_items(classifier, record, frames.people, grading.machine, as_of=as_of)
        observations = with_activity(observations, items)
    observations = observations.sort_values(_COLUMNS[:5], kind="stable").reset_index(drop=True)
    return Observed(observations, ratings, attribution, grading, unplaced(rated, tags), vignettes)


def _from_humans(standard: Standard, ratings: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    given = ratings[heard(ratings)]
    lives = (
        given["skill"].map({skill: standard.half_life(skill) for skill in standard.skills}).to_numpy(dtype=np.float64)
    )
    discount = recency_weight(given["occurred_at"], as_of=as_of, half_life_months=lives)
    return given.assign(
        scale=given["format"],
        weight=1.0,
        discount=np.maximum(discount, 1e-6),
        rater_class="human",
        at_least=False,
        lowest=0,
        quarter=quarter_of(given["occurred_at"]),
    )[_COLUMNS]


def _from_machines(machine: pd.DataFrame) -> pd.DataFrame:
    shown = machine[machine["observed"].astype(bool)]
    return shown.assign(
        scale=shown["format"],
        weight=1.0,
        discount=1.0,
        rater_class="machine",
        at_least=shown["censored"].astype(bool),
        lowest=0,
        quarter="",
    )[_COLUMNS]
