"""What a person could have shown: months present, and access to work of a skill.

Only a positive record of no opportunity (the roster says away or not yet here; nobody in the person's team ever worked
in a repository that is known to have such work and records the part in it that the skill is judged by) makes a criterion "not observed". Anything else is "not met",
unless work of which nobody knows what files it touched could have met it (`rubrics.evaluator`).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

import numpy as np
import pandas as pd

__all__ = ["DAYS_PER_MONTH", "months_present", "opportunity"]

DAYS_PER_MONTH: Final = 365.25 / 12


def months_present(
    people: pd.DataFrame,
    employments: pd.DataFrame,
    absences: pd.DataFrame,
    first_seen: pd.Series,
    *,
    as_of: datetime,
    window_months: int,
) -> pd.Series:
    """Working months (times fte) in the window per person: days employed less days absent.

    people: person. employments: person, valid_from, valid_to (ISO days, null = open), fte. absences: person, valid_from, valid_to.
    first_seen: day of a person's first evidence, used where the roster gives no employment. Index: person.
    """
    end = as_of.date() + timedelta(days=1)
    start = end - timedelta(days=round(window_months * DAYS_PER_MONTH))
    days = dict.fromkeys(people["person"], 0.0)
    employed = {person: list(rows) for person, rows in _spans(employments, fte=True).items()}
    away = _spans(absences, fte=False)
    for person in days:
        spans = employed.get(person) or [(_day(first_seen.get(person)) or start, None, 1.0)]
        for begins, ends, fte in spans:
            low, high = max(begins, start), min(ends or end, end)
            present = {low + timedelta(days=n) for n in range(max((high - low).days, 0))}
            for gone_from, gone_to, _ in away.get(person, []):
                first, last = max(gone_from, low), min(gone_to or high, high)
                present -= {first + timedelta(days=n) for n in range(max((last - first).days, 0))}
            days[person] += len(present) * fte
    return pd.Series(days, dtype=float) / DAYS_PER_MONTH


def _spans(rows: pd.DataFrame, *, fte: bool) -> dict[str, list[tuple[date, date | None, float]]]:
    spans: dict[str, list[tuple[date, date | None, float]]] = {}
    for row in rows.itertuples(index=False):
        begins = _day(row.valid_from)
        if begins is not None:
            spans.setdefault(str(row.person), []).append(
                (begins, _day(row.valid_to), float(str(row.fte)) if fte else 1.0)
            )
    return spans


def _day(value: object) -> date | None:
    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)) or value is pd.NA:
        return None
    return date.fromisoformat(value[:10]) if isinstance(value, str) else pd.Timestamp(value).date()  # type: ignore[arg-type]


def opportunity(
    present: pd.Series,
    memberships: pd.DataFrame,
    took_part: pd.DataFrame,
    skill_repositories: pd.DataFrame,
    skill_comments: pd.DataFrame,
    skill_unseen: pd.DataFrame,
    skills: list[str],
) -> pd.DataFrame:
    """One row per person and skill: person, skill, months_present, access, comments, unseen.

    present: months per person. memberships: person, team (as at the assessment). took_part: person, repository.
    skill_repositories: skill, repository that holds work of that skill, by anybody. Access is the person's own or a
    team mate's participation in such a repository. skill_comments: those of which a source shows what reviewers
    said about such work, and whether it was altered then; comments is access to one of them. skill_unseen: those with work
    that may be of the skill, as nobody knows which files it touched; unseen is access to one of them. It is no access to such work.
    """
    own = took_part[["person", "repository"]].drop_duplicates()
    teams = memberships[["person", "team"]].dropna().drop_duplicates()
    of_team = teams.merge(own, on="person")[["team", "repository"]].drop_duplicates()
    shared = teams.merge(of_team, on="team")[["person", "repository"]]
    reachable = pd.concat([own, shared]).drop_duplicates()
    grid = pd.MultiIndex.from_product([sorted(present.index), sorted(skills)], names=["person", "skill"]).to_frame(
        index=False
    )
    grid["months_present"] = grid["person"].map(present).astype(float)
    for name, where in (("access", skill_repositories), ("comments", skill_comments), ("unseen", skill_unseen)):
        pairs = reachable.merge(where, on="repository")[["person", "skill"]].itertuples(index=False, name=None)
        has = set(pairs)
        grid[name] = [pair in has for pair in zip(grid["person"], grid["skill"], strict=True)]
    return grid
