"""What a registered model version means to an inference: its recalibration, and what a run keeps of it.

Coefficients are JSON: {"format": 1, "purpose", "recalibration", "activity", "git", "conformal", "support", "card"}. Whoever puts a version
into `Frames.model` has made sure that it is for this standard and for these sources.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from db.records import ModelVersion
from inference.frames import Frames
from inference.recalibration import LevelRecalibration, PersonalRecalibration

__all__ = ["FORMAT", "decisions_move_cuts", "described", "recalibration_in", "recalibration_of"]

FORMAT: Final = 1


def recalibration_in(model: ModelVersion | None) -> LevelRecalibration | None:
    """The recalibration that a model version holds; None if it holds none."""
    held: Any = None if model is None else model.coefficients.get("recalibration")
    return None if held is None else LevelRecalibration.from_mapping(held)


def recalibration_of(frames: Frames) -> PersonalRecalibration | None:
    """The recalibration of the frames' model version for the frames' people; None if there is none."""
    held = recalibration_in(frames.model)
    return None if held is None else held.of(frames.people)


def decisions_move_cuts(frames: Frames) -> bool:
    """Whether decisions may move cutpoints: not where a recalibration has learned from them, so that they enter once."""
    return frames.model is None or frames.model.coefficients.get("recalibration") is None


def described(model: ModelVersion) -> Mapping[str, Any]:
    """For `Run.details`: which version it was, what it claims, and what reports need of it."""
    return {
        "name": model.name,
        "hash": model.hash,
        "as_of": model.as_of.isoformat(),
        "purpose": model.coefficients.get("purpose"),
        "claims": {name: dict(claim) for name, claim in sorted(model.claims.items())},
        "conformal": model.coefficients.get("conformal"),
        "support": model.coefficients.get("support"),
    }
