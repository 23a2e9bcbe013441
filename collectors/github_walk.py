"""One run over one repository: what was left incomplete, then every stream from its newest update down to where the last run ended.

A step holds a few pages and the cursor behind them, so a killed run goes on at the page where it was. GitHub's page cursors stand
for a place in the order by last update, and what is updated during a walk moves above it: a walk of more than one page is
therefore followed by a second one, from the top down to the newest update the first began with. What moves even then is newer
than the watermark and belongs to the next run. Where the newest page is, byte for byte, what it was when the last walk ended,
nothing has happened, and nothing more is asked.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, TypeVar

from collectors.forge_cursor import Cursor, Walk
from collectors.forge_records import ChangeRequest, Issue, Progress, Release
from collectors.github_children import complete
from collectors.github_client import Client
from collectors.github_pages import Page, Pager, by_id
from collectors.github_parse import MALFORMED, Parser, instant
from db.errors import Incomplete

__all__ = ["CHANGES", "ISSUES", "RELEASED", "Run", "Step"]

CHANGES: Final = "changes"
ISSUES: Final = "issues"
RELEASED: Final = "releases"

_PAGES: Final = 16
_ROWS: Final = 12_000
"""Most pages in a step, and rows under its change requests after which it takes no more: what pages cut off is asked for together."""
_TEXT: Final = 8_000_000
"""Most characters of the texts in a step's pages."""
_LEFT_OVER: Final = 50
_NAMED: Final = 5
_TRIES: Final = 5
"""Runs that are incomplete because a change request does not come; later ones still ask for it."""

Node = dict[str, Any]
_Record = TypeVar("_Record")
_Read = Callable[[str | None], Page]


@dataclass
class Step:
    """What a run brought since the last step, the cursor behind it, and counts worth telling."""

    cursor: Cursor
    changes: list[ChangeRequest] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    releases: list[Release] = field(default_factory=list)
    talk: Counter[str] = field(default_factory=Counter)


_Make = Callable[[list[Node], set[str], set[str]], Step]


