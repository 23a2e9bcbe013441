"""What a registered model version means to an inference: its recalibration, and what a run keeps of it.

Coefficients are JSON: {"format": 1, "purpose", "recalibration", "activity", "git", "conformal", "support", "card"}. Whoever puts a version
into `Frames.model` has made sure that it is for this standard and for these sources.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from db.records import ModelVersion
from inference.decided import SET_BY_DECISIONS
from inference.frames import Frames
from inference.recalibration import LevelRecalibration, PersonalRecalibration

__all__ = ["FORMAT", "described", "learned_from_decisions", "recalibration_of"]

FORMAT: Final = 1


def recalibration_of(frames: Frames) -> PersonalRecalibration | None:
    """The recalibration of the frames' model version for the frames' people; None if there is none."""
    held: Any = None if frames.model is None else frames.model.coefficients.get("recalibration")
    return None if held is None else LevelRecalibration.from_mapping(held).of(frames.people)


def learned_from_decisions(frames: Frames) -> Frames:
    """The frames with decisions entering once: where a recalibration has learned from them, cutpoints set by them stand back."""
    if frames.model is None or frames.model.coefficients.get("recalibration") is None:
        return frames
    kept = tuple(one for one in frames.standard_settings if one.method != SET_BY_DECISIONS)
    return replace(frames, standard_settings=kept)


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
