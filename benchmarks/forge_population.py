"""A made-up forge of any size, for measuring and testing collectors: the same seed gives the same people, changes, reviews, comments.

Change requests are made when they are asked for, from the seed and their number, so 100,000 of them take no memory. Stated per change
request: reviews have a log-normal number of median 2 with 5 % over 30; comments of median 3 with 2 % over 100; 40 % have threads
on lines of the change, which then hold about 70 % of its comments. Some authors are bots or deleted accounts (None), some reviews are
dismissed, or pending (not submitted, submitted_at None). Numbers grow with the moment of the last update.

What happens while somebody reads is told to the population: `touch` (a new review moves a change request to the top), `delete_person`.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

START = datetime(2020, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=30)
"""Between the last updates of two change requests in a row."""

_REVIEWS = (math.log(2), math.log(30 / 2) / 1.6449)
_COMMENTS = (math.log(3), math.log(100 / 3) / 2.0537)
_MOST = 1_000
_WORDS = (
    "This loop leaks the handle when it fails.",
    "Why not use the existing parser here?",
    "nit: trailing space",
    "Please add a test for the empty case.",
    "LGTM",
    "This lets anybody read the token; escape it.",
    "The name says less than it should.",
    "Could this be split in two?",
    "```suggestion\nreturn total / count if count else None\n```",
    "Good catch, fixed.",
    "Is the lock still held at this point?",
)
_LABELS = ("bug", "enhancement", "documentation", "dependencies", "performance", "security", "breaking", "needs-test")
_PATHS = ("src/engine.py", "src/parser.py", "docs/guide.md", "tests/test_engine.py", "web/app.ts", "Makefile")


@dataclass(frozen=True, slots=True)
class Person:
    id: int
    login: str
    name: str
    bot: bool


@dataclass(frozen=True, slots=True)
class Said:
    """A comment in the conversation, or on a line of the change (path set). review: index of the review it came with."""

    author: Person | None
    at: datetime
    body: str
    path: str | None = None
    line: int | None = None
    review: int | None = None


@dataclass(frozen=True, slots=True)
class Reviewed:
    author: Person | None
    at: datetime | None
    state: str
    body: str


@dataclass(frozen=True, slots=True)
class Discussion:
    resolved_by: Person | None
    outdated: bool
    comments: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Change:
    number: int
    title: str
    body: str
    author: Person | None
    opened_at: datetime
    updated_at: datetime
    state: str
    ended_at: datetime | None
    merger: Person | None
    draft: bool
    additions: int
    deletions: int
    files: int
    labels: tuple[str, ...]
    base_oid: str
    head_oid: str
    merge_oid: str | None
    reviews: tuple[Reviewed, ...]
    comments: tuple[Said, ...]
    threads: tuple[Discussion, ...]


@dataclass
class Population:
    """changes: how many change requests, numbered from 1; issues and releases: how many of these, which are plainer."""

    changes: int
    seed: int = 4
    people: int = 60
    issues: int = 0
    releases: int = 0
    deleted: set[int] = field(default_factory=set)
    renamed: set[int] = field(default_factory=set)
    touched: dict[int, tuple[datetime, ...]] = field(default_factory=dict)

    def person(self, index: int) -> Person | None:
        """Nobody where the account was deleted."""
        number = 1_000 + index % self.people
        bot = number % 29 == 7
        login = f"tidy-{number}[bot]" if bot else f"{'new' if number in self.renamed else 'dev'}-{number}"
        return None if number in self.deleted else Person(number, login, f"Developer {number}", bot)

    def opened(self, number: int) -> Change:
        """The change request of that number, 1 .. changes, as it was before anything touched it."""
        return _change(self.seed, self.people, number, frozenset(self.deleted), frozenset(self.renamed))

    def change(self, number: int) -> Change:
        """The change request of that number as it stands now."""
        made = self.opened(number)
        for at in self.touched.get(number, ()):
            again = Reviewed(self.person(number), at, "COMMENTED", "Looked at it again.")
            made = replace(made, updated_at=at, reviews=(*made.reviews, again))
        return made

    def updated_at(self, number: int) -> datetime:
        """When that change request was last updated; numbers not touched follow each other at even steps."""
        return self.touched[number][-1] if number in self.touched else _at(number)

    def newest_first(self, below: tuple[datetime, int] | None = None) -> Iterator[int]:
        """Numbers by last update, newest first, from below that (updated_at, number) on."""
        moved = sorted(((times[-1], number) for number, times in self.touched.items()), reverse=True)
        highest = self.changes
        if below is not None:
            moved = [one for one in moved if one < below]
            highest = min(self.changes, int((below[0] - START) / STEP) + 1)
        for number in range(highest, 0, -1):
            place = (_at(number), number)
            if below is not None and place >= below:
                continue
            while moved and moved[0] > place:
                yield moved.pop(0)[1]
            if number not in self.touched:
                yield number
        yield from (number for _, number in moved)

    def touch(self, number: int, after: timedelta = timedelta(minutes=1)) -> None:
        """Somebody reviews a change request now: it becomes the one that was updated last."""
        latest = max([_at(self.changes), *(times[-1] for times in self.touched.values())])
        self.touched[number] = (*self.touched.get(number, ()), latest + after)

    def delete_person(self, index: int) -> None:
        """The account goes; what it wrote stays, with nobody's name."""
        self.deleted.add(1_000 + index % self.people)

    def rename_person(self, index: int) -> None:
        """The account takes another login; its number stays."""
        self.renamed.add(1_000 + index % self.people)


