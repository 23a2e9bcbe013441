"""Ways to look busy, and what each is worth: the gaming elasticity.

`python -m tests.contract.gaming` prints the table of docs/contract-tests.md. A way takes a department and returns it as it
would look had one person (the gamer) played it. The whole pipeline runs again on the result: tagging, attribution, grading,
and the model with all its facets refitted; the elasticity is the largest shift of the gamer's theta on any skill.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random
from typing import Final

from db.records import Evidence, Identity, Kind, Participation, ParticipationRole
from inference.engine import infer
from inference.observations import observe
from tests.contract.department import (
    AS_OF,
    MONTHS,
    REPOSITORIES,
    Department,
    Member,
    commit,
    department,
    instant,
)
from tests.contract.frames import frames_of
from tests.contract.standard import small_standard

Way = Callable[[Department, str, Random], Department]
Thetas = Mapping[tuple[str, str], float]

BOUND: Final = 0.05
"""Logits: what the contract allows."""


def author_of(one: Evidence) -> Identity | None:
    """The identity that wrote it."""
    return next((part.identity for part in one.participations if part.role is ParticipationRole.AUTHOR), None)


def reviewers_of(one: Evidence) -> list[Identity]:
    """The identities that reviewed it."""
    return [part.identity for part in one.participations if part.role is ParticipationRole.REVIEWER]


# -- splitting -----------------------------------------------------------------------------------------------


def split_commits(made: Department, gamer: str, chance: Random) -> Department:
    """Every commit becomes two to six commits of the same files on the same day, reviewed by the same people."""
    return _split(made, gamer, Kind.COMMIT, lambda one: [one.paths] * chance.randint(2, 6))


def split_change_requests(made: Department, gamer: str, chance: Random) -> Department:
    """Every change request becomes two to six, each merged with the same reviews."""
    return _split(made, gamer, Kind.CHANGE_REQUEST, lambda one: [one.paths] * chance.randint(2, 6))


def _split(
    made: Department, gamer: str, kind: Kind, pieces: Callable[[Evidence], list[tuple[object, ...]]]
) -> Department:
    who = made.member(gamer).git

    def parts(one: Evidence) -> Iterator[Evidence]:
        if one.kind is not kind or author_of(one) != who:
            yield one
            return
        cut = pieces(one)
        for number, paths in enumerate(cut):
            facts = {**one.measures, "files": len(paths), "added": 4, "deleted": 1}
            key = one.artefact if number == 0 else f"{one.artefact}-{number}"
            yield replace(
                one, artefact=key, paths=paths, measures=facts, occurred_at=one.occurred_at.replace(second=number)
            )

    return replace(
        made,
        sources={name: tuple(piece for one in held for piece in parts(one)) for name, held in made.sources.items()},
    )


def split_among_reviewers(made: Department, gamer: str, chance: Random) -> Department:
    """Every commit that two people reviewed becomes two, each reviewed by one of them."""
    who = made.member(gamer).git

    def parts(one: Evidence) -> list[Evidence]:
        if one.kind is not Kind.COMMIT or author_of(one) != who or len(reviewers_of(one)) < 2:
            return [one]
        kept = [part for part in one.participations if part.role is not ParticipationRole.REVIEWER]
        return [
            replace(
                one,
                artefact=one.artefact if number == 0 else f"{one.artefact}-{number}",
                occurred_at=one.occurred_at.replace(second=number),
                participations=(*kept, Participation(reviewer, ParticipationRole.REVIEWER)),
            )
            for number, reviewer in enumerate(reviewers_of(one))
        ]

    return replace(
        made,
        sources={name: tuple(piece for one in held for piece in parts(one)) for name, held in made.sources.items()},
    )


# -- volume --------------------------------------------------------------------------------------------------


def _every_month(
    made: Department,
    gamer: str,
    chance: Random,
    paths: tuple[str, ...],
    word: str,
    per_month: int = 8,
    **measures: object,
) -> Department:
    """Commits in every month and every repository, reviewed by colleagues who do not look."""
    member = made.member(gamer)
    others = [one.git for one in made.people if one.key != gamer]
    for repository in REPOSITORIES:
        more = [
            commit(
                f"{word} {repository} {gamer} {month} {number}",
                member.git,
                instant(month, 1 + number % 26, number),
                paths,
                reviewers=chance.sample(others, k=2),
                **measures,
            )
            for month in range(MONTHS)
            for number in range(per_month)
        ]
        made = made.adding(repository, more)
    return made


_REAL = ("pipelines/part0/step.py", "training/core/loop.py", "training/core/tests/test_loop.py", "docs/book1/page.md")


def whitespace(made: Department, gamer: str, chance: Random) -> Department:
    """Commits that change white space only."""
    return _every_month(made, gamer, chance, _REAL, "whitespace", whitespace_only=True)


def renames(made: Department, gamer: str, chance: Random) -> Department:
    """Files moved about without a change in them."""
    return _every_month(made, gamer, chance, _REAL, "rename", renames=len(_REAL), added=0, deleted=0)


def lock_files(made: Department, gamer: str, chance: Random) -> Department:
    """Lock files regenerated."""
    paths = ("pipelines/part1/poetry.lock", "training/core/uv.lock", "docs/package-lock.json", "go.sum")
    return _every_month(made, gamer, chance, paths, "lock", added=9_000)


def vendored_code(made: Department, gamer: str, chance: Random) -> Department:
    """Other people's code copied in."""
    paths = ("vendor/pipelines/step.py", "third_party/training/loop.py", "node_modules/docs/page.md")
    return _every_month(made, gamer, chance, paths, "vendored", added=90_000)


