"""The file format as pydantic models: what a standard, a skill and a role file may hold, key by key.

Strict everywhere: unknown keys are refused, text is not read as numbers nor numbers as text. These models live at the
file edge only; everything else uses the frozen objects of `rubrics.standard`. Rules that need more than one value
(nested thresholds, references between files) are in `rubrics.validator`.

Adding an optional key with a default leaves the hash of every standard that does not use it unchanged, because the
canonical form leaves defaults out.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag

from rubrics import globs

__all__ = [
    "Bundle",
    "CriterionFile",
    "MeasureFile",
    "RoleFile",
    "SkillFile",
    "StandardFile",
]


def _collapsed(text: str) -> str:
    """Line breaks inside a paragraph are formatting, not content."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n")).strip()


def _day(text: str) -> str:
    datetime.date.fromisoformat(text)
    return text


def _sound_glob(glob: str) -> str:
    found = globs.problem(glob)
    if found:
        raise ValueError(found)
    return glob


def _as_set(values: list[str]) -> list[str]:
    """Order and repetition carry no meaning in these lists, so they do not reach the hash."""
    return sorted(set(values))


Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=64)]
CriterionCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*\.[1-5]\.[a-z]$", max_length=70)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=120), AfterValidator(_collapsed)]
Prose = Annotated[str, StringConstraints(min_length=1, max_length=4000), AfterValidator(_collapsed)]
Statement = Annotated[str, StringConstraints(min_length=10, max_length=400), AfterValidator(_collapsed)]
Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$"), AfterValidator(_day)]
Months = Annotated[float, Field(gt=0, le=120)]
LevelKey = Annotated[str, StringConstraints(pattern=r"^[1-5]$")]
ProficiencyLevel = Annotated[int, Field(ge=1, le=5)]
Glob = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_sound_glob)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=120)]
GlobSet = Annotated[list[Glob], AfterValidator(_as_set)]
WordSet = Annotated[list[Word], AfterValidator(_as_set)]
CodeSet = Annotated[list[Code], AfterValidator(_as_set)]

Fact = Literal[
    "reviewed", "survived", "tests", "docs", "change_followed", "suggestion_applied", "substance", "others_work"
]
MeasuredKind = Literal["commit", "change_request", "review", "review_comment", "learning", "issue", "incident"]
"""Ratings, scorecards and decisions are ratings already; a machine does not count them."""


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class LevelMeaning(_Strict):
    """What a proficiency level means for any skill."""

    level: ProficiencyLevel
    name: Name
    description: Prose


class Cutpoints(_Strict):
    """The rule by which each class of source is cut into levels."""

    ratings: Literal["thurstonian-50", "rp-67"]
    measures: Literal["thurstonian-50", "rp-67"]


class WaiverFile(_Strict):
    """A criterion set aside from a day on (included) until a day (excluded), and why."""

    criterion: CriterionCode
    reason: Prose
    start: Day = Field(alias="from")
    until: Day


class StandardFile(_Strict):
    """standard.yaml."""

    schema_: Literal["calibrant/standard/1"] = Field(alias="schema")
    code: Code
    name: Name
    version: Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$")]
    licence: Name
    description: Prose
    levels: Annotated[list[LevelMeaning], Field(min_length=5, max_length=5)]
    job_levels: Annotated[list[Code], Field(min_length=1, max_length=12)]
    cutpoints: Cutpoints
    half_life_months: Months
    waivers: list[WaiverFile] = []


class Crosswalk(_Strict):
    """Codes of the same skill elsewhere. SFIA by code only, never its text."""

    esco: Annotated[
        list[Annotated[str, StringConstraints(pattern=r"^http://data\.europa\.eu/esco/[a-z]+/[0-9A-Za-z.-]+$")]],
        AfterValidator(_as_set),
    ] = []
    onet: Annotated[
        list[Annotated[str, StringConstraints(pattern=r"^\d{2}-\d{4}\.\d{2}$")]], AfterValidator(_as_set)
    ] = []
    sfia: Annotated[list[Annotated[str, StringConstraints(pattern=r"^[A-Z]{4}$")]], AfterValidator(_as_set)] = []


class Edges(_Strict):
    """How a skill stands to others."""

    requires: CodeSet = []
    related: CodeSet = []


