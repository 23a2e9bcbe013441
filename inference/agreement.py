"""How far raters agree as they mark, before severity is corrected for: what a reader who does not trust the model can check by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from inference.vignettes import is_vignette
from models.agreement import krippendorff_alpha
from models.bootstrap import cluster_bootstrap

__all__ = ["Agreement", "agreement"]

_REPLICATES = 200


@dataclass(frozen=True, slots=True)
class Agreement:
    """Krippendorff's alpha (ordinal) on one response format, with its 95 % interval over redrawn people (NaN where there is none).

    marks: of people whom two raters or more marked on the same item. raters, people: behind them.
    """

    scale: str
    alpha: float
    low: float
    high: float
    marks: int
    raters: int
    people: int


def agreement(given: pd.DataFrame, rng: np.random.Generator) -> tuple[Agreement, ...]:
    """By response format, sorted. given: as `inference.marks.marks`; of a rater's marks of one person on one item the last counts."""
    return tuple(_agreements(given, rng))


def _agreements(given: pd.DataFrame, rng: np.random.Generator) -> Iterator[Agreement]:
    unit = ["person", "item"]
    rows = given[~is_vignette(given["person"])].sort_values(["scale", *unit, "rater", "occurred_at", "evidence"])
    rows = rows.drop_duplicates(["scale", *unit, "rater"], keep="last")
    rows = rows[rows.groupby(["scale", *unit])["rater"].transform("size") >= 2]
    for scale, own in rows.groupby("scale", sort=True):
        place = own.assign(column=own.groupby(unit).cumcount())
        table = place.pivot(index=unit, columns="column", values="score")
        values = table.to_numpy(dtype=np.float64)
        people = table.index.get_level_values("person").to_numpy()
        found = cluster_bootstrap(partial(_alpha, values), people, rng=rng, replicates=_REPLICATES)
        counts = len(own), own["rater"].nunique(), own["person"].nunique()
        yield Agreement(str(scale), found.estimate, found.low, found.high, *counts)


def _alpha(values: NDArray[np.float64], rows: NDArray[np.int64]) -> float:
    return krippendorff_alpha(values[rows])
