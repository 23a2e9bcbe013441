"""What would not be known without the evidence of one calendar quarter (UTC): the ground of leaving quarters out.

A human rating belongs to the quarter its evidence occurred in, and is gone without it. A machine grades a window of months as of
today, so a grade belongs to no quarter: without one, the measure is judged again on the work of all others. Does that reach
the same category, the grade stands; if it reaches a lower one, what the person did in the quarter left out is not known, and the
grade is "at least" that (the lowest says nothing). So leaving a quarter out never takes missing work for a lack of skill.
The activity classifier reads all work at once and cannot say what the rest would have shown: its word is gone without any quarter that
holds work of the person on the skill.
"""

from __future__ import annotations

from datetime import datetime

import pandas as pd

import rubrics
from inference.activity_items import SCALE
from inference.observations import Observed
from inference.recency import quarter_of
from inference.vignettes import is_vignette
from rubrics import Standard

__all__ = ["COLUMNS", "lessened"]

COLUMNS = ("rating", "person", "skill", "rater", "rater_class", "quarter", "at_least")


def lessened(standard: Standard, observed: Observed, *, as_of: datetime) -> pd.DataFrame:
    """Every observation of which a quarter takes something, by quarter: the columns of `COLUMNS`, sorted by rating and quarter.

    rating: its row in `Observed.observations`. quarter: "2026Q1". at_least: what is left of its category, a floor; 0: nothing.
    """
    rows = observed.observations.reset_index(names="rating")
    rows = rows[~is_vignette(rows["person"])]
    given = rows[rows["rater_class"] == "human"].assign(at_least=0)
    machine = rows[rows["rater_class"] == "machine"].drop(columns=["quarter", "at_least"])
    learned = machine["scale"] == SCALE
    graded = machine[~learned].merge(_regraded(standard, observed, as_of), on=["person", "skill", "item"])
    graded = graded[graded["at_least"] < graded["score"]]
    told = machine[learned].merge(_worked(observed), on=["person", "skill"]).assign(at_least=0)
    parts = [part[list(COLUMNS)] for part in (given, graded, told) if len(part)]
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(parts, ignore_index=True).sort_values(["rating", "quarter"], kind="stable").reset_index(drop=True)


def _regraded(standard: Standard, observed: Observed, as_of: datetime) -> pd.DataFrame:
    grading = observed.grading
    found = rubrics.evaluate_without_quarters(standard, grading.work, grading.opportunity, as_of=as_of)
    return found.rename(columns={"category": "at_least"})


def _worked(observed: Observed) -> pd.DataFrame:
    """person, skill, quarter: where there is work of a person on a skill."""
    work = observed.grading.work
    pairs = pd.DataFrame(
        {
            "person": work["person"].astype("str"),
            "skill": work["skill"].astype("str"),
            "quarter": quarter_of(work["occurred_at"]),
        }
    )
    return pairs.drop_duplicates()
