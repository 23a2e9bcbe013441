"""What may be said of a posterior: the rules that stand between a distribution and a word.

`inferred` needs at least two independent raters, one of them a human other than the person; a posterior variance at
least 60 % below the prior's; and a 90 % set of at most two levels. Sources that contradict each other by more than two
joint standard deviations are `conflicting evidence`, whatever the rest says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from db.records import State

__all__ = [
    "CONFLICT_SDS",
    "HIGH_CONFIDENCE_PROBABILITY",
    "MAX_SET_WIDTH",
    "MIN_VARIANCE_REDUCTION",
    "Reading",
    "contradiction",
    "is_high_confidence",
    "state_of",
]

MIN_RATERS: Final = 2
MIN_VARIANCE_REDUCTION: Final = 0.6
MAX_SET_WIDTH: Final = 2
HIGH_CONFIDENCE_PROBABILITY: Final = 0.7
CONFLICT_SDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Reading:
    """What the rules look at. level_set: (low, high); raters: independent raters, machines included, self never."""

    raters: int
    human_raters: int
    variance_reduction: float
    level_set: tuple[int, int]
    contradiction: str = ""


def state_of(reading: Reading) -> tuple[State, tuple[str, ...]]:
    """The state and the reasons for it, in plain words.

    >>> state_of(Reading(raters=1, human_raters=1, variance_reduction=0.9, level_set=(5, 5)))[0].value
    'insufficient evidence'
    """
    lacking: list[str] = []
    if reading.raters == 0:
        lacking.append("no evidence from anybody but the person")
    elif reading.human_raters == 0:
        lacking.append("no human other than the person has rated this skill")
    elif reading.raters < MIN_RATERS:
        lacking.append("it would rest on a single rater")
    if reading.variance_reduction < MIN_VARIANCE_REDUCTION:
        lacking.append(
            f"the evidence narrows what was known beforehand by {max(reading.variance_reduction, 0):.0%} of its variance; "
            f"{MIN_VARIANCE_REDUCTION:.0%} is needed"
        )
    if reading.contradiction:
        return State.CONFLICTING, (reading.contradiction, *lacking)
    if lacking:
        return State.INSUFFICIENT, tuple(lacking)
    low, high = reading.level_set
    if high - low + 1 > MAX_SET_WIDTH:
        return State.UNDETERMINED, (f"levels {low} to {high} all remain plausible",)
    return State.INFERRED, ()


def contradiction(sources: Mapping[str, tuple[float, float]]) -> str:
    """Names the two sources that disagree most, if by more than two joint standard deviations; else "".

    sources: per source class the mean and SD (logits) that its evidence alone supports.

    >>> contradiction({"git": (-2.0, 0.6), "feedback360": (1.0, 0.5)})
    'feedback360 and git disagree by 3.8 joint standard deviations'
    """
    worst, words = CONFLICT_SDS, ""
    names = sorted(sources)
    for number, one in enumerate(names):
        for other in names[number + 1 :]:
            (mean, sd), (other_mean, other_sd) = sources[one], sources[other]
            distance = abs(mean - other_mean) / float(np.hypot(sd, other_sd))
            if distance > worst:
                worst, words = distance, f"{one} and {other} disagree by {distance:.1f} joint standard deviations"
    return words


def is_high_confidence(
    state: State, probabilities: Sequence[float], without: Sequence[tuple[State, Sequence[float]]]
) -> bool:
    """Inferred, P(modal) >= .7, and still inferred with the same modal level without any one rater or source."""
    if state is not State.INFERRED or max(probabilities) < HIGH_CONFIDENCE_PROBABILITY:
        return False
    modal = int(np.argmax(probabilities))
    return all(other is State.INFERRED and int(np.argmax(rest)) == modal for other, rest in without)
