"""What committees decided, as labels: one level per person and skill, with when, by whom, and whether an estimate was seen.

A decision is a label only where it names a skill and a level of 1..5. Cases decided as a whole are none: "promoted" holds
tenure, budget and visibility as well. Decisions come from two places, tables that were collected and judgements recorded
in the ledger; one that stands in both counts once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import pandas as pd
import pyarrow as pa

from db.records import LEVELS, Decision, Kind
from inference.facts import read_measures
from inference.frames import Frames
from inference.ratings import human_ratings
from inference.tagging import tag_ratings
from rubrics import Standard

__all__ = [
    "AUDIT",
    "COLUMNS",
    "cutoff_before",
    "decided_levels",
    "double_panelled",
    "without_decisions",
]

AUDIT: Final = "audit"
"""Outcome of a blind audit: a panel looks at somebody whom nobody nominated. Only such decisions speak for everybody else."""

COLUMNS: Final = ["person", "skill", "level", "decided_at", "panel", "saw_estimate", "audit"]

_DOUBLE_DAYS: Final = 120
"""Two panels that decide on one person and skill within so many days looked at the same person."""

_DAY: Final = 86_400_000_000

_OUTCOME: Final = pa.schema([("outcome", pa.string())])


def without_decisions(frames: Frames) -> Frames:
    """The frames without any decision, so that none moves a theta or a cutpoint: what predicts a decision must not hold one."""
    kept = frames.evidence[frames.evidence["kind"] != Kind.DECISION.value]
    parts = frames.participations[frames.participations["evidence"].isin(kept["evidence"])]
    return replace(frames, evidence=kept, participations=parts)


def decided_levels(standard: Standard, frames: Frames, recorded: Sequence[Decision] = ()) -> pd.DataFrame:
    """Every decided level on a skill of the standard, of people in the roster, sorted by person, skill and moment.

    Contested decisions are left out. Columns: person, skill, level (1..5), decided_at (UTC), panel (who decided), saw_estimate,
    audit (a blind audit of somebody not nominated).
    """
    found = pd.concat([_collected(standard, frames.uncontested()), _recorded(standard, recorded)], ignore_index=True)
    found = found[found["person"].isin(frames.people["person"])]
    day = found["decided_at"].dt.strftime("%Y-%m-%d")
    found = found.assign(day=day).sort_values([*COLUMNS[:5], "saw_estimate", "audit"], kind="stable")
    found = found.drop_duplicates(["person", "skill", "day", "level", "panel"], keep="last")
    return found.sort_values(["person", "skill", "decided_at", "panel"], kind="stable")[COLUMNS].reset_index(drop=True)


def _collected(standard: Standard, frames: Frames) -> pd.DataFrame:
    evidence = frames.evidence[frames.evidence["kind"] == Kind.DECISION.value]
    if evidence.empty:
        return _empty()
    rows = human_ratings(evidence, frames.participations, tag_ratings(standard, evidence))
    outcome = pd.Series(
        read_measures(evidence["measures"], _OUTCOME)["outcome"].astype("object").to_numpy(),
        index=evidence["evidence"].to_numpy(),
    )
    rows = rows[rows["anchored"] & ~rows["is_self"]]
    return pd.DataFrame(
        {
            "person": rows["person"].astype("object"),
            "skill": rows["skill"].astype("object"),
            "level": rows["stated_level"].astype("int64"),
            "decided_at": rows["occurred_at"],
            "panel": rows["rater"].astype("object"),
            "saw_estimate": rows["saw_estimate"].astype(bool),
            "audit": rows["evidence"].map(outcome).eq(AUDIT).to_numpy(dtype=bool),
        }
    )


def _recorded(standard: Standard, recorded: Sequence[Decision]) -> pd.DataFrame:
    rows = [
        (
            one.person,
            one.skill,
            one.level,
            pd.Timestamp(one.decided_at),
            one.decided_by,
            one.saw_estimate,
            one.outcome == AUDIT,
        )
        for one in recorded
        if one.skill in standard.skills and one.level is not None and 1 <= one.level <= LEVELS
    ]
    if not rows:
        return _empty()
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.assign(decided_at=pd.to_datetime(frame["decided_at"], utc=True).astype("datetime64[us, UTC]"))


def _empty() -> pd.DataFrame:
    kinds = ["object", "object", "int64", "datetime64[us, UTC]", "object", "bool", "bool"]
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in zip(COLUMNS, kinds, strict=True)})


def cutoff_before(moments: pd.Series) -> pd.Series:
    """The last microsecond before the quarter of each moment: predictions read nothing later, and few fits serve all decisions.

    >>> cutoff_before(pd.Series(pd.to_datetime(["2026-05-20", "2026-04-01"], utc=True)))[0].isoformat()
    '2026-03-31T23:59:59.999999+00:00'
    """
    quarter = moments.dt.tz_convert("UTC").dt.tz_localize(None).dt.to_period("Q")
    start = quarter.dt.start_time.dt.tz_localize("UTC").astype("datetime64[us, UTC]")
    return pd.Series(start - pd.Timedelta(1, "us"))


def double_panelled(decided: pd.DataFrame) -> pd.DataFrame:
    """first, second: levels that two panels gave the same person and skill, both without an estimate, within 120 days.

    decided: as `decided_levels` gives it. Each decision takes part in one pair at most, the earlier panel first.
    """
    blind = decided[~decided["saw_estimate"].astype(bool)]
    pairs = []
    for (person, skill), rows in blind.groupby(["person", "skill"], sort=True):
        days = (rows["decided_at"].array.asi8 // _DAY).tolist()
        held = list(zip(days, rows["panel"].tolist(), rows["level"].tolist(), strict=True))
        at = 0
        while at < len(held) - 1:
            (day, panel, level), (next_day, other, next_level) = held[at], held[at + 1]
            if next_day - day <= _DOUBLE_DAYS and other != panel:
                pairs.append((person, skill, level, next_level))
                at += 1
            at += 1
    return pd.DataFrame(pairs, columns=["person", "skill", "first", "second"])
