"""Circles of three who approve each other's small changes by trailers, where nobody sees what was said."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from random import Random
from typing import Final

from db.records import Kind, Participation, ParticipationRole
from tests.contract.department import MONTHS, REPOSITORIES, Department, Member, commit, department, instant
from tests.contract.gaming import OPEN, Game, author_of, table

_PATHS: Final = (
    "pipelines/part0/step.py",
    "training/core/loop.py",
    "training/core/tests/test_loop.py",
    "docs/book1/page.md",
)


def ring_approvals(made: Department, gamer: str, chance: Random) -> Department:
    """Each approves the changes of the next, six a month."""
    return _approved(made, gamer, steps=(1,), volume=6)


def even_trio(made: Department, gamer: str, chance: Random) -> Department:
    """Everybody approves everybody, three a month and pair: by volume an honest team of three."""
    return _approved(made, gamer, steps=(1, 2), volume=3)


def quick_trailers(made: Department, gamer: str, chance: Random) -> Department:
    """The gamer's name as reviewer on a commit of each colleague, every month."""
    who = made.member(gamer).git
    for name in REPOSITORIES:
        seen: set[tuple[object, ...]] = set()
        held = []
        for one in made.sources[name]:
            month = (author_of(one), one.occurred_at.year, one.occurred_at.month)
            fresh = (
                one.kind is Kind.COMMIT and month not in seen and who not in {p.identity for p in one.participations}
            )
            seen |= {month} if fresh else set()
            named = (*one.participations, Participation(who, ParticipationRole.REVIEWER))
            held.append(replace(one, participations=named) if fresh else one)
        made = made.with_source(name, held)
    return made


def strangers_of_a_ring(made: Department, gamer: str) -> Department:
    """The same department, had no two of the three ever worked on one change."""
    ring = {one.git for one in _three(made, gamer)}
    return replace(
        made,
        sources={
            name: tuple(one for one in held if len(ring & {part.identity for part in one.participations}) < 2)
            for name, held in made.sources.items()
        },
    )


def _three(made: Department, gamer: str) -> list[Member]:
    names = [one.key for one in made.people]
    return [made.member(names[(names.index(gamer) + step) % len(names)]) for step in (0, 3, 6)]


def _approved(made: Department, gamer: str, steps: Sequence[int], volume: int) -> Department:
    members = _three(made, gamer)
    more = [
        commit(
            f"trio {author.key} {month} {number} {step}",
            author.git,
            instant(month, 1 + number, number),
            _PATHS,
            reviewers=[members[(place + step) % 3].git],
            committer=members[(place + step) % 3].git,
        )
        for month in range(MONTHS)
        for number in range(volume)
        for step in steps
        for place, author in enumerate(members)
    ]
    return made.adding(REPOSITORIES[0], more)


RINGS: Final = {"ring_approvals": Game(ring_approvals, strangers_of_a_ring)}
STILL_OPEN: Final = {**OPEN, "quick_trailers": Game(quick_trailers), "even_trio": Game(even_trio)}


@lru_cache(maxsize=16)
def well_rated(seed: int) -> Department:
    """Five colleagues and three interviewers rated each person."""
    return department(seed)


if __name__ == "__main__":
    departments = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print(table({**RINGS, **STILL_OPEN}, departments), flush=True)
    print(table(STILL_OPEN, departments, well_rated))
