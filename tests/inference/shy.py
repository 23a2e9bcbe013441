"""A department whose raters shun the ends of the scale: true fives are marked 4.2. Vignettes, and committees that do better."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np

from db.records import Evidence, Identity, Kind, Participation, ParticipationRole
from tests.contract.department import AS_OF, Department, Member, rating

__all__ = ["DESCRIBED", "RATERS", "SHY", "SKILL", "TRUE", "shy_department"]

SKILL = "model-training"
TRUE = np.array([-1.8, -0.6, 0.6, 1.8])
SHY = np.array([-3.2, -1.1, 1.1, 3.2])
DESCRIBED = {f"v{n}": level for n, level in enumerate((1, 2, 3, 4, 5, 1, 5, 3))}
RATERS = 12


def _marked(
    key: str, rater: Identity, subject: Identity, theta: float, rng: np.random.Generator, **more: Any
) -> Evidence:
    logs = np.concatenate([[0.0], np.cumsum(theta + rng.normal(0, 0.3) - SHY)])
    chance = np.exp(logs - logs.max())
    mark = 1 + int(rng.choice(5, p=chance / chance.sum()))
    return rating(key, rater, subject, SKILL, mark, at=AS_OF - timedelta(days=30), **more)


def shy_department(seed: int, *, decisions: int = 0, seen: bool = False) -> Department:
    """Forty people rated by five of twelve shy raters each; eight vignettes rated by all of them; perhaps decisions."""
    rng = np.random.default_rng(seed)
    people = tuple(Member(f"p{n:02d}", f"Person {n}", "platform", "ml-engineer", "middle", 3.0, 0.5) for n in range(40))
    theta = rng.normal(0, 1.2, len(people))
    inner = np.concatenate([[-2.6], TRUE, [2.6]])
    answers = []
    for n, one in enumerate(people):
        others = [m for m in range(RATERS) if m != n]
        chosen = rng.choice(others, 5, replace=False)
        answers += [_marked(f"{n}-{m}", people[m].hr, one.hr, theta[n], rng) for m in chosen]
    for code, level in DESCRIBED.items():
        place = inner[level - 1] + rng.uniform(0.2, 0.8) * (inner[level] - inner[level - 1])
        for m in range(RATERS):
            one = _marked(
                f"{code}-{m}", people[m].hr, Identity("vignette", code, bot=True), place, rng, relation="other"
            )
            answers.append(replace(one, measures={**one.measures, "vignette": code}))
    made = Department(people, {"feedback360/2026": tuple(answers)})
    if not decisions:
        return made
    taken = [
        _decision(people[n], 1 + int((theta[n] + rng.normal(0, 0.3) > TRUE).sum()), seen=seen) for n in range(decisions)
    ]
    return made.with_source("table/decisions", taken)


def _decision(member: Member, level: int, *, seen: bool) -> Evidence:
    facts = {"skill": SKILL, "level": level, "saw_estimate": seen, "score": None}
    parts = (
        Participation(Identity("hr", "panel-1"), ParticipationRole.RATER),
        Participation(member.hr, ParticipationRole.SUBJECT),
    )
    return Evidence(
        f"decision/{member.key}", Kind.DECISION, AS_OF - timedelta(days=60), "test/1", facts, participations=parts
    )
