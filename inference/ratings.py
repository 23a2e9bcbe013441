"""Human ratings as observations: 360 answers, interview scorecards, past decisions.

A human is one rater wherever they rate. Self-ratings are read (people may see them beside the result) but are never
observations: they cannot change a byte of the headline. Nor are decisions that were taken with this program's estimate in sight: they
would give the estimate back to itself as one more independent rater.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from db.records import LEVELS, Kind, ParticipationRole
from inference.facts import RATING_FACTS, read_measures
from inference.vignettes import vignette_subjects

__all__ = ["MAX_CATEGORIES", "RATED_KINDS", "heard", "human_ratings"]

MAX_CATEGORIES: Final = 10
"""Finer response scales are cut into five equal parts."""

_KINDS: Final = {
    Kind.RATING.value: "feedback360",
    Kind.SCORECARD_RATING.value: "scorecards",
    Kind.DECISION.value: "decisions",
}
RATED_KINDS: Final = tuple(_KINDS)
"""Kinds of evidence that are ratings by people."""

_RELATION: Final = {"feedback360": "other", "scorecards": "interviewer", "decisions": "panel"}


def human_ratings(evidence: pd.DataFrame, participations: pd.DataFrame, tags: pd.DataFrame) -> pd.DataFrame:
    """One row per rating of one person on one item of one skill.

    tags: evidence, skill. Columns: evidence, person, skill, item, rater, relation, source (feedback360 | scorecards |
    decisions), format (source and response scale: thresholds are per format), score (category from 0), categories,
    anchored (the categories are the five levels), stated_level, occurred_at, saw_estimate, is_self. Vignettes stand
    as persons named by `vignettes.PREFIX` and their code.
    """
    rated = evidence[evidence["kind"].isin(list(_KINDS))].sort_values("evidence", kind="stable").reset_index(drop=True)
    facts = read_measures(rated["measures"], RATING_FACTS)
    rows = pd.concat([rated[["evidence", "kind", "occurred_at"]], facts], axis=1)
    rows = rows.merge(tags[["evidence", "skill"]].rename(columns={"skill": "tagged"}), on="evidence")
    rows["skill"] = rows["tagged"]
    rows["source"] = rows["kind"].map(_KINDS)
    subjects = _who(participations, ParticipationRole.SUBJECT, "person")
    rows = rows.merge(pd.concat([subjects, vignette_subjects(rows["evidence"], rows["vignette"])]), on="evidence")
    rows = rows.merge(_rater(participations), on="evidence")
    rows["score"] = rows["score"].fillna(rows["level"]).astype(float)
    rows["scale_min"] = rows["scale_min"].fillna(1.0).astype(float)
    rows["scale_max"] = rows["scale_max"].fillna(float(LEVELS)).astype(float)
    rows = rows[rows["score"].notna() & (rows["scale_max"] > rows["scale_min"])].reset_index(drop=True)
    rows["relation"] = rows["relationship"].fillna(rows["source"].map(_RELATION)).astype("string")
    rows["is_self"] = (rows["rater"] == rows["person"]) | (rows["relation"] == "self")
    rows["relation"] = rows["relation"].where(~rows["is_self"], "self")
    rows["saw_estimate"] = rows["saw_estimate"].fillna(False).astype(bool)
    name = rows["item"].fillna(rows["competency"]).fillna(rows["skill"]).astype("string")
    rows["item"] = rows["source"] + "/" + rows["skill"] + "/" + name
    rows = _categories(rows)
    columns = ["evidence", "person", "skill", "item", "rater", "relation", "source", "format", "score", "categories"]
    columns += ["anchored", "stated_level", "occurred_at", "saw_estimate", "is_self"]
    return (
        rows[columns]
        .sort_values(["person", "skill", "item", "rater", "evidence"], kind="stable")
        .reset_index(drop=True)
    )


def heard(ratings: pd.DataFrame) -> pd.Series:
    """Which rows of `human_ratings` are observations: nobody's of themselves, and none given in sight of an estimate."""
    return ~ratings["is_self"].astype(bool) & ~ratings["saw_estimate"].astype(bool)


def _who(participations: pd.DataFrame, role: ParticipationRole, name: str) -> pd.DataFrame:
    rows = participations[(participations["role"] == role.value) & participations["person"].notna()]
    return rows[["evidence", "person"]].drop_duplicates("evidence").rename(columns={"person": name})


def _rater(participations: pd.DataFrame) -> pd.DataFrame:
    rows = participations[participations["role"] == ParticipationRole.RATER.value].drop_duplicates("evidence")
    return pd.DataFrame({"evidence": rows["evidence"], "rater": rows["person"].fillna(rows["identity"])})


def _categories(rows: pd.DataFrame) -> pd.DataFrame:
    """Score -> category from 0, on the response scale as a whole: its step is 1, .5, or a fifth of the range."""
    low, high = rows["scale_min"].to_numpy(), rows["scale_max"].to_numpy()
    score = np.clip(rows["score"].to_numpy(), low, high)
    scale = rows["source"] + " " + _number(low) + "-" + _number(high)
    others = ~rows["is_self"].to_numpy()  # how people mark themselves does not tell how the form is marked
    step = _steps(score - low, scale, others)
    categories = np.rint((high - low) / step).astype(int) + 1
    wide = categories > MAX_CATEGORIES
    category = np.where(
        wide, np.minimum((score - low) / (high - low) * LEVELS, LEVELS - 1), np.rint((score - low) / step)
    )
    rows["score"] = category.astype(int)
    rows["categories"] = np.where(wide, LEVELS, categories)
    rows["format"] = scale + " in " + rows["categories"].astype("string")
    rows["anchored"] = (low == 1) & (high == LEVELS) & (rows["categories"] == LEVELS)
    level = 1 + rows["score"] * (LEVELS - 1) / (rows["categories"] - 1)
    rows["stated_level"] = np.rint(level).astype(int)
    return rows


def _number(values: NDArray[np.float64]) -> pd.Series:
    return pd.Series([f"{value:g}" for value in values], dtype="string")


def _steps(offset: NDArray[np.float64], scale: pd.Series, heard: NDArray[np.bool_]) -> NDArray[np.float64]:
    """1 where every score heard on a response scale is whole, else .5."""
    split = heard & ~np.isclose(offset, np.rint(offset))
    return np.where(scale.isin(scale[split].unique()).to_numpy(dtype=bool), 0.5, 1.0)
