"""One hand-made case of eight skills, with overrides for what a test is about."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest

from calibrant.reports.case import PacketInputs
from calibrant.reports.gap import GapInputs, GapPerson
from calibrant.reports.inputs import CriterionText, Cutpoints, LevelText, Profile, SkillText, StandardText, Waiver
from calibrant.reports.narrowing import next_evidence
from calibrant.reports.self_check import SelfCheckInputs
from db.records import (
    Assessment,
    Citation,
    CriterionOutcome,
    Dispute,
    Outcome,
    Purpose,
    Reply,
    RestsOn,
    Run,
    Stance,
    State,
)

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
SKILLS = {
    "ml-pipelines": ("ML pipelines", 3),
    "model-serving": ("Model serving", 3),
    "model-monitoring": ("Model monitoring", 3),
    "containers": ("Containers and orchestration", 3),
    "ci-cd": ("CI/CD", 3),
    "code-review": ("Code review", 3),
    "technical-docs": ("Technical documentation", 2),
    "collaboration": ("Collaboration", 3),
}
LEVEL_NAMES = ("Aware", "Guided", "Independent", "Leading", "Shaping")
AREAS = ("pipelines/train", "pipelines/features", "serving/api", "deploy/charts", "docs/runbooks")
SUBJECTS = (
    "Retry feature joins that fail on late partitions",
    "Validate schemas before the nightly training run",
    "Move the trainer to incremental snapshots",
    "Roll back a model when its canary drifts",
    "Document how to replay a failed backfill",
)
COMMENTS = (
    "Found the cause of the nightly failures and wrote it down for the rest of us.",
    "Explains trade-offs before asking for a decision.",
    "Could involve the platform team earlier.",
    "Takes reviews seriously and comes back with better tests.",
)


def standard_text(suffix: str = "") -> StandardText:
    """Eight skills, five levels, three criteria each: two counted and one for people."""
    skills = {}
    for code, (name, _) in SKILLS.items():
        levels = []
        for level, level_name in enumerate(LEVEL_NAMES, start=1):
            criteria = (
                CriterionText(
                    f"{code}.{level}.a",
                    level,
                    f"Keeps {name} work going: reviewed changes that last, in at least {level * 2} of the last 24 months.{suffix}",
                    "Months with reviewed work",
                    "months",
                    24,
                ),
                CriterionText(
                    f"{code}.{level}.b", level, f"Works across areas of {name} that others own.", "Areas", "areas", 24
                ),
                CriterionText(f"{code}.{level}.c", level, f"Others turn to this person with questions on {name}."),
            )
            summary = f"Runs {name} without supervision and leaves it better documented than before."
            levels.append(LevelText(level, level_name, summary, criteria))
        skills[code] = SkillText(code, name + suffix, "", tuple(levels))
    return StandardText(
        name="AI and ML engineering",
        version="1.0.0",
        hash="9f2c41d07be35a88",
        skills=skills,
        levels=tuple(
            LevelText(n, name, f"What {name.lower()} means in general.") for n, name in enumerate(LEVEL_NAMES, start=1)
        ),
        waivers=(
            Waiver(
                "technical-docs.2.b",
                "The wiki was read-only during the migration.",
                date(2026, 1, 1),
                date(2026, 9, 30),
            ),
        ),
    )


def assessment(
    skill: str = "ml-pipelines",
    *,
    person: str = "p1",
    probabilities: tuple[float, ...] = (0.02, 0.08, 0.62, 0.24, 0.04),
    state: State = State.INFERRED,
    criteria: tuple[CriterionOutcome, ...] = (),
    **changes: object,
) -> Assessment:
    """An assessment with four peers and one manager behind it."""
    best = 1 + max(range(5), key=lambda level: probabilities[level])
    made = Assessment(
        person=person,
        skill=skill,
        state=state,
        probabilities=probabilities,
        level_set=(max(1, best - 1), min(5, best + 1)) if state is not State.INFERRED else (best, min(5, best + 1)),
        set_mass=0.91,
        modal=best if state is State.INFERRED else None,
        high_confidence=False,
        theta=0.4,
        theta_sd=0.6,
        prior_sd=1.5,
        variance_reduction=0.84,
        raters=6,
        human_raters=5,
        raters_by_relation={"manager": 1, "peer": 4, "self": 1},
        sources=("feedback360", "git"),
        pessimistic=(0.1, 0.3, 0.42, 0.15, 0.03),
        criteria=criteria,
        rests_on=rests_on(),
        reasons=(),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def rests_on() -> tuple[RestsOn, ...]:
    """Leave-one-out results over four peers, a manager, two sources and four quarters."""
    drops = [("rater", f"r{n}", "peer") for n in range(4)] + [("rater", "boss", "manager")]
    drops += [("source", "feedback360", None), ("source", "git", None)]
    drops += [("quarter", f"2025Q{n}", None) for n in range(1, 5)]
    heard = {"quarter": ({}, {"peer": 4})}
    return tuple(
        RestsOn(
            kind, name, relation, (0.05, 0.15 + n / 50, 0.5 - n / 50, 0.25, 0.05), (2, 4), State.INFERRED,
            *heard.get(kind, ()),
        )
        for n, (kind, name, relation) in enumerate(drops)
    )  # fmt: skip


@dataclass
class _Ledger:
    """Rows of hand-made evidence as the ledger would give them."""

    evidence: list[dict[str, object]]
    participations: list[dict[str, object]]
    citations: list[Citation]

    def cite(self, skill: str, criterion: str | None, stance: Stance, **columns: object) -> str:
        key = f"ev{len(self.evidence):04d}"
        row: dict[str, object] = {
            "evidence": key,
            "artefact": f"a{key}",
            "kind": "commit",
            "occurred_at": NOW,
            "source_kind": "git",
            "source": "forecast",
            "repository": "root1",
            "extractor": "git/1",
            "measures": "{}",
            "paths": "[]",
            "excerpt": "",
            "url": None,
            "retention": "activity",
            "same_as": None,
            "erased": False,
            "superseded": False,
        }
        self.evidence.append(row | columns)
        self.citations.append(Citation("p1", skill, key, stance, criterion))
        return key

    def took_part(self, key: str, role: str, person: str | None, identity: str | None = None) -> None:
        row = {"evidence": key, "identity": identity or f"id-{person}", "role": role, "person": person}
        self.participations.append(row | {"provider": "git", "bot": False})

    def rate(self, skill: str, rater: str, relation: str, comment: str, **columns: object) -> str:
        measures = json.dumps({"relationship": relation, "cycle": "2026H1", "score": 4})
        defaults = {"kind": "rating", "measures": measures, "excerpt": comment, "source_kind": "feedback360"}
        key = self.cite(skill, None, Stance.FOR, **(defaults | columns))
        self.took_part(key, "rater", rater)
        self.took_part(key, "subject", "p1")
        return key

    def frames(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        return pd.DataFrame(self.evidence), pd.DataFrame(self.participations)


def _work(ledger: _Ledger, code: str, number: int, level: int) -> None:
    for index in range(9):
        day = NOW - timedelta(days=41 * index + 9 * number + 3)
        stance = Stance.AGAINST if index == 7 and number % 3 == 0 else Stance.FOR
        key = ledger.cite(
            code,
            f"{code}.{level}.{'ab'[index % 3 == 1]}",
            stance,
            occurred_at=day,
            kind="commit" if index % 4 else "change_request",
            source=("forecast", "serving-gateway")[index % 2],
            measures=json.dumps({"merged": True} | ({"revert_of": "x"} if stance is Stance.AGAINST else {})),
            paths=json.dumps([[f"{AREAS[(index + number) % 5]}/part{index}.py", 3, 1, None]]),
            excerpt="Take back: " * (stance is Stance.AGAINST) + SUBJECTS[(index + number) % 5],
            url=f"https://forge.example/c/{number}-{index}",
        )  # fmt: skip
        ledger.took_part(key, "author" if index % 3 else "co_author", "p1")
        if index % 2:
            ledger.took_part(key, "reviewer", "colleague")


def _outcomes(code: str, number: int, level: int) -> tuple[CriterionOutcome, ...]:
    outcomes = []
    for lower in range(1, level + 2):
        counted = 7.0 - number / 2
        met = Outcome.MET if counted >= lower * 2 else Outcome.NOT_MET
        outcomes.append(CriterionOutcome(f"{code}.{lower}.a", lower, met, "reviewed-months", counted, lower * 2.0))
        if number % 3 == 1 and lower >= level:
            reason = "no access to repositories that others own in 20 of 24 months"
            outcomes.append(
                CriterionOutcome(
                    f"{code}.{lower}.b", lower, Outcome.NOT_OBSERVED, "areas", None, lower + 0.0, reason=reason
                )
            )
        else:
            outcomes.append(CriterionOutcome(f"{code}.{lower}.b", lower, Outcome.MET, "areas", 4.0, float(lower)))
        outcomes.append(CriterionOutcome(f"{code}.{lower}.c", lower, Outcome.HUMAN))
    return tuple(outcomes)  # fmt: skip


def _assessments() -> tuple[Assessment, ...]:
    shapes = (
        ((0.01, 0.05, 0.66, 0.24, 0.04), State.INFERRED),
        ((0.02, 0.10, 0.58, 0.26, 0.04), State.INFERRED),
        ((0.18, 0.30, 0.30, 0.16, 0.06), State.INSUFFICIENT),
        ((0.00, 0.04, 0.36, 0.48, 0.12), State.INFERRED),
        ((0.05, 0.62, 0.28, 0.04, 0.01), State.INFERRED),
        ((0.04, 0.22, 0.38, 0.28, 0.08), State.UNDETERMINED),
        ((0.03, 0.20, 0.55, 0.19, 0.03), State.INFERRED),
    )
    made = []
    for number, (code, (probabilities, state)) in enumerate(zip(SKILLS, shapes, strict=False)):
        few = {
            "raters": 1,
            "human_raters": 0,
            "raters_by_relation": {"self": 1},
            "variance_reduction": 0.31,
            "rests_on": (),
        }
        changes: Mapping[str, object] = few if state is State.INSUFFICIENT else {"high_confidence": number == 0}
        criteria = _outcomes(code, number, SKILLS[code][1])
        made.append(assessment(code, probabilities=probabilities, state=state, criteria=criteria, **changes))
    return tuple(made)


def run_record() -> Run:
    """The run behind every hand-made report."""
    return Run("run-2026-06-30", Purpose.PROMOTION, NOW, NOW, "9f2c41d07be35a88", "facets/1")


def packet_inputs(ledger_changes: Callable[[_Ledger], None] | None = None, **changes: object) -> PacketInputs:
    """A full case; `ledger_changes` may add rows before the frames are made."""
    ledger = _Ledger([], [], [])
    for number, (code, (_, level)) in enumerate(SKILLS.items()):
        if code not in {"model-monitoring", "collaboration"}:
            _work(ledger, code, number, level)
        for index, comment in enumerate(COMMENTS if number % 2 == 0 else COMMENTS[:2]):
            ledger.rate(code, f"peer{index}", "peer", comment if (index + number) % 2 == 0 else "")
        ledger.rate(code, "peer9", "peer", "")
        ledger.rate(code, "boss", "manager", "A manager's remark that one person wrote.")
    if ledger_changes:
        ledger_changes(ledger)
    cited, participations = ledger.frames()
    inputs = PacketInputs(
        person="p1",
        person_key="E1042",
        person_name="Ada Sample",
        profile=Profile(
            "mlops-engineer",
            "MLOps engineer",
            "senior",
            {code: level for code, (_, level) in SKILLS.items() if code != "technical-docs"},
            {"technical-docs": 2},
        ),
        standard=standard_text(),
        run=run_record(),
        assessments=_assessments(),
        citations=tuple(ledger.citations),
        cited=cited,
        participations=participations,
        generated_at=NOW,
        audit_head="b41e77a09c0d5f12e8c1",
        probability_all_required=0.21,
        cutpoints={
            code: Cutpoints("thurstonian-50", (-2.1, -0.7, 0.6, 2.0), (0.2, 0.15, 0.16, 0.3)) for code in SKILLS
        },
        disputes=(Dispute("d1", "p1", "ev0003", "This was pair work; I only typed.", "open", NOW - timedelta(days=4)),),
        replies=(Reply("p1", "The monitoring work lives in a repository that was not read.", NOW - timedelta(days=2)),),
    )
    return replace(inputs, **changes)  # type: ignore[arg-type]


def self_check_inputs(**changes: object) -> SelfCheckInputs:
    """The same person's self-check."""
    case = packet_inputs()
    identities = pd.DataFrame(
        {
            "identity": ["i1", "i2", "i3"],
            "provider": ["git", "github.com", "git"],
            "key": ["ada@example.org", "4711", "ada@laptop.local"],
            "name": ["Ada Sample", "ada", None],
            "basis": ["roster", "noreply", "mailmap"],
            "state": ["linked", "linked", "contested"],
            "evidence": [212, 40, 9],
        }
    )
    inputs = SelfCheckInputs(
        person=case.person,
        person_key=case.person_key,
        person_name=case.person_name,
        standard=case.standard,
        run=case.run,
        assessments=case.assessments,
        citations=case.citations,
        cited=case.cited,
        participations=case.participations,
        identities=identities,
        generated_at=NOW,
        audit_head=case.audit_head,
        next_evidence=next_evidence(case.assessments),
        disputes=case.disputes,
        replies=case.replies,
    )
    return replace(inputs, **changes)  # type: ignore[arg-type]


