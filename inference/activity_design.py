"""Activity features as columns for a linear classifier: logs, steps between quantiles, and which way each may point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from inference.activity_features import FEATURES

__all__ = ["SIGNS", "ActivityDesign", "transformed"]

Floats = NDArray[np.float64]

_DAYS: Final = frozenset({"last", "last_own", "tenure", "everywhere_tenure"})
_LEAST: Final = 0.05
"""Added to an amount before its logarithm is taken: less than one fresh week says no more than none."""

LEAST_SHARE: Final = 0.1
"""A feature that is missing in more rows than all but this share is left out: too few to learn from."""

_QUANTILES: Final = (0.25, 0.5, 0.75, 0.9)

_FREE: Final = frozenset(
    name
    for name in FEATURES
    if name.startswith(("everywhere", "reviews_everywhere", "areas", "area_"))
    or name in ("tenure", "focus", "peers", "people")
)

SIGNS: Final[Mapping[str, int]] = {
    name: 0 if name in _FREE else -1 if name in ("last", "last_own") else 1 for name in FEATURES
}
"""Which way a feature may move a level: more of the work itself never lowers it, longer ago never raises it, and where else somebody works, since
when, and in what company may count either way."""


def transformed(features: pd.DataFrame) -> pd.DataFrame:
    """Logs of amounts and days; shares as they are. NaN stays.

    >>> transformed(pd.DataFrame({"own_12": [0.95], "last": [1.0], "own_12_rank": [0.5]})).round(2).to_numpy().tolist()
    [[0.0, 0.0, 0.5]]
    """
    return pd.DataFrame({name: _transformed(str(name), features[name]) for name in features}, index=features.index)


def _transformed(name: str, values: pd.Series) -> Floats:
    found = values.to_numpy(dtype=np.float64)
    if name in _DAYS:
        return np.asarray(np.log(np.maximum(found, 1.0)), dtype=np.float64)
    if name == "focus" or name.endswith(("_lead", "_rank")):
        return found
    return np.asarray(np.log(found + _LEAST), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class ActivityDesign:
    """names: of the features. knots: by feature, sorted; centre: by feature, what stands for a missing value.

    With knots t_1 < .. < t_m a feature x becomes m + 1 columns, x held within each of (-inf, t_1), (t_1, t_2) .. : a
    line that may bend at the knots, and rises if all its coefficients do. Without knots it is one column.
    """

    names: tuple[str, ...]
    knots: Mapping[str, tuple[float, ...]]
    centre: Mapping[str, float]

    @classmethod
    def of(cls, features: pd.DataFrame, *, names: Sequence[str] = tuple(FEATURES), bent: bool = False) -> Self:
        """With what is usual among these rows; bent: knots at the quartiles and the ninth decile."""
        values = transformed(features[list(names)])
        centre = {name: float(column.mean()) if column.notna().any() else 0.0 for name, column in values.items()}
        names = [name for name in names if values[name].notna().mean() >= LEAST_SHARE]
        knots = {name: _knots(values[name]) if bent else () for name in names}
        return cls(tuple(names), knots, {str(name): value for name, value in centre.items()})

    def columns(self, features: pd.DataFrame) -> pd.DataFrame:
        """The matrix, finite, columns named by feature and place ("own_12", or "own_12:0" ..)."""
        values = transformed(features[list(self.names)])
        found: dict[str, Floats] = {}
        for name in self.names:
            column = values[name].fillna(self.centre[name]).to_numpy(dtype=np.float64)
            edges = (-np.inf, *self.knots[name], np.inf)
            if len(edges) == 2:
                found[name] = column
            else:
                found |= {f"{name}:{k}": np.clip(column, edges[k], edges[k + 1]) for k in range(len(edges) - 1)}
        return pd.DataFrame(found, index=features.index)

    def signs(self) -> dict[str, int]:
        """By column, see `SIGNS`."""
        bends = {name: range(len(self.knots[name]) + 1) for name in self.names}
        return {
            (f"{name}:{k}" if len(bends[name]) > 1 else name): SIGNS[name] for name in self.names for k in bends[name]
        }

    def as_mapping(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "names": list(self.names),
            "knots": {name: list(self.knots[name]) for name in self.names},
            "centre": {name: self.centre[name] for name in self.names},
        }

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Self:
        """The design of an `as_mapping`."""
        knots = {str(name): tuple(float(one) for one in each) for name, each in mapping["knots"].items()}
        return cls(tuple(mapping["names"]), knots, {str(k): float(v) for k, v in mapping["centre"].items()})


def _knots(values: pd.Series) -> tuple[float, ...]:
    known = values.dropna()
    if known.empty:
        return ()
    cuts = np.unique(np.quantile(known, _QUANTILES))
    return tuple(float(cut) for cut in cuts[(cuts > known.min()) & (cuts < known.max())])
