"""Walking a list of GitLab from the oldest update to the newest, so that nothing that moves meanwhile is lost.

GitLab has no page cursor for merge requests; numbered pages shift whenever a row moves, and end at row 50,000. So pages are asked for by time:
rows updated since the last one seen, oldest first, always the first page. What is updated during the walk moves to its end and is
met there (again). The place is a moment the server named, so a walk can be continued from it at any time, and never depends on a clock here.

Moments are taken in whole seconds, as some versions compare them so. If more rows than fit a page were updated in one
second (a label removed from all of them), that second is walked by the moment of creation, which never changes; and if they
were created in one second too (an import), by page numbers. Rows at the seams are met twice: `seen` knows them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from collectors.forge_failure import PageFailed
from collectors.gitlab_fields import Json, instant

__all__ = ["Listed", "Place", "Seen", "stamp", "walk"]

_SECOND: Final = timedelta(seconds=1)
_REMEMBERED: Final = 1_000
_EPOCH: Final = datetime.fromtimestamp(0, UTC)

Query = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a walk stands: rows updated before `at` are done. created: inside that second, rows created before it are done too."""

    at: datetime | None = None
    created: datetime | None = None

    def by(self, clock: datetime | None) -> Place:
        """The same, or that moment where it lies behind: rows dated in the future keep nothing from being met that is updated before."""
        if self.at is None or clock is None or self.at <= clock:
            return self
        return Place(clock.replace(microsecond=0))


@dataclass(frozen=True, slots=True)
class Listed:
    """One page: its rows, oldest update first, and the place after it. rest: rows from here on, this page included, where GitLab tells; last: of the walk."""

    rows: tuple[Json, ...]
    after: Place
    rest: int | None
    last: bool


class Seen:
    """Rows met so far, by id, with the update they were met at. What is older than `window` before the newest is forgotten."""

    def __init__(self, known: Mapping[str, str] | None, window: timedelta) -> None:
        self._window = window
        self._at = {key: instant(text) for key, text in (known or {}).items()}

    def has(self, key: str, updated_at: datetime) -> bool:
        """Whether the row was met at that update or a later one."""
        known = self._at.get(key)
        return known is not None and known >= updated_at

    def add(self, key: str, updated_at: datetime) -> None:
        """The row is done as of that update."""
        self._at[key] = max(updated_at, self._at.get(key, updated_at))

    def drop(self, key: str) -> None:
        """The row is to be looked at again."""
        self._at.pop(key, None)

    def forget(self, before: datetime | None) -> None:
        """Rows whose update lies more than the window before that moment are not met again."""
        if before is not None:
            self._at = {key: at for key, at in self._at.items() if at >= before - self._window}

    def written(self) -> dict[str, str]:
        """For the cursor: the newest 1,000. One forgotten here is only fetched once more."""
        newest = sorted(self._at.items(), key=lambda one: (one[1], one[0]))[-_REMEMBERED:]
        return {key: stamp(at) for key, at in sorted(newest)}


def stamp(at: datetime) -> str:
    """A moment as GitLab takes it.

    >>> stamp(instant("2021-03-30T09:18:27.351Z"))
    '2021-03-30T09:18:27.351Z'
    """
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def walk(
    ask: Callable[[Query], tuple[list[Json], bool, int | None]], place: Place, size: Callable[[], int]
) -> Iterator[Listed]:
    """Pages from `place` to the newest row. ask: a query to (rows, whether more follow, number of rows or None). size: rows to ask for.

    Where `ask` raises PageFailed, pages of the size by then are asked for from the place on; their rows may come again.
    """
    number, asked = 1, size()
    while True:
        try:
            rows, more, rest = ask({**_query(place), "page": number, "per_page": asked})
        except PageFailed:
            number, asked = 1, size()
            continue
        rows.sort(key=lambda row: (instant(row.get("updated_at")), str(row.get("id"))))
        after, number = _after(place, rows, number) if more else (_out_of_second(place), 1)
        last = not more and place.created is None
        yield Listed(tuple(rows), after, rest, last)
        if last:
            return
        place = after
        asked = size() if number == 1 else asked  # numbers count pages of one size


def _query(place: Place) -> dict[str, str | int]:
    if place.at is None:
        return {"order_by": "updated_at", "sort": "asc"}
    since: dict[str, str | int] = {"updated_after": stamp(place.at), "sort": "asc"}
    if place.created is None:
        return {**since, "order_by": "updated_at"}
    return {
        **since,
        "order_by": "created_at",
        "updated_before": stamp(place.at + _SECOND),
        "created_after": stamp(place.created),
    }


def _after(place: Place, rows: list[Json], number: int) -> tuple[Place, int]:
    """The place after a page that others follow, and the number of the page to ask for there."""
    if not rows:
        return place, number + 1
    if place.created is None:
        updated = _whole(rows[-1].get("updated_at"))
        return (Place(updated), 1) if updated != place.at else (Place(updated, _EPOCH), 1)
    created = max(_whole(row.get("created_at")) for row in rows)
    return (Place(place.at, created), 1) if created != place.created else (place, number + 1)


def _out_of_second(place: Place) -> Place:
    """After the last page: of a second that was walked by creation, the next second; else the place stays."""
    return Place(place.at + _SECOND) if place.at and place.created is not None else place


def _whole(moment: object) -> datetime:
    return instant(moment).replace(microsecond=0)
