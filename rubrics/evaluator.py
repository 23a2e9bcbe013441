"""What a standard says about people's work: outcomes per criterion, categories per graded item. Pure and vectorised.

A threshold is *met* if the value of its measure reaches it, whatever the opportunity was. If not, it is *not observed*
when there is a positive record that there was no opportunity (fewer months present than the clause asks for, no
access where it asks for access, or no source that shows comments where it asks for comments), or when it might be met if
all were known of the work that is not fully known, and else *not met*. Unknown opportunity is no such record.

All criteria of a skill on one measure are one item with thresholds t_1 < ... < t_K; its category is the number of
thresholds met. Where the next threshold is "not observed" the category is a floor (`censored`): the rating to infer
from is "at least this", and with category 0 it is none (`observed` is false). A waived criterion is no threshold of its
item while the waiver holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pandas as pd

from db.errors import Refusal
from rubrics.judging import Candidates, GradedRows, judge, judge_without_quarters
from rubrics.standard import Skill, Standard
from rubrics.units import Integers
from rubrics.work import OPPORTUNITY_COLUMNS, WorkRows, demand

__all__ = ["Evaluation", "evaluate", "evaluate_without_quarters"]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The result, one row per judged pair and criterion or item, sorted by (person, skill, criterion or item).

    criteria: person, skill, criterion, level, measure, unit (null where people judge), outcome (a value of
    `records.Outcome`), value, at_least (in the unit), reason (why not observed, else empty).
    items: person, skill, item (`<skill>/<measure>`), measure, category (0..K), categories (K + 1), levels (tuple: level
    per threshold), thresholds (tuple), value, ceiling (highest category the record could have shown; the category itself where what is not known could raise it), observed (there
    is something to rate), censored (category is a floor), pessimistic_category (if every "not observed" were "not met":
    to be rated as it stands, also where `observed` is false), evidence (tuple: ids counted, oldest first).
    support: person, skill, item, evidence; the counted evidence again, long, as categoricals.
    """

    criteria: pd.DataFrame
    items: pd.DataFrame
    support: pd.DataFrame


def evaluate(
    standard: Standard,
    work: pd.DataFrame,
    opportunity: pd.DataFrame,
    *,
    as_of: datetime,
    possible: pd.DataFrame | None = None,
) -> Evaluation:
    """Judge every (person, skill) of `opportunity` by the work up to `as_of`.

    work: person, skill, evidence, artefact, kind, role (author | reviewer | tester), occurred_at (aware), month
    (year * 12 + month - 1), repository, area, counterpart, share (0..1), reviewed, survived, tests, docs,
    change_followed, suggestion_applied, substance, others_work and, optionally, substantive (false rows never count); one row per person, skill,
    evidence and area. An artefact counts in its earliest month. Rows of pairs not in `opportunity` are left out.
    opportunity: person, skill, months_present, access, comments (to work whose reviews are shown with what they
    say and whether it was altered then) and, optionally, unseen (to work that may be of the skill, as nobody knows which files
    it touched: the reason where access is false); one row per pair.
    possible: rows like those of work, of work that is not fully known, told as favourably as it could be. They never
    count; they say what a value could be at most.

    Raises Refusal for missing columns, skills the standard does not hold, repeated pairs, and shares outside 0..1.
    """
    if possible is not None and len(possible):
        work = pd.concat([work.assign(possible=False), possible.assign(possible=True)], ignore_index=True)
    people, rows, parts = _parts(standard, work, opportunity, as_of)
    waived = _waived(standard, as_of)
    judged = [judge(skill, own, candidates, as_of, waived) for skill, own, candidates in parts]
    items = sorted((item for verdicts in judged for item in verdicts.items), key=lambda item: item.item.code)
    support = _support(items)
    return Evaluation(
        _criteria([frame for verdicts in judged for frame in verdicts.criteria], people),
        _items(items, people, support, rows.evidence_ids),
        _long(items, people, support, rows.evidence_ids),
    )


def evaluate_without_quarters(
    standard: Standard, work: pd.DataFrame, opportunity: pd.DataFrame, *, as_of: datetime
) -> pd.DataFrame:
    """Every graded item judged again without the work that counts in one calendar quarter, for each quarter that has some.

    Arguments as in `evaluate`. person, skill, item, quarter ("2026Q1"), category; a pair of person and item only for quarters in
    which the person has work that the measure counts. Never above the category with all work.
    """
    people, _, parts = _parts(standard, work, opportunity, as_of)
    waived = _waived(standard, as_of)
    columns = ["person", "skill", "item", "quarter", "category"]
    frames = [
        pd.DataFrame(
            dict(zip(columns, (people.take(person), skill.code, item, _quarter_name(quarter), category), strict=True))
        )
        for skill, own, candidates in parts
        for item, quarter, person, category in judge_without_quarters(skill, own, candidates, as_of, waived)
    ]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def _quarter_name(quarter: int) -> str:
    return f"{quarter // 4}Q{quarter % 4 + 1}"


def _parts(
    standard: Standard, work: pd.DataFrame, opportunity: pd.DataFrame, as_of: datetime
) -> tuple[pd.Index, WorkRows, list[tuple[Skill, WorkRows, Candidates]]]:
    """The people judged, all countable rows, and per skill its rows and candidates."""
    pairs = _pairs(standard, opportunity)
    people = pd.Index(sorted(set(pairs["person"])), dtype="str")
    skills = sorted(set(pairs["skill"]))
    rows = WorkRows.of(work, people, skills, as_of)
    parts = [
        (standard.skills[skill], own, Candidates.of(pairs, skill, people))
        for skill, own in zip(skills, rows.per_skill(len(skills)), strict=True)
    ]
    return people, rows, parts


