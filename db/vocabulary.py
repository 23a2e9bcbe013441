"""The closed vocabularies of the ledger: kinds, purposes, roles, states, as they are stored."""

from __future__ import annotations

from enum import StrEnum

__all__ = [
    "LEVELS",
    "Kind",
    "LinkBasis",
    "LinkState",
    "Outcome",
    "ParticipationRole",
    "PathChange",
    "Purpose",
    "Retention",
    "SameAsRelation",
    "Scalar",
    "Stance",
    "State",
]

LEVELS = 5
"""Proficiency levels per skill, 1..5. Not a job level."""

_Atom = str | int | float | bool | None
Scalar = _Atom | list[str]
"""What a measure may hold: a JSON scalar or a list of strings."""

PathChange = tuple[str, int | None, int | None, str | None]
"""(path, lines added, lines deleted, old path of a rename). Lines are None where the blob is binary or missing."""


class Kind(StrEnum):
    """The closed list of artefact kinds."""

    COMMIT = "commit"
    CHANGE_REQUEST = "change_request"
    REVIEW = "review"
    REVIEW_COMMENT = "review_comment"
    RATING = "rating"
    SCORECARD_RATING = "scorecard_rating"
    DECISION = "decision"
    LEARNING = "learning"
    ISSUE = "issue"
    RELEASE = "release"
    INCIDENT = "incident"


class Purpose(StrEnum):
    """What a source may be read for. A report reads only sources that grant its purpose."""

    SELF_CHECK = "self_check"
    DEVELOPMENT = "development"
    GAP_ANALYSIS = "gap_analysis"
    PROMOTION = "promotion"


class ParticipationRole(StrEnum):
    """What an identity did in an artefact. Shares of credit are derived at assessment, never stored."""

    AUTHOR = "author"
    CO_AUTHOR = "co_author"
    COMMITTER = "committer"
    MERGER = "merger"
    REVIEWER = "reviewer"
    TESTER = "tester"
    RATER = "rater"
    SUBJECT = "subject"
    SUBMITTER = "submitter"


class Retention(StrEnum):
    """Retention classes; how long each is kept is a setting of the ledger."""

    ACTIVITY = "activity"
    FEEDBACK = "feedback"
    INTERVIEW = "interview"
    DECISION = "decision"


class LinkBasis(StrEnum):
    """Why a raw identity is held to be a person's. The first five link by themselves; the rest need a human.

    FORGE: a forge's own word that an address, or a login at the time, is an account's. SUGGESTED: somebody's claim.
    """

    ROSTER = "roster"
    VERIFIED_EMAIL = "verified_email"
    NOREPLY = "noreply"
    FORGE = "forge"
    MAILMAP = "mailmap"
    ACCEPTED = "accepted"
    SUGGESTED = "suggested"


class LinkState(StrEnum):
    """The state a link row puts an (identity, person) pair into from its `known_at` on."""

    LINKED = "linked"
    SUGGESTED = "suggested"
    REJECTED = "rejected"
    CONTESTED = "contested"
    UNLINKED = "unlinked"


class SameAsRelation(StrEnum):
    """Why two artefacts are one piece of work."""

    SQUASH_OF = "squash_of"
    CHERRY_PICK_OF = "cherry_pick_of"
    TRAILER_OF = "trailer_of"


class State(StrEnum):
    """What an assessment says in a word. Only `inferred` shows a modal level."""

    INFERRED = "inferred"
    INSUFFICIENT = "insufficient evidence"
    CONFLICTING = "conflicting evidence"
    UNDETERMINED = "undetermined"


class Outcome(StrEnum):
    """Outcome of one criterion for one person."""

    MET = "met"
    NOT_MET = "not met"
    NOT_OBSERVED = "not observed"
    HUMAN = "for people to judge"


class Stance(StrEnum):
    """How a cited artefact bears on a claim."""

    FOR = "for"
    AGAINST = "against"
    CONTEXT = "context"
