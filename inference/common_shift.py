"""What a few committee decisions say of all cutpoints at once: whether raters here draw the levels' borders elsewhere than committees do.

A dozen decisions spread over ten skills are too few to set any skill's cuts (`inference.anchors` asks for five people on a skill), but
raters who shun the ends of a form do so on every skill. So the decisions of all skills together estimate one shift and one
factor of the spacing, shrunk to none (`models.anchoring.DECISIONS`: SD .5 logit, a quarter), and every skill without anchors of its own
follows. Its cuts then carry the error of that estimate, as long as decisions are few a large one: where a level begins has become
a question with an answer, that is not yet well known.

Under five people the cuts carry no such doubt, and standard errors with and without it are not comparable. Without decisions levels are
defined by the norm: "relative to this organisation's average rater" is exactly so, and its error is that of the norm alone. To add the
prior's half logit there would say that we doubt a definition. With decisions another question is answered, where committees begin a
level, and its answer starts from that half logit and narrows. So the error jumps where the question changes, and not by chance.

Decisions about one person are one committee's impression of them. Each counts as its share of it (`Decided.by_shares`): three decisions
weigh what one does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from inference.anchors import Decided
from models.anchoring import DECISIONS, Shift, common_shift, directions
from models.cutpoints import Cuts

__all__ = ["LEAST_PEOPLE", "CommonShift", "common"]

LEAST_PEOPLE: Final = 5
"""People decided upon, over all skills, before decisions say anything of the norm."""


@dataclass(frozen=True, slots=True)
class CommonShift:
    """shift: in logits and as a factor of the spacing. labels, people: decisions behind it, and people decided upon."""

    shift: Shift
    labels: int
    people: int

    def applied(self, norm: Cuts) -> Cuts:
        """The norm's cuts moved, and their errors with that of the move."""
        ways = directions(norm.cut)
        doubt = np.einsum("kd,de,ke->k", ways, self.shift.covariance, ways)
        return replace(
            norm,
            cut=norm.cut + ways @ self.shift.mean,
            own=np.sqrt(norm.own**2 + doubt),
            se=np.sqrt(norm.se**2 + doubt),
            rule=f"{norm.rule}, moved as {self.labels} decisions on {self.people} people say of all skills",
        )


def common(norms: Mapping[str, Cuts], decisions: Decided) -> CommonShift | None:
    """From the decisions on the skills of `norms` (complete, rising). None where too few people were decided upon."""
    skills = [skill for skill in sorted(norms) if skill in decisions.labels]
    count = Counter(person for skill in skills for person in decisions.persons[skill])
    if len(count) < LEAST_PEOPLE:
        return None
    freedom = replace(DECISIONS, free=0.0)
    found = common_shift([norms[skill] for skill in skills], decisions.by_shares(skills), freedom=freedom)
    return CommonShift(found, sum(count.values()), len(count))
