"""The machine's grading of a person's work: tagged, attributed changes in, graded items out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pandas as pd

import rubrics
from inference.attribution import Attribution
from inference.exposure import months_present, opportunity
from rubrics import Evaluation, Standard

__all__ = ["WINDOW_MONTHS", "Grading", "grade", "work_frame"]

WINDOW_MONTHS: Final = 24
"""Window of presence that opportunity is judged in."""


@dataclass(frozen=True, slots=True)
class Grading:
    """work: the evaluator's input. evaluation: criteria, graded items, support. machine: one observation per observed item."""

    work: pd.DataFrame
    opportunity: pd.DataFrame
    evaluation: Evaluation
    machine: pd.DataFrame


def work_frame(attribution: Attribution, tags: pd.DataFrame) -> pd.DataFrame:
    """One row per (person, skill, change, role): what `rubrics.evaluate` reads. Unresolved identities drop out here."""
    shares = attribution.shares
    shares = shares[shares["person"].notna()]
    rows = shares.merge(tags, on="evidence").join(
        attribution.changes.drop(columns=["paths", "imports", "tools", "labels"]), on="evidence"
    )
    return rows.sort_values(["person", "skill", "evidence", "role"], kind="stable").reset_index(drop=True)


def grade(
    standard: Standard,
    attribution: Attribution,
    tags: pd.DataFrame,
    people: pd.DataFrame,
    employments: pd.DataFrame,
    memberships: pd.DataFrame,
    absences: pd.DataFrame,
    *,
    as_of: datetime,
) -> Grading:
    """Grade everybody on every machine-judged measure of the standard. tags: evidence, skill."""
    work = work_frame(attribution, tags)
    taking_part = attribution.shares.dropna(subset=["person"]).join(
        attribution.changes[["occurred_at", "repository"]], on="evidence"
    )
    first_seen = taking_part.groupby("person")["occurred_at"].min()
    present = months_present(people, employments, absences, first_seen, as_of=as_of, window_months=WINDOW_MONTHS)
    since = pd.Timestamp(as_of) - pd.DateOffset(months=WINDOW_MONTHS)
    recent = taking_part[(taking_part["occurred_at"] > since) & (taking_part["occurred_at"] <= pd.Timestamp(as_of))]
    chances = opportunity(
        present, memberships, recent, _skill_repositories(standard, attribution, tags, since), sorted(standard.skills)
    )
    evaluation = rubrics.evaluate(standard, work, chances, as_of=as_of)
    return Grading(work, chances, evaluation, _observations(evaluation, work))


def _skill_repositories(
    standard: Standard, attribution: Attribution, tags: pd.DataFrame, since: pd.Timestamp
) -> pd.DataFrame:
    """skill, repository: where work of the skill was done lately, by anybody, and is recorded in the way it is judged.

    A skill judged by reviewing, or by the people who reviewed, can be shown only where reviewers are recorded at all.
    """
    changes = attribution.changes
    lately = changes.loc[(changes["occurred_at"] > since) & changes["substantive"], ["repository"]]
    where = tags.merge(lately, left_on="evidence", right_index=True)
    vouched = attribution.shares.loc[attribution.shares["role"] != "author", "evidence"].unique()
    with_reviewers = where[where["evidence"].isin(vouched)]
    needs_reviewers = {
        code
        for code, skill in standard.skills.items()
        if skill.measures and all(m.role != "author" or m.unit == "people" for m in skill.measures.values())
    }
    plain = where[~where["skill"].isin(needs_reviewers)]
    special = with_reviewers[with_reviewers["skill"].isin(needs_reviewers)]
    return pd.concat([plain, special])[["skill", "repository"]].drop_duplicates()


def _observations(evaluation: Evaluation, work: pd.DataFrame) -> pd.DataFrame:
    """person, skill, item, rater (machine by main repository), source, format, score, categories, levels, pessimistic,
    observed, censored (the score is a floor).

    A measure looks back over its own window and is graded today, so its age needs no further discount. An item this
    person had no opportunity to show is missing (observed is false).
    """
    items = evaluation.items.copy()
    main, usual = _main_repositories(evaluation, work)
    items["rater"] = "machine:git/" + items["person"].map(main).astype("string").fillna(usual)
    items["source"] = "git"
    items["format"] = items["item"]
    items["score"] = items["category"]
    items["pessimistic"] = items["pessimistic_category"]
    columns = ["person", "skill", "item", "rater", "source", "format", "score", "categories", "levels", "pessimistic"]
    columns += ["observed", "censored"]
    return items[columns].sort_values(["person", "skill", "item"], kind="stable").reset_index(drop=True)


def _main_repositories(evaluation: Evaluation, work: pd.DataFrame) -> tuple[pd.Series, str]:
    """Per person the repository with the most months of counted work, and the one with most over all ("none" without any).

    Machines are raters by source and repository group. Only what a measure counted says where a person works: by number of
    changes, a flood of worthless ones would change the rater and with it the severity. Whoever has nothing counted is
    rated by the machine of the repository most people work in.
    """
    counted = evaluation.support[["person", "evidence"]].drop_duplicates().astype({"person": "str", "evidence": "str"})
    where = work.drop_duplicates("evidence")[["evidence", "repository", "month"]]
    months = counted.merge(where, on="evidence")[["person", "repository", "month"]].drop_duplicates()
    months = months.groupby(["person", "repository"]).size().reset_index(name="n")
    everywhere = months.groupby("repository")["n"].sum().reset_index()
    everywhere = everywhere.sort_values(["n", "repository"], ascending=[False, True], kind="stable")
    months = months.sort_values(["person", "n", "repository"], ascending=[True, False, True], kind="stable")
    main = months.drop_duplicates("person").set_index("person")["repository"]
    return main, str(everywhere["repository"].iloc[0]) if len(everywhere) else "none"
