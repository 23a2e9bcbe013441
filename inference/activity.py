"""The activity classifier: which level people with such a record of work were found to be at.

It learns from committees' decisions and speaks as part of git, inside git's halo, never beside it (`activity_items`). It is off until 50
people are labelled. What it learns is what committees of this organisation went by, not competence: see docs/promotion.md.

A decision never predicts itself. People fall into folds by a hash of their key in the roster (`folds.fold_of`); whoever is predicted
is predicted by coefficients fitted without their fold. So the coefficients need not name whom they were fitted to.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from inference.activity_design import ActivityDesign
from inference.activity_features import FEATURES, activity_features
from inference.activity_record import ActivityRecord
from inference.folds import FOLDS, fold_of
from models.decisions import ranked_probability_score
from models.ordinal import clustered_se
from models.ordinal_linear import FrankHall

__all__ = [
    "LEAST_PEOPLE",
    "ActivityClassifier",
    "ActivityModel",
    "ActivityRecord",
    "Shape",
    "activity_features",
    "choose_shape",
    "fit_activity",
    "fit_model",
]

Floats = NDArray[np.float64]
Labels = pd.Series | Sequence[int] | NDArray[Any]

FORMAT: Final = 1
LEAST_PEOPLE: Final = 50
"""Labelled people below which there is no classifier."""

_BENT_PEOPLE: Final = 300
"""Labelled people below which effects are straight lines."""

_MARGIN: Final = 2.0
"""Standard errors by which it must beat the shares of the levels."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How a model is fitted. C: prior variance of standardised coefficients. bent: lines may bend. monotone: signs are kept."""

    C: float
    bent: bool = False
    monotone: bool = True


@dataclass(frozen=True, slots=True)
class ActivityModel:
    """Features to P(level), by one binary logit per threshold."""

    design: ActivityDesign
    logits: FrankHall

    @property
    def levels(self) -> tuple[int, ...]:
        """Levels it gives probabilities of, rising."""
        return tuple(int(level) for level in self.logits.classes_.tolist())

    def probabilities(self, features: pd.DataFrame) -> Floats:
        """(n, levels) for a frame with the columns of `FEATURES`."""
        return np.asarray(self.logits.predict_proba(self.design.columns(features)))

    def above(self, features: pd.DataFrame) -> Floats:
        """(n, levels - 1) logits of P(level above each but the last), as fitted."""
        return -np.asarray(self.logits.decision_logits(self.design.columns(features)))

    def as_mapping(self) -> dict[str, Any]:
        """JSON values."""
        return {"design": self.design.as_mapping(), "logits": self.logits.as_mapping()}

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Self:
        """The model of an `as_mapping`."""
        return cls(ActivityDesign.from_mapping(mapping["design"]), FrankHall.from_mapping(mapping["logits"]))


@dataclass(frozen=True, slots=True)
class ActivityClassifier:
    """whole: fitted to everybody. folds: fitted without each fold's people. people, labels: how many it learned from."""

    whole: ActivityModel
    folds: tuple[ActivityModel, ...]
    shape: Shape
    people: int
    labels: int

    @property
    def hash(self) -> str:
        """SHA-256 of the coefficients as canonical JSON."""
        return hashlib.sha256(json.dumps(self.as_mapping(), sort_keys=True).encode()).hexdigest()

    def probabilities(self, features: pd.DataFrame, keys: Sequence[str] | pd.Series) -> pd.DataFrame:
        """P(level) per row, columns the levels; each person, by their key in the roster, by coefficients of the folds they are not in."""
        fold = np.array([fold_of(str(key)) for key in keys], dtype=np.int64)
        levels = self.whole.levels
        found = np.zeros((len(features), len(levels)))
        for number, model in enumerate(self.folds):
            rows = np.flatnonzero(fold == number)
            if len(rows):
                share = model.probabilities(features.iloc[rows])
                found[np.ix_(rows, np.searchsorted(levels, model.levels))] = share
        return pd.DataFrame(found, index=features.index, columns=list(levels))

    def as_mapping(self) -> dict[str, Any]:
        """JSON values: what a model version keeps as coefficients["activity"]."""
        return {
            "format": FORMAT,
            "whole": self.whole.as_mapping(),
            "folds": [model.as_mapping() for model in self.folds],
            "shape": {"C": self.shape.C, "bent": self.shape.bent, "monotone": self.shape.monotone},
            "people": self.people,
            "labels": self.labels,
        }

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Self:
        """The classifier of an `as_mapping`. Raises ValueError for another format."""
        if mapping.get("format") != FORMAT:
            raise ValueError(
                f"expected activity coefficients of format {FORMAT}, found {mapping.get('format')!r}: "
                "run `calibrant calibrate` again"
            )
        folds = tuple(ActivityModel.from_mapping(one) for one in mapping["folds"])
        shape = Shape(**mapping["shape"])
        return cls(ActivityModel.from_mapping(mapping["whole"]), folds, shape, mapping["people"], mapping["labels"])


