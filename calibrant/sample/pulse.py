"""A small survey outside the yearly cycles, exported wide: one column per question, to be read through a mapping."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from calibrant.sample.chance import stream
from calibrant.sample.people import Department
from calibrant.sample.raters import Rater, mark

__all__ = ["MAPPING", "table"]

_QUESTIONS = {
    "collaboration": "Makes others better",
    "code-review": "Reviews with care",
    "technical-docs": "Leaves it written down",
}

MAPPING = """\
schema: calibrant/mapping/1
name: sample-pulse
description: The platform team's spring survey, one column per question
collector: feedback360
format: table
columns:
  subject_id: Reviewee
  rater_id: Reviewer
  relationship: Relation
  submitted_at: Submitted
constants:
  cycle: pulse
  scale: 1-5
rows:
  - wide:
      pattern: "{competency_code}: {item_code}"
missing: ["-"]
"""
"""The mapping file that reads the table."""


def table(department: Department, raters: Mapping[str, Rater], seed: int) -> tuple[list[str], list[list[str]]]:
    """Header and rows: some of the platform team about each other, half a year before the end."""
    rng = stream(seed, "pulse")
    day = department.as_of.date() - timedelta(days=180)
    team = department.team("platform", day)
    header = [
        "Reviewee",
        "Reviewer",
        "Relation",
        "Submitted",
        *(f"{skill}: {text}" for skill, text in _QUESTIONS.items()),
    ]
    rows = []
    for subject in team:
        for rater in rng.sample(team, min(3, len(team))):
            if rater.key == subject.key:
                continue
            marks = [mark(raters[rater.key], subject, skill, day, 0, rng) for skill in _QUESTIONS]
            relation = (
                "manager" if subject.manager == rater.key else "report" if rater.manager == subject.key else "peer"
            )
            cells = ["-" if given is None else str(given) for given in marks]
            rows.append([subject.key, rater.key, relation, day.isoformat(), *cells])
    return header, rows
