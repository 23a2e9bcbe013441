"""What a report may claim: each claim with its check, and plain words where the check failed or was never made.

A run keeps the claims of the model version it used. A report prints those it relies on; a claim that did not pass its check
is withdrawn there, in the page and in the JSON alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from calibrant.reports.explain import LIMITS
from calibrant.reports.inert import NAME_LIMIT, shown
from db.records import Assessment, Run
from models.calibration import ConformalSets

__all__ = [
    "BEYOND",
    "CLAIMS",
    "GIT_VALID",
    "MODEL_CALIBRATED",
    "VALIDATED",
    "ClaimLine",
    "DecisionSet",
    "Standing",
    "line",
    "reliable_for",
    "standing",
]

VALIDATED: Final = "validated_on_decisions"
MODEL_CALIBRATED: Final = "calibrated_under_its_own_model"
BEYOND: Final = "holds_beyond_the_nominated"
GIT_VALID: Final = "git_valid"


def reliable_for(use: str) -> str:
    """Code of the claim to be reliable enough for feedback, development or promotion."""
    return f"reliable_for_{use}"


_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    VALIDATED: ("validated on decisions of this organisation", "model-based, not validated on decisions"),
    reliable_for("feedback"): ("reliable enough for feedback", "not shown to be reliable enough for feedback"),
    reliable_for("development"): (
        "reliable enough for individual development",
        "not shown to be reliable enough for individual development",
    ),
    reliable_for("promotion"): (
        "reliable enough for promotion and pay, never as their only ground",
        "not shown to be reliable enough for promotion or pay",
    ),
    MODEL_CALIBRATED: (
        "in data drawn from the model its intervals cover what they say",
        "not shown to cover what it says even in data drawn from itself",
    ),
    BEYOND: ("checked beyond the people whom somebody nominated", "not checked beyond the people whom somebody nominated"),
    GIT_VALID: ("what git says agrees with what people say", "not shown that what git says agrees with what people say"),
}  # fmt: skip
"""Claim -> what is said where its check passed, and where it failed or was never made."""

CLAIMS: Final = tuple(_WORDS)
"""Every claim there is, in the order cards print them."""

_NEVER: Final = "no model version with this check is registered (`calibrant calibrate`)"


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """One claim a report relies on. holds: True passed, False failed, None never checked; only True lets it stand."""

    claim: str
    holds: bool | None
    sentence: str
    why: str

    @property
    def stands(self) -> bool:
        """Whether the report may make the claim."""
        return self.holds is True


@dataclass(frozen=True, slots=True)
class DecisionSet:
    """The contiguous set of levels that is to hold a committee's decision: about decisions and not about ability.

    share: how often such sets are to hold the decision, over people like those labelled; never a promise about one person.
    """

    levels: tuple[int, int]
    share: float


@dataclass(frozen=True, slots=True)
class Standing:
    """What the model behind a run may claim. model: hash of its version, "" without one; claims: those a report relies on.

    support: thetas between which committees have decided; None where unknown.
    """

    model: str
    as_of: str
    claims: tuple[ClaimLine, ...]
    support: tuple[float, float] | None
    conformal: Mapping[str, Any] | None

    @property
    def sentence(self) -> str:
        """The first claim, as a report's headline caveat."""
        return self.claims[0].sentence

    @property
    def limits(self) -> tuple[str, ...]:
        """What every report says about itself, with how far its probabilities were checked."""
        if self.claims[0].stands:
            checked = (
                f"Probabilities were checked against decisions of this organisation up to {self.as_of}; that says "
                "nothing about people unlike those whom committees looked at."
            )
        else:
            checked = "Probabilities are the model's; they are not yet checked against decisions of this organisation."
        return (*LIMITS[:2], checked, *LIMITS[2:])

    def decision_set(self, assessment: Assessment) -> DecisionSet | None:
        """The conformal set of an assessment; None where too few decisions were made to say."""
        if self.conformal is None:
            return None
        fitted = ConformalSets.from_mapping(self.conformal)
        low, high = fitted.sets([assessment.probabilities])[0].tolist()
        return DecisionSet((low, high), 1.0 - fitted.alpha)

    def unsupported(self, assessment: Assessment) -> bool:
        """Whether this ability lies where no committee has decided yet, so that nothing was checked there."""
        return self.support is not None and not self.support[0] <= assessment.theta <= self.support[1]


def standing(run: Run, relied_on: Sequence[str]) -> Standing:
    """What a run's model version may claim of what a report relies on, in that order."""
    kept: Any = run.details.get("model") or {}
    claims = kept.get("claims") or {}
    support = kept.get("support")
    return Standing(
        model=shown(kept.get("hash", ""), NAME_LIMIT),
        as_of=shown(str(kept.get("as_of", ""))[:10], NAME_LIMIT),
        claims=tuple(line(claim, claims.get(claim)) for claim in relied_on),
        support=(float(support[0]), float(support[1])) if support else None,
        conformal=kept.get("conformal"),
    )


def line(claim: str, kept: Mapping[str, Any] | None) -> ClaimLine:
    """A claim as a report prints it. kept: what the model version holds of it, {"holds", "why"}; None if nothing."""
    said, withdrawn = _WORDS[claim]
    holds = None if kept is None else kept.get("holds")
    why = _NEVER if kept is None else shown(kept.get("why", ""))
    return ClaimLine(claim, holds, said if holds is True else withdrawn, why)
