"""Cutpoints of every skill, from this organisation's own use of level-anchored forms where there is any.

Human ratings whose marks are the five levels decide (Thurstonian .5); each human source has its own cuts and they are pooled.
Machine items have cuts of their own (RP67). They are kept beside the human ones for comparison and used only where no
human form anchors the skill: no level is shown there anyway without a human rater.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from db.records import LEVELS
from inference.observations import Observed
from models.cutpoints import Cuts, measure_cuts, person_errors, rating_cuts, reconcile
from models.facets import FacetsModel
from rubrics import Standard

__all__ = ["SkillCuts", "skill_cuts"]

_DEFAULT_SPACING: Final = 1.2
_DEFAULT_ERROR: Final = 1.0


@dataclass(frozen=True, slots=True)
class SkillCuts:
    """Cuts of one skill. cut: (4,) logits. se: (4,) as it stands alone. seen_from: (persons, 4) standard errors to go with each
    fitted person's posterior. by_source: the cuts each source gives, for comparison; None where it says nothing.
    """

    cut: NDArray[np.float64]
    se: NDArray[np.float64]
    seen_from: NDArray[np.float64] | None
    rule: str
    by_source: Mapping[str, list[float | None]]

    def as_mapping(self) -> dict[str, Any]:
        """For `Run.details`."""
        return {
            "cuts": [round(float(value), 6) for value in self.cut],
            "se": [round(float(value), 6) for value in self.se],
            "rule": self.rule,
            "by_source": dict(self.by_source),
        }


def skill_cuts(standard: Standard, observed: Observed, model: FacetsModel | None) -> dict[str, SkillCuts]:
    """Cuts of every skill of the standard."""
    return {skill: _one(skill, observed, model) for skill in standard.skills}


def _one(skill: str, observed: Observed, model: FacetsModel | None) -> SkillCuts:
    observations = observed.observations[observed.observations["skill"] == skill]
    if model is None or observations.empty:
        return _default(model)
    humans = _human_cuts(observed.ratings[observed.ratings["skill"] == skill], observations, model)
    machines = _machine_cuts(observed.grading.machine, observations, model)
    everything = {**humans, **machines}
    if not everything:
        return _default(model)
    pooled = reconcile(humans or machines)
    return SkillCuts(
        pooled.cut,
        pooled.se,
        person_errors(model, pooled, skill),
        pooled.rule,
        {source: [_number(value) for value in cuts.cut] for source, cuts in sorted(everything.items())},
    )


def _human_cuts(ratings: pd.DataFrame, observations: pd.DataFrame, model: FacetsModel) -> dict[str, Cuts]:
    anchored = ratings[ratings["anchored"] & ~ratings["is_self"] & ratings["item"].isin(observations["item"])]
    return {
        str(source): rating_cuts(model, sorted(set(rows["item"])), source=source, levels=LEVELS)
        for source, rows in anchored.groupby("source")
    }


def _machine_cuts(machine: pd.DataFrame, observations: pd.DataFrame, model: FacetsModel) -> dict[str, Cuts]:
    """Where several ladders of levels are in use (waivers differ by date only), an item's first one stands."""
    items = machine[machine["item"].isin(observations["item"])].drop_duplicates("item")
    ladders: dict[Hashable, Sequence[int]] = dict(zip(items["item"], items["levels"], strict=True))
    return {"git": measure_cuts(model, ladders, source="git", levels=LEVELS)} if ladders else {}


def _default(model: FacetsModel | None) -> SkillCuts:
    """Evenly spaced about the population's mean, with an error of a logit: says next to nothing, and says so."""
    centre = float(model.theta_mean_) if model is not None else 0.0
    cut = np.asarray(centre + _DEFAULT_SPACING * (np.arange(LEVELS - 1) - (LEVELS - 2) / 2), dtype=np.float64)
    return SkillCuts(cut, np.full(LEVELS - 1, _DEFAULT_ERROR), None, "default: no evidence anchors this skill", {})


def _number(value: float) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None
