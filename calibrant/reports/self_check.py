"""The self-check: what the ledger holds about you, what follows from it, and how to object.

It shows a person their own evidence and distributions, what the next level asks for, which evidence would narrow the
interval most, which identities are held to be theirs, and the exact command that contests an item.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pandas as pd

from calibrant.reports.case import ContestedItem, Heading, ReplyText, contested_items, heading, reply_texts
from calibrant.reports.claims import BEYOND, GIT_VALID, VALIDATED, ClaimLine, Standing, reliable_for, standing
from calibrant.reports.comments import CommentGroup
from calibrant.reports.evidence_text import Exhibit, read_exhibits
from calibrant.reports.excerpts import Scope, scope_of, select
from calibrant.reports.explain import method, percent, state_sentence
from calibrant.reports.identity_map import IdentityLine, IdentityTotal, identity_lines, identity_totals
from calibrant.reports.inert import EXCERPT_LIMIT, NAME_LIMIT, shown
from calibrant.reports.inputs import AnonymityPolicy, StandardText
from calibrant.reports.material import Material, gather
from calibrant.reports.narrowing import NextEvidence
from calibrant.reports.packet_sealed import raters_text
from calibrant.reports.relative import relative_text
from calibrant.reports.rests_on import Foundation, foundation
from calibrant.reports.timeline import Timeline, timeline
from db.records import (
    LEVELS,
    Assessment,
    Citation,
    Dispute,
    Outcome,
    Purpose,
    Reply,
    Run,
    Stance,
    State,
)

__all__ = [
    "Narrowing",
    "NarrowingColumn",
    "NextCriterion",
    "SelfCheck",
    "SelfCheckInputs",
    "SkillCheck",
    "build",
]

_RELIED_ON = (VALIDATED, reliable_for("feedback"), reliable_for("development"), BEYOND, GIT_VALID)
_SHOWN_EXHIBITS = 4
_SHOWN_OPTIONS = 3


@dataclass(frozen=True, slots=True)
class SelfCheckInputs:
    """Like `PacketInputs`, without a role profile.

    identities: see `identity_map.identity_rows` (identity, provider, key, name, basis, state, evidence, commits).
    next_evidence: see `narrowing.next_evidence`. dispute_command, claim_command: the command lines up to their arguments.
    """

    person: str
    person_key: str
    person_name: str
    standard: StandardText
    run: Run
    assessments: tuple[Assessment, ...]
    citations: tuple[Citation, ...]
    cited: pd.DataFrame
    participations: pd.DataFrame
    identities: pd.DataFrame
    generated_at: datetime
    audit_head: str
    purpose: Purpose = Purpose.SELF_CHECK
    next_evidence: NextEvidence = field(default_factory=dict)
    disputes: tuple[Dispute, ...] = ()
    replies: tuple[Reply, ...] = ()
    policy: AnonymityPolicy = field(default_factory=AnonymityPolicy)
    window_months: int = 24
    dispute_command: str = "calibrant dispute"
    claim_command: str = "calibrant identities claim"


@dataclass(frozen=True, slots=True)
class NextCriterion:
    """A criterion of the next level that is not shown yet. standing: where it stands, in words."""

    code: str
    statement: str
    standing: str


@dataclass(frozen=True, slots=True)
class Narrowing:
    """One piece of evidence to come. narrower: expected shrinkage of the interval, 0..1."""

    what: str
    narrower: float


@dataclass(frozen=True, slots=True)
class NarrowingColumn:
    """The overview's column on evidence to come. cells: one per skill, in their order."""

    heading: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SkillCheck:
    """One skill. next_level: the level whose criteria are listed in `lacking`, None at the top. unsupported: the ability lies
    where no committee has decided yet.
    """

    code: str
    name: str
    state: str
    why: str
    probabilities: tuple[float, ...]
    level_set: tuple[int, int]
    modal: int | None
    high_confidence: bool
    raters: str
    scope: Scope
    unsupported: bool
    next_level: int | None
    next_level_name: str
    lacking: tuple[NextCriterion, ...]
    narrowing: tuple[Narrowing, ...]
    supporting: tuple[Exhibit, ...]
    more_supporting: int
    opposing: tuple[Exhibit, ...]
    more_opposing: int
    comments: tuple[CommentGroup, ...]
    rests_on: Foundation


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """The whole self-check. standing: the headline caveat; claims: what it relies on, each standing or withdrawn."""

    heading: Heading
    skills: tuple[SkillCheck, ...]
    silent: tuple[str, ...]
    timeline: Timeline
    identities: tuple[IdentityLine, ...]
    identity_totals: tuple[IdentityTotal, ...]
    claim_command: str
    contested: tuple[ContestedItem, ...]
    replies: tuple[ReplyText, ...]
    dispute_command: str
    standing: str
    claims: tuple[ClaimLine, ...]
    method: tuple[str, ...]
    limits: tuple[str, ...]
    relative: str

    @property
    def narrowing_column(self) -> NarrowingColumn | None:
        """What would narrow each interval most and by how much; None if that is unknown or the same for several skills."""
        best = [skill.narrowing[0] if skill.narrowing else None for skill in self.skills]
        kinds = sorted({option.what for option in best if option})
        cells = [f"about {percent(option.narrower)}" if option else "–" for option in best]
        if len(kinds) > 1:
            cells = [f"{option.what}: {size}" if option else size for option, size in zip(best, cells, strict=True)]
        if not kinds or len(cells) > len(set(cells)) == 1:
            return None
        return NarrowingColumn(
            f"Narrower with {kinds[0]}" if len(kinds) == 1 else "What would narrow it most", tuple(cells)
        )


