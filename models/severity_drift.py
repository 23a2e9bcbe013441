"""Whether raters became harsher or milder from one period to the next, everybody's growth apart.

In each period displacements (see `models.interactions`) are laid on raters and persons by weighted least squares, so that a person may stand anywhere in each of
them: what all raters of a person see change is the person's. A rater's drift is the difference of the rater's two effects, each
measured from the mean of the raters who rated in both periods. Drift of all raters together cannot be told from growth of all persons.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import linalg

__all__ = ["severity_drift"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_TOLERANCE = 1e-8


def severity_drift(cells: pd.DataFrame, before: str, after: str) -> pd.DataFrame:
    """Drift of every rater with cells in both periods.

    cells: rater, person, period, displacement, variance, n. Returns, by rater, drift (logits, positive: harsher), se, t, n_before, n_after (marks); drift, se and
    t are NaN where the design of a period does not tie the rater to the others.
    """
    parts = [cells[cells["period"] == period] for period in (before, after)]
    common = sorted(set(parts[0]["rater"]) & set(parts[1]["rater"]))
    table = pd.DataFrame(index=pd.Index(common, name="rater"))
    effects = [_effects(part, common) for part in parts]
    change, covariance = effects[0][0] - effects[1][0], effects[0][1] + effects[1][1]
    table["drift"], table["se"] = change, np.sqrt(np.maximum(np.diag(covariance), 0.0)) if common else []
    table.loc[~(effects[0][2] & effects[1][2]), ["drift", "se"]] = np.nan
    table["t"] = table["drift"] / table["se"].where(table["se"] > 0)
    for name, part in zip(("n_before", "n_after"), parts, strict=True):
        table[name] = part.groupby("rater")["n"].sum().reindex(common).astype("int64")
    return table


def _effects(cells: pd.DataFrame, common: list[str]) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Effects of the common raters about their mean, their covariance, and which of them the design determines."""
    rater, names = pd.factorize(cells["rater"], sort=True)
    person, people = pd.factorize(cells["person"])
    weight, value = 1.0 / cells["variance"].to_numpy(dtype=np.float64), cells["displacement"].to_numpy(dtype=np.float64)
    meeting = np.zeros((len(names), len(people)))
    np.add.at(meeting, (rater, person), weight)
    ability = _summed(person, weight, len(people))
    share = meeting / np.maximum(ability, _TOLERANCE)
    information = np.diag(_summed(rater, weight, len(names))) - share @ meeting.T
    of_person = _summed(person, weight * value, len(people))
    pull = _summed(rater, weight * value, len(names)) - share @ of_person
    inverse = np.asarray(linalg.pinvh(information, rtol=_TOLERANCE) if len(names) else information, dtype=np.float64)
    effect = inverse @ pull
    offset = (of_person - meeting.T @ effect) / ability
    rest = value - effect[rater] - offset[person]
    freedom = max(len(cells) - int(np.linalg.matrix_rank(information)) - len(people), 1)
    scale = max(float((weight * rest**2).sum()) / freedom, 1.0)
    contrast = np.zeros((len(common), len(names)))
    contrast[np.arange(len(common)), names.get_indexer(pd.Index(common))] = 1.0
    if common:
        contrast -= contrast.mean(axis=0)
    known = np.abs(contrast @ inverse @ information - contrast).max(axis=1, initial=0.0) < 1e-6
    return contrast @ effect, scale * contrast @ inverse @ contrast.T, np.asarray(known)


def _summed(code: Integers, values: Floats, count: int) -> Floats:
    return np.asarray(np.bincount(code, weights=values, minlength=count), dtype=np.float64)
