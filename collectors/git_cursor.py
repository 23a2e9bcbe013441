"""Where a collection stands: what the ledger keeps between two runs, and between two batches of one run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from collectors.git_commit import EXTRACTOR
from db.errors import Refusal

__all__ = ["RECENT", "Position"]

RECENT = 500
"""Object ids of the newest commits kept in the cursor."""


@dataclass(frozen=True, slots=True)
class Position:
    """heads: tips of the last finished walk. walk: tips of the walk under way, of which `done` commits are stored and `last` was
    the latest. again: that walk is over the whole history, not only what `heads` do not reach.

    cut: which commits had their parents cut off (shallow clone), as a digest. mailmap: object id of the .mailmap that was read.
    content: whether imports and tools were collected. recent: the newest commits of this source: after a force push the
    old heads may be gone from the clone, and these are then known to be lost, up to 500 of them.
    """

    heads: tuple[str, ...] = ()
    walk: tuple[str, ...] = ()
    done: int = 0
    last: str = ""
    again: bool = False
    cut: str = ""
    mailmap: str = ""
    content: bool = False
    recent: tuple[str, ...] = ()

    @classmethod
    def read(cls, cursor: Mapping[str, object] | None) -> Position:
        """The position in a stored cursor. Another version of the extractor begins again, knowing what it had.

        Raises Refusal if this is no cursor of a git source.
        """
        if not cursor:
            return cls()
        try:
            known: dict[str, Any] = {name: cursor[name] for name in cls.__slots__}
            for name in ("heads", "walk", "recent"):
                known[name] = tuple(known[name])
            position, same = cls(**known), cursor["extractor"] == EXTRACTOR
        except (TypeError, KeyError) as error:
            raise Refusal(
                "the stored cursor is not one of a git source", remedy="collect under another source name"
            ) from error
        return position if same else replace(position, walk=(), done=0, last="", again=True)

    def written(self) -> dict[str, object]:
        """The cursor to store."""
        fields: dict[str, object] = {name: getattr(self, name) for name in self.__slots__}
        return {
            "extractor": EXTRACTOR,
            **{name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()},
        }


def digest(oids: frozenset[str]) -> str:
    """Short text that tells two sets of object ids apart; empty for the empty set."""
    return hashlib.sha256(" ".join(sorted(oids)).encode()).hexdigest()[:20] if oids else ""
