"""Level probabilities drawn towards what committees decided, learned across people and never from one's own decisions.

People are dealt into five folds by a digest of their key in the roster. Each fold has its own coefficients, learned from the
labelled people of the other four, and everybody, labelled or not, is recalibrated by those of their own fold. So no
decision about a person can touch that person's assessment through recalibration, nothing has to be stored about who was
labelled, and the figures published for held-out people are those of the very coefficients in use.

Recalibration moves level probabilities only; theta, its interval and the evidence behind it stay what they were.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from inference.folds import FOLDS, fold_of
from inference.levels import PROBABILITIES
from models.calibration import Recalibration, fit_recalibration, method_for

__all__ = ["FOLDS", "LEAST_PEOPLE", "LevelRecalibration", "PersonalRecalibration", "fold_of", "learn_recalibration"]

Floats = NDArray[np.float64]

LEAST_PEOPLE: Final = 50
"""Labelled people below which nothing is recalibrated: a slope and four shifts would be noise."""


@dataclass(frozen=True, slots=True)
class LevelRecalibration:
    """One recalibration per fold, learned without the people of that fold. people, labels: learned from over all."""

    folds: tuple[Recalibration, ...]
    people: int
    labels: int

    def of(self, people: pd.DataFrame) -> PersonalRecalibration:
        """For the people of a roster: columns person and key."""
        keys = dict(zip(people["person"].astype(str), people["key"].astype(str), strict=True))
        return PersonalRecalibration(self, {person: fold_of(key) for person, key in keys.items()})

    def apply(self, fold: NDArray[np.int64], skill: Sequence[str], probabilities: Floats) -> Floats:
        """Row by row: (n,) folds, (n,) skills, (n, levels) probabilities."""
        result = np.array(probabilities, dtype=np.float64)
        strata = np.asarray(skill, dtype=object)
        for number, one in enumerate(self.folds):
            mine = fold == number
            if mine.any():
                result[mine] = one.apply(result[mine], strata=strata[mine])
        return result

    def as_mapping(self) -> dict[str, Any]:
        """JSON values; `from_mapping` reads them back."""
        return {"people": self.people, "labels": self.labels, "folds": [one.as_mapping() for one in self.folds]}

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> LevelRecalibration:
        """What `as_mapping` gave."""
        folds = tuple(Recalibration.from_mapping(one) for one in mapping["folds"])
        return cls(folds, int(mapping["people"]), int(mapping["labels"]))


@dataclass(frozen=True, slots=True)
class PersonalRecalibration:
    """A recalibration with the folds of the people it is for. Somebody who is not in the roster has the first fold's."""

    recalibration: LevelRecalibration
    fold: Mapping[str, int]

    def __call__(self, persons: Sequence[str], skill: str, probabilities: Floats) -> Floats:
        """persons: (n,) opaque ids. probabilities: (n, levels) on the skill."""
        fold = np.array([self.fold.get(person, 0) for person in persons], dtype=np.int64)
        return self.recalibration.apply(fold, [skill] * len(fold), probabilities)


def learn_recalibration(labelled: pd.DataFrame) -> LevelRecalibration | None:
    """The recalibration of labelled predictions; None under 50 people, which leaves every probability as it is.

    The method is the one that all labelled people together allow (`models.recalibration.method_for`); strata are the skills.
    labelled: person, key, skill, p1 .. p5, level; decisions taken with sight of an estimate must not be among them.
    """
    people = labelled["person"].nunique()
    if people < LEAST_PEOPLE:
        return None
    method = method_for(people, strata=True)
    fold = np.array([fold_of(key) for key in labelled["key"]], dtype=np.int64)
    skill = labelled["skill"].to_numpy()
    probabilities = labelled[PROBABILITIES].to_numpy(dtype=np.float64)
    level, group = labelled["level"].to_numpy(), labelled["person"].to_numpy()
    folds = []
    for number in range(FOLDS):
        rest = fold != number
        one = fit_recalibration(probabilities[rest], level[rest], groups=group[rest], strata=skill[rest], method=method)
        folds.append(one)
    return LevelRecalibration(tuple(folds), people, len(labelled))
