"""Makes the reading copy: what a committee member reads before seeing any estimate.

Per expected skill and criterion it shows the evidence for and against, how long and how wide it reaches, and what is
missing. It holds no probability, no level read by a machine and no state word: readers put down their own level first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from calibrant.reports.case import (
    PacketInputs,
    contested_items,
    heading,
    reply_texts,
)
from calibrant.reports.evidence_text import Exhibit, day_text, read_exhibits
from calibrant.reports.excerpts import scope_of, select
from calibrant.reports.inert import EXCERPT_LIMIT, NAME_LIMIT, shown
from calibrant.reports.inputs import CriterionText, LevelText, Waiver
from calibrant.reports.material import Material, gather
from calibrant.reports.reading_copy import (
    FRONT_WORDS,
    READING_WORDS,
    CriterionReading,
    Groundwork,
    PrintedExhibit,
    ReadingCopy,
    SkillReading,
    minutes,
    words_of,
)
from calibrant.reports.timeline import timeline
from db.records import CriterionOutcome, Outcome, Stance

__all__ = ["read_case"]

_CAPS = (4, 3, 2, 1)


@dataclass(slots=True)
class _Numbering:
    """Exhibit numbers in the order of first printing."""

    numbers: dict[str, int] = field(default_factory=dict)

    def print(self, exhibits: Iterable[Exhibit]) -> tuple[PrintedExhibit, ...]:
        printed = []
        for exhibit in exhibits:
            again = exhibit.evidence in self.numbers
            printed.append(
                PrintedExhibit(self.numbers.setdefault(exhibit.evidence, len(self.numbers) + 1), exhibit, again)
            )
        return tuple(printed)


def read_case(inputs: PacketInputs) -> ReadingCopy:
    """The copy with as many excerpts per criterion as five minutes allow: four at most, one at least.

    Optional skills come last, with one excerpt per criterion, and are not part of the five minutes.
    """
    contested = {dispute.target for dispute in inputs.disputes if dispute.state == "open"}
    exhibits = read_exhibits(inputs.cited, inputs.participations, inputs.person, contested)
    expected = {**inputs.profile.required, **inputs.profile.optional}
    codes = inputs.profile.in_order(inputs.standard)
    materials = {code: _material(inputs, code, exhibits) for code in codes}
    for cap in _CAPS:
        copy = _copy(inputs, materials, expected, exhibits, cap)
        if copy.words <= READING_WORDS:
            break
    return copy


def _material(inputs: PacketInputs, code: str, exhibits: Mapping[str, Exhibit]) -> Material:
    return gather(
        code,
        person=inputs.person,
        assessment=next((entry for entry in inputs.assessments if entry.skill == code), None),
        citations=inputs.citations,
        exhibits=exhibits,
        cited=inputs.cited,
        participations=inputs.participations,
        policy=inputs.policy,
    )


def _copy(
    inputs: PacketInputs,
    materials: Mapping[str, Material],
    expected: Mapping[str, int],
    exhibits: Mapping[str, Exhibit],
    cap: int,
) -> ReadingCopy:
    numbering = _Numbering()
    required = inputs.profile.required
    skills = tuple(
        _skill(inputs, code, expected[code], materials[code], numbering, cap if code in required else 1)
        for code in materials
    )
    described = {key: f"{exhibit.what}, {exhibit.when}, {exhibit.where}" for key, exhibit in exhibits.items()}
    contested = contested_items(inputs.disputes, described)
    replies = reply_texts(inputs.replies)
    rows = {
        skill.name: (materials[skill.code].all(Stance.FOR), materials[skill.code].all(Stance.AGAINST))
        for skill in skills
    }
    count = FRONT_WORDS + words_of((skill for skill in skills if not skill.optional), contested, replies)
    optional = words_of((skill for skill in skills if skill.optional), (), ()) if len(required) < len(skills) else 0
    return ReadingCopy(
        heading=heading(
            subject=inputs.person_name,
            key=inputs.person_key,
            standard=inputs.standard,
            run=inputs.run,
            purpose=inputs.purpose,
            generated_at=inputs.generated_at,
            audit_head=inputs.audit_head,
            profile=inputs.profile,
        ),
        skills=skills,
        levels=tuple(
            LevelText(level.level, shown(level.name, NAME_LIMIT), shown(level.summary))
            for level in inputs.standard.levels
        ),
        timeline=timeline(rows, inputs.run.as_of.date(), inputs.window_months),
        contested=contested,
        replies=replies,
        words=count,
        minutes=minutes(count),
        optional_minutes=minutes(optional) if optional else 0,
    )


def _skill(
    inputs: PacketInputs, code: str, expected: int, material: Material, numbering: _Numbering, cap: int
) -> SkillReading:
    text = inputs.standard.skill(code)
    level = text.at(expected)
    today = inputs.run.as_of.date()
    waivers = {waiver.criterion: waiver for waiver in inputs.standard.waivers if waiver.holds(today)}
    criteria = tuple(
        _criterion(criterion, material, waivers.get(criterion.code), numbering, cap) for criterion in level.criteria
    )
    tied = {
        e.evidence for group, stances in material.by_criterion.items() if group for e in stances.get(Stance.AGAINST, ())
    }
    untied = [exhibit for exhibit in material.all(Stance.AGAINST) if exhibit.evidence not in tied]
    chosen = select(untied, cap)
    return SkillReading(
        code=code,
        name=shown(text.name, NAME_LIMIT),
        expected=expected,
        level_name=shown(level.name, NAME_LIMIT),
        level_summary=shown(level.summary, EXCERPT_LIMIT * 2),
        optional=code not in inputs.profile.required,
        scope=scope_of(material.all(Stance.FOR, Stance.CONTEXT)),
        works_against=len(material.all(Stance.AGAINST)),
        criteria=criteria,
        groundwork=tuple(
            _groundwork(criterion, material.outcomes.get(criterion.code))
            for lower in text.levels
            if lower.level < expected
            for criterion in lower.criteria
            if criterion.measure
        ),
        opposing=numbering.print(chosen.exhibits),
        more_opposing=chosen.more,
        comments=tuple(group.at_most(cap) for group in material.comments),
        erased=material.erased,
    )


def _criterion(
    criterion: CriterionText, material: Material, waiver: Waiver | None, numbering: _Numbering, cap: int
) -> CriterionReading:
    outcome = material.outcomes.get(criterion.code)
    supporting = material.cited(criterion.code, Stance.FOR)
    told = set(numbering.numbers)
    chosen = select(supporting, cap, told)
    against = select(material.cited(criterion.code, Stance.AGAINST), max(cap - 1, 1), told)
    return CriterionReading(
        code=shown(criterion.code, NAME_LIMIT),
        statement=shown(criterion.statement, EXCERPT_LIMIT * 2),
        by_people=criterion.measure is None,
        counted=_counted(criterion, outcome),
        scope=scope_of(supporting),
        supporting=numbering.print(chosen.exhibits),
        more_supporting=chosen.more,
        opposing=numbering.print(against.exhibits),
        more_opposing=against.more,
        missing="" if waiver else _missing(criterion, outcome, cited=bool(supporting)),
        waiver=_waived(waiver) if waiver else "",
    )


def _counted(criterion: CriterionText, outcome: CriterionOutcome | None) -> str:
    """ "Months with reviewed work: 7 (the standard looks for 6 within 24 months)", or ""."""
    if outcome is None or outcome.value is None or outcome.outcome is Outcome.NOT_OBSERVED:
        return ""
    title = shown(criterion.measure or outcome.measure or "Counted", NAME_LIMIT)
    return f"{title}: {outcome.value:.3g}" + ("" if outcome.at_least is None else f" (asked for: {outcome.at_least:g})")


def _missing(criterion: CriterionText, outcome: CriterionOutcome | None, *, cited: bool) -> str:
    if criterion.measure is None or (outcome and outcome.outcome is Outcome.HUMAN):
        return ""
    if outcome is None:
        return "Not read in this run."
    if outcome.outcome is Outcome.NOT_OBSERVED:
        reason = shown(outcome.reason).rstrip(". ")
        return f"Not observed: {reason or 'there is no record that there was an opportunity'}."
    if outcome.outcome is Outcome.NOT_MET:
        return "Found in part." if outcome.value else "Looked for and not found, though there was opportunity."
    return "" if cited else "No work is cited for this."


def _groundwork(criterion: CriterionText, outcome: CriterionOutcome | None) -> Groundwork:
    title = shown(criterion.measure, NAME_LIMIT)
    if outcome is None or outcome.value is None or outcome.outcome is Outcome.NOT_OBSERVED:
        counted = f"{title} not observed" if outcome else f"{title} not read"
    else:
        counted = f"{title} {outcome.value:.3g}" + (
            "" if outcome.at_least is None else f", asked for {outcome.at_least:g}"
        )
    return Groundwork(criterion.level, shown(criterion.statement, EXCERPT_LIMIT * 2), counted)


def _waived(waiver: Waiver) -> str:
    until = f" until {day_text(waiver.valid_to)}" if waiver.valid_to else ""
    return f"Waived from {day_text(waiver.valid_from)}{until}: {shown(waiver.reason)}"
