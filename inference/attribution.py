"""Who did how much of what: shares of credit, and the facts about a change that decide whether it counts.

A change's credit is one, split evenly over its author, its co-authors (bots included) and, where it declares AI
assistance, the tool: a share is a statement about the record, not about effort. Committers, mergers and the forge that
squashed a change get none. A reviewer or tester has a participation of their own, worth one.

A change is *substantive* unless it is a merge, a revert, whitespace only, a pure rename or mode change, touches nothing a
person writes (vendored, generated, lock files, assets), or is a bulk import. It is *reviewed* if somebody else than its
authors vouched for it in a trailer or committed it, or it came in through a forge's change request. Two people who
mostly vouch for each other do not vouch independently: their word for one another is set aside (`CLOSED_SHARE`). A
change has *survived* unless a later commit reverts it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from db.records import Kind, ParticipationRole
from inference.facts import WORK_FACTS, read_measures
from inference.path_kinds import DOCUMENTATION, TEST
from inference.touched import TouchedPaths

__all__ = ["BULK_FILES", "Attribution", "attribute"]

BULK_FILES: Final = 400
"""A change that touches more files than this is an import or a sweep, not a piece of work."""

CLOSED_SHARE: Final = 0.5
"""Two people form a closed pair if each gives the other more than this share of all the vouching they do."""

_WORK_KINDS: Final = (Kind.COMMIT, Kind.CHANGE_REQUEST, Kind.REVIEW, Kind.REVIEW_COMMENT)
_ROLES: Final = {
    ParticipationRole.AUTHOR.value: "author",
    ParticipationRole.CO_AUTHOR.value: "author",
    ParticipationRole.REVIEWER.value: "reviewer",
    ParticipationRole.TESTER.value: "tester",
}


_AUTHORS: Final = (ParticipationRole.AUTHOR.value, ParticipationRole.CO_AUTHOR.value)
_VOUCHERS: Final = tuple(
    role.value
    for role in (
        ParticipationRole.REVIEWER,
        ParticipationRole.TESTER,
        ParticipationRole.COMMITTER,
        ParticipationRole.MERGER,
    )
)


@dataclass(frozen=True, slots=True)
class Attribution:
    """changes: one row per artefact of work, index = evidence id: kind, occurred_at, month, repository, source, area, imports,
    tools, labels, substantive, reviewed, survived, tests, docs, change_followed. touched: their paths, in the order of `changes`.
    shares: evidence, person (null where unresolved), identity, role (author | reviewer | tester), share in (0, 1], others_work, counterpart.
    """

    changes: pd.DataFrame
    shares: pd.DataFrame
    touched: TouchedPaths


def attribute(evidence: pd.DataFrame, participations: pd.DataFrame, reverts: pd.DataFrame) -> Attribution:
    """Changes and shares from the ledger's frames (`Ledger.evidence`, `Ledger.participations`, `Ledger.reverts`)."""
    work = evidence[evidence["kind"].isin([kind.value for kind in _WORK_KINDS])]
    work = _without_duplicates(work).sort_values("evidence", kind="stable").reset_index(drop=True)
    taking_part = participations[participations["evidence"].isin(work["evidence"])].reset_index(drop=True)
    facts = read_measures(work["measures"], WORK_FACTS)
    touched = TouchedPaths.of(work["paths"])
    changes = _changes(work, facts, touched, reverts)
    taking_part = _without_closed_pairs(taking_part)
    shares = _shares(taking_part, facts["ai_assist"].notna().set_axis(pd.Index(work["evidence"])))
    changes["reviewed"] = _reviewed(changes, taking_part, facts)
    return Attribution(changes=changes, shares=shares, touched=touched)


def _without_duplicates(work: pd.DataFrame) -> pd.DataFrame:
    """One row per piece of work: an artefact whose primary is read too (a squash, a cherry-pick) is left out."""
    present = pd.Index(work["artefact"])
    duplicate = work["same_as"].notna() & work["same_as"].isin(present) & (work["same_as"] != work["artefact"])
    return work[~duplicate]


def _changes(work: pd.DataFrame, facts: pd.DataFrame, touched: TouchedPaths, reverts: pd.DataFrame) -> pd.DataFrame:
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
        },
        index=pd.Index(work["evidence"], name="evidence"),
    )
    changes["substantive"] = _substantive(work, facts, touched.any(touched.written))
    changes["survived"] = _survived(work, reverts)
    return changes


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
    at = work.set_index("artefact")["occurred_at"]
    known = reverts[reverts["artefact"].isin(at.index)]
    if known.empty:
        return np.ones(len(work), dtype=bool)
    ordered = known.assign(at=known["artefact"].map(at)).sort_values(["at", "artefact"], ascending=False)
    gone: set[str] = set()
    for artefact, target in ordered[["artefact", "target"]].itertuples(index=False, name=None):
        if artefact not in gone:
            gone.add(target)
    return np.asarray(~work["artefact"].isin(sorted(gone)).to_numpy(dtype=bool))


