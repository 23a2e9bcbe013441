"""Whether the machine measures what the humans see: the correlation of git's and the humans' theta, skill by skill.

Each person's theta on a skill is taken twice, from the machine's gradings alone and from the human ratings alone, facets held, and the two
are correlated over people. It is the plain correlation, not corrected for either side's unreliability: what counts is how well git as it is agrees
with people as they are. The interval leaves out one person at a time.

The rule. Where the interval holds .3 or less, git leaves that skill's headline: its gradings are no observations there and the model is fitted again. They
stay evidence, cited and quoted with their criteria.

Its limit. The rule is applied where at least 50 people have both git and two human raters on the skill. With fewer the interval holds
.3 whatever the truth (with 20 people a true correlation of .6 is sent away in more than half of cases, with 50 in one of six), so the rule would not
test git but the size of the department, and git would come and go as people join. Below 50 git therefore stays as what it is taken for until shown otherwise: one
rater with a halo of at least one logit on each of two levels, which leaves it about the weight of one careless human and never makes a result
`inferred` by itself. Fifty is also what it takes to release that floor (`models.machine_floor`), so git is never both unbounded and untested. `untested` is said wherever the
verdict is read. Where a registered model version holds a verdict, that one stands until the next calibration, so that people who come and go between
two assessments do not switch git on and off.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from db.records import ModelVersion
from models import machine_floor
from models.correlation import Correlation, correlation
from models.facets import FacetsModel

__all__ = [
    "LEAST_CORRELATION",
    "LEAST_PEOPLE",
    "CrossValidity",
    "SkillValidity",
    "cross_validity",
    "kept_verdicts",
    "without_silenced",
]

LEAST_CORRELATION: Final = 0.3
LEAST_PEOPLE: Final = machine_floor.LEAST_PEOPLE
_LEAST_HUMANS: Final = machine_floor.LEAST_HUMANS
_DECIMALS: Final = 6

Verdict = Literal["shown", "not shown", "untested"]


@dataclass(frozen=True, slots=True)
class SkillValidity:
    """One skill. people: with git and two human raters. correlation, low, high: with its 90 % interval, None where it cannot be had.

    verdict: "shown" (the interval lies above .3), "not shown" (git leaves the headline) or "untested" (too few people).
    """

    skill: str
    people: int
    correlation: float | None
    low: float | None
    high: float | None
    verdict: Verdict

    @property
    def speaks(self) -> bool:
        """Whether git may speak in the skill's headline."""
        return self.verdict != "not shown"


@dataclass(frozen=True, slots=True)
class CrossValidity:
    """By skill, and over all skills together (each skill's means taken out; people drawn whole, so people counts them once)."""

    skills: tuple[SkillValidity, ...] = ()
    overall: SkillValidity | None = None

    @property
    def silenced(self) -> frozenset[str]:
        """Skills whose headline git leaves."""
        return frozenset(one.skill for one in self.skills if not one.speaks)

    def verdicts(self) -> dict[str, Verdict]:
        """Skill -> verdict, of the skills that were tested: what a model version keeps."""
        return {one.skill: one.verdict for one in self.skills if one.verdict != "untested"}

    def warnings(self) -> tuple[str, ...]:
        """What whoever assesses should be told: the skills whose headline git leaves."""
        if not self.silenced:
            return ()
        names = ", ".join(sorted(self.silenced))
        return (
            f"git does not agree enough with human raters on {names}: it is cited there, but not counted in the result",
        )

    def as_mapping(self) -> dict[str, Any]:
        """For `Run.details`."""
        return {one.skill: _plain(one) for one in (*self.skills, *([self.overall] if self.overall else []))}


def cross_validity(
    model: FacetsModel | None, observations: pd.DataFrame, *, kept: Mapping[str, Verdict] | None = None
) -> CrossValidity:
    """Validity of the machine on every skill it speaks to.

    observations: what the model was fitted on. kept: verdicts of the registered model version, which stand.
    """
    machine = observations["rater_class"] == "machine"
    if model is None or not machine.any() or machine.all():
        return CrossValidity()
    pairs = _thetas(model, observations)
    skills = []
    for skill in sorted(set(observations.loc[machine, "skill"])):
        rows = pairs[pairs["skill"] == skill]
        skills.append(_judged(str(skill), correlation(rows["git"], rows["human"]), (kept or {}).get(str(skill))))
    if pairs.empty:
        return CrossValidity(tuple(skills))
    centred = pairs.groupby("skill")[["git", "human"]].transform(lambda values: values - values.mean())
    together = correlation(centred["git"], centred["human"], groups=pairs["person"])
    return CrossValidity(tuple(skills), _judged("all skills", together, None))


def kept_verdicts(version: ModelVersion | None) -> dict[str, Verdict]:
    """Verdicts that the registered model version holds under "git"; none without one."""
    held: Any = {} if version is None else version.coefficients.get("git") or {}
    return {str(skill): verdict for skill, verdict in held.items() if verdict in ("shown", "not shown")}


def without_silenced(observations: pd.DataFrame, silenced: Iterable[str]) -> pd.DataFrame:
    """The observations without the machine's on skills whose headline it leaves."""
    left = (observations["rater_class"] == "machine") & observations["skill"].isin(sorted(silenced))
    return observations[~left].reset_index(drop=True)


def _thetas(model: FacetsModel, observations: pd.DataFrame) -> pd.DataFrame:
    """person, skill, git, human: posterior means by one class of raters alone, where both spoke, two humans at least."""
    alone = model.leave_one_out(observations["rater_class"].to_numpy())
    long = alone.keys.loc[alone.keys.index.repeat(len(alone.skills))].reset_index(drop=True)
    long = long.assign(skill=np.tile(alone.skills.to_numpy(), len(alone)), theta=alone.mean.ravel())
    sides = {
        name: long[long["dropped"] == dropped].set_index(["person", "skill"])["theta"]
        for name, dropped in (("git", "human"), ("human", "machine"))
    }
    raters = observations.groupby(["person", "skill", "rater_class"])["rater"].nunique().unstack(fill_value=0)
    both = raters.index[(raters["machine"] > 0) & (raters["human"] >= _LEAST_HUMANS)]
    table = pd.DataFrame({name: side.reindex(both) for name, side in sides.items()}, index=both)
    return table.dropna().reset_index()


def _judged(skill: str, found: Correlation, kept: Verdict | None) -> SkillValidity:
    if kept is not None:
        verdict = kept
    elif found.groups < LEAST_PEOPLE:
        verdict = "untested"
    else:
        verdict = "shown" if found.low > LEAST_CORRELATION else "not shown"
    return SkillValidity(skill, found.groups, _number(found.r), _number(found.low), _number(found.high), verdict)


def _number(value: float) -> float | None:
    return round(float(value), _DECIMALS) if np.isfinite(value) else None


def _plain(one: SkillValidity) -> dict[str, Any]:
    return {
        "people": one.people,
        "correlation": one.correlation,
        "low": one.low,
        "high": one.high,
        "verdict": one.verdict,
    }