def _waived(standard: Standard, as_of: datetime) -> dict[str, str]:
    return {code: waiver.reason for code, waiver in standard.waived(as_of.astimezone(UTC).date()).items()}


def _pairs(standard: Standard, opportunity: pd.DataFrame) -> pd.DataFrame:
    """The pairs to judge, sorted."""
    demand(opportunity, OPPORTUNITY_COLUMNS, "opportunity")
    pairs = opportunity.loc[:, list(OPPORTUNITY_COLUMNS)].astype({"person": "str", "skill": "str"})
    pairs["unseen"] = opportunity["unseen"] if "unseen" in opportunity.columns else False
    if unknown := sorted(set(pairs["skill"]) - set(standard.skills)):
        known = ", ".join(standard.skills)
        raise Refusal(f"unknown skill {', '.join(unknown)}", where="opportunity frame", remedy=f"skills: {known}")
    if pairs.duplicated(["person", "skill"]).any():
        raise Refusal("a pair of person and skill is repeated", where="opportunity frame", remedy="give one row each")
    return pairs.sort_values(["person", "skill"], ignore_index=True)


def _criteria(frames: list[pd.DataFrame], people: pd.Index) -> pd.DataFrame:
    types = {
        "person": "int64",
        "skill": "str",
        "criterion": "str",
        "level": "int64",
        "measure": "str",
        "unit": "str",
        "outcome": "str",
        "value": "float64",
        "at_least": "float64",
        "reason": "str",
    }
    typed = [frame.astype(types) for frame in [pd.DataFrame(columns=list(types)), *frames]]
    frame = pd.concat(typed).sort_values(["person", "skill", "criterion"], ignore_index=True)
    return frame.assign(person=people.take(frame["person"].to_numpy()).astype("str"))


_Support = tuple[Integers, Integers, Integers]
"""(person, item, evidence) as positions, sorted."""


def _support(items: list[GradedRows]) -> _Support:
    person = _joined([item.support[0] for item in items])
    which = np.repeat(np.arange(len(items)), [len(item.support[0]) for item in items]).astype(np.int64)
    evidence = _joined([item.support[1] for item in items])
    order = np.lexsort((which, person))  # stable, and each item is already sorted by evidence
    return person[order], which[order], evidence[order]


def _items(items: list[GradedRows], people: pd.Index, support: _Support, ids: pd.Index) -> pd.DataFrame:
    lengths = [len(item.person) for item in items]
    owner, which = _joined([item.person for item in items]), np.repeat(np.arange(len(items)), lengths).astype(np.int64)
    order = np.lexsort((which, owner))
    owner, which = owner[order], which[order]
    category = _joined([item.category for item in items])[order]
    ceiling = _joined([item.ceiling for item in items])[order]
    highest = np.array([len(item.thresholds) for item in items], dtype=np.int64)[which]
    return pd.DataFrame(
        {
            "person": people.take(owner).astype("str"),
            "skill": pd.Series([items[i].skill for i in which], dtype="str"),
            "item": pd.Series([items[i].item.code for i in which], dtype="str"),
            "measure": pd.Series([items[i].item.measure.code for i in which], dtype="str"),
            "category": category,
            "categories": highest + 1,
            "levels": pd.Series([items[i].levels for i in which], dtype="object"),
            "thresholds": pd.Series([items[i].at_least for i in which], dtype="object"),
            "value": np.concatenate([np.empty(0), *(item.value for item in items)])[order],
            "ceiling": ceiling,
            "observed": ceiling > 0,
            "censored": (ceiling <= category) & (category < highest),
            "pessimistic_category": category,
            "evidence": _ids(support, owner, which, ids),
        }
    )


def _ids(support: _Support, owner: Integers, which: Integers, ids: pd.Index) -> pd.Series:
    """The support as a tuple of ids per item row. Tuples share their strings, so long ones stay cheap."""
    width = int(which.max(initial=0)) + 1
    starts = np.searchsorted(support[0] * width + support[1], owner * width + which)
    names = ids.to_numpy(dtype=object)[support[2]].tolist()
    edges = [*starts.tolist(), len(names)]
    return pd.Series([tuple(names[start:end]) for start, end in pairwise(edges)], dtype="object")


def _long(items: list[GradedRows], people: pd.Index, support: _Support, ids: pd.Index) -> pd.DataFrame:
    skills = pd.Index(sorted({item.skill for item in items}), dtype="str")
    skill_of = skills.get_indexer(pd.Index([item.skill for item in items], dtype="str"))
    codes = pd.Index([item.item.code for item in items], dtype="str")
    return pd.DataFrame(
        {
            "person": pd.Categorical.from_codes(support[0], people),
            "skill": pd.Categorical.from_codes(skill_of[support[1]], skills),
            "item": pd.Categorical.from_codes(support[1], codes),
            "evidence": pd.Categorical.from_codes(support[2], ids),
        }
    )


def _joined(arrays: list[Integers]) -> Integers:
    return np.concatenate([np.empty(0, dtype=np.int64), *arrays])
