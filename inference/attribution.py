"""Who did how much of what: shares of credit, and the facts about a change that decide whether it counts.

A change's credit is one, split evenly over its author, its co-authors (bots included) and, where it declares AI
assistance, the tool: a share is a statement about the record, not about effort. Committers, mergers and the forge that
squashed a change get none. A reviewer or tester has a participation of their own, worth one.

A change is *substantive* unless it is a merge, a revert, whitespace only, a pure rename or mode change, touches nothing a
person writes (vendored, generated, lock files, assets), is a bulk import, or was never merged. Where nobody knows which files a merged change request
touched (there was no mirror clone) it is substantive all the same. It is *reviewed* if somebody else than its
authors vouched for it in a trailer, committed or merged it; where no source says who, it is if it came in through a forge's change
request. Those who mostly vouch for each other do not vouch independently: their word for one another is set aside (`vouching`).
A change has *survived* unless a later commit reverts it. A change request and the commits that landed it are one change (`work_units`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from db.records import Kind
from inference.coded import positions
from inference.facts import WORK_FACTS, read_measures
from inference.path_kinds import DOCUMENTATION, TEST
from inference.review_facts import ReviewFacts
from inference.shares import ROLES, Parts
from inference.touched import TouchedPaths
from inference.vouching import trusted
from inference.work_units import WorkUnits

__all__ = ["BULK_FILES", "Attribution", "attribute"]

BULK_FILES: Final = 400
"""A change that touches more files than this is an import or a sweep, not a piece of work."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """changes: one row per artefact of work, index = evidence id: artefact (of a review: of the change it is about), kind,
    occurred_at, month, repository, source, area, imports, tools, labels, substantive, reviewed, survived, tests, docs, change_followed,
    suggestion_applied, files_known (false where no source tells which files it touched), weighed (it is a review; what it says, of which change, and whether that was altered are known), unit (position of the change it is about, else its own),
    added and deleted (lines, NaN where nobody counted). touched: their paths, in the order of `changes`.
    shares: evidence, change (position in `changes`), person (null where unresolved), identity, role (author | reviewer | tester),
    share in (0, 1], others_work, substance (of a reviewer: what they said; of an author: what others said), counterpart.
    """

    changes: pd.DataFrame
    shares: pd.DataFrame
    touched: TouchedPaths


def attribute(
    evidence: pd.DataFrame, participations: pd.DataFrame, reverts: pd.DataFrame, reviewed: pd.DataFrame
) -> Attribution:
    """Changes and shares from the ledger's frames (`Ledger.evidence`, `.participations`, `.reverts`, `.reviewed`)."""
    units = WorkUnits.of(evidence, reviewed)
    facts = read_measures(units.work["measures"], WORK_FACTS)
    parts = Parts.of(participations, pd.Index(units.work["evidence"]))
    reviews = ReviewFacts.of(units, facts, parts.reviewer())
    changes, touched = _changes(units, facts, reviews, reverts)
    shown = reviews.shown(units, parts.vouched())
    named = parts.named()
    remark = units.of_kind(Kind.REVIEW_COMMENT)
    parts = trusted(parts.told(units.unit, shown, reviews, remark))
    changes["reviewed"] = parts.vouched() | (_came_through_a_forge(facts, named) & ~shown)
    shares = parts.shares(participations, changes.index, facts["ai_assist"].notna().to_numpy(dtype=bool))
    about = units.unit[shares["change"].to_numpy()] != shares["change"].to_numpy()
    shares = shares[~about | (shares["role"] != ROLES[0]).to_numpy(dtype=bool)].reset_index(drop=True)
    return Attribution(changes=changes, shares=shares, touched=touched)


def _changes(
    units: WorkUnits, facts: pd.DataFrame, reviews: ReviewFacts, reverts: pd.DataFrame
) -> tuple[pd.DataFrame, TouchedPaths]:
    work = units.work
    landed = read_measures(units.landed["measures"], WORK_FACTS)
    touched = TouchedPaths.of(work["paths"])
    occurred = work["occurred_at"]
    added, deleted = facts["added"].fillna(facts["additions"]), facts["deleted"].fillna(facts["deletions"])
    changes = pd.DataFrame(
        {
            "artefact": work["artefact"].to_numpy()[units.unit],
            "kind": work["kind"].to_numpy(),
            "occurred_at": occurred.array,
            "month": (occurred.dt.year * 12 + occurred.dt.month - 1).to_numpy(dtype=np.int64),
            "repository": work["repository"].to_numpy(),
            "source": work["source"].to_numpy(),
            "area": pd.array(touched.main_areas(), dtype="str"),
            "imports": units.gathered(facts["imports"], landed["imports"]).to_numpy(),
            "tools": units.gathered(facts["tools"], landed["tools"]).to_numpy(),
            "labels": facts["labels"].to_numpy(),
            "tests": touched.any((touched.flags & TEST) > 0),
            "docs": touched.any((touched.flags & DOCUMENTATION) > 0),
            "change_followed": reviews.followed,
            "suggestion_applied": reviews.applied,
            "weighed": reviews.weighed,
            "unit": units.unit,
            "added": added.to_numpy(dtype=np.float64, na_value=np.nan),
            "deleted": deleted.to_numpy(dtype=np.float64, na_value=np.nan),
        },
        index=pd.Index(work["evidence"], name="evidence"),
    )
    changes["files_known"] = _files_known(units, facts, landed, touched)
    changes["substantive"] = _substantive(units, facts, landed, touched)
    changes["survived"] = _survived(work, _standing(units, reverts))
    return changes, touched


