"""A case: everything a packet is made of, and the heading that every report carries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pandas as pd

from calibrant.reports.evidence_text import day_text
from calibrant.reports.inert import NAME_LIMIT, shown
from calibrant.reports.inputs import AnonymityPolicy, Cutpoints, Profile, StandardText
from db.records import Assessment, Citation, Dispute, Purpose, Reply, Run

__all__ = ["ContestedItem", "Heading", "PacketInputs", "ReplyText", "contested_items", "heading", "reply_texts"]


@dataclass(frozen=True, slots=True)
class PacketInputs:
    """One person's case for one role profile.

    person: opaque id as in assessments and participations; person_key, person_name: from the roster.
    assessments, citations: of this person in this run. cited: `Ledger.cited` (evidence columns, erased, superseded).
    participations: every participation in the cited evidence (evidence, identity, role, person), raters included:
    groups of raters are counted from it. probability_all_required: P(all required levels) from the joint posterior,
    None if it could not be computed. disputes, replies: of this person.
    """

    person: str
    person_key: str
    person_name: str
    profile: Profile
    standard: StandardText
    run: Run
    assessments: tuple[Assessment, ...]
    citations: tuple[Citation, ...]
    cited: pd.DataFrame
    participations: pd.DataFrame
    generated_at: datetime
    audit_head: str
    purpose: Purpose = Purpose.PROMOTION
    probability_all_required: float | None = None
    cutpoints: Mapping[str, Cutpoints] = field(default_factory=dict)
    disputes: tuple[Dispute, ...] = ()
    replies: tuple[Reply, ...] = ()
    policy: AnonymityPolicy = field(default_factory=AnonymityPolicy)
    window_months: int = 24


@dataclass(frozen=True, slots=True)
class Heading:
    """What tells one report from another, and ties it to the ledger."""

    subject: str
    key: str
    role: str
    job_level: str
    standard: str
    standard_hash: str
    run: str
    purpose: str
    evidence_until: str
    known_at: str
    generated_on: str
    audit_head: str


@dataclass(frozen=True, slots=True)
class ContestedItem:
    """Something the subject contests. about: the item in words; state: "open", "upheld" or "dismissed"."""

    about: str
    target: str
    reason: str
    state: str
    effect: str


@dataclass(frozen=True, slots=True)
class ReplyText:
    """What the subject answers. Printed, never scored."""

    when: str
    text: str


_EFFECTS = {
    "open": "Left out of the inference while the dispute is open.",
    "upheld": "Left out of the inference for good.",
    "dismissed": "Counted; the objection stands beside it.",
}
_REPLY_LIMIT = 4000


def heading(
    *,
    subject: str,
    key: str,
    standard: StandardText,
    run: Run,
    purpose: Purpose,
    generated_at: datetime,
    audit_head: str,
    profile: Profile | None = None,
) -> Heading:
    """The heading, every text of it inert."""
    return Heading(
        subject=shown(subject, NAME_LIMIT) or shown(key, NAME_LIMIT),
        key=shown(key, NAME_LIMIT),
        role=shown(profile.role_name or profile.role, NAME_LIMIT) if profile else "",
        job_level=shown(profile.job_level, NAME_LIMIT) if profile else "",
        standard=f"{shown(standard.name, NAME_LIMIT)} {shown(standard.version, NAME_LIMIT)}".strip(),
        standard_hash=shown(standard.hash, NAME_LIMIT),
        run=shown(run.id, NAME_LIMIT),
        purpose=purpose.value.replace("_", " "),
        evidence_until=day_text(run.as_of.date()),
        known_at=day_text(run.known_at.date()),
        generated_on=day_text(generated_at.date()),
        audit_head=shown(audit_head, NAME_LIMIT),
    )


def contested_items(disputes: tuple[Dispute, ...], described: Mapping[str, str]) -> tuple[ContestedItem, ...]:
    """Disputes oldest first. described: evidence id (or "identity:<id>") -> the item in words."""
    ordered = sorted(disputes, key=lambda dispute: (dispute.known_at, dispute.id))
    return tuple(
        ContestedItem(
            about=described.get(dispute.target, _nameless(dispute.target)),
            target=shown(dispute.target, NAME_LIMIT),
            reason=shown(dispute.reason),
            state=shown(dispute.state, NAME_LIMIT),
            effect=_EFFECTS.get(dispute.state, ""),
        )
        for dispute in ordered
    )


def _nameless(target: str) -> str:
    return "An identity" if target.startswith("identity:") else "A record not cited in this run"


def reply_texts(replies: tuple[Reply, ...]) -> tuple[ReplyText, ...]:
    """Replies oldest first, each on one paragraph."""
    ordered = sorted(replies, key=lambda reply: (reply.known_at, reply.text))
    return tuple(ReplyText(day_text(reply.known_at.date()), shown(reply.text, _REPLY_LIMIT)) for reply in ordered)
