"""The sealed result: what the model says, opened by a recorded act after the readers put down their own levels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from calibrant.reports.case import Heading, PacketInputs, heading
from calibrant.reports.claims import (
    BEYOND,
    GIT_VALID,
    MODEL_CALIBRATED,
    VALIDATED,
    ClaimLine,
    DecisionSet,
    Standing,
    reliable_for,
    standing,
)
from calibrant.reports.comments import relation_text
from calibrant.reports.cut_effect import effect_sentence
from calibrant.reports.explain import method, state_sentence
from calibrant.reports.inert import NAME_LIMIT, shown
from calibrant.reports.inputs import AnonymityPolicy, Cutpoints
from calibrant.reports.relative import relative_text
from calibrant.reports.rests_on import Foundation, foundation
from db.records import LEVELS, Assessment, State

__all__ = ["MET_PROBABILITY", "SealedResult", "SealedSkill", "Tally", "seal_case"]

MET_PROBABILITY = 0.7
"""P(level >= expected) from which an inferred skill counts as met; below 1 - this it counts as not met."""

_RELIED_ON = (VALIDATED, reliable_for("promotion"), BEYOND, MODEL_CALIBRATED, GIT_VALID)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of the required skills are met, not met, undetermined."""

    met: int
    not_met: int
    undetermined: int

    @property
    def sentence(self) -> str:
        """ "required met 5 of 7, 2 undetermined"."""
        parts = [f"required met {self.met} of {self.met + self.not_met + self.undetermined}"]
        parts += [f"{self.not_met} not met"] if self.not_met else []
        parts += [f"{self.undetermined} undetermined"] if self.undetermined else []
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class SealedSkill:
    """One expected skill. at_least: P(level >= expected); pessimistic: the same if every "not observed" were "not met".

    probabilities, level_set and all that hangs on them are None where the skill was not assessed.
    verdict: "met", "not met" or "undetermined". decision_set: set of levels about decisions, beside the posterior's;
    unsupported: the ability lies where no committee has decided yet.
    """

    code: str
    name: str
    expected: int
    optional: bool
    state: str
    why: str
    verdict: str
    pessimistic_verdict: str
    probabilities: tuple[float, ...] | None = None
    level_set: tuple[int, int] | None = None
    set_mass: float | None = None
    modal: int | None = None
    high_confidence: bool = False
    at_least: float | None = None
    pessimistic: float | None = None
    raters: str = ""
    sources: tuple[str, ...] = ()
    rests_on: Foundation = field(default_factory=Foundation)
    cutpoints: Cutpoints | None = None
    decision_set: DecisionSet | None = None
    unsupported: bool = False
    cut_effect: str = ""


@dataclass(frozen=True, slots=True)
class SealedResult:
    """All skills with the verdict over the required ones. all_required: P(all required levels), jointly; None if unknown.

    standing: the headline caveat; claims: what this result relies on, each standing or withdrawn.
    """

    heading: Heading
    skills: tuple[SealedSkill, ...]
    tally: Tally
    pessimistic_tally: Tally
    all_required: float | None
    model: str
    standing: str
    claims: tuple[ClaimLine, ...]
    method: tuple[str, ...]
    limits: tuple[str, ...]
    relative: str


def seal_case(inputs: PacketInputs) -> SealedResult:
    """The sealed result of a case."""
    expected = {**inputs.profile.required, **inputs.profile.optional}
    codes = inputs.profile.in_order(inputs.standard)
    by_skill = {assessment.skill: assessment for assessment in inputs.assessments}
    stands = standing(inputs.run, _RELIED_ON)
    skills = tuple(_skill(inputs, stands, code, expected[code], by_skill.get(code)) for code in codes)
    required = [skill for skill in skills if not skill.optional]
    joint = inputs.probability_all_required
    return SealedResult(
        heading=heading(
            subject=inputs.person_name,
            key=inputs.person_key,
            standard=inputs.standard,
            run=inputs.run,
            purpose=inputs.purpose,
            generated_at=inputs.generated_at,
            audit_head=inputs.audit_head,
            profile=inputs.profile,
        ),
        skills=skills,
        tally=_tally(skill.verdict for skill in required),
        pessimistic_tally=_tally(skill.pessimistic_verdict for skill in required),
        all_required=None if joint is None else round(joint, 4),
        model=shown(inputs.run.model, NAME_LIMIT),
        standing=stands.sentence,
        claims=stands.claims,
        method=method(inputs.run.details, inputs.standard),
        limits=stands.limits,
        relative=relative_text(inputs.run, [(code, inputs.standard.skill(code).name) for code in codes]),
    )


def _skill(
    inputs: PacketInputs, stands: Standing, code: str, expected: int, assessment: Assessment | None
) -> SealedSkill:
    name = shown(inputs.standard.skill(code).name, NAME_LIMIT)
    optional = code not in inputs.profile.required
    if assessment is None:
        word = State.INSUFFICIENT.value
        return SealedSkill(code, name, expected, optional, word, state_sentence(None), "undetermined", "undetermined")
    at_least, pessimistic = (
        at_or_above(assessment.probabilities, expected),
        at_or_above(assessment.pessimistic, expected),
    )
    return SealedSkill(
        code=code,
        name=name,
        expected=expected,
        optional=optional,
        state=assessment.state.value,
        why=state_sentence(assessment),
        verdict=_verdict(assessment.state, at_least),
        pessimistic_verdict=_verdict(assessment.state, pessimistic),
        probabilities=tuple(round(probability, 4) for probability in assessment.probabilities),
        level_set=assessment.level_set,
        set_mass=round(assessment.set_mass, 4),
        modal=assessment.modal if assessment.state is State.INFERRED else None,
        high_confidence=assessment.high_confidence,
        at_least=round(at_least, 4),
        pessimistic=round(pessimistic, 4),
        raters=raters_text(assessment, inputs.policy),
        sources=tuple(shown(source, NAME_LIMIT) for source in assessment.sources),
        rests_on=foundation(assessment, expected, inputs.policy),
        cutpoints=inputs.cutpoints.get(code),
        cut_effect=effect_sentence(assessment, inputs.cutpoints.get(code)),
        decision_set=stands.decision_set(assessment),
        unsupported=stands.unsupported(assessment),
    )


def at_or_above(probabilities: tuple[float, ...], level: int) -> float:
    """P(at or above the level), in 0..1. Raises ValueError unless there are five probabilities and the level is 1..5."""
    if len(probabilities) != LEVELS or not 1 <= level <= LEVELS:
        raise ValueError(
            f"expected {LEVELS} probabilities and a level 1..{LEVELS}, found {len(probabilities)} and {level}"
        )
    return min(1.0, max(0.0, sum(probabilities[level - 1 :])))


def _verdict(state: State, at_least: float) -> str:
    if state is not State.INFERRED:
        return "undetermined"
    if at_least >= MET_PROBABILITY:
        return "met"
    return "not met" if at_least <= 1 - MET_PROBABILITY else "undetermined"


def _tally(verdicts: Iterable[str]) -> Tally:
    listed = list(verdicts)
    return Tally(listed.count("met"), listed.count("not met"), listed.count("undetermined"))


def raters_text(assessment: Assessment, policy: AnonymityPolicy) -> str:
    """Who rated, by relation: "4 peers, fewer than 3 managers". Self-ratings are named as left out."""
    parts = []
    for relation, count in sorted(assessment.raters_by_relation.items()):
        if not count or relation == "self":
            continue
        size = f"fewer than {policy.minimum}" if policy.hides(relation, count) else str(count)
        parts.append(f"{size} {relation_text(relation)}")
    return ", ".join(parts) or "no human other than the person"
