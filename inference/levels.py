"""Theta and level probabilities of every person and skill, those without evidence included."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from db.records import LEVELS
from inference.cutting import SkillCuts
from inference.sensitivity import Without
from models.cutpoints import level_probabilities, normal_level_probabilities
from models.facets import FacetsModel
from models.posterior import Posteriors

__all__ = ["PROBABILITIES", "Ability", "Levels", "Recalibrating"]

Floats = NDArray[np.float64]

PROBABILITIES: Final = [f"p{level}" for level in range(1, LEVELS + 1)]
"""Columns of level probabilities in frames."""

Recalibrating = Callable[[Sequence[str], str, Floats], Floats]
"""Persons (n,), a skill and their level probabilities (n, levels) to recalibrated ones."""

_PRIOR_SD = 1.2


@dataclass(frozen=True, slots=True)
class Ability:
    """A posterior on one skill. theta, sd, prior_sd in logits; probabilities of levels 1..5."""

    theta: float
    sd: float
    prior_sd: float
    probabilities: Floats


class Levels:
    """Abilities by person and skill. Somebody or something the model has not seen has the population's distribution.

    recalibrated: applied to every level probability that leaves here, and never to theta.
    """

    def __init__(
        self, model: FacetsModel | None, cuts: Mapping[str, SkillCuts], recalibrated: Recalibrating | None = None
    ) -> None:
        self._model, self._cuts = model, cuts
        self._recalibrated: Recalibrating = recalibrated or _as_they_are
        self._all: Posteriors | None = model.posteriors() if model is not None else None
        self._row = {} if self._all is None else {str(person): n for n, person in enumerate(self._all.keys["person"])}
        self._column = {} if self._all is None else {str(skill): n for n, skill in enumerate(self._all.skills)}
        self._probabilities = {skill: self._of_everybody(skill) for skill in self._column}

    def _of_everybody(self, skill: str) -> Floats:
        assert self._all is not None
        column, cuts = self._column[skill], self._cuts[skill]
        grid = self._all.centre[:, column, None] + self._all.scale[:, column, None] * self._all.nodes
        error = cuts.se if cuts.seen_from is None else cuts.seen_from
        persons = [str(person) for person in self._all.keys["person"]]
        return self._recalibrated(persons, skill, level_probabilities(grid, self._all.mass[:, column], cuts.cut, error))

    def ability(self, person: str, skill: str) -> Ability:
        """What is known of a person's skill, all evidence taken together."""
        if self._all is None:
            return Ability(0.0, _PRIOR_SD, _PRIOR_SD, self._prior(person, skill, 0.0, _PRIOR_SD))
        column = self._column.get(skill)
        prior_sd = float(self._all.prior_sd.mean() if column is None else self._all.prior_sd[column])
        row = self._row.get(person)
        if column is None or row is None:
            mean = float(self._all.prior_mean)
            return Ability(mean, prior_sd, prior_sd, self._prior(person, skill, mean, prior_sd))
        return Ability(
            float(self._all.mean[row, column]),
            float(self._all.sd[row, column]),
            prior_sd,
            self._probabilities[skill][row],
        )

    def _prior(self, person: str, skill: str, mean: float, sd: float) -> Floats:
        cuts = self._cuts[skill]
        prior = normal_level_probabilities([mean], [sd], cuts.cut, cuts.se)
        return np.asarray(self._recalibrated([person], skill, prior)[0])

    def without(self, person: str, skill: str, variants: tuple[Without, ...]) -> Floats:
        """Level probabilities of variants of one person and skill, (variants, 5)."""
        if not variants:
            return np.zeros((0, LEVELS))
        cuts = self._cuts[skill]
        error = cuts.se if cuts.seen_from is None else cuts.seen_from[self._row[person]]
        mean, sd = np.array([one.mean for one in variants]), np.array([one.sd for one in variants])
        found = normal_level_probabilities(mean, sd, cuts.cut, error)
        return self._recalibrated([person] * len(found), skill, found)

    def replaced(self, ratings: pd.DataFrame) -> dict[tuple[str, str], Floats]:
        """Level probabilities of the persons in `ratings` were they rated so, by (person, skill) of the rows given."""
        if self._model is None or ratings.empty:
            return {}
        known = ratings[ratings["person"].isin(list(self._row)) & ratings["item"].isin(self._model.items_.index)]
        if known.empty:
            return {}
        variants = self._model.replaced(known)
        at = {str(person): row for row, person in enumerate(variants.keys["person"])}
        pairs = sorted(set(known[["person", "skill"]].itertuples(index=False, name=None)))
        found = {}
        for person, skill in pairs:
            place = at[person], self._column[skill]
            one = Without("", "", float(variants.mean[place]), float(variants.sd[place]))
            found[str(person), str(skill)] = self.without(str(person), str(skill), (one,))[0]
        return found

    def joint(self, person: str) -> tuple[tuple[str, ...], Floats, Floats] | None:
        """Skills, mean and covariance of a fitted person; None for somebody without ratings."""
        row = self._row.get(person)
        if self._all is None or row is None:
            return None
        return tuple(str(skill) for skill in self._all.skills), self._all.mean[row], self._all.covariance[row]


def _as_they_are(persons: Sequence[str], skill: str, probabilities: Floats) -> Floats:
    return probabilities
