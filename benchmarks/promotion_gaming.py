"""How far cheap tricks move the classifier: the same person, the same area, the same moment, with and without the trick.

Every trick is played by everybody sampled, one at a time, over the two years before the moment; each is judged by the person's own
log odds of a level, and by their utility in a case (the logit of being the one promoted), everything else held.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from promotion_rank import OWN, Ranker
from promotion_set import PromotionSet, activity_of

from inference.activity import ActivityModel, activity_features
from inference.activity_design import transformed
from inference.activity_record import ActivityRecord

__all__ = ["TRICKS", "elasticity"]

PLAYERS = 40
MONTHS = 24


def split(own: pd.DataFrame, area: pd.DataFrame, who: str, now: datetime) -> pd.DataFrame:
    """Each change of one's own as five, the same day."""
    parts = [
        own.assign(artefact=own["artefact"] + f"/{k}", added=own["added"] / 5, deleted=own["deleted"] / 5)
        for k in range(5)
    ]
    return pd.concat([area[~area.index.isin(own.index)], *parts])


def spread(own: pd.DataFrame, area: pd.DataFrame, who: str, now: datetime) -> pd.DataFrame:
    """Each change held back and landed as five, a week apart (the last on its day)."""
    parts = [
        own.assign(
            artefact=own["artefact"] + f"/{k}",
            added=own["added"] / 5,
            deleted=own["deleted"] / 5,
            occurred_at=own["occurred_at"] - pd.Timedelta(weeks=k),
        )
        for k in range(5)
    ]
    return pd.concat([area[~area.index.isin(own.index)], *parts])


def tiny(own: pd.DataFrame, area: pd.DataFrame, who: str, now: datetime) -> pd.DataFrame:
    """Eight changes of one line a month, unreviewed."""
    return pd.concat([area, _new(area, who, now, "author", per_month=8, added=1)])


def padded(own: pd.DataFrame, area: pd.DataFrame, who: str, now: datetime) -> pd.DataFrame:
    """Every change of one's own with five times the lines."""
    bigger = own.assign(added=own["added"] * 5, deleted=own["deleted"] * 5)
    return pd.concat([area[~area.index.isin(own.index)], bigger])


def self_reviews(own: pd.DataFrame, area: pd.DataFrame, who: str, now: datetime) -> pd.DataFrame:
    """Every change of one's own reviewed by oneself."""
    return pd.concat([area, own.assign(role="reviewer", counterpart=who, share=1.0)])


def repeated(own: pd.DataFrame, area: pd.DataFrame, who: str, now: datetime) -> pd.DataFrame:
    """Every review given five times over."""
    given = area[(area["person"] == who) & (area["role"] != "author")]
    return pd.concat([area, *[given] * 4])


