"""The rating frame: what the estimators take in, checked and completed.

A rating frame has one row per rating. Columns:

====================  =================================================================================================
person, item, rater   required; any hashable ids of one type per column
score                 required; whole numbers, any origin
skill                 which skill of the person the item speaks to (default: one skill for all)
source                where the rating comes from, for example "feedback360" (default: one source)
period                a rater's severity may differ between periods (default: it does not)
weight                positive; multiplies the log-likelihood (default 1)
discount              positive; multiplies the weight once more where persons are judged, not where facets and standard deviations are
                      learned, for example for recency (default 1)
rater_class           "human" (default) or "machine"
scale                 name of the response format within the source (default: one per source and number of categories;
                      for machines one per item, because a graded measure has thresholds of its own)
categories            number of categories of the format, also if some never occur (default: highest - lowest + 1)
lowest                lowest score of the format, needed only where `categories` leaves it open
at_least              True where the score is a floor: this category or a higher one (default False). Floors inform persons,
                      never items, steps or severities
====================  =================================================================================================
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["ALL", "RatingError", "completed", "format_bounds"]

Integers = NDArray[np.int64]

ALL = "all"
"""Stands for a column the frame does not have."""

_REQUIRED = ("person", "item", "rater", "score")


class RatingError(ValueError):
    """The rating frame cannot be used; the message says what was expected, what was found and where."""


def completed(ratings: pd.DataFrame, *, partial_credit: bool) -> pd.DataFrame:
    """Required columns checked, optional ones filled in, formats named."""
    missing = [name for name in _REQUIRED if name not in ratings]
    if missing:
        raise RatingError(f"columns {missing} are missing; a rating frame needs {list(_REQUIRED)}")
    if ratings.empty:
        raise RatingError("the rating frame is empty: there is nothing to estimate from; pass at least one rating")
    table = pd.DataFrame({name: ratings[name].to_numpy() for name in _REQUIRED})
    defaults = {"skill": ALL, "source": ALL, "period": ALL, "weight": 1.0, "discount": 1.0, "rater_class": "human"}
    for name, default in defaults.items():
        table[name] = ratings[name].to_numpy() if name in ratings else np.full(len(ratings), default)
    table["at_least"] = ratings["at_least"].to_numpy(dtype=bool) if "at_least" in ratings else False
    _check_cells(table)
    machine = table["rater_class"] == "machine"
    for name in ("categories", "lowest"):
        table[name] = pd.to_numeric(ratings[name]).to_numpy() if name in ratings else np.nan
    if partial_credit:
        table["_format_source"], table["_format"] = ALL, table["item"].astype(str)
    else:
        shared = ratings["scale"].astype(str).to_numpy() if "scale" in ratings else _width(table["categories"])
        table["_format_source"] = table["source"].astype(str)
        table["_format"] = np.where(machine & ("scale" not in ratings), table["item"].astype(str), shared)
    return table


def _width(categories: pd.Series[Any]) -> pd.Series[Any]:
    names = {width: "scale" if pd.isna(width) else f"{int(width)} categories" for width in categories.unique()}
    return categories.map(names)


def _check_cells(table: pd.DataFrame) -> None:
    for name in ("person", "item", "rater", "score", "skill", "source", "period", "weight", "discount"):
        if table[name].isna().any():
            row = int(np.flatnonzero(table[name].isna())[0])
            raise RatingError(f"column {name!r} is empty in row {row}; leave out ratings that were not given")
    score = pd.to_numeric(table["score"], errors="coerce").to_numpy(dtype=np.float64)
    if not np.isfinite(score).all() or (score != np.round(score)).any():
        row = int(np.flatnonzero(~np.isfinite(score) | (score != np.round(score)))[0])
        raise RatingError(f"score {table['score'].iloc[row]} in row {row} is not a whole number; scores are categories")
    for name in ("weight", "discount"):
        weight = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=np.float64)
        if not (np.isfinite(weight) & (weight > 0)).all():
            row = int(np.flatnonzero(~(np.isfinite(weight) & (weight > 0)))[0])
            raise RatingError(f"{name} {table[name].iloc[row]} in row {row} is not positive; leave such ratings out")
    wrong = sorted(set(map(str, table["rater_class"].unique())) - {"human", "machine"})
    if wrong:
        raise RatingError(f"rater_class {wrong} is unknown; it is 'human' or 'machine'")


def format_bounds(
    table: pd.DataFrame, codes: Integers, formats: tuple[tuple[Hashable, ...], ...]
) -> tuple[Integers, Integers]:
    """Number of categories and lowest score of each format."""
    grouped = table.groupby(codes)
    seen = grouped["score"].agg(["min", "max"]).astype(np.int64)
    stated = grouped[["categories", "lowest"]].agg(["min", "max"])
    categories, lowest = np.empty(len(formats), dtype=np.int64), np.empty(len(formats), dtype=np.int64)
    for code in range(len(formats)):
        low, high = int(seen["min"][code]), int(seen["max"][code])
        widths, origins = stated["categories"].loc[code], stated["lowest"].loc[code]
        name = " ".join(str(part) for part in formats[code] if part != ALL) or "the only one"
        if (widths["min"] != widths["max"] and pd.notna(widths["min"])) or (
            origins["min"] != origins["max"] and pd.notna(origins["min"])
        ):
            raise RatingError(
                f"format {name} has several numbers of categories or lowest scores; name its scales apart"
            )
        width = None if pd.isna(widths["min"]) else int(widths["min"])
        origin = None if pd.isna(origins["min"]) else int(origins["min"])
        lowest[code], categories[code] = _bounds(low, high, width, origin, name)
    return categories, lowest


def _bounds(low: int, high: int, width: int | None, origin: int | None, name: str) -> tuple[int, int]:
    if origin is None:
        origin = low if width is None or high - low + 1 == width else _origin(low, high, width, name)
    if width is None:
        width = max(high - origin + 1, 2)
    if width < 2 or low < origin or high > origin + width - 1:
        raise RatingError(
            f"format {name}: scores {low}..{high} do not fit {width} categories from {origin}; "
            "correct `categories` or `lowest`"
        )
    return origin, width


def _origin(low: int, high: int, width: int, name: str) -> int:
    """0 or 1, whichever the scores allow; both: say so."""
    fits = [origin for origin in (0, 1) if low >= origin and high <= origin + width - 1]
    if len(fits) != 1:
        raise RatingError(
            f"format {name}: scores {low}..{high} do not tell where its {width} categories begin; give column `lowest`"
        )
    return fits[0]