@dataclass
class Run:
    """cursor: where the run stands. first: the first page of the run, asked for already, with what it told about the repository.

    most_pages: after so many the run ends, incomplete. newest: digests of newest pages; taken: of rows on the first page of a walk.
    """

    client: Client
    pager: Pager
    parser: Parser
    cursor: Cursor
    first: Page
    most_pages: int
    watch: Callable[[Progress], None] | None = None
    pages: int = 0
    done: int = 0
    total: int | None = None
    newest: dict[str, str] = field(default_factory=dict)
    taken: dict[str, str] = field(default_factory=dict)

    def steps(self, streams: tuple[str, ...]) -> Iterator[Step]:
        """All of the run. Raises Incomplete where it could not be finished; the steps before stand."""
        if not self.cursor.streams:
            self.total = self._total(streams)
        yield from self._left_over()
        if CHANGES in streams:
            yield from self._changes()
        if ISSUES in streams:
            yield from self._issues()
        if RELEASED in streams:
            yield from self._releases()
        self._end()

    def _total(self, streams: tuple[str, ...]) -> int:
        """How many rows a first run will read, as the forge counts them."""
        about = self.first.repository
        counted = {
            CHANGES: self.first.total,
            **{name: (about.get(name) or {}).get("totalCount") for name in (ISSUES, RELEASED)},
        }
        return sum(counted[name] or 0 for name in streams)

    def _end(self) -> None:
        waiting = sum(tries < _TRIES for tries in self.cursor.incomplete.values())
        if waiting:
            raise Incomplete(
                f"{waiting} change requests did not come whole",
                where=self.pager.repository,
                remedy="all else is kept; run it again, it begins with them",
            )

    def _left_over(self) -> Iterator[Step]:
        """What the runs before could not fetch whole."""
        prefix = self.parser.key("")
        ids = [key.removeprefix(prefix) for key in self.cursor.incomplete]
        for begin in range(0, len(ids), _LEFT_OVER):
            found = by_id(self.client, ids[begin : begin + _LEFT_OVER])
            self.cursor = self.cursor.made_good(map(self.parser.key, found.gone))
            yield self._changes_step(found.rows, found.missed, set())

    def _changes(self) -> Iterator[Step]:
        stream = self.cursor.stream(CHANGES)
        if stream.walk is None and not self.first.missed and stream.etag == _digest(self.first.rows):
            return
        yield from self._stream(CHANGES, self.first, self.pager.changes, self._changes_step)

    def _issues(self) -> Iterator[Step]:
        stream, probe = self.cursor.stream(ISSUES), self.first.repository.get("issues")
        if stream.walk is None and probe is not None and stream.etag == _digest(probe):
            return
        self.newest[ISSUES] = _digest(probe)
        yield from self._stream(ISSUES, _nothing(probe), self.pager.issues, self._issues_step)

    def _stream(self, name: str, page: Page | None, read: _Read, step: _Make) -> Iterator[Step]:
        """Passes over a stream until one ends that needs no other behind it. page: the first, where it was read already."""
        walk = self.cursor.stream(name).walk or Walk()
        while True:
            yield from self._pass(name, walk, page, read, step)
            following = self.cursor.stream(name).walk
            if following is None:
                return
            walk, page = following, None

    def _pass(self, name: str, walk: Walk, page: Page | None, read: _Read, step: _Make) -> Iterator[Step]:
        stream = self.cursor.stream(name)
        down_to = stream.watermark if walk.again else stream.down_to
        begun, pages, more = walk.after is None, 0, True
        while more:
            rows: list[Node] = []
            missed: set[str] = set()
            unreadable: set[str] = set()
            stopped: Incomplete | None = None
            for turn in range(_PAGES):
                try:
                    page = page or self._read(read, walk.after)
                except Incomplete as error:
                    if not turn:
                        raise
                    stopped = error  # what was read before is whole, and kept
                    break
                readable = [row for row in page.rows if _is_dated(row)]
                unreadable |= {row["id"] for row in page.rows} - {row["id"] for row in readable}
                new = [row for row in readable if down_to is None or instant(row["updatedAt"]) >= down_to]
                fresh = self._not_taken(name, walk, new, page)
                rows += fresh
                missed |= page.missed
                more = page.more and len(new) == len(readable)
                walk = replace(walk, after=page.end, greatest=_greatest(walk.greatest, new, page.at))
                self._tell(len(fresh))
                page, pages = None, pages + 1
                if not more or sum(map(_below, rows)) > _ROWS or sum(map(_characters, rows)) > _TEXT:
                    break
            self.cursor = self.cursor.at(name, walk)
            if not more:
                self._finish(name, again=not walk.again and not (begun and pages == 1))
            yield step(rows, missed, unreadable)
            if stopped is not None:
                raise stopped

    def _read(self, read: _Read, after: str | None) -> Page:
        if self.pages >= self.most_pages:
            raise Incomplete(
                f"{self.pages:,} pages were read, and that is the bound",
                where=self.pager.repository,
                remedy="what came so far is kept; run it again to continue",
            )
        self.pages += 1
        page = read(after)
        if page.more and page.end in (None, after):
            raise Incomplete(
                "the list does not get on: its next page begins where this one did",
                where=self.pager.repository,
                remedy="run it again later",
            )
        return page

    def _not_taken(self, name: str, walk: Walk, rows: list[Node], page: Page) -> list[Node]:
        """Rows not taken on the first page of this run, as they are. What is read later moves on to the top of the list, not down."""
        fresh = [(row, digest) for row in rows if self.taken.get(row["id"]) != (digest := _digest(row))]
        if walk.after is None:
            self.taken |= {row["id"]: digest for row, digest in fresh}
            if name == CHANGES:
                self.newest[name] = _digest(page.rows)
        return [row for row, _ in fresh]

    def _finish(self, name: str, *, again: bool) -> None:
        """The pass is at its end: `again` from the top, or the stream is done."""
        self.cursor = self.cursor.finished(name)
        if again:
            self.cursor = self.cursor.at(name, Walk(again=True))
        else:
            done = replace(self.cursor.stream(name), etag=self.newest.get(name))
            self.cursor = self.cursor.with_stream(name, done)

    def _tell(self, rows: int) -> None:
        self.done += rows
        if self.watch is not None:
            quota = self.client.bucket.quota("graphql")
            left, at = (quota.remaining, quota.resets_at) if quota else (None, None)
            self.watch(Progress(self.done, self.total, self.client.requests, self.client.points, left, at))

    def _changes_step(self, rows: list[Node], missed: set[str], unreadable: set[str]) -> Step:
        missed = missed | unreadable | complete(self.client, rows)
        made: list[ChangeRequest] = []
        for row in rows:
            try:
                made.append(self.parser.change(row, complete=row["id"] not in missed))
            except MALFORMED:
                missed.add(str(row.get("id")))
        key = self.parser.key
        self.cursor = self.cursor.made_good(one.key for one in made if one.complete).missed(map(key, sorted(missed)))
        self.cursor = replace(self.cursor, pages=self.pager.size)
        return Step(self.cursor, changes=made, talk=Counter(incomplete=len(missed)) + self._told(unreadable))

    def _issues_step(self, rows: list[Node], missed: set[str], unreadable: set[str]) -> Step:
        found, spoilt = _parsed(self.parser.issue, rows)
        return Step(self.cursor, issues=found, talk=self._told(missed | unreadable | spoilt))

    def _told(self, unreadable: set[str]) -> Counter[str]:
        """How many rows could not be read, the first few by name."""
        named = [f"unreadable {self.parser.key(one)}" for one in sorted(unreadable)[:_NAMED]]
        return Counter(unreadable=len(unreadable)) + Counter(named)

    def _releases(self) -> Iterator[Step]:
        """Releases are few, and dated by their tags: where their number or the newest ones changed, all are read."""
        probe = self.first.repository.get("releases")
        if probe is not None and self.cursor.stream(RELEASED).etag == _digest(probe):
            return
        page, after, more = _nothing(probe), None, True
        while more:
            page = page or self._read(self.pager.releases, after)
            after, more = page.end, page.more
            if not more:
                done = replace(self.cursor.stream(RELEASED), etag=_digest(probe))
                self.cursor = self.cursor.with_stream(RELEASED, done)
            self._tell(len(page.rows))
            shown, spoilt = _parsed(self.parser.release, page.rows)
            page = None
            yield Step(self.cursor, releases=shown, talk=self._told(spoilt))


