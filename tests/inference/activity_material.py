"""A record of work made by hand: authors, reviewers, areas; and people whose level shows in their work, or does not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from inference.activity_features import activity_features
from inference.activity_record import ActivityRecord

NOW = pd.Timestamp("2026-07-01")


class Work:
    """Collects parts in changes."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def commit(
        self,
        person: str,
        days_ago: float,
        *,
        lines: float = 60,
        area: str = "io",
        share: float = 1.0,
        name: str | None = None,
        reviewers: tuple[str, ...] = (),
        acks: tuple[str, ...] = (),
    ) -> str:
        artefact = name or f"c{len(self.rows)}"
        self._part(artefact, person, "author", None, days_ago, area, share, lines)
        for role, people in (("reviewer", reviewers), ("acker", acks)):
            for one in people:
                self._part(artefact, one, role, person, days_ago, area, 1.0, lines)
        return artefact

    def _part(
        self,
        artefact: str,
        person: str,
        role: str,
        counterpart: str | None,
        days_ago: float,
        area: str,
        share: float,
        lines: float,
    ) -> None:
        self.rows.append(
            {
                "person": person,
                "area": area,
                "role": role,
                "artefact": artefact,
                "counterpart": counterpart,
                "occurred_at": NOW - pd.Timedelta(days=days_ago),
                "share": share,
                "added": lines,
                "deleted": 0.0,
            }
        )

    def frame(self) -> pd.DataFrame:
        return pd.DataFrame(self.rows).astype({"counterpart": "str"}).where(lambda f: f.notna(), None)

    def features(self, *people: str, area: str = "io") -> pd.DataFrame:
        asked = pd.DataFrame({"person": list(people), "area": area})
        found = activity_features(ActivityRecord.of(self.frame()), asked, as_of=NOW)
        return found.set_index(pd.Index(people))


def labelled_features(
    people: int, *, seed: int = 0, telling: bool = True
) -> tuple[pd.DataFrame, np.ndarray, list[str]]:
    """Features, levels 1..4 and keys: whoever is at a higher level works in more weeks (or not, unless `telling`)."""
    rng = np.random.default_rng(seed)
    level = rng.integers(1, 5, people)
    work = Work()
    for n in range(people):
        pace = level[n] if telling else 2
        for week in range(0, 104, 2):
            if rng.random() < 0.18 * pace:
                work.commit(
                    f"p{n:03d}",
                    7 * week + 3,
                    lines=float(rng.integers(10, 120)),
                    reviewers=(f"p{(n + 1 + week) % people:03d}",),
                )
    names = [f"p{n:03d}" for n in range(people)]
    return work.features(*names).reset_index(drop=True), level, [f"E{n}" for n in range(people)]
