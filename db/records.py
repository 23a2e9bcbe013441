"""The records that travel between rooms and rest in the ledger.

Everything here is a frozen value. Collectors make `Batch`es of `Evidence`; the ledger stores them;
inference makes `Assessment`s and `JointPosterior`s; reports read them back. `Observation` is not
here on purpose: it is derived under one rubric version and never stored.

The words they may use (kinds, purposes, roles, states) are in `db.vocabulary`.

Instants are timezone-aware UTC datetimes; days are `datetime.date`. Numbers of people, months and
levels carry their unit in their name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from db.vocabulary import (
    LEVELS,
    Kind,
    LinkBasis,
    LinkState,
    Outcome,
    ParticipationRole,
    PathChange,
    Purpose,
    Retention,
    SameAsRelation,
    Scalar,
    Stance,
    State,
)

__all__ = [
    "LEVELS",
    "Absence",
    "Assessment",
    "Batch",
    "Citation",
    "CriterionOutcome",
    "Decision",
    "Dispute",
    "Employment",
    "Evidence",
    "Identity",
    "IdentityLink",
    "JointPosterior",
    "Kind",
    "LinkBasis",
    "LinkState",
    "Membership",
    "ModelVersion",
    "Outcome",
    "Participation",
    "ParticipationRole",
    "PathChange",
    "Person",
    "Purpose",
    "Reply",
    "RestsOn",
    "Retention",
    "RoleAssignment",
    "Roster",
    "Run",
    "SameAs",
    "SameAsRelation",
    "Scalar",
    "Source",
    "Stance",
    "StandardSetting",
    "State",
]

# -- what collectors make ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Identity:
    """An identity exactly as a source showed it.

    provider: "git" (raw e-mail of a commit or trailer), "email" (an address in a form), "hr" (the HR
    system's person id), a forge host such as "github.com" (numeric id), or "login:" and the host (login in lower case).
    key: stable key within the provider.
    """

    provider: str
    key: str
    name: str | None = None
    bot: bool = False


@dataclass(frozen=True, slots=True)
class Participation:
    """One identity's role in one artefact."""

    identity: Identity
    role: ParticipationRole


@dataclass(frozen=True, slots=True)
class Evidence:
    """One artefact as a collector sees it now. The ledger turns it into a version if it differs from the current one.

    artefact: source-free key ("git:<oid>", "github.com:<node id>") or "<source>/<external id>".
    occurred_at: the server's merge or submit time, else the committer date.
    measures: rubric-neutral facts, names fixed per kind (docs/evidence.md). excerpt: at most 280 characters.
    withdrawn: the artefact no longer stands (force push, dismissed review).
    """

    artefact: str
    kind: Kind
    occurred_at: datetime
    extractor: str
    measures: Mapping[str, Scalar] = field(default_factory=dict)
    paths: tuple[PathChange, ...] = ()
    participations: tuple[Participation, ...] = ()
    excerpt: str | None = None
    url: str | None = None
    retention: Retention = Retention.ACTIVITY
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class SameAs:
    """`artefact` is the same piece of work as `other` (keys as in `Evidence.artefact`)."""

    artefact: str
    other: str
    relation: SameAsRelation


@dataclass(frozen=True, slots=True)
class IdentityLink:
    """From `known_at` on (and for work dated valid_from..valid_to, open where None), `identity` is in `state` towards a person.

    person is the person's key (HR id). For the bases MAILMAP, FORGE and NOREPLY, person is None and `proper` names the identity
    that this one stands for; the ledger resolves it to whatever person that identity has. A login's link (FORGE) begins on the day the
    forge showed it, and ends on the day the forge shows it with another account, or the account with another login.
    """

    identity: Identity
    person: str | None
    basis: LinkBasis
    state: LinkState = LinkState.LINKED
    proper: Identity | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    reason: str | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What a collector yields: stored whole, in one transaction, with the cursor to continue from.

    lost: keys of artefacts this source no longer shows; withdrawn once no source shows them.
    talk: short counts for the progress display, for example {"missing_blobs": 3}.
    """

    evidence: tuple[Evidence, ...] = ()
    cursor: Mapping[str, object] = field(default_factory=dict)
    same_as: tuple[SameAs, ...] = ()
    links: tuple[IdentityLink, ...] = ()
    lost: tuple[str, ...] = ()
    talk: Mapping[str, int] = field(default_factory=dict)


# -- people --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Person:
    """key: the HR id, stable and unique. The name may be erased, the key too."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Employment:
    """Half-open span of days in the organisation; fte in (0, 1]; remote: whether the person works remotely, None: not said."""

    person: str
    valid_from: date
    valid_to: date | None = None
    fte: float = 1.0
    remote: bool | None = None


@dataclass(frozen=True, slots=True)
class Membership:
    """Half-open span of days in a team."""

    person: str
    team: str
    valid_from: date
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class RoleAssignment:
    """Half-open span of days in a role (code of a role profile) at a job level. Never enters a headline."""

    person: str
    role: str
    job_level: str
    valid_from: date
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Absence:
    """Half-open span of days away. The reason is never stored."""

    person: str
    valid_from: date
    valid_to: date


@dataclass(frozen=True, slots=True)
class Roster:
    """One import of people: stored in one transaction, dated by `known_at`."""

    persons: tuple[Person, ...] = ()
    employments: tuple[Employment, ...] = ()
    memberships: tuple[Membership, ...] = ()
    role_assignments: tuple[RoleAssignment, ...] = ()
    absences: tuple[Absence, ...] = ()
    links: tuple[IdentityLink, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """A place evidence comes from. kind: the collector's name; lineage: what marks copies of one history as one (root commit)."""

    id: str
    kind: str
    name: str
    lineage: str | None = None


# -- what inference makes ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CriterionOutcome:
    """One criterion for one person. value and at_least are in the measure's unit; evidence ids are ledger ids."""

    criterion: str
    level: int
    outcome: Outcome
    measure: str | None = None
    value: float | None = None
    at_least: float | None = None
    evidence_for: tuple[str, ...] = ()
    evidence_against: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RestsOn:
    """The result without one rater, source or quarter, all facets held.

    dropped_kind: "rater" | "source" | "quarter"; dropped: identity id, source class ("git", "feedback360", ...) or "2026Q1".
    relation: of a dropped human rater ("peer", "manager", ...). left_out, remaining: number of human raters per relation of whom a
    quarter takes something, and of whom something stays; None for raters and sources. All three are for anonymity rules.
    """

    dropped_kind: str
    dropped: str
    relation: str | None
    probabilities: tuple[float, ...]
    level_set: tuple[int, int]
    state: State
    left_out: Mapping[str, int] | None = None
    remaining: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Assessment:
    """The posterior for one person and skill in one run.

    probabilities: P(level = 1..5), sum 1. level_set: smallest contiguous set (low, high) with at least 90 %; set_mass:
    its probability. modal is None unless state is INFERRED. theta, theta_sd, prior_sd in logits;
    variance_reduction = 1 - theta_sd**2 / prior_sd**2. pessimistic: probabilities if every "not observed" were "not met".
    raters_by_relation: number of human raters per relation ("peer", "manager", "interviewer", "panel", "self").
    """

    person: str
    skill: str
    state: State
    probabilities: tuple[float, ...]
    level_set: tuple[int, int]
    set_mass: float
    modal: int | None
    high_confidence: bool
    theta: float
    theta_sd: float
    prior_sd: float
    variance_reduction: float
    raters: int
    human_raters: int
    raters_by_relation: Mapping[str, int]
    sources: tuple[str, ...]
    pessimistic: tuple[float, ...]
    criteria: tuple[CriterionOutcome, ...] = ()
    rests_on: tuple[RestsOn, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Citation:
    """An assessment's citation of one evidence version (ledger id). criterion: code, or None for the level as a whole."""

    person: str
    skill: str
    evidence: str
    stance: Stance
    criterion: str | None = None


@dataclass(frozen=True, slots=True)
class JointPosterior:
    """theta over a person's skills, kept jointly so that P(all required levels) is computed, not multiplied."""

    person: str
    skills: tuple[str, ...]
    mean: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Run:
    """One assessment run. details: cutpoints with standard errors and rule per skill, severities, coverage counts, settings, pins."""

    id: str
    purpose: Purpose
    as_of: datetime
    known_at: datetime
    rubric_hash: str
    model: str
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """Coefficients fitted by `calibrant calibrate`, with the card that says how far they may be trusted.

    coefficients, card: JSON values. claims: claim -> {"holds": True, False or None, "why": text}. hash: SHA-256 of the canonical
    coefficients, and known_at: both are the ledger's to give.
    """

    name: str
    rubric_hash: str
    fitted_at: datetime
    as_of: datetime
    coefficients: Mapping[str, object]
    card: Mapping[str, object] = field(default_factory=dict)
    claims: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    hash: str = ""
    known_at: datetime | None = None


# -- what people decide --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Decision:
    """A human judgement of one person. level: of a skill, or None for a case as a whole."""

    person: str
    decided_at: datetime
    decided_by: str
    outcome: str
    role: str | None = None
    job_level: str | None = None
    skill: str | None = None
    level: int | None = None
    reason: str = ""
    saw_estimate: bool = False
    run: str | None = None


@dataclass(frozen=True, slots=True)
class StandardSetting:
    """What a panel of judges agreed about where levels of a skill begin ("*": of every skill).

    method: "bookmark" | "angoff" | "vignettes" | "decisions". rule: "rp-67", "thurstonian-50", .. record: the whole as JSON values.
    Judges are numbered and never named, here and inside `record`. The last one known of a skill and method is the one that
    stands. known_at is the ledger's to give.
    """

    skill: str
    method: str
    rule: str
    rounds: int
    judges: int
    record: Mapping[str, object]
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Dispute:
    """An item contested. target: evidence id, or "identity:<id>"; state: open | upheld | dismissed.

    Contested evidence is left out of inference while the dispute is open and for good once upheld.
    """

    id: str
    person: str
    target: str
    reason: str
    state: str
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Reply:
    """What the subject answers to a packet. Printed in it, never scored."""

    person: str
    text: str
    known_at: datetime
