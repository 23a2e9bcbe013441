"""Which registered model version a run uses, and which one a stored run used."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from db.errors import Refusal
from db.ledger import Ledger
from db.records import ModelVersion, Purpose, Run

__all__ = ["MODEL", "VALIDATED", "model_for", "model_of", "model_text", "not_used"]

MODEL: Final = "facets/2"
"""The mathematics, without what was learned from decisions."""

VALIDATED: Final = "validated_on_decisions"

_UNVALIDATED: Final = "(model-based, not validated on decisions)"


def model_for(ledger: Ledger, purpose: Purpose, rubric_hash: str, *, known_at: datetime) -> ModelVersion | None:
    """The version registered last, by then, for this standard and for what the purpose may read; None if there is none.

    A version calibrated for one purpose holds for another only where both may read the same sources.
    """
    grants = ledger.granting(known_at=known_at)
    readable = {one: {source for source, granted in grants.items() if one in granted} for one in Purpose}
    for version in reversed(ledger.models(known_at=known_at)):
        learned_for = version.coefficients.get("purpose")
        known = version.rubric_hash == rubric_hash and learned_for in {one.value for one in Purpose}
        if known and readable[Purpose(str(learned_for))] == readable[purpose]:
            return version
    return None


def not_used(ledger: Ledger, purpose: Purpose, used: ModelVersion | None, *, known_at: datetime) -> str:
    """A warning where the version registered last is not the one the purpose uses; else ""."""
    last = ledger.current_model(known_at=known_at)
    if last is None or (used is not None and used.hash == last.hash):
        return ""
    return (
        f"{purpose.value} does not use the model version registered last ({last.hash[:12]}): it was calibrated under another "
        f"standard or for other sources; `calibrant calibrate --purpose {purpose.value}` makes one for it"
    )


def model_of(ledger: Ledger, run: Run) -> ModelVersion | None:
    """The version a stored run used, by its hash; None if it used none. Raises Refusal if the ledger no longer holds it."""
    kept: Any = run.details.get("model")
    if not kept:
        return None
    found = next((one for one in ledger.models() if one.hash == kept["hash"]), None)
    if found is None:
        raise Refusal(
            "the run used a model version that this ledger does not hold",
            where=str(kept["hash"])[:12],
            remedy="replay it on the ledger it was made on",
        )
    return found


def model_text(model: ModelVersion | None) -> str:
    """What a run says it was inferred with: "facets/2", the version's hash, and whether it was checked against decisions.

    >>> model_text(None)
    'facets/2 (model-based, not validated on decisions)'
    """
    if model is None:
        return f"{MODEL} {_UNVALIDATED}"
    validated = model.claims.get(VALIDATED, {}).get("holds") is True
    return f"{MODEL} {model.hash[:12]}" + ("" if validated else f" {_UNVALIDATED}")