def generated_code(made: Department, gamer: str, chance: Random) -> Department:
    """Output of generators committed."""
    paths = ("pipelines/part2/step_pb2.py", "training/core/zz_generated.loop.py", "docs/build/page.md")
    return _every_month(made, gamer, chance, paths, "generated", added=50_000)


def bulk_sweeps(made: Department, gamer: str, chance: Random) -> Department:
    """Sweeps over hundreds of files."""
    return _every_month(made, gamer, chance, _REAL, "sweep", files=900, added=9_000)


def unreviewed(made: Department, gamer: str, chance: Random) -> Department:
    """Small commits that nobody reviews, eight a month."""
    member = made.member(gamer)
    for repository in REPOSITORIES:
        made = made.adding(
            repository,
            [
                commit(
                    f"unreviewed {repository} {gamer} {month} {number}",
                    member.git,
                    instant(month, 1 + number, number),
                    _REAL,
                    committer=member.git,
                )
                for month in range(MONTHS)
                for number in range(8)
            ],
        )
    return made


def reverts(made: Department, gamer: str, chance: Random) -> Department:
    """A change and its revert, over and over, both reviewed."""
    member = made.member(gamer)
    outsider = [Identity("git", "someone@elsewhere.net")]
    more = []
    for month in range(MONTHS):
        change = commit(f"there {gamer} {month}", member.git, instant(month, 3), _REAL, reviewers=outsider)
        target = change.artefact.removeprefix("git:")
        back = commit(
            f"back {gamer} {month}", member.git, instant(month, 4), _REAL, reviewers=outsider, revert_of=target
        )
        more += [change, back]
    return made.adding(REPOSITORIES[0], more)


def own_approvals(made: Department, gamer: str, chance: Random) -> Department:
    """Commits that the gamer reviews, tests and commits alone."""
    member = made.member(gamer)
    more = [
        commit(
            f"own {gamer} {month}",
            member.git,
            instant(month, 5),
            _REAL,
            reviewers=[member.git, member.hr],
            committer=member.git,
        )
        for month in range(MONTHS)
    ]
    return made.adding(REPOSITORIES[0], more)


def comment_spam(made: Department, gamer: str, chance: Random) -> Department:
    """Comments on everybody's changes, fifty a month, and further reviews of what one has reviewed already."""
    member = made.member(gamer)
    others = [one.git for one in made.people if one.key != gamer]
    comments = [
        _remark(Kind.REVIEW_COMMENT, f"{gamer} {month} {number}", member.git, chance.choice(others), month, number)
        for month in range(MONTHS)
        for number in range(50)
    ]
    for name, held in made.sources.items():
        again = [
            replace(
                one,
                artefact=f"again {one.artefact} {number}",
                kind=Kind.REVIEW,
                measures={"state": "commented", "body_length": 4, "comments": 1, "change_followed": False},
            )
            for one in held
            if one.kind in (Kind.COMMIT, Kind.CHANGE_REQUEST) and member.git in reviewers_of(one)
            for number in range(5)
        ]
        made = made.adding(name, _alone(again, member.git))
    return made.adding(REPOSITORIES[0], comments)


