"""What an assessment reads, and the little it leaves out before it looks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import pandas as pd

from db.records import ModelVersion, StandardSetting

__all__ = ["Frames"]


@dataclass(frozen=True, slots=True)
class Frames:
    """The ledger's frames for one purpose, as of one moment and as known at one moment; columns as `Ledger` gives them.

    reviewed: which review is about which change request. contested: evidence ids and "identity:<id>" under an open or upheld dispute. standard_settings: what panels
    agreed, the first saved first. model: the registered model version, if there is one.
    """

    evidence: pd.DataFrame
    participations: pd.DataFrame
    reverts: pd.DataFrame
    reviewed: pd.DataFrame
    people: pd.DataFrame
    employments: pd.DataFrame
    memberships: pd.DataFrame
    absences: pd.DataFrame
    contested: frozenset[str] = frozenset()
    standard_settings: tuple[StandardSetting, ...] = ()
    model: ModelVersion | None = None

    def uncontested(self) -> Frames:
        """Without contested evidence; participations of contested identities are nobody's."""
        if not self.contested:
            return self
        identities = {target.removeprefix("identity:") for target in self.contested if target.startswith("identity:")}
        evidence = self.evidence[~self.evidence["evidence"].isin(sorted(self.contested))]
        parts = self.participations[self.participations["evidence"].isin(evidence["evidence"])]
        theirs = parts["identity"].isin(sorted(identities))
        return replace(self, evidence=evidence, participations=parts.assign(person=parts["person"].mask(theirs)))

    def teams(self, as_of: datetime) -> pd.DataFrame:
        """person, team on the day of `as_of`."""
        day = as_of.date().isoformat()
        rows = self.memberships
        starts, ends = rows["valid_from"].astype("string"), rows["valid_to"].astype("string")
        return rows[(starts <= day) & (ends.isna() | (ends > day))][["person", "team"]]
