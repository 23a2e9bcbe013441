"""Which claims a model version may make: each with the check behind it. A claim that nothing could check is neither held nor failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from calibrant.reports.claims import BEYOND, CLAIMS, GIT_VALID, MODEL_CALIBRATED, VALIDATED, reliable_for
from calibrant.reports.explain import percent
from calibrant.reports.suppression import MINIMUM_CELL
from inference.recalibration import LEAST_PEOPLE
from inference.selection import Selection
from inference.self_simulation import MOST_ERROR, SelfSimulation
from inference.validation import USES, SetCoverage, SkillQuality
from inference.validity import CrossValidity

__all__ = ["Check", "claims_of", "validation_checks"]

LEAST_ON_A_SKILL: Final = 10
"""People with evidence on a skill below which its reliability is not claimed."""

LEAST_AUDITED: Final = 10
"""People looked at by a blind audit before anything is claimed about the people nobody nominated."""

LEAST_SUPPORTED: Final = 0.9
"""Share of the unlabelled people who must be like somebody labelled."""

_NAMED: Final = 4

_THETA_BAND: Final = (0.87, 0.97)
"""Coverage of 90 % intervals of theta in self-simulation. The upper end is generous because the common shift, whose error the
intervals hold, is taken out there."""


@dataclass(frozen=True, slots=True)
class Check:
    """One condition of a claim: what is looked at, what was found, what is asked for, whether it passed; None: too few people to tell."""

    what: str
    found: str
    asked: str
    passed: bool | None


def validation_checks(
    people: int,
    reliability: Mapping[str, Any],
    coverage: SetCoverage | None,
    gain: tuple[float, tuple[float, float]] | None,
) -> list[Check]:
    """What must hold before levels may be called validated on decisions.

    people: labelled; of fewer than are asked for no other check passes or fails. reliability: of the probabilities that held-out
    people get, as `models.calibration.Reliability.as_mapping`. gain: RPS skill.
    """
    checks = [Check("labelled people", _many(people), f"at least {LEAST_PEOPLE}", people >= LEAST_PEOPLE)]
    if people == 0 or coverage is None or gain is None:
        return checks
    error, floor = reliability["cumulative_ece"], reliability["ece_floor_p95"]
    under = f"at most {floor:.4f}, which chance alone stays under in 95 % of cases"
    checks.append(Check("cumulative calibration error", f"{error:.4f}", under, error <= floor))
    checks.append(_slope(reliability))
    checks.append(
        Check(
            "90 % sets hold the decided level",
            f"{coverage.held:.3f}, stated {coverage.stated:.3f}",
            f"within {2 * coverage.se:.3f} of what is stated",
            coverage.agrees,
        )
    )
    skill, (low, high) = gain
    checks.append(
        Check(
            "more than the decided levels' own distribution says",
            f"RPS skill {skill:.3f} ({low:.3f} to {high:.3f})",
            "an interval above 0",
            low > 0.0,
        )
    )
    return checks if people >= LEAST_PEOPLE else [checks[0], *(replace(one, passed=None) for one in checks[1:])]


def _slope(reliability: Mapping[str, Any]) -> Check:
    low, high = reliability["intervals"]["common_slope"]
    known = low is not None and high is not None
    span = f" ({low:.2f} to {high:.2f})" if known else ""
    found = f"{reliability['common_slope']:.2f}{span}"
    return Check("calibration slope", found, "an interval that holds 1", known and low <= 1.0 <= high)


def _many(people: int) -> str:
    """A number of people that is safe to print."""
    return f"{people}" if people == 0 or people >= MINIMUM_CELL else f"fewer than {MINIMUM_CELL}"


def claims_of(
    checks: Sequence[Check],
    labels: int,
    skills: Sequence[SkillQuality],
    chosen: Selection,
    itself: SelfSimulation | None,
    git: CrossValidity,
) -> dict[str, dict[str, object]]:
    """Claim -> {"holds", "why"}. holds is None where nothing could be checked."""
    found = {VALIDATED: _validated(checks, labels), BEYOND: _beyond(chosen), MODEL_CALIBRATED: _itself(itself)}
    found[GIT_VALID] = _git(git)
    found |= {reliable_for(use): _reliable(use, least, skills) for use, least in USES.items()}
    return {name: {"holds": found[name][0], "why": found[name][1]} for name in CLAIMS}


def _validated(checks: Sequence[Check], labels: int) -> tuple[bool | None, str]:
    if labels == 0:
        return None, "no committee has decided on a level yet"
    failed = [check for check in checks if check.passed is False]
    if failed:
        return False, "; ".join(f"{check.what}: {check.found}, asked for {check.asked}" for check in failed)
    return True, f"{labels} decisions about {checks[0].found} people, each predicted without them"


def _reliable(use: str, least: float, skills: Sequence[SkillQuality]) -> tuple[bool | None, str]:
    known = [one for one in skills if one.people >= LEAST_ON_A_SKILL]
    if not known:
        return None, f"no skill has evidence on {LEAST_ON_A_SKILL} people"
    short = [one for one in known if not one.reaches(least)]
    if not short:
        worst = min(one.interval[0] for one in known)
        return (
            True,
            f"reliability surely at least {worst:.2f} on all {len(known)} skills with evidence, {least:g} is asked for",
        )
    worst_first = sorted(short, key=lambda one: (one.interval[0], one.skill))
    named = ", ".join(
        f"{one.skill} {one.reliability:.2f} ({one.interval[0]:.2f} to {one.interval[1]:.2f})"
        for one in worst_first[:_NAMED]
    )
    more = ", .." if len(short) > _NAMED else ""
    return False, f"reliability not surely {least:g} on {len(short)} of {len(known)} skills ({named}{more})"


def _beyond(chosen: Selection) -> tuple[bool | None, str]:
    if chosen.labelled == 0:
        return None, "nobody is labelled"
    if chosen.audited < LEAST_AUDITED:
        had = f"only {_many(chosen.audited)} people" if chosen.audited else "nobody"
        return (
            False,
            f"{had} had a blind audit, {LEAST_AUDITED} are asked for: labels come from people somebody nominated",
        )
    if chosen.supported < LEAST_SUPPORTED:
        return False, f"{percent(1 - chosen.supported)} of the people not decided on are unlike anybody decided on"
    return (
        True,
        f"{chosen.audited} people had a blind audit, and {percent(chosen.supported)} of the others are like somebody decided on",
    )


def _itself(found: SelfSimulation | None) -> tuple[bool | None, str]:
    if found is None:
        return None, "nothing was fitted"
    low, high = _THETA_BAND
    words = f"90 % intervals of theta cover {100 * found.coverage:.1f} % (standard error {100 * found.se:.1f} %) in {found.drawings} drawings"
    if found.se > MOST_ERROR:
        return None, f"{words}: not known well enough, a standard error of at most {100 * MOST_ERROR:g} % is asked for"
    return low <= found.coverage <= high or abs(found.coverage - 0.9) <= 2 * found.se, words


def _git(found: CrossValidity) -> tuple[bool | None, str]:
    tested = [one for one in found.skills if one.verdict != "untested"]
    if not tested:
        return None, "on no skill have enough people both git and two human raters"
    silent = sorted(found.silenced)
    if silent:
        return False, f"git leaves the headline of {len(silent)} of {len(tested)} tested skills ({', '.join(silent)})"
    least = min(one.low for one in tested if one.low is not None)
    return True, f"on {len(tested)} tested skills the correlation with human raters is above {least:.2f}"
