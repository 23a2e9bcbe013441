"""The activity classifier's word as a rating: one more graded item of source "git", by the machine that grades the other ones.

So it lies inside git's halo and its severity, counts for no rater more, leaves with git where git leaves a headline, and is bounded by what git is
bounded by. Its category is the median of the levels it predicts; how readily it says which level is the item's own difficulty and thresholds,
fitted with everything else, so the mix of levels it was trained on is not counted again. Together with git's other items it weighs at most
what two human raters of that skill do (`MOST_RATERS`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd

from db.records import LEVELS
from inference.activity import ActivityClassifier
from inference.activity_features import activity_features
from inference.activity_record import ActivityRecord
from inference.attribution import Attribution
from inference.frames import Frames
from inference.tagging import WorkTags

__all__ = ["ITEM", "MOST_RATERS", "SCALE", "activity_items", "classifier_of", "ledger_record", "with_activity"]

ITEM: Final = "activity"
"""Last part of the item's name: "<skill>/activity"."""

SCALE: Final = "activity levels"

MOST_RATERS: Final = 2
"""Git as a whole weighs no more than so many human raters."""

_MEDIAN: Final = 0.5


def classifier_of(frames: Frames) -> ActivityClassifier | None:
    """The classifier of the frames' model version, or None: then nothing here changes a byte."""
    held: Any = None if frames.model is None else frames.model.coefficients.get("activity")
    return None if held is None else ActivityClassifier.from_mapping(held)


def ledger_record(attribution: Attribution, tags: WorkTags) -> ActivityRecord:
    """Who had which part in which work of which skill. Work and reviews without substance, work undone later and work of nobody in the
    roster are left out. A change request, its reviews and their comments are one artefact.
    """
    changes, shares = attribution.changes, attribution.shares
    counts = (changes["substantive"] & changes["survived"]).to_numpy(dtype=bool)
    pairs = pd.DataFrame({"change": tags.change, "area": np.asarray(tags.skills, dtype=object)[tags.skill]})
    pairs = pairs.drop_duplicates()
    said = shares["substance"].to_numpy(dtype=bool) | (shares["role"] == "author").to_numpy(dtype=bool)
    known = shares[shares["person"].notna().to_numpy(dtype=bool) & said & counts[shares["change"].to_numpy()]]
    rows = known[["change", "person", "role", "share", "counterpart"]].merge(pairs, on="change")
    change = rows["change"].to_numpy()
    return ActivityRecord.of(
        pd.DataFrame(
            {
                "person": rows["person"].astype("str"),
                "area": rows["area"],
                "role": rows["role"].astype("str"),
                "artefact": changes.index.take(changes["unit"].to_numpy()[change]),
                "counterpart": rows["counterpart"].astype("str"),
                "occurred_at": changes["occurred_at"].array.take(change),
                "share": rows["share"],
                "added": changes["added"].to_numpy()[change],
                "deleted": changes["deleted"].to_numpy()[change],
            }
        )
    )


def activity_items(
    classifier: ActivityClassifier,
    record: ActivityRecord,
    people: pd.DataFrame,
    raters: pd.DataFrame,
    *,
    as_of: datetime,
) -> pd.DataFrame:
    """One observation per person and skill with work on record, columns as `observe` gives them; who has none has none.

    people: person, key (a person is predicted without their own fold). raters: person, rater: the machine that grades the person.
    """
    pairs = np.unique(record.area * max(len(record.people), 1) + record.person)
    area, person = np.divmod(pairs, max(len(record.people), 1))
    asked = pd.DataFrame({"person": record.people.take(person), "area": record.areas.take(area)})
    asked = asked.merge(people[["person", "key"]].astype("str"), on="person")
    asked = asked.merge(raters[["person", "rater"]].astype("str").drop_duplicates("person"), on="person")
    if asked.empty:
        return asked.assign(skill="", item="")
    share = classifier.probabilities(activity_features(record, asked, as_of=as_of), asked["key"])
    levels = share.columns.to_numpy()
    median = levels[(share.to_numpy().cumsum(axis=1) >= _MEDIAN - 1e-9).argmax(axis=1)]
    return pd.DataFrame(
        {
            "person": asked["person"],
            "skill": asked["area"],
            "item": asked["area"] + f"/{ITEM}",
            "rater": asked["rater"],
            "source": "git",
            "scale": SCALE,
            "score": median - 1,
            "categories": LEVELS,
            "lowest": 0,
            "at_least": False,
            "weight": 1.0,
            "discount": 1.0,
            "rater_class": "machine",
            "quarter": "",
        }
    )


def with_activity(observations: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """The observations with the items, git's weight held to that of `MOST_RATERS` human raters.

    A human rater's weight on a skill is the usual number of their ratings of one person on it; where nobody rated, one.
    """
    if items.empty:
        return observations
    rows = pd.concat([observations, items[observations.columns]], ignore_index=True)
    git = ((rows["rater_class"] == "machine") & (rows["source"] == "git")).to_numpy()
    humans = rows[rows["rater_class"] == "human"]
    each = humans.groupby(["skill", "person", "rater"], observed=True)["weight"].sum()
    usual = each.groupby("skill").median()
    most = MOST_RATERS * rows["skill"].map(usual).fillna(1.0).to_numpy(dtype=np.float64)
    total = rows["weight"].where(git, 0.0).groupby([rows["person"], rows["skill"]]).transform("sum").to_numpy()
    factor = np.minimum(1.0, most / np.maximum(total, 1e-9))
    return rows.assign(weight=np.where(git, rows["weight"] * factor, rows["weight"]))
