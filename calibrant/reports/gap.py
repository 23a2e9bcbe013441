"""Gap analysis: what a department can do beside what its roles ask for, unknown kept apart from absent.

For each skill only people whose role profile asks for it are counted, each against the level of their own role. A
person counts as *known* if the posterior may be read (`inferred`, `undetermined`), else as *unknown*. Known people
enter as probabilities, so the supply is an expected number with an interval, never a head count of verdicts. Known and
unknown are suppressed as two separate tables over the teams; sums of both are not printed beyond what that allows.
Only a team's lead is told names, and only of people on whom a skill of that team rests alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from calibrant.reports.case import Heading, heading
from calibrant.reports.claims import BEYOND, GIT_VALID, VALIDATED, ClaimLine, reliable_for, standing
from calibrant.reports.explain import NOT_ABLE_SENTENCE, method
from calibrant.reports.inert import NAME_LIMIT, shown
from calibrant.reports.inputs import Profile, StandardText
from calibrant.reports.packet_sealed import MET_PROBABILITY, at_or_above
from calibrant.reports.relative import relative_text
from calibrant.reports.supply import Supply, supply
from calibrant.reports.suppression import MINIMUM_CELL, suppress
from db.records import LEVELS, Assessment, Purpose, Run, State

__all__ = ["Gap", "GapInputs", "GapPerson", "RestsOnOne", "SkillSupply", "TeamSupply", "build"]

THIN_SUPPLY = 2.0
"""Expected people at the required level below which a skill is called thin."""

_RELIED_ON = (VALIDATED, reliable_for("development"), BEYOND, GIT_VALID)
_READABLE = frozenset({State.INFERRED, State.UNDETERMINED})


@dataclass(frozen=True, slots=True)
class GapPerson:
    """One person in the department at the date of the report. person: opaque id."""

    person: str
    name: str
    team: str
    role: str
    job_level: str


@dataclass(frozen=True, slots=True)
class GapInputs:
    """profiles: (role, job level) -> profile. lead_of: the team whose lead reads this copy, else None."""

    department: str
    people: tuple[GapPerson, ...]
    profiles: Mapping[tuple[str, str], Profile]
    standard: StandardText
    run: Run
    assessments: tuple[Assessment, ...]
    generated_at: datetime
    audit_head: str
    purpose: Purpose = Purpose.GAP_ANALYSIS
    lead_of: str | None = None
    minimum_cell: int = MINIMUM_CELL


@dataclass(frozen=True, slots=True)
class TeamSupply:
    """One cell: supply among known people and number of unknown ones; None where withheld."""

    team: str
    known: Supply | None
    unknown: int | None

    @property
    def empty(self) -> bool:
        """True if the cell is published and nobody's role there asks for the skill."""
        return self.known is not None and self.known.people == 0 and self.unknown == 0

    @property
    def share(self) -> float | None:
        """Expected share of the known people at or above their required level; None if withheld or nobody is known."""
        return self.known.expected / self.known.people if self.known and self.known.people else None


@dataclass(frozen=True, slots=True)
class SkillSupply:
    """One skill over the department and its teams. asked: lowest and highest level any role asks for.

    levels: expected number of known people at each level 1..5, None if withheld.
    """

    code: str
    name: str
    asked: tuple[int, int]
    department: TeamSupply
    teams: tuple[TeamSupply, ...]
    levels: tuple[float, ...] | None

    @property
    def thin(self) -> bool:
        """True if the published department figure promises fewer than two people at the required level."""
        known = self.department.known
        return known is not None and known.people > 0 and known.expected < THIN_SUPPLY


@dataclass(frozen=True, slots=True)
class RestsOnOne:
    """For a team lead: the one person of the team who is at the level a skill is asked for."""

    skill: str
    person: str


@dataclass(frozen=True, slots=True)
class Gap:
    """The whole analysis. skills: in the standard's order, those some role asks for. standing: the headline caveat; claims:
    what it relies on, each standing or withdrawn.
    """

    heading: Heading
    teams: tuple[str, ...]
    skills: tuple[SkillSupply, ...]
    lead_of: str
    rests_on_one: tuple[RestsOnOne, ...]
    minimum_cell: int
    withheld_cells: int
    notes: tuple[str, ...]
    standing: str
    claims: tuple[ClaimLine, ...]
    method: tuple[str, ...]
    limits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    """One person whose role asks for one skill. chance: P(at or above), None if unknown."""

    person: GapPerson
    level: int
    assessment: Assessment | None

    @property
    def known(self) -> bool:
        return self.assessment is not None and self.assessment.state in _READABLE

    @property
    def chance(self) -> float:
        return at_or_above(self.assessment.probabilities, self.level) if self.assessment else 0.0