def _without_closed_pairs(taking_part: pd.DataFrame) -> pd.DataFrame:
    """Drops the participations by which two people who mostly vouch for each other vouch for one another."""
    rows = taking_part.assign(who=taking_part["person"].fillna(taking_part["identity"]))
    author = rows.loc[rows["role"].isin(_AUTHORS) & ~_true(rows["bot"]), ["evidence", "who"]].drop_duplicates()
    voucher = rows.loc[rows["role"].isin(_VOUCHERS) & ~_true(rows["bot"]), ["evidence", "who"]].drop_duplicates()
    vouching = voucher.merge(author, on="evidence", suffixes=("", "_for"))
    vouching = vouching[vouching["who"] != vouching["who_for"]]
    pairs = vouching.groupby(["who", "who_for"]).size().rename("n").reset_index()
    pairs["share"] = pairs["n"] / pairs.groupby("who")["n"].transform("sum")
    mutual = pairs.merge(pairs, left_on=["who", "who_for"], right_on=["who_for", "who"], suffixes=("", "_back"))
    closed = mutual[(mutual["share"] > CLOSED_SHARE) & (mutual["share_back"] > CLOSED_SHARE)][["who", "who_for"]]
    if closed.empty:
        return taking_part
    within = vouching.merge(closed, on=["who", "who_for"])[["evidence", "who"]].drop_duplicates()
    both = pd.concat([rows[["evidence", "who"]], within], ignore_index=True)
    pair = _pair_codes(both)
    return taking_part[~(np.isin(pair[: len(rows)], pair[len(rows) :]) & rows["role"].isin(_VOUCHERS).to_numpy())]


def _shares(taking_part: pd.DataFrame, declares_ai: pd.Series) -> pd.DataFrame:
    """One row per (evidence, who, role); a person with two identities or two roles in one change counts once per role."""
    rows = taking_part[taking_part["role"].isin(list(_ROLES))].copy()
    rows["role"] = rows["role"].map(_ROLES)
    rows["who"] = rows["person"].fillna(rows["identity"])
    rows = rows.sort_values(["evidence", "role", "who"], kind="stable").drop_duplicates(["evidence", "role", "who"])
    is_author = (rows["role"] == "author").to_numpy()
    authors = rows[is_author]
    takers = authors.groupby("evidence")["who"].size()
    takers += declares_ai.reindex(takers.index).fillna(False).astype(int)
    rows["share"] = np.where(is_author, 1.0 / rows["evidence"].map(takers).fillna(1.0).to_numpy(dtype=float), 1.0)
    lead = authors.drop_duplicates("evidence").set_index("evidence")["who"]
    voucher = rows[~is_author].drop_duplicates("evidence").set_index("evidence")["who"]
    rows["counterpart"] = rows["evidence"].map(voucher).where(is_author, rows["evidence"].map(lead))
    pairs = _pair_codes(rows)
    rows["others_work"] = ~np.isin(pairs, pairs[is_author])
    counts = is_author | rows["others_work"].to_numpy()
    columns = ["evidence", "person", "identity", "role", "share", "others_work", "counterpart"]
    kept: pd.DataFrame = rows.loc[counts & ~_true(rows["bot"]), columns].reset_index(drop=True)
    return kept


def _pair_codes(rows: pd.DataFrame) -> NDArray[np.int64]:
    """One integer per (evidence, who), equal where both are."""
    evidence, _ = pd.factorize(rows["evidence"])
    who, names = pd.factorize(rows["who"])
    return np.asarray(evidence.astype(np.int64) * max(len(names), 1) + who)


def _reviewed(changes: pd.DataFrame, taking_part: pd.DataFrame, facts: pd.DataFrame) -> NDArray[np.bool_]:
    """Did anybody but the authors vouch for the change, or a forge's change request bring it in?"""
    rows = taking_part.assign(who=taking_part["person"].fillna(taking_part["identity"]))
    pairs = _pair_codes(rows)
    author = rows["role"].isin(_AUTHORS).to_numpy()
    voucher = rows["role"].isin(_VOUCHERS).to_numpy() & ~_true(rows["bot"])
    vouched = rows["evidence"][voucher & ~np.isin(pairs, pairs[author])].unique()
    through_forge = _true(facts["change_request"].notna() & facts["github_merge"].fillna(False))
    merged_with_reviews = _true((facts["reviews"].fillna(0) > 0) & facts["merged"].fillna(False))
    return np.asarray(changes.index.isin(vouched) | through_forge | merged_with_reviews)