def gap_inputs(sizes: Mapping[str, tuple[int, int]], **changes: object) -> GapInputs:
    """sizes: team -> (people known, people unknown), all in one role that asks for every skill."""
    people: list[GapPerson] = []
    assessments: list[Assessment] = []
    for team, (known, unknown) in sizes.items():
        for number in range(known + unknown):
            person = f"{team}-{number}"
            people.append(GapPerson(person, f"Person {person}", team, "mlops-engineer", "senior"))
            for index, code in enumerate(SKILLS):
                state = State.INFERRED if number < known else State.INSUFFICIENT
                high = (number * 5 + index * 3) % 7 / 10
                probabilities = (0.1, round(0.7 - high, 2), 0.1, round(0.1 + high, 2), 0.0)
                assessments.append(assessment(code, person=person, probabilities=probabilities, state=state))
    inputs = GapInputs(
        department="Machine learning",
        people=tuple(people),
        profiles={("mlops-engineer", "senior"): Profile("mlops-engineer", "MLOps engineer", "senior", {c: n for c, (_, n) in SKILLS.items()})},
        standard=standard_text(),
        run=run_record(),
        assessments=tuple(assessments),
        generated_at=NOW,
        audit_head="b41e77a09c0d5f12e8c1",
    )  # fmt: skip
    return replace(inputs, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Hand:
    """What tests make their inputs with."""

    assessment: Callable[..., Assessment] = assessment
    packet: Callable[..., PacketInputs] = packet_inputs
    self_check: Callable[..., SelfCheckInputs] = self_check_inputs
    gap: Callable[..., GapInputs] = gap_inputs
    standard: Callable[..., StandardText] = standard_text
    skills: Sequence[str] = tuple(SKILLS)


@pytest.fixture(scope="session")
def hand() -> Hand:
    """Hand-made inputs."""
    return Hand()
