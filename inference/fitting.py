"""The measurement itself: observations, the fitted model, the cutpoints, and everybody's levels. What is read off it stands elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from inference.cutting import SkillCuts, skill_cuts
from inference.frames import Frames
from inference.levels import Levels
from inference.observations import Observed, observe
from models.facets import FacetsModel
from rubrics import Standard

__all__ = ["Fit", "fit"]


@dataclass(frozen=True, slots=True)
class Fit:
    """model is None where there is nothing to fit; cuts: by skill; levels: of everybody on every skill."""

    observed: Observed
    model: FacetsModel | None
    cuts: Mapping[str, SkillCuts]
    levels: Levels


def fit(standard: Standard, frames: Frames, *, as_of: datetime) -> Fit:
    """Fits the model to evidence up to `as_of`. Pure: the same frames give the same fit."""
    observed = observe(standard, frames, as_of=as_of)
    model = None if observed.observations.empty else FacetsModel().fit(observed.observations)
    cuts = skill_cuts(standard, observed, model)
    return Fit(observed, model, cuts, Levels(model, cuts))
