"""Everything is a rating by a rater: human ratings and the machine's grading in one frame for the model."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

import rubrics
from inference.attribution import Attribution, attribute
from inference.facts import RATING_FACTS, read_measures
from inference.frames import Frames
from inference.measures import Grading, grade
from inference.ratings import human_ratings
from inference.recency import recency_weight
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
    "rater_class",
]


@dataclass(frozen=True, slots=True)
class Observed:
    """observations: person, skill, item, rater, source, scale, score (from `lowest`, which is 0), categories, at_least (the
    score is a floor), weight, rater_class: the model's input, self-ratings left out. ratings: `human_ratings`, self-ratings included.
    """

    observations: pd.DataFrame
    ratings: pd.DataFrame
    attribution: Attribution
    tags: pd.DataFrame
    grading: Grading


def observe(standard: Standard, frames: Frames, *, as_of: datetime) -> Observed:
    """Observations of everybody in the roster, from the frames, under one standard."""
    frames = frames.uncontested()
    attribution = attribute(frames.evidence, frames.participations, frames.reverts)
    tags = _tags(standard, frames.evidence, attribution)
    grading = grade(
        standard,
        attribution,
        tags,
        frames.people,
        frames.employments,
        frames.teams(as_of),
        frames.absences,
        as_of=as_of,
    )
    ratings = human_ratings(frames.evidence, frames.participations, tags)
    ratings = ratings[ratings["person"].isin(frames.people["person"])].reset_index(drop=True)
    observations = pd.concat(
        [_from_humans(standard, ratings, as_of), _from_machines(grading.machine)], ignore_index=True
    )
    observations = observations.sort_values(_COLUMNS[:5], kind="stable").reset_index(drop=True)
    return Observed(observations, ratings, attribution, tags, grading)


def _tags(standard: Standard, evidence: pd.DataFrame, attribution: Attribution) -> pd.DataFrame:
    """evidence, skill. Work is tagged by what was written (paths, imports, tools, labels, source), ratings by what they name."""
    changes = attribution.changes.reset_index()[["evidence", "paths", "imports", "tools", "labels", "source"]]
    rated = evidence[~evidence["evidence"].isin(attribution.changes.index)]
    facts = read_measures(rated["measures"], RATING_FACTS)
    named = pd.DataFrame(
        {"evidence": rated["evidence"], "competency": facts["competency"].fillna(facts["skill"]), "item": facts["item"]}
    )
    tags = pd.concat([rubrics.tag(standard, changes), rubrics.tag(standard, named)], ignore_index=True)
    return tags.astype({"skill": "str"})


def _from_humans(standard: Standard, ratings: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    heard = ratings[~ratings["is_self"]]
    lives = (
        heard["skill"].map({skill: standard.half_life(skill) for skill in standard.skills}).to_numpy(dtype=np.float64)
    )
    weight = recency_weight(heard["occurred_at"], as_of=as_of, half_life_months=lives)
    return heard.assign(
        scale=heard["format"], weight=np.maximum(weight, 1e-6), rater_class="human", at_least=False, lowest=0
    )[_COLUMNS]


def _from_machines(machine: pd.DataFrame) -> pd.DataFrame:
    shown = machine[machine["observed"].astype(bool)]
    return shown.assign(
        scale=shown["format"], weight=1.0, rater_class="machine", at_least=shown["censored"].astype(bool), lowest=0
    )[_COLUMNS]