class Signals(_Strict):
    """How evidence is tagged with a skill; any one is enough."""

    paths: GlobSet = []
    imports: WordSet = []
    tools: WordSet = []
    labels: WordSet = []
    repositories: GlobSet = []
    items: WordSet = []


class Where(_Strict):
    """Facts a counted row must have. Only `true`: a measure asks for a fact, never for its absence."""

    reviewed: Literal[True] | None = None
    survived: Literal[True] | None = None
    tests: Literal[True] | None = None
    docs: Literal[True] | None = None
    change_followed: Literal[True] | None = None
    suggestion_applied: Literal[True] | None = None
    substance: Literal[True] | None = None
    others_work: Literal[True] | None = None


class MeasureFile(_Strict):
    """What is counted, and in which unit."""

    title: Name
    evidence: Annotated[list[MeasuredKind], Field(min_length=1), AfterValidator(_as_set)]
    role: Literal["author", "reviewer", "tester"]
    where: Where = Where()
    unit: Literal["months", "quarters", "repositories", "areas", "people", "changes"]
    window_months: Annotated[int, Field(ge=1, le=120)]


class Threshold(_Strict):
    """Met once the measure's value reaches `at_least`."""

    measure: Code
    at_least: Annotated[float, Field(gt=0, le=10_000)]


def _kind_of_judge(value: object) -> str:
    return "human" if isinstance(value, str) else "measure"


Judge = Annotated[
    Annotated[Literal["human"], Tag("human")] | Annotated[Threshold, Tag("measure")], Discriminator(_kind_of_judge)
]


class Opportunity(_Strict):
    """What a person must have had before an unmet threshold may be held to be not met."""

    months_present: Annotated[float, Field(ge=0, le=120)]
    access: bool
    comments: bool = False


class FixtureFile(_Strict):
    """A made-up record: so many artefacts, spread evenly over the most recent months and over the rest."""

    months: Annotated[int, Field(ge=0, le=120)]
    changes: Annotated[int, Field(ge=0, le=2000)]
    repositories: Annotated[int, Field(ge=1, le=100)] = 1
    areas: Annotated[int, Field(ge=1, le=100)] = 1
    people: Annotated[int, Field(ge=0, le=100)] = 1
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    facts: Annotated[list[Fact], AfterValidator(_as_set)] = []


class Fixtures(_Strict):
    """One record that must meet the criterion, one that must not."""

    passing: FixtureFile = Field(alias="pass")
    failing: FixtureFile = Field(alias="fail")


class Examples(_Strict):
    """For people who judge: what met and not met look like."""

    met: Prose
    not_met: Prose


class CriterionFile(_Strict):
    """One observable behaviour at one level."""

    code: CriterionCode
    statement: Statement
    judge: Judge
    opportunity: Opportunity | None = None
    fixtures: Fixtures | None = None
    examples: Examples | None = None


class SkillLevelFile(_Strict):
    """One level of one skill."""

    name: Name
    summary: Prose
    criteria: Annotated[list[CriterionFile], Field(min_length=1, max_length=26)]


class SkillFile(_Strict):
    """skills/<code>.yaml."""

    schema_: Literal["calibrant/skill/1"] = Field(alias="schema")
    code: Code
    name: Name
    description: Prose
    crosswalk: Crosswalk = Crosswalk()
    edges: Edges = Edges()
    half_life_months: Months | None = None
    signals: Signals
    measures: dict[Code, MeasureFile] = {}
    levels: dict[LevelKey, SkillLevelFile]


class Expectation(_Strict):
    """Levels a role expects at one job level, by skill."""

    required: dict[Code, ProficiencyLevel] = {}
    optional: dict[Code, ProficiencyLevel] = {}


class RoleFile(_Strict):
    """roles/<code>.yaml."""

    schema_: Literal["calibrant/role/1"] = Field(alias="schema")
    code: Code
    name: Name
    description: Prose
    job_levels: Annotated[dict[Code, Expectation], Field(min_length=1)]


class Bundle(_Strict):
    """A whole standard in one value: what its canonical JSON text holds."""

    standard: StandardFile
    skills: dict[Code, SkillFile]
    roles: dict[Code, RoleFile] = {}