def _at(number: int) -> datetime:
    return START + number * STEP


def _oid(*parts: object) -> str:
    return hashlib.sha1("/".join(map(str, parts)).encode()).hexdigest()


def _count(rng: random.Random, law: tuple[float, float]) -> int:
    return min(round(rng.lognormvariate(*law)), _MOST)


@lru_cache(maxsize=256)
def _change(seed: int, people: int, number: int, deleted: frozenset[int], renamed: frozenset[int]) -> Change:
    rng = random.Random(f"{seed}/{number}")
    crowd = Population(0, seed, people, deleted=set(deleted), renamed=set(renamed))
    updated = _at(number)
    opened = updated - timedelta(seconds=rng.randrange(60, 14 * 86_400))
    span = int((updated - opened).total_seconds())

    def somebody() -> Person | None:
        return None if rng.random() < 0.01 else crowd.person(rng.randrange(people))

    def moment() -> datetime:
        return opened + timedelta(seconds=rng.randrange(span))

    state = rng.choices(("MERGED", "CLOSED", "OPEN"), (80, 12, 8))[0]
    reviews = tuple(_reviewed(rng, somebody(), moment()) for _ in range(_count(rng, _REVIEWS)))
    said = _count(rng, _COMMENTS)
    on_lines = max(1, round(said * 0.7)) if rng.random() < 0.4 else 0
    threads: list[Discussion] = []
    while on_lines:
        size = min(on_lines, 1 + min(int(rng.expovariate(1 / 1.5)), 120))
        on_lines -= size
        threads.append(_discussion(rng, somebody, moment(), size, len(reviews)))
    conversation = max(0, said - sum(len(thread.comments) for thread in threads))
    return Change(
        number=number,
        title=f"Change {number}: {rng.choice(_WORDS)[:60]}",
        body=rng.choice(
            ("", "Fixes a report from last week.", "Part 2 of 3.\n\nCo-authored-by: Ada <ada@example.org>")
        ),
        author=somebody(),
        opened_at=opened,
        updated_at=updated,
        state=state,
        ended_at=None if state == "OPEN" else updated,
        merger=somebody() if state == "MERGED" else None,
        draft=state == "OPEN" and rng.random() < 0.3,
        additions=_count(rng, (3.5, 1.5)),
        deletions=_count(rng, (2.5, 1.6)),
        files=1 + _count(rng, (0.8, 1)),
        labels=tuple(sorted(rng.sample(_LABELS, rng.choice((0, 0, 1, 1, 2, 3))))),
        base_oid=_oid(seed, number, "base"),
        head_oid=_oid(seed, number, "head"),
        merge_oid=_oid(seed, number, "merge") if state == "MERGED" else None,
        reviews=reviews,
        comments=tuple(Said(somebody(), moment(), rng.choice(_WORDS)) for _ in range(conversation)),
        threads=tuple(threads),
    )


def _reviewed(rng: random.Random, author: Person | None, at: datetime) -> Reviewed:
    state = rng.choices(("APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING"), (45, 15, 36, 3, 1))[0]
    return Reviewed(author, None if state == "PENDING" else at, state, rng.choice(("", *_WORDS)))


def _discussion(rng: random.Random, somebody, at: datetime, size: int, reviews: int) -> Discussion:  # type: ignore[no-untyped-def]
    path, line = rng.choice(_PATHS), rng.randrange(1, 400)
    comments = tuple(
        Said(somebody(), at, rng.choice(_WORDS), path, line, rng.randrange(reviews) if reviews else None)
        for _ in range(size)
    )
    return Discussion(somebody() if rng.random() < 0.6 else None, rng.random() < 0.4, comments)


if __name__ == "__main__":
    print(f"{__doc__}\nA part of `python benchmarks/collect_forge.py`: run that.")
