"""Where the collection of one project (or of one group's list) stands: the forge cursor, and what GitLab's lists need besides.

A list is walked from the oldest update to the newest (`gitlab_walk`), so the place of a walk is a moment, and a walk can be
continued at any batch. Kept besides: `seen`, the rows of the last ten minutes before that place with the update they were collected at, which
lists show again; and `again`, the earliest update of a merge request that was collected so soon after it that
notes of the same minute may have come later without moving its `updated_at`. The next walk begins no later than there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from collectors.forge_cursor import OVERLAP, Cursor, Walk
from collectors.gitlab_client import PER_PAGE
from collectors.gitlab_fields import instant, is_number, said_at
from collectors.gitlab_walk import Place, Seen, stamp
from db.errors import CalibrantError, Refusal

__all__ = ["Position"]

_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Position:
    """cursor: what all forges keep. seen, again: per stream, see the module."""

    cursor: Cursor
    seen: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    again: Mapping[str, datetime] = field(default_factory=dict)

    @classmethod
    def read(cls, stored: Mapping[str, Any] | None, extractor: str, repository: str) -> Position:
        """As `Cursor.read`. Raises Refusal if this is no cursor of GitLab."""
        cursor = Cursor.read(stored, extractor, repository, largest=PER_PAGE)
        if not stored or not cursor.streams:
            return cls(cursor)
        try:
            seen = {name: {str(key): str(at) for key, at in rows.items()} for name, rows in stored["seen"].items()}
            return cls(cursor, seen, {name: instant(at) for name, at in stored["again"].items()})
        except (AttributeError, KeyError, CalibrantError) as error:
            raise Refusal(
                "the stored cursor is not one of GitLab", remedy="collect under another source name"
            ) from error

    def written(self) -> dict[str, object]:
        """The cursor to store; JSON values."""
        return {
            **self.cursor.written(),
            "seen": {name: dict(self.seen[name]) for name in sorted(self.seen)},
            "again": {name: stamp(self.again[name]) for name in sorted(self.again)},
        }

    def opened(self, stream: str) -> Position:
        """Before a walk, new or broken off: a new one looks again at what the last one left to be looked at again."""
        if self.cursor.stream(stream).walk is not None:
            return self
        return replace(self, again={name: at for name, at in self.again.items() if name != stream})

    def begin(self, stream: str) -> tuple[Place, Seen]:
        """Where to walk from: where a walk was broken off, else the overlap below the last one's end."""
        state = self.cursor.stream(stream)
        seen = Seen(self.seen.get(stream), OVERLAP)
        if state.walk is None:
            down_to = state.down_to
            return Place(down_to.replace(microsecond=0) if down_to else None), seen
        walk = state.walk
        return Place(walk.greatest, said_at(walk.after)), seen

    def at(self, stream: str, place: Place, seen: Seen, again: datetime | None) -> Position:
        """Come as far as `place`, with the rows of `seen`; `again` as far as it is earlier than what is known."""
        after = stamp(place.created) if place.created else None
        first = min(filter(None, (again, self.again.get(stream))), default=None)
        return replace(
            self,
            cursor=self.cursor.at(stream, Walk(after=after, greatest=place.at)),
            seen={**self.seen, stream: seen.written()},
            again={**self.again, stream: first} if first else self.again,
        )

    def finished(self, stream: str, greatest: datetime | None) -> Position:
        """The walk is at its end; `greatest` is the last update it met."""
        mark = min(filter(None, (greatest, self.again.get(stream))), default=None)
        return self.with_cursor(self.cursor.at(stream, Walk(greatest=mark)).finished(stream))

    @property
    def waiting(self) -> tuple[str, ...]:
        """Numbers of merge requests that could not be had whole, and are asked for again: five times, then only when they are updated."""
        return tuple(
            sorted((key for key, tries in self.cursor.incomplete.items() if tries < _TRIES and is_number(key)), key=int)
        )

    def with_cursor(self, cursor: Cursor) -> Position:
        """The same with another cursor."""
        return replace(self, cursor=cursor)
