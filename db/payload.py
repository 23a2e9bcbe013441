"""Records of `db.records` to canonical JSON text and back, without loss."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from db.canonical import canonical
from db.records import (
    Assessment,
    CriterionOutcome,
    Decision,
    JointPosterior,
    Outcome,
    RestsOn,
    State,
)

__all__ = ["decode_assessment", "decode_decision", "decode_posterior", "encode"]


def encode(record: object) -> str:
    """The canonical text of a record: enumerations as their values, instants and days as ISO text."""
    return canonical(_plain(record))


def decode_assessment(text: str) -> Assessment:
    """The assessment that was encoded."""
    raw = json.loads(text)
    return Assessment(
        **{
            **raw,
            "state": State(raw["state"]),
            "probabilities": tuple(raw["probabilities"]),
            "level_set": tuple(raw["level_set"]),
            "sources": tuple(raw["sources"]),
            "pessimistic": tuple(raw["pessimistic"]),
            "reasons": tuple(raw["reasons"]),
            "criteria": tuple(_criterion(one) for one in raw["criteria"]),
            "rests_on": tuple(_rests_on(one) for one in raw["rests_on"]),
        }
    )


def decode_posterior(text: str) -> JointPosterior:
    """The joint posterior that was encoded."""
    raw = json.loads(text)
    return JointPosterior(
        raw["person"],
        tuple(raw["skills"]),
        tuple(raw["mean"]),
        tuple(tuple(row) for row in raw["covariance"]),
    )


def decode_decision(text: str) -> Decision:
    """The decision that was encoded."""
    raw = json.loads(text)
    return Decision(**{**raw, "decided_at": datetime.fromisoformat(raw["decided_at"])})


def _criterion(raw: Mapping[str, Any]) -> CriterionOutcome:
    return CriterionOutcome(
        **{
            **raw,
            "outcome": Outcome(raw["outcome"]),
            "evidence_for": tuple(raw["evidence_for"]),
            "evidence_against": tuple(raw["evidence_against"]),
        }
    )


def _rests_on(raw: Mapping[str, Any]) -> RestsOn:
    return RestsOn(
        **{
            **raw,
            "state": State(raw["state"]),
            "probabilities": tuple(raw["probabilities"]),
            "level_set": tuple(raw["level_set"]),
        }
    )


def _plain(value: object) -> object:
    if isinstance(value, StrEnum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        return [_plain(item) for item in items]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, float):
        return float(value)
    return value
