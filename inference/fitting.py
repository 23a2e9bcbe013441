"""The measurement itself: observations, the fitted model, the cutpoints, and everybody's levels. What is read off it stands elsewhere."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sklearn.exceptions import ConvergenceWarning

from inference.cutting import SkillCuts, skill_cuts
from inference.frames import Frames
from inference.levels import Levels
from inference.observations import Observed, observe
from inference.validity import CrossValidity, cross_validity, kept_verdicts, without_silenced
from inference.versions import decisions_move_cuts, recalibration_of
from models.facets import FacetsModel
from rubrics import Standard

__all__ = ["Fit", "fit", "measurement_model"]

_ITEM_OWN_SD: Final = 0.3
_LOG_SD_PRIOR: Final = 0.3
_HALO_LOG_SD_PRIOR: Final = 1.5


@dataclass(frozen=True, slots=True)
class Fit:
    """model is None where there is nothing to fit; cuts: by skill; levels: of everybody on every skill.

    validity: what a fit with all observations says of git; observed and model are without it on the skills whose headline it leaves.
    """

    observed: Observed
    model: FacetsModel | None
    cuts: Mapping[str, SkillCuts]
    levels: Levels
    validity: CrossValidity


def measurement_model() -> FacetsModel:
    """The facets model with the engine's settings, not yet fitted.

    Forms are level-anchored, so the questions about one skill share their difficulty (what each has of its own: about .3 logit, estimated).
    Most forms ask one question per skill, which leaves the unit of the scale to the priors more than to the data: standard
    deviations are therefore held within a third or so of their defaults, unless much evidence moves them; those of halos are
    not, because where nobody carries impressions over they have to vanish. Which skills go together is
    learned as far as the number of people carries, and so is who keeps to the middle of the scale, and how closely the marks of each
    source follow what the others show.
    """
    return FacetsModel(
        item_own_sd=_ITEM_OWN_SD,
        log_sd_prior=_LOG_SD_PRIOR,
        halo_log_sd_prior=_HALO_LOG_SD_PRIOR,
        skill_covariance="free",
        centrality=True,
        discrimination=True,
    )


def fit(standard: Standard, frames: Frames, *, as_of: datetime) -> Fit:
    """Fits the model to evidence up to `as_of`. Pure: the same frames give the same fit."""
    observed = observe(standard, frames, as_of=as_of)
    model = _fitted(observed)
    validity = cross_validity(model, observed.observations, kept=kept_verdicts(frames.model))
    if validity.silenced:
        observed = replace(observed, observations=without_silenced(observed.observations, validity.silenced))
        model = _fitted(observed)
    cuts = skill_cuts(standard, observed, model, frames.standard_settings, heed_decisions=decisions_move_cuts(frames))
    return Fit(observed, model, cuts, Levels(model, cuts, recalibration_of(frames)), validity)


def _fitted(observed: Observed) -> FacetsModel | None:
    if observed.observations.empty:
        return None
    with warnings.catch_warnings():
        # an assessment carries this in words of its own, to wherever it is read
        warnings.simplefilter("ignore", ConvergenceWarning)
        return measurement_model().fit(observed.observations)