def build(inputs: SelfCheckInputs) -> SelfCheck:
    """The self-check of one person. Pure: the same inputs give the same result."""
    contested = {dispute.target for dispute in inputs.disputes if dispute.state == "open"}
    exhibits = read_exhibits(inputs.cited, inputs.participations, inputs.person, contested)
    by_skill = {assessment.skill: assessment for assessment in inputs.assessments}
    codes = [code for code in inputs.standard.skills if code in by_skill]
    codes += [code for code in sorted(by_skill) if code not in codes]
    materials = {code: _material(inputs, by_skill[code], exhibits) for code in codes}
    stands = standing(inputs.run, _RELIED_ON)
    skills = tuple(_skill(inputs, stands, by_skill[code], materials[code]) for code in codes)
    described = {key: f"{exhibit.what}, {exhibit.when}, {exhibit.where}" for key, exhibit in exhibits.items()}
    identities = identity_lines(inputs.identities)
    described |= {f"identity:{line.identity}": f"Identity {line.key} ({line.provider})" for line in identities}
    rows = {
        skill.name: (materials[skill.code].all(Stance.FOR), materials[skill.code].all(Stance.AGAINST))
        for skill in skills
        if skill.scope.works
    }
    return SelfCheck(
        heading=heading(
            subject=inputs.person_name,
            key=inputs.person_key,
            standard=inputs.standard,
            run=inputs.run,
            purpose=inputs.purpose,
            generated_at=inputs.generated_at,
            audit_head=inputs.audit_head,
        ),
        skills=skills,
        silent=tuple(
            shown(text.name, NAME_LIMIT) for code, text in inputs.standard.skills.items() if code not in by_skill
        ),
        timeline=timeline(rows, inputs.run.as_of.date(), inputs.window_months),
        identities=identities,
        identity_totals=identity_totals(identities),
        claim_command=_claim_command(inputs),
        contested=contested_items(inputs.disputes, described),
        replies=reply_texts(inputs.replies),
        dispute_command=_command(inputs),
        standing=stands.sentence,
        claims=stands.claims,
        method=method(inputs.run.details, inputs.standard),
        limits=stands.limits,
        relative=relative_text(inputs.run, [(skill.code, skill.name) for skill in skills]),
    )


