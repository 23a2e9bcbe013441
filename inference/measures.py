"""The machine's grading of a person's work: tagged, attributed changes in, graded items out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import rubrics
from inference.attribution import Attribution
from inference.coded import coded, positions
from inference.exposure import months_present, opportunity
from inference.shares import ROLES
from inference.tagging import WorkTags, tag_unseen
from rubrics import Evaluation, Standard

__all__ = ["WINDOW_MONTHS", "Grading", "grade", "work_frame"]

WINDOW_MONTHS: Final = 24
"""Window of presence that opportunity is judged in."""

_FACTS: Final = ("substantive", "reviewed", "survived", "tests", "docs", "change_followed", "suggestion_applied")


@dataclass(frozen=True, slots=True)
class Grading:
    """work: what counts for certain of the evaluator's input. evaluation: criteria, graded items, support. machine: one observation per observed item."""

    work: pd.DataFrame
    opportunity: pd.DataFrame
    evaluation: Evaluation
    machine: pd.DataFrame


def work_frame(attribution: Attribution, tags: WorkTags, *, since: pd.Timestamp) -> pd.DataFrame:
    """One row per (person, skill, change, role, area), sorted so: what `rubrics.evaluate` reads, and work that was undone.

    Unresolved identities drop out here, as does what no measure can count: work without substance, and work before `since`
    unless it did not survive. Texts are categoricals. change: position in `Attribution.changes`.
    """
    changes, shares = attribution.changes, attribution.shares
    matters = changes["substantive"].to_numpy(dtype=bool) & (
        (changes["occurred_at"] > since).to_numpy(dtype=bool) | ~changes["survived"].to_numpy(dtype=bool)
    )
    change = shares["change"].to_numpy()
    share = np.flatnonzero(shares["person"].notna().to_numpy(dtype=bool) & matters[change])
    row, tag = _spread(change[share], tags, len(changes))
    skill, area = tags.skill[tag], tags.area[tag]
    share, change = share[row], change[share][row]
    person, people = coded(shares["person"])
    role = shares["role"].cat.codes.to_numpy().astype(np.int64)
    key = ((person[share] * len(tags.skills) + skill) * len(changes) + change) * len(ROLES) + role[share]
    order = np.lexsort((area, key))
    share, change, skill, area = share[order], change[order], skill[order], area[order]
    own = shares.take(share)
    columns: dict[str, Any] = {
        "person": pd.Categorical.from_codes(person[share], people),
        "skill": pd.Categorical.from_codes(skill, pd.Index(tags.skills, dtype="str")),
        "evidence": pd.Categorical.from_codes(change, changes.index),
        "role": pd.Categorical.from_codes(role[share], pd.Index(ROLES)),
        "counterpart": own["counterpart"].array,
        "share": own["share"].to_numpy(),
        "others_work": own["others_work"].to_numpy(),
        "substance": own["substance"].to_numpy(),
        **{name: _category(changes[name], change) for name in ("artefact", "kind", "repository")},
        "area": pd.Categorical.from_codes(area, tags.areas),
        "occurred_at": changes["occurred_at"].array.take(change),
        **{name: changes[name].to_numpy()[change] for name in ("month", *_FACTS)},
        "change": change,
    }
    return pd.DataFrame(columns)


