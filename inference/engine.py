"""From frames to assessments: observe, fit, cut, judge, cite. Pure: the same frames give the same result."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd

from db.records import Assessment, Citation, JointPosterior, RestsOn, State
from inference.citing import cite
from inference.cutting import SkillCuts
from inference.fitting import fit
from inference.frames import Frames
from inference.levels import Levels
from inference.observations import Observed
from inference.quarters import lessened
from inference.raters import NOBODY, Raters, raters_of
from inference.sensitivity import Sensitivity, contradictions, leave_one_out, variants_of
from inference.states import is_high_confidence, state_of
from inference.versions import described
from models.cutpoints import level_set
from models.facets import FacetsModel
from rubrics import Standard

__all__ = ["Inference", "infer"]

_DECIMALS: Final = 9
"""Kept of every number stored: fewer than two libraries may differ in, more than anybody reads."""


_NAMES_SAID: Final = 5


@dataclass(frozen=True, slots=True)
class Inference:
    """assessments: one per person of the roster and skill of the standard, sorted. details: for `Run.details`, JSON-ready."""

    assessments: tuple[Assessment, ...]
    citations: tuple[Citation, ...]
    posteriors: tuple[JointPosterior, ...]
    details: Mapping[str, Any]
    warnings: tuple[str, ...]


def infer(standard: Standard, frames: Frames, *, as_of: datetime) -> Inference:
    """Everybody's assessments by the standard, from evidence up to `as_of`."""
    found = fit(standard, frames, as_of=as_of)
    observed, model, cuts, levels = found.observed, found.model, found.cuts, found.levels
    observations = observed.observations
    people = sorted(str(person) for person in frames.people["person"])
    by_quarter = lessened(standard, observed, as_of=as_of)
    variants = variants_of(model, by_quarter)
    without = leave_one_out(variants, observations, by_quarter)
    conflicts = contradictions(model, variants["source"], observations) if model is not None else {}
    pessimistic = levels.replaced(_pessimistic(observed))
    raters = raters_of(observed, by_quarter)
    pairs = [(person, skill) for person in people for skill in sorted(standard.skills)]
    expected = {pair: float(levels.ability(*pair).probabilities @ np.arange(1, 6)) for pair in pairs}
    outcomes, citations = cite(standard, observed, expected)
    assessments = []
    for pair in pairs:
        judged = _judge(pair, levels, raters.get(pair, NOBODY), without, conflicts.get(pair, ""))
        bleak = pessimistic.get(pair)
        assessments.append(
            Assessment(
                **judged,
                pessimistic=judged["probabilities"] if bleak is None else _numbers(bleak),
                criteria=outcomes.get(pair, ()),
            )
        )
    joints = [_joint(person, levels) for person in people]
    return Inference(
        tuple(assessments),
        tuple(citations),
        tuple(joint for joint in joints if joint is not None),
        {**_details(observed, frames, cuts, model, people), "git_validity": found.validity.as_mapping()},
        (*_warnings(observed, frames, model), *found.validity.warnings()),
    )


def _judge(
    pair: tuple[str, str], levels: Levels, raters: Raters, without: Sensitivity, conflict: str
) -> dict[str, Any]:
    """All of one assessment but its criteria and its pessimistic reading."""
    person, skill = pair
    ability = levels.ability(person, skill)
    low, high, mass = level_set(ability.probabilities)
    reduction = 1.0 - ability.sd**2 / ability.prior_sd**2
    state, reasons = state_of(raters.reading(reduction, (low, high), words=conflict))
    variants = without.get(pair, ())
    rests_on, readings = [], []
    for one, probabilities in zip(variants, levels.without(person, skill, variants), strict=True):
        first, last, _ = level_set(probabilities)
        other, _ = state_of(raters.reading(1.0 - one.sd**2 / ability.prior_sd**2, (first, last), one))
        result = RestsOn(one.kind, one.dropped, None, _numbers(probabilities), (first, last), other)
        if one.kind == "quarter":
            left_out, remaining = map(raters.by_relation, raters.quarters[one.dropped])
            rests_on.append(replace(result, left_out=left_out, remaining=remaining))
            continue
        readings.append((other, probabilities.tolist()))
        rests_on.append(replace(result, relation=raters.relation.get(one.dropped) if one.kind == "rater" else None))
    by_relation = raters.by_relation(raters.relation)
    return {
        "person": person,
        "skill": skill,
        "state": state,
        "probabilities": _numbers(ability.probabilities),
        "level_set": (low, high),
        "set_mass": round(mass, _DECIMALS),
        "modal": int(np.argmax(ability.probabilities)) + 1 if state is State.INFERRED else None,
        "high_confidence": is_high_confidence(state, ability.probabilities.tolist(), readings),
        "theta": round(ability.theta, _DECIMALS),
        "theta_sd": round(ability.sd, _DECIMALS),
        "prior_sd": round(ability.prior_sd, _DECIMALS),
        "variance_reduction": round(reduction, _DECIMALS),
        "raters": len(raters.relation),
        "human_raters": sum(by_relation.values()),
        "raters_by_relation": by_relation,
        "sources": tuple(sorted(set().union(*raters.sources.values()))),
        "rests_on": tuple(rests_on),
        "reasons": reasons,
    }


