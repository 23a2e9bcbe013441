"""Where the floor under a machine's halo is taken away.

A lone machine never contradicts itself, so nothing tells what it sees of a person from what it always gets wrong about them: its halo SDs are held at
floors. Where enough people also have independent human raters, the humans tell the two apart, and the SD can be estimated, above the floor or below.

The rule, skill by skill: at least `LEAST_PEOPLE` people have `LEAST_RATINGS` ratings of that skill by the machine source ("at least this" is none) and
`LEAST_HUMANS` human raters of it other than themselves; where several machine sources rate a skill, it has to hold for each of them. The halo that spills
over skills is released once every skill that machines rate is.

A single rating per person and skill does not tell an impression from chance: its SD then trades off with the unit of the scale, and the prior of the
steps, which pulls that unit together, is no longer held against by the floor.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.design import Design

__all__ = ["LEAST_HUMANS", "LEAST_PEOPLE", "LEAST_RATINGS", "machine_floors"]

LEAST_PEOPLE = 50
LEAST_HUMANS = 2
LEAST_RATINGS = 2


def machine_floors(design: Design) -> pd.DataFrame:
    """Index: the skills that machines rate. people: with enough ratings by machine and humans, by the source that has fewest; released: by the rule."""
    rows, words = design.rows, design.vocabulary
    skills, sources = len(words.skills), len(words.sources)
    ability, machine = rows.person * skills + rows.skill, rows.machine
    judged = _judged(design, ability)
    seen, cell = np.unique(np.column_stack([ability, rows.source])[machine], axis=0, return_inverse=True)
    repeated = np.bincount(cell.ravel(), weights=~rows.floor[machine], minlength=len(seen)) >= LEAST_RATINGS
    place = seen[:, 1] * skills + seen[:, 0] % skills
    rated = np.bincount(place, minlength=sources * skills).reshape(sources, skills) > 0
    counted = judged[seen[:, 0]] & repeated
    people = np.bincount(place, weights=counted, minlength=sources * skills).reshape(sources, skills)
    fewest = np.where(rated, people, np.inf).min(axis=0, initial=np.inf)
    by = np.flatnonzero(rated.any(axis=0))
    table = pd.DataFrame({"people": fewest[by].astype(np.int64)}, index=words.skills[by])
    return table.assign(released=table["people"] >= LEAST_PEOPLE)


def _judged(design: Design, ability: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(persons x skills) whether enough humans other than themselves rate the person on the skill."""
    rows, words = design.rows, design.vocabulary
    rater = words.severity_rater[rows.severity]
    oneself = words.persons.get_indexer(words.raters)[rater] == rows.person
    pairs = np.unique(np.column_stack([ability, rater])[~rows.machine & ~oneself], axis=0)
    count = np.bincount(pairs[:, 0], minlength=len(words.persons) * len(words.skills))
    return np.asarray(count >= LEAST_HUMANS)
