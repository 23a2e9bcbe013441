"""Which records are one unit of work: a change request with the commits that landed it, and the reviews about it.

A change request stands for its commits: it takes their imports and tools, and their paths if its own are unknown; it is
worth what the best of them is worth, and taking one of them back takes it back. A review stands beside the change it is
about: it touches that change's paths, and is worth no more than the change. Other copies (a cherry-pick) are left out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from db.records import Kind
from inference.coded import positions

__all__ = ["WorkUnits"]

_WORK_KINDS: Final = (Kind.COMMIT, Kind.CHANGE_REQUEST, Kind.REVIEW, Kind.REVIEW_COMMENT)
_READ: Final = [
    "evidence",
    "artefact",
    "kind",
    "occurred_at",
    "source",
    "repository",
    "same_as",
    "measures",
    "paths",
    "excerpt",
]

Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class WorkUnits:
    """work: a row per record that stands for itself, in order of evidence ids, paths filled in. unit: per row the position of
    the row it is about (a review's change request; itself for everything else, and where that change is unknown).
    landed: commits that a change request stands for, their own rows; into: position in `work` of that change request.
    """

    work: pd.DataFrame
    unit: Integers
    landed: pd.DataFrame
    into: Integers

    @classmethod
    def of(cls, evidence: pd.DataFrame, reviewed: pd.DataFrame) -> WorkUnits:
        """From the ledger's evidence frame and its review targets (artefact, target)."""
        rows = evidence.loc[evidence["kind"].isin([kind.value for kind in _WORK_KINDS]), _READ]
        rows = rows.take(rows["evidence"].argsort(kind="stable").to_numpy()).reset_index(drop=True)
        own, artefacts = np.arange(len(rows)), pd.Index(rows["artefact"])
        primary = positions(rows["same_as"], artefacts)
        primary = np.where(primary < 0, own, primary)
        kept = primary == own
        place = np.cumsum(kept) - 1
        request = (rows["kind"] == Kind.CHANGE_REQUEST.value).to_numpy(dtype=bool)
        lands = ~kept & (rows["kind"] == Kind.COMMIT.value).to_numpy(dtype=bool) & request[primary]
        units = cls(
            rows[kept].reset_index(drop=True),
            place[_targets(rows, artefacts, primary, reviewed)][kept],
            rows[lands].reset_index(drop=True),
            place[primary[lands]],
        )
        return units._with_paths()

    def of_kind(self, *kinds: Kind) -> Booleans:
        """Which rows of `work` are of these kinds."""
        return self.work["kind"].isin([kind.value for kind in kinds]).to_numpy(dtype=bool)

    def any_landed(self, of_landed: Booleans) -> Booleans:
        """Per row of `work`: has any of the commits it stands for the property?"""
        found = np.zeros(len(self.work), dtype=bool)
        found[self.into[of_landed]] = True
        return found

    def gathered(self, own: pd.Series, of_landed: pd.Series) -> pd.Series:
        """Lists of words per row of `work`, joined with those of the commits it stands for, sorted; null where nobody says."""
        found: dict[int, set[str]] = {}
        told = np.flatnonzero(of_landed.notna().to_numpy(dtype=bool))
        for into, words in zip(self.into[told].tolist(), of_landed.iloc[told].tolist(), strict=True):
            found.setdefault(into, set()).update(words)
        lists = own.astype(object)
        for at, words in found.items():
            before = own.iloc[at]
            lists.iloc[at] = sorted(words if before is pd.NA else words.union(before))
        return lists

    def standing(self, artefacts: pd.Series) -> pd.Series:
        """The artefacts with every landed commit replaced by the change request that stands for it."""
        place = positions(artefacts, pd.Index(self.landed["artefact"]))
        requests = self.work["artefact"].to_numpy(dtype=object)[self.into]
        return artefacts.mask(place >= 0, pd.Series(requests, dtype="object").reindex(place).to_numpy()).astype("str")

    def _with_paths(self) -> WorkUnits:
        reviewing = self.unit != np.arange(len(self.work))
        if self.landed.empty and not reviewing.any():
            return self
        paths = np.array(self.work["paths"].tolist(), dtype=object)
        bare = np.array([not _has_paths(text) for text in paths], dtype=bool)
        joined: dict[int, list[object]] = {}
        for into, text in zip(self.into.tolist(), self.landed["paths"].tolist(), strict=True):
            if bare[into] and _has_paths(text):
                joined.setdefault(into, []).extend(json.loads(text))
        for into, listed in joined.items():
            paths[into] = json.dumps(listed)
        about = bare & reviewing
        paths[about] = paths[self.unit[about]]
        return WorkUnits(self.work.assign(paths=paths), self.unit, self.landed, self.into)


def _has_paths(text: object) -> bool:
    return isinstance(text, str) and text != "[]"


def _targets(rows: pd.DataFrame, artefacts: pd.Index, primary: Integers, reviewed: pd.DataFrame) -> Integers:
    """Per row the row it is about."""
    about = np.arange(len(rows))
    review, target = (positions(reviewed[name], artefacts) for name in ("artefact", "target"))
    known = (review >= 0) & (target >= 0)
    about[review[known]] = primary[target[known]]
    return about