def _remark(kind: Kind, key: str, who: Identity, author: Identity, month: int, number: int) -> Evidence:
    return Evidence(
        f"{kind.value} {key}",
        kind,
        instant(month, 1 + number % 26, number),
        "test/1",
        {"state": "commented", "body_length": 4, "kind": "nit", "change_followed": False},
        tuple((path, 1, 0, None) for path in _REAL),
        (Participation(author, ParticipationRole.AUTHOR), Participation(who, ParticipationRole.REVIEWER)),
        excerpt="nit",
    )


def _alone(reviews: list[Evidence], who: Identity) -> list[Evidence]:
    """The same with no other reviewer than `who`."""
    return [
        replace(
            one,
            participations=tuple(
                part
                for part in one.participations
                if part.role is ParticipationRole.AUTHOR
                or (part.role is ParticipationRole.REVIEWER and part.identity == who)
            ),
        )
        for one in reviews
    ]


# -- pairs ---------------------------------------------------------------------------------------------------


def mutual_approvals(made: Department, gamer: str, chance: Random, volume: int = 6, months: int = MONTHS) -> Department:
    """Two people approve each other's small changes, month after month, until little else is left of their reviewing."""
    member, friend = made.member(gamer), friend_of(made, gamer)
    more = [
        commit(
            f"pair {author.key} {month} {number}",
            author.git,
            instant(month, 1 + number % 26, number),
            _REAL,
            reviewers=[reviewer.git],
            committer=reviewer.git,
        )
        for month in range(months)
        for number in range(volume)
        for author, reviewer in ((member, friend), (friend, member))
    ]
    return made.adding(REPOSITORIES[0], more)


def friend_of(made: Department, gamer: str) -> Member:
    """Whom the gamer plays with."""
    number = [one.key for one in made.people].index(gamer)
    return made.people[(number + 4) % len(made.people)]


def strangers(made: Department, gamer: str) -> Department:
    """The same department, had the gamer and the friend never reviewed each other's work."""
    pair = {made.member(gamer).git, friend_of(made, gamer).git}
    return replace(
        made,
        sources={
            name: tuple(one for one in held if not pair <= {part.identity for part in one.participations})
            for name, held in made.sources.items()
        },
    )


# -- what still pays -----------------------------------------------------------------------------------------


def split_by_file(made: Department, gamer: str, chance: Random) -> Department:
    """Every commit and change request becomes one per file."""
    for kind in (Kind.COMMIT, Kind.CHANGE_REQUEST):
        made = _split(made, gamer, kind, lambda one: [(path,) for path in one.paths])
    return made


def measured_mutual_approvals(made: Department, gamer: str, chance: Random) -> Department:
    """Two people approve each other's small changes, once a month, and hide it among reviews of everybody else's."""
    for who in (gamer, friend_of(made, gamer).key):
        made = drive_by_reviews(made, who, chance)
    return mutual_approvals(made, gamer, chance, volume=1)


def second_account(made: Department, gamer: str, chance: Random) -> Department:
    """The gamer's small changes are approved by an address of the gamer's that nobody knows."""
    member = made.member(gamer)
    alias = Identity("git", f"{gamer}@home.example.net", "Somebody Else")
    return made.adding(
        REPOSITORIES[0],
        [
            commit(f"alias {gamer} {month}", member.git, instant(month, 7), _REAL, reviewers=[alias])
            for month in range(MONTHS)
        ],
    )


def drive_by_reviews(made: Department, gamer: str, chance: Random) -> Department:
    """A review of one word on a change of each colleague, every month."""
    member = made.member(gamer)
    others = [one.git for one in made.people if one.key != gamer]
    return made.adding(
        REPOSITORIES[0],
        [
            _remark(Kind.REVIEW, f"drive-by {gamer} {month} {number}", member.git, other, month, number)
            for month in range(MONTHS)
            for number, other in enumerate(others)
        ],
    )