def fit_model(
    features: pd.DataFrame, labels: Labels, shape: Shape, *, names: Sequence[str] = tuple(FEATURES)
) -> ActivityModel:
    """One model. features: as `activity_features` gives them; labels: levels, one per row."""
    design = ActivityDesign.of(features, names=names, bent=shape.bent)
    logits = FrankHall(shape.C, monotone=design.signs() if shape.monotone else None, tolerance=1e-9)
    return ActivityModel(design, logits.fit(design.columns(features), np.asarray(labels)))


def choose_shape(
    features: pd.DataFrame,
    labels: Labels,
    groups: pd.Series | Sequence[str],
    shapes: Sequence[Shape],
) -> tuple[Shape, dict[Shape, float]]:
    """The shape with the lowest ranked probability score on people it was not fitted to, and all scores."""
    scores = {shape: float(np.mean(_held_out(features, labels, groups, shape))) for shape in shapes}
    return min(shapes, key=lambda one: scores[one]), scores


def _held_out(features: pd.DataFrame, labels: Labels, groups: pd.Series | Sequence[str], shape: Shape | None) -> Floats:
    """Score of each row by what was fitted without its person's fold; shape None: the shares of the levels."""
    level = np.asarray(labels)
    levels = np.unique(level)
    fold = np.array([fold_of(str(one)) for one in groups], dtype=np.int64)
    stated = np.zeros((len(level), len(levels)))
    for number in np.unique(fold):
        rows = fold == number
        if not (~rows).any():
            continue
        if shape is None:
            stated[rows] = (level[~rows, None] == levels).mean(axis=0)
        else:
            model = fit_model(features[~rows], level[~rows], shape)
            stated[np.ix_(rows, np.searchsorted(levels, model.levels))] = model.probabilities(features[rows])
    return np.asarray(ranked_probability_score(stated, np.searchsorted(levels, level) + 1))


def fit_activity(
    features: pd.DataFrame, labels: Labels, groups: pd.Series | Sequence[str]
) -> ActivityClassifier | None:
    """The classifier; None under `LEAST_PEOPLE` people, with one level only, or where it does not predict people left out better than
    the shares of the levels do, by more than two standard errors: then work tells nothing of what was decided.

    features: as `activity_features` gives them, at the moment of each decision and from what went before it. labels: the level decided.
    groups: whose decision it is, by key in the roster. How strongly coefficients are held to nought, and from 300 people on whether lines may bend, is
    chosen by people left out. More work never lowers a level (`activity_design.SIGNS`).
    """
    people = pd.unique(pd.Series(list(groups), dtype="str"))
    level = np.asarray(labels)
    if len(people) < LEAST_PEOPLE or len(np.unique(level)) < 2:
        return None
    shapes = [Shape(C, bent) for bent in (False, True) for C in (0.1, 0.01, 0.001)]
    shape, _ = choose_shape(
        features, level, list(groups), [one for one in shapes if not one.bent or len(people) >= _BENT_PEOPLE]
    )
    gain = _held_out(features, level, groups, None) - _held_out(features, level, groups, shape)
    if not float(np.mean(gain)) > _MARGIN * clustered_se(gain, list(groups)):
        return None
    fold = np.array([fold_of(str(one)) for one in groups], dtype=np.int64)
    whole = fit_model(features, level, shape)
    rest = [fold != number for number in range(FOLDS)]
    folds = tuple(fit_model(features[rows], level[rows], shape) for rows in rest)
    return ActivityClassifier(whole, folds, shape, len(people), len(level))
