"""What the roster says of people that may matter to how they are rated: team, part-time, remote. It says nothing else here, and no reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from inference.frames import Frames

__all__ = ["RosterGroups", "roster_groups"]


@dataclass(frozen=True, slots=True)
class RosterGroups:
    """table: index person (opaque id); column team (name or None), and part-time, remote where the roster tells: the column's own name or None.

    notes: what it does not tell.
    """

    table: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The attributes there are, team first."""
        return tuple(self.table.columns)

    def of(self, attribute: str) -> dict[str, str]:
        """Person -> group, of those who have one."""
        known = self.table[attribute].dropna() if attribute in self.table else pd.Series(dtype=object)
        return {str(person): str(group) for person, group in known.items()}


def roster_groups(frames: Frames, *, as_of: datetime) -> RosterGroups:
    """Groups on the day of `as_of`. Part-time: employed for less than 1; remote: said by the roster; whom it says nothing of is in no group."""
    people = frames.people.drop_duplicates("person").set_index("person")
    teams = frames.teams(as_of).drop_duplicates("person").set_index("person")["team"]
    table = pd.DataFrame({"team": teams.reindex(people.index).astype(object)}, index=people.index)
    notes = []
    part_time = people["fte"].notna() & (people["fte"] < 1.0)
    if part_time.any():
        table["part-time"] = part_time.map({True: "part-time", False: None})
    else:
        notes.append("Part-time: the roster has nobody who works part-time, so nothing could be compared.")
    said = people["remote"].notna()
    remote = people["remote"].fillna(False).astype(bool)
    if remote.any():
        table["remote"] = remote.map({True: "remote", False: None})
        if (people["fte"].notna() & ~said).any():
            notes.append(
                "Remote: the roster does not say it of everybody; whom it says nothing of was not taken for remote."
            )
    elif said.any():
        notes.append("Remote: the roster has nobody who works remotely, so nothing could be compared.")
    else:
        notes.append("Remote: the roster does not record who works remotely, so it was not looked at.")
    return RosterGroups(table, tuple(notes))
