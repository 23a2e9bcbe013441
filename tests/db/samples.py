"""Small evidence and rosters for the ledger's tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from db.records import (
    Employment,
    Evidence,
    Identity,
    IdentityLink,
    Kind,
    LinkBasis,
    Membership,
    Participation,
    ParticipationRole,
    Person,
    Retention,
    RoleAssignment,
    Roster,
)

START = datetime(2025, 3, 1, 12, tzinfo=UTC)
ANN = Identity("git", "Ann@Example.org", "Ann")
BOB = Identity("git", "12+bob@users.noreply.github.com", "Bob")
EVE = Identity("git", "eve@elsewhere.net", "Eve")
BOT = Identity("git", "ann@example.org", "ann[bot]", bot=True)


def oid(number: int) -> str:
    return f"git:{number:040x}"


def commit(
    number: int,
    *,
    author: Identity = ANN,
    others: Sequence[tuple[Identity, ParticipationRole]] = (),
    at: datetime | None = None,
    measures: dict[str, Any] | None = None,
    **more: Any,
) -> Evidence:
    """A commit; the same number makes the same one."""
    return Evidence(
        oid(number),
        Kind.COMMIT,
        at or START + timedelta(hours=number),
        "git/1",
        {"files": 1, "added": number, "missing": None, "share": 0.5} if measures is None else measures,
        (("src/a.py", 3, 1, None), ("src/é.py", None, None, "src/old.py")),
        (
            Participation(author, ParticipationRole.AUTHOR),
            *(Participation(identity, role) for identity, role in others),
        ),
        more.pop("excerpt", f"Change number {number}"),
        **more,
    )


def rating(number: int, rater: Identity, subject: Identity, score: float) -> Evidence:
    return Evidence(
        f"feedback/{number}",
        Kind.RATING,
        START + timedelta(days=number),
        "feedback360/1",
        {"competency": "containers", "score": score, "relationship": "peer"},
        participations=(
            Participation(rater, ParticipationRole.RATER),
            Participation(subject, ParticipationRole.SUBJECT),
        ),
        excerpt="Knows containers",
        retention=Retention.FEEDBACK,
    )


def roster(*, ann: str = "Ann Archer", team: str = "Platform", fte: float = 1.0, remote: bool | None = None) -> Roster:
    return Roster(
        persons=(Person("p-ann", ann), Person("p-bob", "Bob Baker")),
        employments=(Employment("p-ann", date(2020, 1, 1), None, fte, remote), Employment("p-bob", date(2021, 6, 1))),
        memberships=(Membership("p-ann", team, date(2020, 1, 1)),),
        role_assignments=(RoleAssignment("p-ann", "ml-engineer", "senior", date(2023, 1, 1)),),
        links=(
            IdentityLink(Identity("email", "ann@example.org"), "p-ann", LinkBasis.ROSTER),
            IdentityLink(Identity("github.com", "12"), "p-bob", LinkBasis.ROSTER),
        ),
    )