def _parsed(parse: Callable[[Node], _Record | None], rows: list[Node]) -> tuple[list[_Record], set[str]]:
    """The records of rows, and ids of the rows that cannot be read: one of them does not keep the others from being kept."""
    found: list[_Record] = []
    spoilt: set[str] = set()
    for row in rows:
        try:
            record = parse(row)
        except MALFORMED:
            spoilt.add(_id(row))
        else:
            found += [record] if record is not None else []
    return found, spoilt


def _id(row: Node) -> str:
    """Raises TypeError where there is none: that is no row of GitHub's."""
    if not isinstance(row, dict) or not isinstance(row.get("id"), str):
        raise TypeError("a row without an id")
    return str(row["id"])


def _is_dated(row: Node) -> bool:
    """Whether a row says when it was last updated. Raises TypeError for what is no row."""
    _id(row)
    try:
        instant(row["updatedAt"])
    except MALFORMED:
        return False
    return True


def _digest(value: object) -> str:
    """Short text that tells two JSON values apart."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:20]


def _nothing(probe: Node | None) -> Page | None:
    """The page of an empty list, which nobody needs to ask for; None where there may be something."""
    return Page([], None, more=False, total=0) if probe is not None and probe["totalCount"] == 0 else None


def _below(row: Node) -> int:
    """How many rows hang under one."""
    lists = (row.get(name) or {} for name in ("reviews", "comments", "reviewThreads"))
    return sum(one.get("totalCount") or 0 for one in lists)


def _characters(row: Node) -> int:
    """How much text there is in one."""
    said = [one for name in ("reviews", "comments") for one in (row.get(name) or {}).get("nodes") or ()]
    return sum(len(str(one.get("body") or "")) for one in (row, *said) if one)


def _greatest(known: datetime | None, rows: list[Node], now: datetime | None) -> datetime | None:
    """The newest update; never later than the server's own clock, or what comes until then would lie below the watermark."""
    if known is not None:
        return known
    newest = max((instant(row["updatedAt"]) for row in rows), default=None)
    return min(newest, now) if newest and now else newest
