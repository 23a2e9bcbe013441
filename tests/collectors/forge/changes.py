"""Records as the parsers make them, with as little said as a test needs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from collectors.forge_records import Account, ChangeRequest, Comment, Review, Thread

OPENED = datetime(2026, 2, 2, 9, tzinfo=UTC)
ADA = Account("1", "ada", "Ada")
BOB = Account("2", "bob")
EVE = Account("3", "eve", "Eve")
HOST = "github.com"


def after(hours: float) -> datetime:
    return OPENED + timedelta(hours=hours)


def change(number: int = 7, **more: object) -> ChangeRequest:
    """Ada's, merged by Bob after a day."""
    plain = ChangeRequest(
        key=f"github.com:PR_{number}",
        number=number,
        url=f"https://github.com/o/r/pull/{number}",
        title="Load faster",
        body="",
        author=ADA,
        created_at=OPENED,
        updated_at=after(24),
        merged_at=after(24),
        closed_at=after(24),
        merger=BOB,
        state="merged",
        draft=False,
        additions=10,
        deletions=2,
        files=1,
        labels=(),
        base_oid=None,
        head_oid=None,
        merge_oid=None,
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def review(key: str = "github.com:R_1", author: Account | None = BOB, **more: object) -> Review:
    return replace(Review(key, None, author, after(3), "approved"), **more)  # type: ignore[arg-type]


def comment(
    key: str = "github.com:C_1", author: Account | None = BOB, body: str = "This leaks the handle", **more: object
) -> Comment:
    return replace(Comment(key, None, author, after(3), after(3), body), **more)  # type: ignore[arg-type]


def thread(key: str = "github.com:T_1", *comments: str, resolved: bool = False, **more: object) -> Thread:
    return replace(Thread(key, resolved, comments=comments), **more)  # type: ignore[arg-type]
