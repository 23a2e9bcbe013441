"""When evidence occurred: how much of it old evidence still says (a power prior with a half-life; nothing else discounts by age), and its quarter."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from inference.exposure import DAYS_PER_MONTH

__all__ = ["quarter_of", "recency_weight"]


def recency_weight(
    occurred_at: pd.Series, *, as_of: datetime, half_life_months: float | NDArray[np.floating[Any]]
) -> NDArray[np.float64]:
    """2 ** (-age / half-life), in (0, 1]; work dated after `as_of` counts as of today.

    >>> when = pd.Series(pd.to_datetime(["2025-01-01", "2024-01-01"], utc=True))
    >>> recency_weight(when, as_of=datetime.fromisoformat("2025-01-01T00:00:00+00:00"), half_life_months=12).round(2).tolist()
    [1.0, 0.5]
    """
    age_days = (pd.Timestamp(as_of) - occurred_at).dt.total_seconds().to_numpy(dtype=float) / 86_400
    return np.asarray(np.exp2(-np.maximum(age_days, 0.0) / DAYS_PER_MONTH / half_life_months))


def quarter_of(occurred_at: pd.Series) -> pd.Series:
    """The calendar quarter (UTC) of each moment.

    >>> quarter_of(pd.Series(pd.to_datetime(["2026-03-31T23:30:00-02:00"], utc=True))).tolist()
    ['2026Q2']
    """
    at = pd.to_datetime(occurred_at, utc=True)
    return at.dt.year.astype(str) + "Q" + at.dt.quarter.astype(str)
