"""One run over one project: its lists walked, each row made whole, batches with the cursor to go on from.

A batch holds at most 25 merge requests, so that a killed run loses at most about fifty requests. What cannot be fetched whole is not
stored in part: it is named in the cursor and asked for again at the start of the next run, while the walk goes on; if three in a row cannot
be had, the run stops. Whatever stops it, what came before is stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, NamedTuple

from collectors.forge_failure import Gone, OutOfTries
from collectors.forge_records import ChangeRequest, Issue, Progress, Release
from collectors.gitlab_changes import change_of, got_again
from collectors.gitlab_client import Client
from collectors.gitlab_fields import Json, Malformed, instant, is_number, is_readable
from collectors.gitlab_position import Position
from collectors.gitlab_records import issue, release
from collectors.gitlab_walk import Place, Seen, walk
from db.errors import CalibrantError, Incomplete
from db.records import Batch

__all__ = ["Record", "Run"]

Record = ChangeRequest | Issue | Release
Query = Mapping[str, str | int]

_FORBIDDEN: Final = 403
_PATIENCE: Final = 3
"""Merge requests in a row that cannot be had, after which GitLab is taken to be down."""
_NAMED: Final = 5
"""Rows that cannot be read of which a run tells the numbers."""


class _List(NamedTuple):
    """A list to walk. together: rows in a batch."""

    stream: str
    path: str
    query: Query
    together: int


@dataclass
class _Walk:
    """A walk under way: see `Position`. greatest: last update met, but none after `since`, the server's clock at its start: a row dated in
    the future is read, and what is updated before that day is met all the same. hot: rows that may have to be looked at again in
    the next run, but not in this one; again: the earliest update of these."""

    place: Place
    seen: Seen
    greatest: datetime | None
    since: datetime | None = None
    again: datetime | None = None
    hot: dict[str, datetime] = field(default_factory=dict)

    def is_news(self, row: Json) -> bool:
        """Whether the row was not met at this update before."""
        key, updated = str(row.get("id")), instant(row.get("updated_at"))
        self.greatest = min(filter(None, (self.since, max(filter(None, (self.greatest, updated))))))
        return not self.seen.has(key, updated) and self.hot.get(key) != updated

    def took(self, row: Json, *, settled: bool) -> None:
        """The row was read; if it has not settled, the next walk begins no later than there."""
        key, updated = str(row.get("id")), instant(row.get("updated_at"))
        if settled:
            self.seen.add(key, updated)
        else:
            self.hot[key] = updated
            self.again = min(filter(None, (self.again, updated)))


@dataclass
class Run:
    """client, project: whom to ask about what. stored: turns records into a batch. position: where it stands; moves on."""

    client: Client
    project: str
    position: Position
    stored: Callable[[list[Record], Mapping[str, object], Counter[str]], Batch]
    watch: Callable[[Progress], None] | None = None
    done: int = 0
    _talk: Counter[str] = field(default_factory=Counter)
    _gathered: list[Record] = field(default_factory=list)
    _written: Mapping[str, object] = field(default_factory=dict)
    _failures: int = 0
    _unreadable: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.client.pages = self.position.cursor.pages
        self._written = self.position.written()

    def changes(self) -> Iterator[Batch]:
        """Merge requests: first those that could not be had before, then what was updated."""
        for number in self.position.waiting:
            yield from self._safely(self._again(number))
        path = f"/projects/{self.project}/merge_requests"
        listed = _List("changes", path, {"state": "all", "scope": "all"}, 25)
        yield from self._safely(self._walked(listed, self._change))

    def issues(self) -> Iterator[Batch]:
        """Issues that everybody in the project may see."""
        query: Query = {"state": "all", "scope": "all", "confidential": "false"}
        listed = _List("issues", f"/projects/{self.project}/issues", query, 100)
        yield from self._safely(self._walked(listed, self._issue))

    def releases(self) -> Iterator[Batch]:
        """Releases, newest first, down to those known. Of one whose day is still to come nothing is stored, and it is looked for again."""
        yield from self._safely(self._released())

    def _walked(self, listed: _List, read: Callable[[Json, datetime | None], bool]) -> Iterator[Batch]:
        """read: takes a row in; False if it may have to be looked at again."""
        stream = listed.stream
        self.position = self.position.opened(stream)
        place, seen = self.position.begin(stream)
        state = _Walk(place, seen, greatest=place.at)

        def ask(asked: Query) -> tuple[list[Json], bool, int | None]:
            rows, answer = self.client.page(listed.path, {**listed.query, **asked}, may_be_off=True)
            state.since = state.since or self.client.at
            return [row for row in rows if self._readable(stream, row)], answer.more is not None, answer.total

        try:
            for page in walk(ask, place, lambda: self.client.pages.size):
                total = None if page.rest is None else self.done + page.rest
                for row in filter(state.is_news, page.rows):
                    state.took(row, settled=read(row, state.since))
                    self._tell(total)
                    if len(self._gathered) >= listed.together:
                        self._stand(stream, state)
                        yield from self._flushed()
                state.place = page.after.by(state.since)
                seen.forget(state.place.at)
        except CalibrantError as error:
            self._stand(stream, state)
            self._unless_off(stream, error)
        seen.forget(state.greatest)
        self._stand(stream, state)
        self.position = self.position.finished(stream, state.greatest)
        yield from self._flushed()

    def _stand(self, stream: str, state: _Walk) -> None:
        self.position = self.position.at(stream, state.place, state.seen, state.again)

    def _released(self) -> Iterator[Batch]:
        stream = "releases"
        self.position = self.position.opened(stream)
        down_to, (_, seen) = self.position.cursor.stream(stream).down_to, self.position.begin(stream)
        greatest: datetime | None = None
        again: datetime | None = None
        since: datetime | None = None
        try:
            query = {"order_by": "created_at", "sort": "desc"}
            for row in self.client.rows(f"/projects/{self.project}/releases", query, may_be_off=True):
                try:
                    created, tag = instant(row.get("created_at")), str(row.get("tag_name"))
                    found = release(self.client.host, self.project, row)
                except Malformed:
                    self._left_out(stream, row)
                    continue
                if down_to is not None and created < down_to:
                    break
                since = since or self.client.at
                greatest = min(filter(None, (since, max(filter(None, (greatest, created))))))
                if found is None:
                    again = created
                elif not seen.has(tag, created):
                    seen.add(tag, created)
                    self._gathered.append(found)
        except Gone as gone:
            self._unless_off(stream, gone)
        seen.forget(greatest)
        self.position = self.position.at(stream, Place(greatest), seen, again).finished(stream, greatest)
        yield from self._flushed()

    def _unless_off(self, stream: str, error: CalibrantError) -> None:
        """Raises the error, unless it says that the project does without this. Not there at all, or hidden from this token, is one."""
        if not isinstance(error, Gone) or error.status != _FORBIDDEN:
            raise error
        self._talk[f"{stream}_disabled"] += 1

    def _again(self, number: str) -> Iterator[Batch]:
        try:
            row = got_again(self.client, self.project, number)
        except Gone:
            self._made_good(number)
        except (OutOfTries, Malformed) as error:
            self._missed(number, error)
        else:
            self._take(number, row, None)
        self._failures = 0  # some are never to be had, and say nothing of the others
        yield from self._flushed()

    def _change(self, row: Json, since: datetime | None) -> bool:
        return self._take(str(int(row["iid"])), row, since)

    def _take(self, number: str, row: Json, since: datetime | None) -> bool:
        try:
            whole = change_of(self.client, self.project, row, since)
        except Gone:
            self._made_good(number)
            return True
        except (OutOfTries, Malformed) as error:
            self._missed(number, error)
            return True
        self._failures = 0
        self._made_good(number)
        self._gathered.append(whole.change)
        return whole.settled

    def _issue(self, row: Json, since: datetime | None) -> bool:
        del since
        try:
            found = issue(self.client.host, row)
        except Malformed:
            self._left_out("issues", row)
        else:
            self._gathered += [found] if found else []
        return True

    def _readable(self, stream: str, row: Json) -> bool:
        """Whether a row of a list has what places it there; one that has not would stop every run at the same row."""
        good = is_readable(row)
        if not good:
            self._left_out(stream, row)
        return good

    def _left_out(self, stream: str, row: Json) -> None:
        """The row cannot be read: told once a run, the first few by their numbers."""
        known = next((f"{name}_{row[name]}" for name in ("iid", "id") if is_number(str(row.get(name)))), "")
        name = f"unreadable_{stream}_{known}"
        if name not in self._unreadable or not known:
            self._unreadable.add(name)
            self._talk["unreadable"] += 1
            if known and len(self._unreadable) <= _NAMED:
                self._talk[name] += 1

    def _missed(self, number: str, error: CalibrantError) -> None:
        """It stays named in the cursor. Answers that cannot be read say nothing of whether GitLab is up."""
        self.position = self.position.with_cursor(self.position.cursor.missed([number]))
        self._talk["incomplete"] += 1
        self._failures += isinstance(error, OutOfTries)
        if self._failures >= _PATIENCE:
            raise Incomplete(
                f"{self._failures} merge requests in a row could not be fetched",
                where=f"{self.client.host}, project {self.project}",
                remedy="what came so far is kept; run it again later",
            )

    def _made_good(self, number: str) -> None:
        if number in self.position.cursor.incomplete:
            self.position = self.position.with_cursor(self.position.cursor.made_good([number]))

    def _safely(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """The same, and if they end in an error, first what was gathered until then."""
        try:
            yield from batches
        except CalibrantError:
            yield from self._flushed()
            raise

    def _flushed(self) -> Iterator[Batch]:
        """A batch of what was gathered; none if there is nothing, nothing to tell, and the position is the one stored."""
        self.position = self.position.with_cursor(replace(self.position.cursor, pages=self.client.pages))
        written = self.position.written()
        if self._gathered or self._talk or written != self._written:
            records, self._gathered = self._gathered, []
            talk, self._talk = self._talk, Counter()
            self._written = written
            yield self.stored(records, written, talk)

    def _tell(self, total: int | None) -> None:
        self.done += 1
        if self.watch is not None:
            quota = self.client.bucket.quota()
            left, resets_at = (quota.remaining, quota.resets_at) if quota else (None, None)
            self.watch(Progress(self.done, total, self.client.requests, remaining=left, resets_at=resets_at))
