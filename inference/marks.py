"""The marks that humans gave, each with who gave it as what, and when: the ground of every look at raters."""

from __future__ import annotations

import pandas as pd

from inference.observations import Observed
from inference.ratings import heard
from inference.recency import quarter_of

__all__ = ["main_relations", "marks"]


def marks(observed: Observed) -> pd.DataFrame:
    """The human ratings heard, as the model reads them and with relation, evidence, occurred_at and quarter ("2026Q2", UTC) beside.

    Self-ratings are not among them, nor decisions taken in sight of an estimate; ratings of vignettes are (`inference.vignettes.is_vignette` tells them).
    """
    known = observed.observations.loc[observed.observations["rater_class"] == "human", "item"]
    given = observed.ratings if observed.vignettes.empty else pd.concat([observed.ratings, observed.vignettes])
    given = given[heard(given) & given["item"].isin(set(known))].reset_index(drop=True)
    at = pd.to_datetime(given["occurred_at"], utc=True)
    return pd.DataFrame(
        {
            **{name: given[name] for name in ("evidence", "person", "skill", "item", "rater", "source", "relation")},
            "scale": given["format"],
            "score": given["score"],
            "categories": given["categories"],
            "lowest": 0,
            "rater_class": "human",
            "occurred_at": at,
            "quarter": quarter_of(at),
        }
    )


def main_relations(given: pd.DataFrame) -> dict[str, str]:
    """Each rater's relation: the one most of their marks were given in, the first in the alphabet of several.

    So that every rater is counted in one group only, and no group can be found by subtracting others.
    """
    counts = given.groupby(["rater", "relation"]).size().rename("n").reset_index()
    counts = counts.sort_values(["rater", "n", "relation"], ascending=[True, False, True], kind="stable")
    first = counts.drop_duplicates("rater")
    return dict(zip(first["rater"].astype(str), first["relation"].astype(str), strict=True))
