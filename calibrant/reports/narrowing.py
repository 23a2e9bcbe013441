"""Which next evidence would narrow the interval most: a plain estimate of its worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt

from db.records import Assessment

__all__ = ["NextEvidence", "expected_sd", "next_evidence"]

NextEvidence = Mapping[str, Sequence[tuple[str, float]]]
"""Skill code -> (what evidence, expected posterior SD in logits after it)."""

_MACHINE_WORTH = 0.5
_FIRST_RATER_INFORMATION = 0.5


def expected_sd(theta_sd: float, prior_sd: float, raters: int, worth: float = 1.0) -> float:
    """SD of theta (logits) after one more rater as informative as those so far are on average, times `worth`.

    Information is 1 / variance. With no rater yet, one is taken to bring 0.5 per squared logit.

    >>> round(expected_sd(theta_sd=0.8, prior_sd=1.5, raters=3), 2)
    0.72
    """
    gathered = max(1.0 / theta_sd**2 - 1.0 / prior_sd**2, 0.0)
    each = gathered / raters if raters and gathered else _FIRST_RATER_INFORMATION
    return 1.0 / sqrt(1.0 / theta_sd**2 + worth * each)


def next_evidence(assessments: Sequence[Assessment]) -> dict[str, list[tuple[str, float]]]:
    """For each skill two options, the one that narrows most first.

    A colleague's or interviewer's rating counts as one average rater; a quarter more of work on a measure counts half,
    because a machine that has rated already repeats its own halo.
    """
    found = {}
    for assessment in assessments:
        sds = {
            "a rating by one more colleague": expected_sd(assessment.theta_sd, assessment.prior_sd, assessment.raters),
            "another quarter of reviewed work": expected_sd(
                assessment.theta_sd, assessment.prior_sd, assessment.raters, _MACHINE_WORTH
            ),
        }
        found[assessment.skill] = sorted(sds.items(), key=lambda option: (option[1], option[0]))
    return found
