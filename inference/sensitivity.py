"""What each result rests on: the posterior without each rater, source and quarter, facets held; and what each source says alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from inference.states import contradiction
from models.facets import FacetsModel
from models.posterior import Posteriors

__all__ = ["Sensitivity", "Variants", "Without", "contradictions", "leave_one_out", "variants_of"]

_LEAST_INFORMATION = 0.05
"""Information (per squared logit) below which a source says too little to contradict another."""


@dataclass(frozen=True, slots=True)
class Without:
    """A person's theta on one skill without one rater, source or quarter. kind: "rater" | "source" | "quarter"."""

    kind: str
    dropped: str
    mean: float
    sd: float


Sensitivity = Mapping[tuple[str, str], tuple[Without, ...]]
"""By (person, skill); only raters and sources that spoke to that skill, and quarters that take something from it, sorted."""

Variants = Mapping[str, Posteriors]
"""By kind of what was left out: "rater", "source", "quarter" (missing where no quarter takes anything)."""


def variants_of(model: FacetsModel | None, by_quarter: pd.DataFrame) -> Variants:
    """Everybody's posteriors without each rater, source and quarter, once for all who ask; without a model none.

    by_quarter: as `quarters.lessened` gives it for the observations the model was fitted to.
    """
    if model is None:
        return {}
    found = {kind: model.leave_one_out(kind) for kind in ("rater", "source")}
    if len(by_quarter):
        found["quarter"] = model.fitted_.lessened(*(by_quarter[name] for name in ("rating", "quarter", "at_least")))
    return found


def leave_one_out(everyones: Variants, observations: pd.DataFrame, by_quarter: pd.DataFrame) -> Sensitivity:
    """For every person and skill, the result without each of its raters, sources and quarters."""
    found: dict[tuple[str, str], list[Without]] = {}
    for kind, variants in everyones.items():
        at = {
            pair: row
            for row, pair in enumerate(variants.keys[["person", "dropped"]].itertuples(index=False, name=None))
        }
        column = {skill: number for number, skill in enumerate(variants.skills)}
        rows = by_quarter if kind == "quarter" else observations
        spoke = rows[["person", "skill", kind]].drop_duplicates().sort_values(["person", "skill", kind])
        for person, skill, dropped in spoke.itertuples(index=False, name=None):
            row, place = at[person, dropped], column[skill]
            one = Without(kind, str(dropped), float(variants.mean[row, place]), float(variants.sd[row, place]))
            found.setdefault((str(person), str(skill)), []).append(one)
    return {pair: tuple(rows) for pair, rows in found.items()}


def contradictions(
    model: FacetsModel, variants: Posteriors, observations: pd.DataFrame
) -> Mapping[tuple[str, str], str]:
    """By (person, skill), the words for two sources that contradict each other; pairs in harmony are left out.

    What a source says is the information it adds to the posterior, as a normal likelihood: precision and precision times
    mean with it, less those without it. variants: everybody without each source.
    """
    everything = model.posteriors()
    whole = {str(person): row for row, person in enumerate(everything.keys["person"])}
    column = {skill: number for number, skill in enumerate(everything.skills)}
    says: dict[tuple[str, str], dict[str, tuple[float, float]]] = {}
    spoke = set(observations[["person", "skill", "source"]].drop_duplicates().itertuples(index=False, name=None))
    for row, (person, source) in enumerate(variants.keys[["person", "dropped"]].itertuples(index=False, name=None)):
        for skill, place in column.items():
            if (person, skill, source) in spoke:
                alone = _contribution(everything, whole[str(person)], variants, row, place)
                if alone is not None:
                    says.setdefault((str(person), str(skill)), {})[str(source)] = alone
    words = {pair: contradiction(sources) for pair, sources in says.items() if len(sources) > 1}
    return {pair: text for pair, text in words.items() if text}


def _contribution(
    everything: Posteriors, row: int, variants: Posteriors, without: int, skill: int
) -> tuple[float, float] | None:
    """Mean and SD of the likelihood that the dropped source contributed; None if it said next to nothing."""
    precision, less = everything.held_sd[row, skill] ** -2, variants.held_sd[without, skill] ** -2
    information = precision - less
    if information < _LEAST_INFORMATION:
        return None
    mean = (precision * everything.mean[row, skill] - less * variants.mean[without, skill]) / information
    return float(mean), float(1 / np.sqrt(information))