def _command(inputs: SelfCheckInputs) -> str:
    """The command with the person filled in; the item is the id printed beside each exhibit."""
    person = shlex.quote(shown(inputs.person_key, NAME_LIMIT))
    return f'{inputs.dispute_command} {person} ITEM --reason "why it is not yours, or not right"'


def _claim_command(inputs: SelfCheckInputs) -> str:
    person = shlex.quote(shown(inputs.person_key, NAME_LIMIT))
    return f'{inputs.claim_command} ADDRESS {person} --reason "why it is yours"'


def _material(inputs: SelfCheckInputs, assessment: Assessment, exhibits: Mapping[str, Exhibit]) -> Material:
    return gather(
        assessment.skill,
        person=inputs.person,
        assessment=assessment,
        citations=inputs.citations,
        exhibits=exhibits,
        cited=inputs.cited,
        participations=inputs.participations,
        policy=inputs.policy,
    )


def _skill(inputs: SelfCheckInputs, stands: Standing, assessment: Assessment, material: Material) -> SkillCheck:
    text = inputs.standard.skill(assessment.skill)
    standing = assessment.modal or assessment.level_set[0]
    goal = standing + 1 if standing < LEVELS else None
    supporting = material.all(Stance.FOR, Stance.CONTEXT)
    chosen = select(supporting, _SHOWN_EXHIBITS)
    against = select(material.all(Stance.AGAINST), _SHOWN_EXHIBITS)
    return SkillCheck(
        code=assessment.skill,
        name=shown(text.name, NAME_LIMIT),
        state=assessment.state.value,
        why=state_sentence(assessment),
        probabilities=tuple(round(probability, 4) for probability in assessment.probabilities),
        level_set=assessment.level_set,
        modal=assessment.modal if assessment.state is State.INFERRED else None,
        high_confidence=assessment.high_confidence,
        raters=raters_text(assessment, inputs.policy),
        scope=scope_of(supporting),
        unsupported=stands.unsupported(assessment),
        next_level=goal,
        next_level_name=shown(text.at(goal).name, NAME_LIMIT) if goal else "",
        lacking=_lacking(inputs.standard, assessment, goal) if goal else (),
        narrowing=_narrowing(inputs, assessment),
        supporting=chosen.exhibits,
        more_supporting=chosen.more,
        opposing=against.exhibits,
        more_opposing=against.more,
        comments=material.comments,
        rests_on=foundation(assessment, min(standing + 1, LEVELS), inputs.policy),
    )


def _lacking(standard: StandardText, assessment: Assessment, goal: int) -> tuple[NextCriterion, ...]:
    outcomes = {outcome.criterion: outcome for outcome in assessment.criteria}
    lacking = []
    for criterion in standard.skill(assessment.skill).at(goal).criteria:
        outcome = outcomes.get(criterion.code)
        if outcome and outcome.outcome is Outcome.MET:
            continue
        if criterion.measure is None or (outcome and outcome.outcome is Outcome.HUMAN):
            standing = "For people to judge."
        elif outcome is None or outcome.outcome is Outcome.NOT_OBSERVED:
            reason = shown(outcome.reason).rstrip(". ") if outcome else ""
            standing = "Not observed" + (f": {reason}." if reason else ".")
        else:
            title = shown(criterion.measure, NAME_LIMIT)
            asked = "" if outcome.at_least is None else f", asked for {outcome.at_least:g}"
            standing = f"{title}: {outcome.value or 0:.3g}{asked}."
        lacking.append(NextCriterion(shown(criterion.code), shown(criterion.statement, EXCERPT_LIMIT * 2), standing))
    return tuple(lacking)


def _narrowing(inputs: SelfCheckInputs, assessment: Assessment) -> tuple[Narrowing, ...]:
    options = [
        Narrowing(shown(what), round(max(0.0, 1.0 - sd / assessment.theta_sd), 3))
        for what, sd in inputs.next_evidence.get(assessment.skill, ())
    ]
    return tuple(sorted(options, key=lambda option: (-option.narrower, option.what))[:_SHOWN_OPTIONS])
