"""States and reasons in plain sentences, and what every report says about itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from calibrant.reports.inert import NAME_LIMIT, shown
from calibrant.reports.inputs import StandardText
from db.records import Assessment, State

__all__ = [
    "LIMITS",
    "METHOD",
    "NOT_ABLE",
    "NOT_ABLE_SENTENCE",
    "NO_ASSESSMENT",
    "RELATIVE",
    "level_set_text",
    "method",
    "percent",
    "pronounce",
    "signed",
    "state_sentence",
]

NOT_ABLE = "“not observed” is never “not able”."
NOT_ABLE_SENTENCE = NOT_ABLE[0] + NOT_ABLE[1].upper() + NOT_ABLE[2:]
NO_ASSESSMENT = "No evidence on this skill was read; nothing can be said about it."

METHOD = (
    "Every piece of evidence is a rating: an answer in a questionnaire, an interview scorecard, a past panel decision, "
    "or a machine's count of work on a measure of the standard. A many-facet Rasch model places people and raters on "
    "one scale, takes out how severe each rater is and how far an overall impression spills over, and gives the "
    "probability of each level.",
    "Job title, role and self-ratings play no part in it. Lines of code and numbers of commits play no part in it.",
    "A level is shown only when at least two independent raters support it, one of them a human other than the person, "
    "the evidence narrows what was known beforehand by 60 % of its variance, and at most two levels remain plausible.",
)

RELATIVE = (
    "Levels are relative to this organisation's average rater. Until shared vignettes and decisions tie the sources "
    "together, do not compare them with another organisation's."
)

LIMITS = (
    "The evidence shows what was recorded in the sources that this purpose may read, not all the work that was done.",
    "Mentoring, design discussion and care for colleagues leave few traces; the people who saw them know more.",
    "The result informs people who decide. It must not rank people and must not decide by itself.",
)


def method(details: Mapping[str, Any], standard: StandardText) -> tuple[str, ...]:
    """`METHOD`, and on which skills git counts, from a run's details (`git_validity`, as inference stored it)."""
    verdicts = {
        skill: one["verdict"] for skill, one in details.get("git_validity", {}).items() if skill in standard.skills
    }
    said = list(METHOD)
    left = ", ".join(
        shown(standard.skill(skill).name, NAME_LIMIT) for skill in sorted(verdicts) if verdicts[skill] == "not shown"
    )
    if left:
        said.append(
            f"Git is cited on {left}, but not counted: what it says there does not agree enough with what people say."
        )
    untested = sum(verdict == "untested" for verdict in verdicts.values())
    if untested:
        skills = "one skill" if untested == 1 else f"{untested} skills"
        said.append(
            f"On {skills} it is untested whether git sees what people see, because fewer than 50 people have both; it counts there as one rater "
            "whose impression may be all wrong."
        )
    return tuple(said)


def percent(probability: float) -> str:
    """A probability as people read it: whole per cent, and never a false 0 or 100.

    >>> percent(0.004), percent(0.724), percent(0.999)
    ('under 1 %', '72 %', 'over 99 %')
    """
    if probability < 0.01:
        return "under 1 %"
    if probability > 0.99:
        return "over 99 %"
    return f"{round(probability * 100)} %"


def signed(value: float) -> str:
    """A logit with its sign, a true minus where it is negative, and two decimals.

    >>> signed(-0.724), signed(0.5), signed(-0.001)
    ('−0.72', '+0.50', '0.00')
    """
    text = f"{value:+.2f}"
    return "0.00" if text[1:] == "0.00" else text.replace("-", "−")


def level_set_text(level_set: tuple[int, int]) -> str:
    """ "3" or "3–4"."""
    low, high = level_set
    return f"{low}" if low == high else f"{low}–{high}"


def state_sentence(assessment: Assessment | None) -> str:
    """One sentence that says the state and why.

    Reasons given by the engine are taken over with rater ids removed; where it gave none they are told from the counts.
    """
    if assessment is None:
        return f"Insufficient evidence: {NO_ASSESSMENT[0].lower()}{NO_ASSESSMENT[1:]}"
    reasons = [pronounce(reason, assessment) for reason in assessment.reasons] or _reasons(assessment)
    why = "; ".join(reason.rstrip(". ") for reason in reasons if reason)
    sentence = f"{assessment.state.value.capitalize()}: {why}." if why else f"{assessment.state.value.capitalize()}."
    if assessment.state is State.INSUFFICIENT:
        sentence += f" {NOT_ABLE_SENTENCE}"
    return sentence


def pronounce(text: str, assessment: Assessment) -> str:
    """The text, inert, with every rater id of this assessment taken out of it."""
    raters = {entry.dropped for entry in assessment.rests_on if entry.dropped_kind == "rater" and entry.dropped}
    for rater in sorted(raters, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(rater)}(?!\w)", "one rater", text)
    return shown(text)


def _reasons(assessment: Assessment) -> Sequence[str]:
    low, high = assessment.level_set
    if assessment.state is State.INFERRED:
        return [
            "several independent raters, somebody other than the person among them; "
            f"the evidence narrows what was known beforehand by {percent(assessment.variance_reduction)} of its variance"
        ]
    if assessment.state is State.UNDETERMINED:
        return [f"levels {low} to {high} all remain plausible"]
    if assessment.state is State.CONFLICTING:
        return ["the sources contradict each other by more than chance allows"]
    reasons = []
    if assessment.human_raters == 0:
        reasons.append("no human other than the person has rated this skill")
    elif assessment.raters < 2:
        reasons.append("only one human rater, and no second source")
    if assessment.variance_reduction < 0.6:
        narrowed = percent(max(assessment.variance_reduction, 0.0))
        reasons.append(f"the evidence narrows what was known beforehand by {narrowed} of its variance; 60 % is needed")
    return reasons