def _spread(change: NDArray[np.int64], tags: WorkTags, changes: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(row, tag) for every row of `change` and every tag of its change."""
    count = np.bincount(tags.change, minlength=changes)
    first = np.cumsum(count) - count
    times = count[change]
    row = np.repeat(np.arange(len(change)), times)
    within = np.arange(len(row)) - np.repeat(np.cumsum(times) - times, times)
    return row, first[change][row] + within


def _category(texts: pd.Series, rows: NDArray[np.int64]) -> pd.Categorical:
    """The texts at `rows` as a categorical over all of them."""
    codes, names = coded(texts)
    return pd.Categorical.from_codes(codes[rows], names)


def grade(
    standard: Standard,
    attribution: Attribution,
    tags: WorkTags,
    people: pd.DataFrame,
    employments: pd.DataFrame,
    memberships: pd.DataFrame,
    absences: pd.DataFrame,
    *,
    as_of: datetime,
) -> Grading:
    """Grade everybody on every machine-judged measure of the standard."""
    today = pd.Timestamp(as_of)
    windows = [measure.window_months for skill in standard.skills.values() for measure in skill.measures.values()]
    oldest, since = (today - pd.DateOffset(months=months) for months in (max(windows, default=0), WINDOW_MONTHS))
    unseen = tag_unseen(standard, attribution, tags)
    work, possible = (work_frame(attribution, one, since=oldest) for one in (tags, unseen))
    first_seen, recent = _took_part(attribution, since, today)
    present = months_present(people, employments, absences, first_seen, as_of=as_of, window_months=WINDOW_MONTHS)
    where = _skill_repositories(standard, attribution, tags, since, _told(standard, attribution, tags))
    weighed = attribution.changes["weighed"].to_numpy(dtype=bool)[tags.change]
    comments = _skill_repositories(standard, attribution, tags, since, weighed)
    hidden = _skill_repositories(standard, attribution, unseen, since)
    chances = opportunity(present, memberships, recent, where, comments, hidden, sorted(standard.skills))
    possible = possible.assign(tests=True, docs=True)
    evaluation = rubrics.evaluate(standard, work, chances, as_of=as_of, possible=possible)
    return Grading(work, chances, evaluation, _observations(evaluation, attribution.changes))


def _took_part(attribution: Attribution, since: pd.Timestamp, until: pd.Timestamp) -> tuple[pd.Series, pd.DataFrame]:
    """When each person was first seen; and person, repository of everybody's work after `since`, once each."""
    known = attribution.shares[attribution.shares["person"].notna()]
    change = known["change"].to_numpy()
    taking_part = pd.DataFrame(
        {
            "person": known["person"].astype("str").to_numpy(),
            "repository": _category(attribution.changes["repository"], change),
            "occurred_at": attribution.changes["occurred_at"].array.take(change),
        }
    )
    recent = taking_part[(taking_part["occurred_at"] > since) & (taking_part["occurred_at"] <= until)]
    pairs = recent[["person", "repository"]].drop_duplicates().astype({"repository": "str"})
    return taking_part.groupby("person")["occurred_at"].min(), pairs


def _skill_repositories(
    standard: Standard,
    attribution: Attribution,
    tags: WorkTags,
    since: pd.Timestamp,
    only: NDArray[np.bool_] | None = None,
) -> pd.DataFrame:
    """skill, repository: where work of the skill was done lately, by anybody, and is recorded in the way it is judged.

    only: the tags to look at; all unless given. A skill judged by reviewing, or by the people who reviewed, can be shown only where reviewers are recorded at all.
    """
    changes, shares = attribution.changes, attribution.shares
    lately = ((changes["occurred_at"] > since) & changes["substantive"]).to_numpy(dtype=bool)
    vouched = np.zeros(len(changes), dtype=bool)
    vouched[shares.loc[shares["role"] != "author", "change"].to_numpy()] = True
    needs_reviewers = np.array([_needs_reviewers(standard, skill) for skill in tags.skills], dtype=bool)
    shown = lately[tags.change] & (vouched[tags.change] | ~needs_reviewers[tags.skill])
    if only is not None:
        shown &= only
    repository, names = coded(changes["repository"])
    pairs = np.unique(tags.skill[shown] * max(len(names), 1) + repository[tags.change[shown]])
    skill, place = np.divmod(pairs, max(len(names), 1))
    return pd.DataFrame({"skill": pd.Index(tags.skills, dtype="str").take(skill), "repository": names.take(place)})


def _told(standard: Standard, attribution: Attribution, tags: WorkTags) -> NDArray[np.bool_]:
    """Which tags show where such work is done: of a skill told by paths those of changes whose files are known, of others all."""
    by_path = np.array([bool(standard.skills[skill].signals.paths) for skill in tags.skills], dtype=bool)
    known = attribution.changes["files_known"].to_numpy(dtype=bool)
    return np.asarray(known[tags.change] | ~by_path[tags.skill])


def _needs_reviewers(standard: Standard, skill: str) -> bool:
    measures = standard.skills[skill].measures
    return bool(measures) and all(one.role != "author" or one.unit == "people" for one in measures.values())


def _observations(evaluation: Evaluation, changes: pd.DataFrame) -> pd.DataFrame:
    """person, skill, item, rater (machine by main repository), source, format, score, categories, levels, pessimistic,
    observed, censored (the score is a floor).

    A measure looks back over its own window and is graded today, so its age needs no further discount. An item this
    person had no opportunity to show is missing (observed is false).
    """
    items = evaluation.items.copy()
    main, usual = _main_repositories(evaluation, changes)
    items["rater"] = "machine:git/" + items["person"].map(main).astype("string").fillna(usual)
    items["source"] = "git"
    items["format"] = items["item"]
    items["score"] = items["category"]
    items["pessimistic"] = items["pessimistic_category"]
    columns = ["person", "skill", "item", "rater", "source", "format", "score", "categories", "levels", "pessimistic"]
    columns += ["observed", "censored"]
    return items[columns].sort_values(["person", "skill", "item"], kind="stable").reset_index(drop=True)


def _main_repositories(evaluation: Evaluation, changes: pd.DataFrame) -> tuple[Mapping[str, str], str]:
    """Per person the repository with the most months of counted work, and the one with most over all ("none" without any).

    Machines are raters by source and repository group. Only what a measure counted says where a person works: by number of
    changes, a flood of worthless ones would change the rater and with it the severity. Whoever has nothing counted is
    rated by the machine of the repository most people work in.
    """
    support = evaluation.support
    if support.empty:
        return {}, "none"
    change = positions(support["evidence"].cat.categories, changes.index)[support["evidence"].cat.codes.to_numpy()]
    repository, names = coded(changes["repository"])
    month = changes["month"].to_numpy()
    person = support["person"].cat.codes.to_numpy().astype(np.int64)
    span = int(month.max()) + 1
    months = np.unique((person * len(names) + repository[change]) * span + month[change]) // span
    pairs, count = np.unique(months, return_counts=True)
    owner, place = np.divmod(pairs, len(names))
    everywhere = np.bincount(place, weights=count, minlength=len(names))
    best = np.lexsort((place, -count, owner))
    first = best[np.flatnonzero(np.diff(owner[best], prepend=-1))]
    people = support["person"].cat.categories
    main = {str(people[p]): str(names[r]) for p, r in zip(owner[first], place[first], strict=True)}
    return main, str(names[int(np.argmax(everywhere))])