def pair(own: pd.DataFrame, area: pd.DataFrame, who: str, now: datetime) -> pd.DataFrame:
    """A friend: each reviews the other's change of one line, until it is most of what either reviews."""
    return _friends(area, who, now, 2 + 2 * _given(area, who) // MONTHS)


def hidden_pair(own: pd.DataFrame, area: pd.DataFrame, who: str, now: datetime) -> pd.DataFrame:
    """Twice a month, which is less than half of what one reviews who reviews a lot: not recognised as a pair then."""
    return _friends(area, who, now, 2)


def _given(activity: pd.DataFrame, who: str) -> int:
    given = activity[(activity["person"] == who) & (activity["role"] != "author")]
    return len(given.drop_duplicates(["artefact", "counterpart"]))


def _friends(area: pd.DataFrame, who: str, now: datetime, number: int) -> pd.DataFrame:
    friend = "friend of " + who
    mine = _new(area, who, now, "author", per_month=number, added=1, name="mine")
    theirs = _new(area, friend, now, "author", per_month=number, added=1, name="theirs")
    reviews = [
        mine.assign(person=friend, role="reviewer", counterpart=who),
        theirs.assign(person=who, role="reviewer", counterpart=friend),
    ]
    return pd.concat([area, mine, theirs, *reviews])


def quick_reviews(own: pd.DataFrame, area: pd.DataFrame, who: str, now: datetime) -> pd.DataFrame:
    """A word of review for one change of anybody's, every month: real work to others, so it pays."""
    here = area["area"] == area["area"].iloc[0]
    others = area[here & (area["role"] == "author") & (area["person"] != who) & _lately(area, now)]
    if others.empty:
        return area
    month = others["occurred_at"].dt.to_period("M")
    chosen = others.groupby(month).first()
    return pd.concat([area, chosen.assign(counterpart=chosen["person"], person=who, role="reviewer", share=1.0)])


Trick = Callable[[pd.DataFrame, pd.DataFrame, str, datetime], pd.DataFrame]
TRICKS: dict[str, Trick] = {
    "changes split into five on the same day": split,
    "eight one-line changes a month, unreviewed": tiny,
    "own changes reviewed by oneself": self_reviews,
    "every review given five times": repeated,
    "mutual reviews within a pair, most of its reviewing": pair,
    "mutual reviews twice a month, beside other reviewing": hidden_pair,
    "lines padded fivefold": padded,
    "changes held back and landed over five weeks": spread,
    "a one-word review a month of anybody's change": quick_reviews,
}
"""The first five are what must not pay; the others are told so that nobody relies on their not paying."""


def _lately(area: pd.DataFrame, now: datetime) -> pd.Series:
    return (area["occurred_at"] < now) & (area["occurred_at"] >= pd.Timestamp(now) - pd.DateOffset(months=MONTHS))


def _new(
    area: pd.DataFrame, who: str, now: datetime, role: str, *, per_month: int, added: int, name: str = "new"
) -> pd.DataFrame:
    age = (np.arange(MONTHS * per_month) + 0.5) * 30.4375 / per_month
    return pd.DataFrame(
        {
            "person": who,
            "area": area["area"].iloc[0],
            "role": role,
            "artefact": [f"{name} {k}" for k in range(len(age))],
            "counterpart": None,
            "occurred_at": pd.Timestamp(now) - pd.to_timedelta(age, unit="D"),
            "share": 1.0,
            "added": float(added),
            "deleted": 0.0,
        }
    )


def elasticity(one: PromotionSet, model: ActivityModel, ranker: Ranker, *, seed: int = 0) -> dict[str, dict[str, Any]]:
    """By trick the mean and the 90th percentile of the shift, in logits, of a level's log odds and of the utility in a case."""
    rng = np.random.default_rng(seed)
    rows = one.held()
    rows = rows[rows["last_days"] <= 365]
    players = rows.iloc[np.sort(rng.choice(len(rows), min(PLAYERS, len(rows)), replace=False))]
    activity = activity_of(one.events)
    known_from = one.events["area_known_from"].to_numpy()
    shifts: dict[str, list[tuple[float, float]]] = {name: [] for name in TRICKS}
    for area, year, who in players[["area", "T", "person"]].itertuples(index=False, name=None):
        now = pd.Timestamp(year=int(year), month=1, day=1)
        past = activity[(known_from <= year) & (activity["occurred_at"] < now)]
        inside = past[past["area"] == area]
        known = pd.concat([inside, past[(past["person"] == who) & (past["area"] != area)]])
        own = inside[(inside["person"] == who) & (inside["role"] == "author")]
        before = _read(known, area, who, now, model, ranker)
        for name, trick in TRICKS.items():
            after = _read(trick(own, known, who, now), area, who, now, model, ranker)
            shifts[name].append((after[0] - before[0], after[1] - before[1]))
    return {name: _said(np.array(each)) for name, each in shifts.items()}


def _read(
    activity: pd.DataFrame, area: str, who: str, now: datetime, model: ActivityModel, ranker: Ranker
) -> tuple[float, float]:
    asked = pd.DataFrame({"person": [who], "area": [area]})
    features = activity_features(ActivityRecord.of(activity), asked, as_of=now)
    utility = transformed(features[list(OWN)]).fillna(0.0).to_numpy()
    return float(model.above(features)[0, 0]), float(ranker.choice.decision_function(utility)[0])


def _said(shift: np.ndarray) -> dict[str, Any]:
    mean, high, worst = shift.mean(axis=0), np.quantile(shift, 0.9, axis=0), shift.max(axis=0)
    return {
        "people": len(shift),
        "level": [round(float(v), 3) for v in (mean[0], high[0], worst[0])],
        "promotion": [round(float(v), 3) for v in (mean[1], high[1], worst[1])],
    }


if __name__ == "__main__":
    print(f"{__doc__}\nA part of `python benchmarks/promotion.py`: run that.")
