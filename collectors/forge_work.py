"""What the repository itself knows about a change request, beside what the forge tells: read from a mirror clone.

None everywhere means "not known" (no mirror, a shallow or partial one, commits that are gone), which is never the same as no.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from db.records import Participation, PathChange

__all__ = ["UNKNOWN", "Followed", "Work"]


@dataclass(frozen=True, slots=True)
class Followed:
    """What happened to the commented place before the change was merged or left.

    lines: a later commit of the change altered the commented lines, or one within three of them. file: one altered the file.
    suggestion: the suggested lines are there now and were not before.
    """

    lines: bool | None = None
    file: bool | None = None
    suggestion: bool | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """commits: how many of its own (no merges of the base into it). people: authors and co-authors of them as co-authors, and reviewers
    and testers their trailers name; raw e-mails. paths: the whole change against where it left the base. landed: commits by
    which it came onto the base branch. assisted: a commit declares that a machine helped. followed: by comment key.
    altered: by review key, whether commits were added after it.
    """

    commits: int | None = None
    people: tuple[Participation, ...] = ()
    paths: tuple[PathChange, ...] | None = None
    landed: tuple[str, ...] | None = None
    assisted: bool = False
    followed: Mapping[str, Followed] = field(default_factory=dict)
    altered: Mapping[str, bool] = field(default_factory=dict)

    @property
    def is_known(self) -> bool:
        """Whether the change's commits were there to be looked at."""
        return self.commits is not None


UNKNOWN = Work()
"""Without a mirror."""
