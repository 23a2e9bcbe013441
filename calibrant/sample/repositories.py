"""Writes the department's git repositories, the fork included."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from calibrant.sample.authors import Authors
from calibrant.sample.chance import maybe, stream
from calibrant.sample.events import events_of
from calibrant.sample.fast_import import Commit, FastImport, Signature
from calibrant.sample.habits import Habits
from calibrant.sample.history import History, Landed
from calibrant.sample.people import Department
from calibrant.sample.projects import FORK, PROJECTS, Flow, Project
from calibrant.sample.work import Change

__all__ = ["Repository", "write_repositories"]

_FORKED = "assistant"
_FORK_SHARE = 0.6
"""When, in the span of the sample, the fork leaves."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A bare repository on disk. commits: all of its commits; own_commits: without those shared with `fork_of`."""

    name: str
    path: Path
    commits: int
    own_commits: int
    fork_of: str | None = None


@dataclass(slots=True)
class _Fork:
    """What the fork takes along, and what it later picks from its origin."""

    commits: Sequence[Commit] = ()
    files: Mapping[str, str] | None = None
    tip: int = 0
    picks: Sequence[tuple[str, Commit]] = ()


def write_repositories(
    folder: Path, department: Department, habits: Mapping[str, Habits], changes: Sequence[Change], seed: int
) -> list[Repository]:
    """Writes every repository below `folder` as `<name>.git`. Needs git on the path."""
    folder.mkdir(parents=True)
    leaves = department.as_of - timedelta(days=(department.as_of.date() - department.start).days * (1 - _FORK_SHARE))
    kept, forked = _divide(department, changes, leaves, seed)
    fork = _Fork()
    made = []
    for project in PROJECTS:
        own = [change for change in kept if change.project == project.name]
        rng = stream(seed, "history", project.name)
        authors = Authors(department, habits, rng)
        with FastImport(folder / f"{project.name}.git") as importer:
            history = History(importer, project, authors, rng)
            extra = [(leaves, partial(_leave, history, fork))] if project.name == _FORKED else []
            _run(history, own, [*events_of(history), *extra])
            if project.name == _FORKED:
                fork.picks = _picks(history, leaves)
        made.append(Repository(project.name, importer.folder, len(history.commits), len(history.commits)))
    made.append(_write_fork(folder, department, habits, forked, fork, seed))
    return made


def _divide(
    department: Department, changes: Sequence[Change], leaves: datetime, seed: int
) -> tuple[list[Change], list[Change]]:
    """Two of the language team do a part of their later work on the assistant in the fork instead."""
    rng = stream(seed, "fork")
    team = [member.key for member in department.team("language", leaves.date())]
    forkers = set(rng.sample(team, min(3, len(team))))
    kept: list[Change] = []
    forked: list[Change] = []
    for change in changes:
        moves = change.project == _FORKED and change.at > leaves and change.author in forkers and maybe(rng, 0.4)
        (forked if moves else kept).append(change)
    return kept, forked


def _run(
    history: History, changes: Sequence[Change], events: Sequence[tuple[datetime, Callable[[datetime], None]]]
) -> None:
    """Lets changes, events and the reverts that follow from them happen in the order of time."""
    rng, end = history.rng, history.authors.department.as_of - timedelta(hours=1)
    queue: list[tuple[datetime, int, Callable[[datetime], None]]] = []
    order = itertools.count()

    def later(at: datetime, action: Callable[[datetime], None]) -> None:
        if at < end:
            heapq.heappush(queue, (at.replace(microsecond=0), next(order), action))

    def land(change: Change, _: datetime) -> None:
        landed: Landed = history.land(change)
        if change.reverted:
            later(change.at + timedelta(hours=1 + 70 * rng.random()), partial(_take_back, history, landed))

    for at, action in events:
        later(at, action)
    for change in changes:
        later(change.at, partial(land, change))
    while queue:
        at, _, action = heapq.heappop(queue)
        action(at)


def _take_back(history: History, landed: Landed, at: datetime) -> None:
    history.revert(landed, at)


def _leave(history: History, fork: _Fork, _: datetime) -> None:
    fork.commits, fork.files, fork.tip = tuple(history.commits), dict(history.files), history.tip


def _picks(history: History, leaves: datetime) -> list[tuple[str, Commit]]:
    """Two later commits of the origin, with their object ids, for the fork to pick."""
    later = [
        commit
        for commit in history.commits
        if len(commit.parents) == 1
        and commit.committer.at > leaves + timedelta(days=30)
        and "[bot]" not in commit.author.name
        and len(commit.changes) <= 3
    ]
    return [(history.importer.oid(commit.mark), commit) for commit in later[5:15:5]]


def _write_fork(
    folder: Path,
    department: Department,
    habits: Mapping[str, Habits],
    changes: Sequence[Change],
    fork: _Fork,
    seed: int,
) -> Repository:
    rng = stream(seed, "history", FORK)
    origin = next(project for project in PROJECTS if project.name == _FORKED)
    project = Project(FORK, origin.team, Flow.MERGE, origin.skills)
    with FastImport(folder / f"{FORK}.git") as importer:
        history = History(importer, project, Authors(department, habits, rng), rng)
        history.replay(fork.commits, fork.files or {}, fork.tip)
        events = []
        for oid, commit in fork.picks:
            at = commit.committer.at + timedelta(days=3)
            events.append((at, partial(_pick, history, oid, commit)))
        _run(history, changes, events)
    total = len(history.commits)
    return Repository(FORK, importer.folder, total, total - len(fork.commits), _FORKED)


def _pick(history: History, oid: str, commit: Commit, at: datetime) -> None:
    picker = Signature(commit.author.name, commit.author.email, at, commit.author.offset)
    text = f"{commit.message.rstrip()}\n\n(cherry picked from commit {oid})\n"
    history.commit(commit.author, picker, text, commit.changes)
