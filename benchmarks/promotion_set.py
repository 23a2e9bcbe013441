"""A set of promotion decisions as the engine sees it: events to activity features, cases and rows as questions.

Layout of a set: a folder with events.parquet (event_id, kind, person, subject, area, area_known_from, date, lines_added, lines_deleted, files),
cases.parquet (case, area, cutoff, person, promoted, ..) and rows.parquet (person, area, T, level_T, ..). Features are computed from
events alone, by `inference.activity_features`: for a case from `date < cutoff and area_known_from <= min(year(cutoff + 30 days), last T)`, for a
row from `date < T and area_known_from <= T`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from inference.activity_features import activity_features
from inference.activity_record import ActivityRecord

__all__ = ["PromotionSet", "activity_of"]

ROLES = {"commit": "author", "co-author": "author", "review": "reviewer", "ack": "acker", "test": "tester"}
LATEST_DAYS = 730
NOTICE = pd.Timedelta(days=30)


def activity_of(events: pd.DataFrame) -> pd.DataFrame:
    """What `ActivityRecord.of` reads: credit shared evenly over the authors of a change, as the engine does."""
    kind = events["kind"].astype("str")
    authored = kind.isin(["commit", "co-author"]).to_numpy()
    authors = events.loc[authored, ["event_id", "person"]].drop_duplicates().groupby("event_id").size()
    share = 1.0 / events["event_id"].map(authors).fillna(1).to_numpy(dtype=float)
    return pd.DataFrame(
        {
            "person": events["person"].astype("str"),
            "area": events["area"].astype("str"),
            "role": kind.map(ROLES),
            "artefact": events["event_id"].astype("str"),
            "counterpart": events["subject"].astype("str").where(events["subject"].notna()),
            "occurred_at": events["date"],
            "share": np.where(authored, share, 1.0),
            "added": events["lines_added"].astype(float),
            "deleted": events["lines_deleted"].astype(float),
        }
    )


@dataclass(frozen=True)
class PromotionSet:
    """One set, read once."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @cached_property
    def events(self) -> pd.DataFrame:
        return pd.read_parquet(self.folder / "events.parquet")

    @cached_property
    def cases(self) -> pd.DataFrame:
        return pd.read_parquet(self.folder / "cases.parquet")

    @cached_property
    def rows(self) -> pd.DataFrame:
        return pd.read_parquet(self.folder / "rows.parquet")

    @cached_property
    def _record(self) -> tuple[ActivityRecord, np.ndarray]:
        record = ActivityRecord.of(activity_of(self.events))
        return record, self.events["area_known_from"].to_numpy()[record.origin]

    def record(self, year: int) -> ActivityRecord:
        """What is known of the areas that are known by a year."""
        record, known_from = self._record
        return record.only(known_from <= year)

    def case_year(self, cutoff: datetime) -> int:
        """The latest year whose areas a case may know."""
        return int(min((pd.Timestamp(cutoff) + NOTICE).year, self.rows["T"].max()))

    @cached_property
    def case_features(self) -> pd.DataFrame:
        """By row of `cases`."""
        found = []
        records: dict[int, ActivityRecord] = {}
        for cutoff, asked in self.cases.groupby("cutoff"):
            year = self.case_year(cutoff)
            records.setdefault(year, self.record(year))
            found.append(activity_features(records[year], asked[["person", "area"]], as_of=cutoff))
        return pd.concat(found).reindex(self.cases.index)

    @cached_property
    def row_features(self) -> pd.DataFrame:
        """By row of `rows`."""
        found = [
            activity_features(
                self.record(year), asked[["person", "area"]], as_of=pd.Timestamp(year=year, month=1, day=1)
            )
            for year, asked in self.rows.groupby("T")
        ]
        return pd.concat(found).reindex(self.rows.index)

    @cached_property
    def decayed_with_reviews(self) -> np.ndarray:
        """A baseline by row of `cases`: changes, reviews and acknowledgements in the area, each by age, half-life 1 year."""
        events = self.events[self.events["kind"].astype("str") != "test"]
        events = events.drop_duplicates(["event_id", "kind", "person", "area"])
        events = events.assign(person=events["person"].astype("str"), area=events["area"].astype("str"))
        in_area = dict(iter(events.groupby("area")))
        found = pd.Series(0.0, index=self.cases.index)
        for (_, area, cutoff), asked in self.cases.groupby(["case", "area", "cutoff"]):
            own = in_area[area]
            own = own[(own["date"] < cutoff) & (own["area_known_from"] <= self.case_year(cutoff))]
            worth = np.exp2(-(cutoff - own["date"]).dt.total_seconds() / 86_400 / 365.25)
            found[asked.index] = asked["person"].map(worth.groupby(own["person"]).sum()).fillna(0.0)
        return found.to_numpy()

    def held(self) -> pd.DataFrame:
        """Rows of task A with y: active in two years, not better known from a wider area, in areas that have holders."""
        rows = self.rows
        chosen = rows[(rows["last_days"] <= LATEST_DAYS) & ~(rows["inherited_T"] > rows["level_T"])]
        chosen = chosen.assign(y=chosen["level_T"].astype(int))
        return chosen[chosen.groupby(["area", "T"])["y"].transform("max") > 0]

    def candidates(self) -> pd.DataFrame:
        """Rows of task B with y: at level 0 and nothing inherited, and known a year later."""
        rows = self.rows
        chosen = rows[(rows["last_days"] <= LATEST_DAYS) & (rows["level_T"] == 0) & (rows["inherited_T"] == 0)]
        chosen = chosen[chosen["level_T12"].notna() & (chosen["inherited_T12"].fillna(0) == 0)]
        return chosen.assign(y=chosen["level_T12"].astype(int))

    def first_test_year(self, given: int | None) -> int:
        """From when on rows are judged when a set is judged by itself: as given, as splits.json beside the set says, else the later half."""
        if given:
            return given
        beside = self.folder.parent / "splits.json"
        years = sorted(self.rows["T"].unique().tolist())
        said = json.loads(beside.read_text())["first_test_T"] if beside.exists() else {}
        return int(said.get(self.name, years[len(years) // 2]))


if __name__ == "__main__":
    print(f"{__doc__}\nA part of `python benchmarks/promotion.py`: run that.")
