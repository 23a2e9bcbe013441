"""The rules a standard must keep beyond the shape of its files, each with the line it is broken on and a remedy.

The rules protect people who will be judged by the standard: thresholds of one measure are nested and rise with the
level; nobody is held to a threshold that the clause gives them no time to reach; nothing counts lines or bare commits;
every criterion shows a record that meets it and one that does not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

from db.errors import Problem
from rubrics.folder import Folder, read_folder
from rubrics.problems import dotted
from rubrics.schema import CriterionFile, MeasureFile, RoleFile, SkillFile, StandardFile, Threshold
from rubrics.source import Document, Location

__all__ = ["check", "validate"]

_Found = tuple[Location, str, str]
"""Where in the file, what is wrong, what to do."""

_PER_MONTH = 2
"""Changes that count in one calendar month, see `rubrics.units`."""


def validate(where: str | Path) -> list[Problem]:
    """All mistakes in a standard's folder (or shipped library), by file and line; empty if it is sound.

    Raises Refusal if there is no standard at all.
    """
    return check(read_folder(where))


def check(folder: Folder) -> list[Problem]:
    """All mistakes of a folder already read."""
    problems = list(folder.problems)
    if not folder.stems:
        problems.append(Problem("skills", 0, "", "there is no skill", "add skills/<code>.yaml"))
    for stem, (document, skill) in folder.skills.items():
        problems += _located(document, _of_skill(stem, skill, folder))
    for stem, (document, role) in folder.roles.items():
        problems += _located(document, _of_role(stem, role, folder))
    if folder.standard is not None:
        document, standard = folder.standard
        problems += _located(document, _of_standard(standard, folder))
    return sorted(problems, key=lambda problem: (problem.file, problem.row, problem.column, problem.message))


def _located(document: Document, found: Iterator[_Found]) -> list[Problem]:
    return [
        Problem(document.file, document.line(location), dotted(document.known(location)), message, remedy)
        for location, message, remedy in found
    ]


# -- skills --------------------------------------------------------------------------------------------------


def _of_skill(stem: str, skill: SkillFile, folder: Folder) -> Iterator[_Found]:
    if skill.code != stem:
        yield ("code",), f"code is `{skill.code}`, the file is {stem}.yaml", "make them equal"
    if missing := [level for level in "12345" if level not in skill.levels]:
        yield ("levels",), f"level {', '.join(missing)} is missing", "write all five levels"
    if not any(skill.signals.model_dump().values()):
        yield ("signals",), "no signal: no evidence can ever be tagged", "name paths, imports, tools or items"
    yield from _of_edges(skill, folder)
    yield from _of_criteria(skill)
    for code in skill.measures:
        yield from _of_measure(code, skill)


def _of_edges(skill: SkillFile, folder: Folder) -> Iterator[_Found]:
    for kind, targets in (("requires", skill.edges.requires), ("related", skill.edges.related)):
        for target in targets:
            if target == skill.code:
                yield ("edges", kind), "a skill cannot stand in relation to itself", "remove it"
            elif target not in folder.stems:
                yield ("edges", kind), f"unknown skill `{target}`", "use the code of a file in skills/"
    if cycle := _cycle(skill.code, {code: s.edges.requires for code, (_, s) in folder.skills.items()}):
        yield ("edges", "requires"), f"requires itself by way of {' > '.join(cycle)}", "cut one of these edges"


def _cycle(start: str, requires: Mapping[str, list[str]]) -> list[str] | None:
    """A shortest path from a skill back to itself, if there is one longer than a self-edge."""
    paths, seen = [[start]], {start}
    while paths:
        path = paths.pop(0)
        for target in requires.get(path[-1], []):
            if target == start and len(path) > 1:
                return [*path, start]
            if target not in seen:
                seen.add(target)
                paths.append([*path, target])
    return None


def _criteria(skill: SkillFile) -> Iterator[tuple[Location, int, CriterionFile]]:
    """Each criterion with its location in the file and its level, level 1 first."""
    for key in sorted(skill.levels):
        for position, criterion in enumerate(skill.levels[key].criteria):
            yield ("levels", key, "criteria", position), int(key), criterion


def _of_criteria(skill: SkillFile) -> Iterator[_Found]:
    used = Counter(criterion.code for _, _, criterion in _criteria(skill))
    for at, level, criterion in _criteria(skill):
        if not criterion.code.startswith(f"{skill.code}.{level}."):
            yield (*at, "code"), f"code `{criterion.code}` is not of this level", f"write {skill.code}.{level}.<letter>"
        if used[criterion.code] > 1:
            yield (*at, "code"), f"code `{criterion.code}` is used twice", "give each criterion its own letter"
        rules = _of_machine if isinstance(criterion.judge, Threshold) else _of_human
        yield from rules(at, criterion, skill)


def _of_human(at: Location, criterion: CriterionFile, _: SkillFile) -> Iterator[_Found]:
    if criterion.examples is None:
        yield at, f"{criterion.code}: people judge it, but there are no examples", "add examples: {met, not_met}"
    if criterion.fixtures is not None:
        yield (*at, "fixtures"), f"{criterion.code}: fixtures, but people judge it", "remove them, or name a measure"


def _of_machine(at: Location, criterion: CriterionFile, skill: SkillFile) -> Iterator[_Found]:
    assert isinstance(criterion.judge, Threshold)
    if criterion.fixtures is None:
        yield at, f"{criterion.code}: no fixtures", "add fixtures: {pass, fail}, one record each"
    if criterion.opportunity is None:
        yield at, f"{criterion.code}: no opportunity clause", "add opportunity: {months_present, access}"
    measure = skill.measures.get(criterion.judge.measure)
    if measure is None:
        known = ", ".join(sorted(skill.measures)) or "none"
        where = (*at, "judge", "measure")
        yield where, f"{criterion.code}: unknown measure `{criterion.judge.measure}`", f"measures here: {known}"
    else:
        yield from _of_threshold(at, criterion, criterion.judge.at_least, measure)


def _of_threshold(at: Location, criterion: CriterionFile, at_least: float, measure: MeasureFile) -> Iterator[_Found]:
    unit, where = measure.unit, (*at, "judge", "at_least")
    if unit != "changes" and at_least != int(at_least):
        yield where, f"{criterion.code}: {at_least} {unit}", f"{unit} are counted whole"
    needed = _months_needed(at_least, unit)
    if needed > measure.window_months:
        message = (
            f"{criterion.code}: {at_least:g} {unit} need {needed:g} months, the window has {measure.window_months}"
        )
        yield where, message, "lower at_least or widen window_months"
    clause = criterion.opportunity
    if clause is None:
        return
    if not clause.comments and (measure.where.change_followed or measure.where.suggestion_applied):
        message = f"{criterion.code}: only a source that shows reviews with what they say can show this"
        yield (*at, "opportunity"), message, "ask for comments: true; nobody fails for what no source shows"
    where = (*at, "opportunity", "months_present")
    if clause.months_present < needed:
        message = f"{criterion.code}: {at_least:g} {unit} need {needed:g} months, asked are {clause.months_present:g}"
        yield where, message, f"ask for months_present of at least {needed:g}: nobody fails for lack of time"
    if clause.months_present > measure.window_months:
        message = f"{criterion.code}: {clause.months_present:g} months asked, the window has {measure.window_months}"
        yield where, message, "ask for no more than window_months"


def _months_needed(at_least: float, unit: str) -> float:
    """Months in which a threshold can surely be reached, wherever they fall in the calendar."""
    if unit == "months":
        return at_least
    if unit == "quarters":
        return 3 * at_least - 2
    return float(-(-at_least // _PER_MONTH)) if unit == "changes" else 0.0


def _of_measure(code: str, skill: SkillFile) -> Iterator[_Found]:
    measure, at = skill.measures[code], ("measures", code)
    if measure.unit == "changes" and "commit" in measure.evidence and not any(measure.where.model_dump().values()):
        yield at, f"`{code}` would count bare commits", "ask in `where` for reviewed, survived or another fact"
    graded = [
        (where, level, criterion, criterion.judge.at_least)
        for where, level, criterion in _criteria(skill)
        if isinstance(criterion.judge, Threshold) and criterion.judge.measure == code
    ]
    if not graded:
        yield at, f"measure `{code}` is used by no criterion", "remove it, or judge a criterion by it"
    for (_, low, before, less), (where, high, after, more) in pairwise(graded):
        if low == high:
            message = f"{before.code} and {after.code} are both of level {low} on `{code}`"
            yield (*where, "judge"), message, "keep one per level: thresholds of one measure are one item"
        elif more <= less:
            message = f"{after.code} asks for {more:g}, {before.code} below it for {less:g}"
            yield (*where, "judge", "at_least"), message, "thresholds on one measure must rise with the level"
        if (
            before.opportunity
            and after.opportunity
            and (
                after.opportunity.months_present < before.opportunity.months_present
                or after.opportunity.access < before.opportunity.access
                or after.opportunity.comments < before.opportunity.comments
            )
        ):
            message = f"{after.code} asks for less opportunity than {before.code} below it"
            yield (*where, "opportunity"), message, "ask for at least as much: more is asked of the person"


# -- roles and the standard itself ---------------------------------------------------------------------------


def _of_role(stem: str, role: RoleFile, folder: Folder) -> Iterator[_Found]:
    if role.code != stem:
        yield ("code",), f"code is `{role.code}`, the file is {stem}.yaml", "make them equal"
    order = list(dict.fromkeys(folder.standard[1].job_levels)) if folder.standard else []
    for job_level, expected in role.job_levels.items():
        at = ("job_levels", job_level)
        if folder.standard and job_level not in order:
            yield at, f"unknown job level `{job_level}`", f"job levels of the standard: {', '.join(order)}"
        for kind, skills in (("required", expected.required), ("optional", expected.optional)):
            for skill in skills:
                if skill not in folder.stems:
                    yield (*at, kind, skill), f"unknown skill `{skill}`", "use the code of a file in skills/"
        for skill in expected.required.keys() & expected.optional.keys():
            yield (*at, "optional", skill), f"`{skill}` is required and optional", "keep one"
    yield from _falling(role, [job_level for job_level in order if job_level in role.job_levels])


def _falling(role: RoleFile, order: list[str]) -> Iterator[_Found]:
    for lower, upper in pairwise(order):
        below, above = role.job_levels[lower], role.job_levels[upper]
        now = {**above.optional, **above.required}
        for skill, level in {**below.optional, **below.required}.items():
            at = ("job_levels", upper, "required" if skill in above.required else "optional", skill)
            if skill in below.required and skill not in above.required:
                yield at, f"`{skill}` is required at {lower}, not at {upper}", "keep it required"
            elif now.get(skill, level) < level:
                message = f"`{skill}` falls from {level} at {lower} to {now[skill]} at {upper}"
                yield at, message, "expect at least as much at a higher job level"


def _of_standard(standard: StandardFile, folder: Folder) -> Iterator[_Found]:
    if sorted(meaning.level for meaning in standard.levels) != [1, 2, 3, 4, 5]:
        yield ("levels",), "levels are not 1, 2, 3, 4, 5", "describe each level once"
    if len(set(standard.job_levels)) != len(standard.job_levels):
        yield ("job_levels",), "a job level is named twice", "name each once, lowest first"
    known = {c.code for _, skill in folder.skills.values() for _, _, c in _criteria(skill)}
    ends: dict[str, str] = {}
    for position, waiver in sorted(enumerate(standard.waivers), key=lambda entry: entry[1].start):
        at: Location = ("waivers", position)
        skill = waiver.criterion.split(".")[0]
        if waiver.criterion not in known and (skill in folder.skills or skill not in folder.stems):
            yield at, f"unknown criterion `{waiver.criterion}`", "use the code of a criterion"
        if waiver.until <= waiver.start:
            yield (
                at,
                f"ends {waiver.until}, not after it begins ({waiver.start})",
                "`until` is the first day without it",
            )
        if ends.get(waiver.criterion, "") > waiver.start:
            yield at, f"two waivers of `{waiver.criterion}` overlap", "end one before the next begins"
        ends[waiver.criterion] = waiver.until