def _pessimistic(observed: Observed) -> pd.DataFrame:
    """Ratings in which every graded item with a "not observed" stands at its pessimistic category."""
    machine = observed.grading.machine
    hidden = machine[~machine["observed"].astype(bool) | machine["censored"].astype(bool)]
    columns = ["person", "skill", "item", "rater", "source", "scale", "score", "categories", "rater_class"]
    return hidden.assign(scale=hidden["format"], score=hidden["pessimistic"], rater_class="machine", at_least=False)[
        columns
    ]


def _joint(person: str, levels: Levels) -> JointPosterior | None:
    found = levels.joint(person)
    if found is None:
        return None
    skills, mean, covariance = found
    return JointPosterior(person, skills, _numbers(mean), tuple(_numbers(row) for row in covariance))


def _numbers(values: Sequence[float] | np.ndarray[Any, Any]) -> tuple[float, ...]:
    return tuple(round(float(value), _DECIMALS) for value in values)


def _details(
    observed: Observed, frames: Frames, cuts: Mapping[str, SkillCuts], model: FacetsModel | None, people: list[str]
) -> dict[str, Any]:
    parts = frames.participations
    unresolved = parts[parts["person"].isna() & ~parts["bot"].astype(bool)]
    details: dict[str, Any] = {
        "counts": {
            "people": len(people),
            "evidence": len(frames.evidence),
            "observations": len(observed.observations),
            "ratings": len(observed.ratings),
            "self_ratings_left_out": int(observed.ratings["is_self"].sum()),
            "contested_left_out": len(frames.contested),
            "unresolved_identities": int(unresolved["identity"].nunique()),
        },
        "cutpoints": {skill: one.as_mapping() for skill, one in sorted(cuts.items())},
        "observations_hash": _hash(observed.observations),
    }
    if frames.model is not None:
        details["model"] = described(frames.model)
    if model is not None:
        deviations = model.standard_deviations_
        details["standard_deviations"] = {
            name: round(float(np.mean(value)), _DECIMALS) for name, value in sorted(deviations.items())
        }
        if model.discrimination:
            details["discriminations"] = {
                str(source): {"a": round(float(a), _DECIMALS), "se": round(float(se), _DECIMALS)}
                for source, a, se in model.discriminations_[["estimate", "se"]].itertuples(name=None)
            }
        details["theta_mean"] = round(float(model.theta_mean_), _DECIMALS)
        details["converged"] = bool(model.converged_)
    return details


def _hash(observations: pd.DataFrame) -> str:
    """SHA-256 of the observations as canonical text."""
    lines = observations.astype("string").to_csv(index=False, lineterminator="\n")
    return hashlib.sha256(lines.encode()).hexdigest()


def _warnings(observed: Observed, frames: Frames, model: FacetsModel | None) -> tuple[str, ...]:
    said = []
    parts = frames.participations
    unresolved = parts.loc[parts["person"].isna() & ~parts["bot"].astype(bool), "identity"].nunique()
    if unresolved:
        said.append(f"{unresolved} identities are nobody's yet: see `calibrant identities list --unresolved`")
    if observed.unplaced:
        names = ", ".join(list(observed.unplaced)[:_NAMES_SAID]) + (
            ", ..." if len(observed.unplaced) > _NAMES_SAID else ""
        )
        said.append(
            f"{sum(observed.unplaced.values())} ratings name what no skill takes ({names}): see `calibrant rubric show SKILL`"
        )
    if observed.ratings.empty:
        said.append("no human ratings: every result says insufficient evidence, because no human has rated anybody")
    if model is not None and not model.converged_:
        said.append("the model did not converge; its results are not to be used")
    return tuple(said)