def _true(flag: pd.Series) -> NDArray[np.bool_]:
    return flag.fillna(False).to_numpy(dtype=bool)


def _files_known(
    units: WorkUnits, facts: pd.DataFrame, landed: pd.DataFrame, touched: TouchedPaths
) -> NDArray[np.bool_]:
    """Does a source tell which files a change touched? A commit's always; a change request's if it lists some, or those of the
    commits it landed by, or is known to touch none; a review's if its change's.
    """
    listed = touched.any(np.ones(len(touched.distinct), dtype=bool))
    read = units.any_landed(landed["parents"].fillna(1).to_numpy(dtype=np.int64) <= 1)
    none = _true(facts["files"] == 0) | (facts["files"].isna() & facts["commits"].notna()).to_numpy(dtype=bool)
    return np.asarray((units.of_kind(Kind.COMMIT) | listed | read | none)[units.unit])


def _substantive(
    units: WorkUnits, facts: pd.DataFrame, landed: pd.DataFrame, touched: TouchedPaths
) -> NDArray[np.bool_]:
    """A commit by itself; a change request by its commits, or by itself where they are unknown; a review by its change."""
    commit, request = units.of_kind(Kind.COMMIT), units.of_kind(Kind.CHANGE_REQUEST)
    theirs = TouchedPaths.of(units.landed["paths"])
    merges = landed["parents"].fillna(1).to_numpy(dtype=np.int64) > 1
    by_commits = units.any_landed(_written(landed, theirs.any(theirs.written)))
    some, unknown = touched.any(touched.written), ~_files_known(units, facts, landed, touched)
    few = facts["files"].fillna(1).to_numpy(dtype=np.int64) <= BULK_FILES
    worth = np.where(
        commit,
        _written(facts, some),
        np.where(units.any_landed(~merges), by_commits, ~request | ((some | unknown) & few)),
    )
    return np.asarray(worth[units.unit] & ~(request & _true(facts["merged"] == False)))  # noqa: E712  (null is not false)


def _written(facts: pd.DataFrame, any_written: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Of commits: did somebody write something, once?"""
    lines = (facts["added"] + facts["deleted"]).fillna(1).to_numpy(dtype=np.int64)
    return np.asarray(
        (facts["parents"].fillna(1).to_numpy(dtype=np.int64) <= 1)
        & facts["revert_of"].isna().to_numpy()
        & ~_true(facts["whitespace_only"])
        & (lines > 0)
        & (facts["files"].fillna(1).to_numpy(dtype=np.int64) <= BULK_FILES)
        & any_written
    )


def _standing(units: WorkUnits, reverts: pd.DataFrame) -> pd.DataFrame:
    """The reverts between what stands for the commits that they name."""
    if units.landed.empty:
        return reverts
    named = pd.DataFrame({name: units.standing(reverts[name]) for name in ("artefact", "target")})
    return named[named["artefact"] != named["target"]].drop_duplicates()


def _survived(work: pd.DataFrame, reverts: pd.DataFrame) -> NDArray[np.bool_]:
    """Not reverted by a later commit, unless that revert was itself reverted."""
    place = positions(reverts["artefact"], pd.Index(work["artefact"]))
    known = reverts[place >= 0]
    ordered = known.assign(at=work["occurred_at"].array.take(place[place >= 0]))
    ordered = ordered.sort_values(["at", "artefact"], ascending=False)
    gone: set[str] = set()
    for artefact, target in ordered[["artefact", "target"]].itertuples(index=False, name=None):
        if artefact not in gone:
            gone.add(target)
    lost = positions(pd.Series(sorted(gone), dtype="str"), pd.Index(work["artefact"]))
    survived = np.ones(len(work), dtype=bool)
    survived[lost[lost >= 0]] = False
    return survived


def _came_through_a_forge(facts: pd.DataFrame, named: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Did a forge's change request bring the change in, or was it merged there with reviews of which nobody tells whose?"""
    through_forge = facts["change_request"].notna() & facts["github_merge"].fillna(False)
    merged_with_reviews = (facts["reviews"].fillna(0) > 0) & facts["merged"].fillna(False)
    return _true(through_forge) | (_true(merged_with_reviews) & ~named)
