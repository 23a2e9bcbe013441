"""Who did how much of what: shares of credit, and the facts about a change that decide whether it counts.

A change's credit is one, split evenly over its author, its co-authors (bots included) and, where it declares AI
assistance, the tool: a share is a statement about the record, not about effort. Committers, mergers and the forge that
squashed a change get none. A reviewer or tester has a participation of their own, worth one.

A change is *substantive* unless it is a merge, a revert, whitespace only, a pure rename or mode change, touches nothing a
person writes (vendored, generated, lock files, assets), or is a bulk import. It is *reviewed* if somebody else than its
authors vouched for it in a trailer or committed it, or it came in through a forge's change request. Two people who
mostly vouch for each other do not vouch independently: their word for one another is set aside (`shares.CLOSED_SHARE`). A
change has *survived* unless a later commit reverts it.
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
from inference.shares import Parts
from inference.touched import TouchedPaths

__all__ = ["BULK_FILES", "Attribution", "attribute"]

BULK_FILES: Final = 400
"""A change that touches more files than this is an import or a sweep, not a piece of work."""

_WORK_KINDS: Final = (Kind.COMMIT, Kind.CHANGE_REQUEST, Kind.REVIEW, Kind.REVIEW_COMMENT)
_READ: Final = ["evidence", "artefact", "kind", "occurred_at", "source", "repository", "same_as", "measures", "paths"]


@dataclass(frozen=True, slots=True)
class Attribution:
    """changes: one row per artefact of work, index = evidence id: kind, occurred_at, month, repository, source, area, imports,
    tools, labels, substantive, reviewed, survived, tests, docs, change_followed, added and deleted (lines, NaN where
    nobody counted). touched: their paths, in the order of `changes`.
    shares: evidence, change (position in `changes`), person (null where unresolved), identity, role (author | reviewer | tester),
    share in (0, 1], others_work, counterpart.
    """

    changes: pd.DataFrame
    shares: pd.DataFrame
    touched: TouchedPaths


def attribute(evidence: pd.DataFrame, participations: pd.DataFrame, reverts: pd.DataFrame) -> Attribution:
    """Changes and shares from the ledger's frames (`Ledger.evidence`, `Ledger.participations`, `Ledger.reverts`)."""
    work = _without_duplicates(evidence.loc[evidence["kind"].isin([kind.value for kind in _WORK_KINDS]), _READ])
    facts = read_measures(work["measures"], WORK_FACTS)
    changes, touched = _changes(work.drop(columns="measures"), facts, reverts)
    parts = Parts.of(participations, changes.index).without_strangers().without_closed_pairs()
    changes["reviewed"] = parts.vouched() | _came_through_a_forge(facts)
    shares = parts.shares(participations, changes.index, facts["ai_assist"].notna().to_numpy(dtype=bool))
    return Attribution(changes=changes, shares=shares, touched=touched)


def _without_duplicates(work: pd.DataFrame) -> pd.DataFrame:
    """One row per piece of work, sorted: an artefact whose primary is read too (a squash, a cherry-pick) is left out."""
    primary = work.loc[work["same_as"].notna() & (work["same_as"] != work["artefact"]), "same_as"]
    duplicate = primary.index[positions(primary, pd.Index(work["artefact"])) >= 0]
    order = np.flatnonzero(~work.index.isin(duplicate))
    ids = work["evidence"].take(order)
    return work.take(order[ids.argsort(kind="stable").to_numpy()]).reset_index(drop=True)


def _changes(work: pd.DataFrame, facts: pd.DataFrame, reverts: pd.DataFrame) -> tuple[pd.DataFrame, TouchedPaths]:
    touched = TouchedPaths.of(work["paths"])
    occurred = work["occurred_at"]
    changes = pd.DataFrame(
        {
            "artefact": work["artefact"].to_numpy(),
            "kind": work["kind"].to_numpy(),
            "occurred_at": occurred.array,
            "month": (occurred.dt.year * 12 + occurred.dt.month - 1).to_numpy(dtype=np.int64),
            "repository": work["repository"].to_numpy(),
            "source": work["source"].to_numpy(),
            "area": pd.array(touched.main_areas(), dtype="str"),
            "imports": facts["imports"].to_numpy(),
            "tools": facts["tools"].to_numpy(),
            "labels": facts["labels"].to_numpy(),
            "tests": touched.any((touched.flags & TEST) > 0),
            "docs": touched.any((touched.flags & DOCUMENTATION) > 0),
            "change_followed": _true(facts["change_followed"]),
            "added": facts["added"].to_numpy(dtype=np.float64, na_value=np.nan),
            "deleted": facts["deleted"].to_numpy(dtype=np.float64, na_value=np.nan),
        },
        index=pd.Index(work["evidence"], name="evidence"),
    )
    changes["substantive"] = _substantive(work, facts, touched.any(touched.written))
    changes["survived"] = _survived(work, reverts)
    return changes, touched


def _true(flag: pd.Series) -> NDArray[np.bool_]:
    return flag.fillna(False).to_numpy(dtype=bool)


def _substantive(work: pd.DataFrame, facts: pd.DataFrame, any_written: NDArray[np.bool_]) -> NDArray[np.bool_]:
    commit = (work["kind"] == Kind.COMMIT.value).to_numpy()
    lines = (facts["added"] + facts["deleted"]).fillna(1).to_numpy(dtype=np.int64)
    written = (
        (facts["parents"].fillna(1).to_numpy(dtype=np.int64) <= 1)
        & facts["revert_of"].isna().to_numpy()
        & ~_true(facts["whitespace_only"])
        & (lines > 0)
        & (facts["files"].fillna(1).to_numpy(dtype=np.int64) <= BULK_FILES)
        & any_written
    )
    return np.where(commit, written, True)


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


def _came_through_a_forge(facts: pd.DataFrame) -> NDArray[np.bool_]:
    """Did a forge's change request bring the change in, or was it merged there with reviews?"""
    through_forge = facts["change_request"].notna() & facts["github_merge"].fillna(False)
    merged_with_reviews = (facts["reviews"].fillna(0) > 0) & facts["merged"].fillna(False)
    return _true(through_forge) | _true(merged_with_reviews)