def build(inputs: GapInputs) -> Gap:
    """The analysis. Raises ValueError if `lead_of` names no team of the department."""
    teams = sorted({person.team for person in inputs.people})
    if inputs.lead_of is not None and inputs.lead_of not in teams:
        raise ValueError(f"expected a team of the department, found {shown(inputs.lead_of)!r}; name one of its teams")
    demand = _demand(inputs)
    skills = tuple(_skill(inputs, code, teams, asked) for code, asked in demand.items())
    stands = standing(inputs.run, _RELIED_ON)
    return Gap(
        heading=heading(
            subject=inputs.department,
            key="",
            standard=inputs.standard,
            run=inputs.run,
            purpose=inputs.purpose,
            generated_at=inputs.generated_at,
            audit_head=inputs.audit_head,
        ),
        teams=tuple(shown(team, NAME_LIMIT) for team in teams),
        skills=skills,
        lead_of=shown(inputs.lead_of, NAME_LIMIT),
        rests_on_one=_rests_on_one(inputs, demand) if inputs.lead_of is not None else (),
        minimum_cell=inputs.minimum_cell,
        withheld_cells=sum(cell.known is None or cell.unknown is None for skill in skills for cell in skill.teams),
        notes=(
            f"Known: the posterior may be read. Unknown: insufficient or conflicting evidence, or none. {NOT_ABLE_SENTENCE}",
            "Every person counts against the level of their own role. Intervals hold 90 % and take people as independent.",
            f"Figures on fewer than {inputs.minimum_cell} people are withheld, and with them as many others as it takes "
            "that none can be found by subtracting.",
            relative_text(inputs.run, [(code, inputs.standard.skill(code).name) for code in demand]),
        ),
        standing=stands.sentence,
        claims=stands.claims,
        method=method(inputs.run.details, inputs.standard),
        limits=stands.limits,
    )


def _demand(inputs: GapInputs) -> dict[str, list[_Asked]]:
    """Skill code -> everyone whose role requires it, skills in the standard's order."""
    by_key = {(assessment.person, assessment.skill): assessment for assessment in inputs.assessments}
    demand: dict[str, list[_Asked]] = {}
    for person in sorted(inputs.people, key=lambda entry: entry.person):
        profile = inputs.profiles.get((person.role, person.job_level))
        for code, level in (profile.required if profile else {}).items():
            demand.setdefault(code, []).append(_Asked(person, level, by_key.get((person.person, code))))
    order = {code: number for number, code in enumerate(inputs.standard.skills)}
    return {code: demand[code] for code in sorted(demand, key=lambda code: (order.get(code, len(order)), code))}


def _skill(inputs: GapInputs, code: str, teams: Sequence[str], asked: Sequence[_Asked]) -> SkillSupply:
    known = {team: [entry for entry in asked if entry.known and entry.person.team == team] for team in teams}
    unknown = {team: sum(not entry.known and entry.person.team == team for entry in asked) for team in teams}
    known_shown = suppress({team: len(entries) for team, entries in known.items()}, inputs.minimum_cell)
    unknown_shown = suppress(unknown, inputs.minimum_cell)
    everyone = [entry for entry in asked if entry.known]
    required = [entry.level for entry in asked]
    return SkillSupply(
        code=code,
        name=shown(inputs.standard.skill(code).name, NAME_LIMIT),
        asked=(min(required), max(required)),
        department=TeamSupply(
            "All teams",
            _supply(everyone) if known_shown.total else None,
            sum(unknown.values()) if unknown_shown.total else None,
        ),
        teams=tuple(
            TeamSupply(
                shown(team, NAME_LIMIT),
                _supply(known[team]) if team in known_shown.parts else None,
                unknown[team] if team in unknown_shown.parts else None,
            )
            for team in teams
        ),
        levels=_levels(everyone) if known_shown.total else None,
    )


def _supply(entries: Iterable[_Asked]) -> Supply:
    return supply([entry.chance for entry in entries])


def _levels(entries: Iterable[_Asked]) -> tuple[float, ...]:
    rows = [entry.assessment.probabilities for entry in entries if entry.assessment]
    return tuple(round(sum(sorted(row[level] for row in rows)), 2) for level in range(LEVELS))


def _rests_on_one(inputs: GapInputs, demand: Mapping[str, Sequence[_Asked]]) -> tuple[RestsOnOne, ...]:
    """Skills of the lead's own team that exactly one of its people holds."""
    found = []
    for code, asked in demand.items():
        holders = [
            entry.person
            for entry in asked
            if entry.person.team == inputs.lead_of
            and entry.assessment is not None
            and entry.assessment.state is State.INFERRED
            and entry.chance >= MET_PROBABILITY
        ]
        if len(holders) == 1:
            found.append(
                RestsOnOne(shown(inputs.standard.skill(code).name, NAME_LIMIT), shown(holders[0].name, NAME_LIMIT))
            )
    return tuple(found)
