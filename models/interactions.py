"""Who rates whom differently: interactions of groups of raters with groups of people, each rater's severity and each person's ability apart.

A cell is all marks of one rater on one person (in one period, if told apart). Its *displacement* is the step in logits that would bring the expected
marks to those given: summed residual over summed information, at the fitted theta and severity without halo. With I the information, the
displacement has variance 1 / I + s^2, where s is the SD of the halos. By weighted least squares::

    displacement_rp = rater_r + person_p + effect * x_rp + error,     weight 1 / (1 / I_rp + s^2)

The effects of rater and person take up whatever is left of severity and ability, so that neither passes for an interaction, and the error's variance is
estimated, so that it need not be believed. This is the bias analysis of many-facet measurement (Linacre 1989), with both mains removed anew.
A main effect of a group of people cannot be found this way, or any: it is the same as their ability.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import linalg
from scipy.stats import t as student

from models.categories import moments
from models.design import encode_known
from models.facets import FacetsModel

__all__ = ["Effect", "Interactions", "benjamini_hochberg", "displacements", "reciprocity"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Effect:
    """An interaction in logits (positive: marked higher than by others), its standard error, t, p and the number of marks behind it.

    All but n are NaN where the design cannot tell it from ability and severity.
    """

    estimate: float
    se: float
    t: float
    p: float
    n: int


def displacements(model: FacetsModel, ratings: pd.DataFrame, *, period: ArrayLike | None = None) -> pd.DataFrame:
    """One row per rater, person and period: displacement (logits), information, n, variance (1 / information + halo).

    ratings: human rows the model was fitted on, or like them. period: a label per row (default: one for all).
    """
    fitted = model.fitted_
    words, facets, variances = fitted.design.vocabulary, fitted.solution.facets, fitted.solution.variances
    rows = encode_known(ratings, words)
    theta = fitted.all_persons().mean[rows.person, rows.skill] - facets.mean
    expected, information = moments(facets.eta(theta, rows), facets.cumulative(rows.severity, rows.format))
    slope = facets.slope(rows.format)
    table = pd.DataFrame(
        {
            "rater": ratings["rater"].to_numpy(),
            "person": ratings["person"].to_numpy(),
            "period": "all" if period is None else np.asarray(period),
            "residual": slope * (rows.score - expected),
            "information": np.maximum(slope**2 * information, 1e-9),
            "skill": rows.skill,
        }
    )
    grouped = table.groupby(["rater", "person", "period"], sort=True)
    cells = grouped.agg(
        residual=("residual", "sum"),
        information=("information", "sum"),
        n=("residual", "size"),
        skills=("skill", "nunique"),
    ).reset_index()
    halo = variances.halo**2 + (variances.halo_skill**2 if len(words.skills) > 1 else 0.0) / cells["skills"]
    cells["variance"] = 1.0 / cells["information"] + halo
    cells["displacement"] = cells.pop("residual") / cells["information"]
    return cells.drop(columns="skills")


class Interactions:
    """Cells with the effects of raters and persons taken out once, so that many contrasts are cheap.

    cells: as `displacements` gives them; in several periods, a person's ability and a rater's severity may differ from one to the next.
    """

    def __init__(self, cells: pd.DataFrame) -> None:
        self.cells = cells.reset_index(drop=True)
        self._weight = 1.0 / self.cells["variance"].to_numpy(dtype=np.float64)
        period = pd.factorize(self.cells["period"].astype(str), sort=True)[0]
        blocks = [np.flatnonzero(period == code) for code in np.unique(period)]
        self._blocks = [(rows, _basis(self.cells.iloc[rows], self._weight[rows])) for rows in blocks]
        self._displacement = self._residual(self.cells["displacement"].to_numpy(dtype=np.float64))
        self.freedom = len(self.cells) - sum(basis.shape[1] for _, basis in self._blocks) - 1

    def _residual(self, values: Floats) -> Floats:
        """Values times root weight, without what raters and persons explain."""
        scaled = np.asarray(values * np.sqrt(self._weight))
        for rows, basis in self._blocks:
            scaled[rows] -= basis @ (basis.T @ scaled[rows])
        return scaled

    @property
    def residual(self) -> Floats:
        """Displacement of each cell beyond severity and ability, over its standard deviation."""
        return self._displacement

    def effect(self, indicator: ArrayLike) -> Effect:
        """The effect of an indicator (cells,), true or a number. n counts the marks of cells where it is not 0."""
        raw = np.asarray(indicator, dtype=np.float64)
        n = int(self.cells.loc[raw != 0, "n"].sum())
        own = self._residual(raw)
        information = float(own @ own)
        if self.freedom < 1 or information < 1e-8 * max(float((self._weight * raw**2).sum()), 1e-12):
            return Effect(np.nan, np.nan, np.nan, np.nan, n)
        estimate = float(own @ self._displacement) / information
        rest = self._displacement - estimate * own
        se = float(np.sqrt(rest @ rest / self.freedom / information))
        ratio = estimate / se if se > 0 else np.nan
        return Effect(estimate, se, ratio, float(2 * student.sf(abs(ratio), self.freedom)), n)


def _basis(cells: pd.DataFrame, weight: Floats) -> Floats:
    """Orthonormal basis of what raters and persons explain among the cells of one period."""
    raters, persons = (pd.factorize(cells[name])[0] for name in ("rater", "person"))
    design = np.zeros((len(cells), int(raters.max()) + int(persons.max()) + 2))
    design[np.arange(len(cells)), raters] = 1.0
    design[np.arange(len(cells)), int(raters.max()) + 1 + persons] = 1.0
    basis, triangle, _ = linalg.qr(design * np.sqrt(weight)[:, None], mode="economic", pivoting=True)
    diagonal = np.abs(np.diag(triangle))
    return np.asarray(basis[:, diagonal > 1e-9 * diagonal.max(initial=0.0)])


def benjamini_hochberg(p: ArrayLike, q: float = 0.05) -> NDArray[np.bool_]:
    """Which of several findings stand when false ones shall be at most a share q of them; NaN never does.

    Benjamini & Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x.

    >>> benjamini_hochberg([0.001, 0.03, 0.04, 0.9]).tolist()
    [True, False, False, False]
    """
    values = np.asarray(p, dtype=np.float64)
    known = np.flatnonzero(np.isfinite(values))
    stands = np.zeros(len(values), dtype=bool)
    order = known[np.argsort(values[known], kind="stable")]
    below = np.flatnonzero(values[order] <= q * np.arange(1, len(order) + 1) / max(len(order), 1))
    if len(below):
        stands[order[: below[-1] + 1]] = True
    return stands


def reciprocity(found: Interactions) -> pd.DataFrame:
    """Couples who rated each other: first, second (sorted), there, back: standardised residuals of either cell, in each period."""
    cells = found.cells.assign(
        residual=found.residual, rater=found.cells["rater"].astype(str), person=found.cells["person"].astype(str)
    )
    there = cells[cells["rater"] < cells["person"]]
    back = cells.rename(columns={"rater": "person", "person": "rater"})
    both = there.merge(back, on=["rater", "person", "period"], suffixes=("_there", "_back"))
    return pd.DataFrame(
        {
            "first": both["rater"],
            "second": both["person"],
            "there": both["residual_there"],
            "back": both["residual_back"],
        }
    )