@dataclass(frozen=True)
class Game:
    """A way to play, and the department it is compared with: `before` says what it looked like without the game."""

    play: Way
    before: Callable[[Department, str], Department] = lambda made, gamer: made


HELD: Final[Mapping[str, Game]] = {
    **{
        way.__name__: Game(way)
        for way in (
            split_commits,
            split_change_requests,
            split_among_reviewers,
            whitespace,
            renames,
            lock_files,
            vendored_code,
            generated_code,
            bulk_sweeps,
            unreviewed,
            reverts,
            own_approvals,
            comment_spam,
            split_by_file,
            second_account,
            drive_by_reviews,
        )
    },
    "mutual_approvals": Game(mutual_approvals, strangers),
}
"""What the contract promises to be worth nothing."""


def together(names: Sequence[str]) -> Game:
    """Several ways of `HELD` at once."""

    def play(made: Department, gamer: str, chance: Random) -> Department:
        for name in names:
            made = HELD[name].play(made, gamer, chance)
        return made

    return Game(play, strangers)


OPEN: Final[Mapping[str, Game]] = {way.__name__: Game(way) for way in (measured_mutual_approvals,)}
"""What still pays: published, so that nobody relies on its not paying."""


# -- the measure ---------------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def thinly_rated(seed: int) -> Department:
    """A department in which two colleagues rated each person, so that the machine's word weighs."""
    return department(seed, raters=2, interviewers=0)


@dataclass(frozen=True)
class Shift:
    """How the gamer's thetas moved (logits) over the skills: furthest up, furthest down."""

    up: float = 0.0
    down: float = 0.0

    @property
    def most(self) -> float:
        """The larger of the two."""
        return max(self.up, self.down)


def elasticity(
    game: Game, seed: int, gamer: str, *, shortcut: bool = True, start: Callable[[int], Department] = thinly_rated
) -> Shift:
    """What playing moved, everything refitted.

    start: the honest department of a seed. shortcut: where the game changes none of the observations that the model is fitted to, the
    shift is zero without fitting: inference is a pure function of them.
    """
    honest = game.before(start(seed), gamer)
    played = game.play(honest, gamer, Random(seed))
    unplayed = _of_honest(start, seed) if honest is start(seed) else _observations(honest)
    if shortcut and unplayed == _observations(played):
        return Shift()
    before, after = thetas(honest), thetas(played)
    moved = [after[pair] - before[pair] for pair in before if pair[0] == gamer]
    return Shift(max(0.0, *moved), max(0.0, *(-one for one in moved)))


def thetas(made: Department) -> Thetas:
    """Everybody's theta on every skill, by the whole pipeline."""
    found = infer(small_standard(), frames_of(made), as_of=AS_OF)
    return {(one.person, one.skill): one.theta for one in found.assessments}


@lru_cache(maxsize=64)
def _of_honest(start: Callable[[int], Department], seed: int) -> str:
    return _observations(start(seed))


def _observations(made: Department) -> str:
    return observe(small_standard(), frames_of(made), as_of=AS_OF).observations.to_csv(index=False)


def table(games: Mapping[str, Game], seeds: int, start: Callable[[int], Department] = thinly_rated) -> str:
    """The published table, Markdown."""
    rows = ["| way | furthest up | furthest down | mean of the larger |", "|---|---|---|---|"]
    for name, game in games.items():
        found = [elasticity(game, seed, f"p{seed * 4 % 9:02d}", start=start) for seed in range(seeds)]
        up, down = max(one.up for one in found), max(one.down for one in found)
        mean = sum(one.most for one in found) / len(found)
        rows.append(f"| {name.replace('_', ' ')} | {up:.3f} | {down:.3f} | {mean:.3f} |")
    return "\n".join(rows)


if __name__ == "__main__":
    departments = int(sys.argv[1]) if len(sys.argv) > 1 else 12
    print(table(HELD, departments), table(OPEN, departments), sep="\n\n")
