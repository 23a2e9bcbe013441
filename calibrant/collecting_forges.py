"""Repositories of a forge into the ledger: several fetched side by side, stored one after the other.

Each repository is one source, found again by its key when it was renamed or transferred. With a mirror, its commits are a
source of kind git beside it, of the same lineage, so that both speak of one repository, and with the same purposes at first. One that is refused or not finished does
not keep the others from being collected; it is told at the end. A source never holds two repositories: one that comes under the
name of another's source (which was renamed, or deleted and made again) gets a name of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from calibrant.collecting import DEFAULT_PURPOSES, Collected, collect_into
from calibrant.side_by_side import SideBySide
from calibrant.unforeseen import unforeseen
from collectors import git
from collectors.forge_records import Progress, Repository
from db.canonical import digest
from db.errors import CalibrantError, Incomplete
from db.ledger import Ledger
from db.records import Batch, Purpose

__all__ = ["Forge", "Gathered", "Started", "collect_repositories"]

Watch = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Started:
    """What is known of a repository before its first batch. clone: its mirror, None without one."""

    lineage: str | None = None
    clone: Path | None = None


class Forge(Protocol):
    """One forge as configured; see `calibrant.forges`. content: whether added imports and tools are read from mirrors."""

    @property
    def kind(self) -> str:
        """The collector's name."""
        ...

    @property
    def extractor(self) -> str:
        """Name and version of what reads the forge."""
        ...

    @property
    def workers(self) -> int:
        """Repositories fetched side by side."""
        ...

    @property
    def content(self) -> bool:
        """See above."""
        ...

    def source_name(self, repository: Repository) -> str:
        """What its source is called, unless it has one already."""
        ...

    def fetch(
        self, repository: Repository, name: str, cursor: Mapping[str, object] | None, now: datetime, watch: Watch
    ) -> Iterator[Started | Batch]:
        """First `Started`, then the batches; name: of its source. Runs in a worker's thread."""
        ...


@dataclass(slots=True)
class Gathered:
    """What a collection of many repositories did. renamed: source name -> name now; clashed: name of a new source -> the name another
    repository's source has; failed: name -> why it is not whole."""

    collected: list[Collected] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    clashed: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    failed: dict[str, CalibrantError] = field(default_factory=dict)

    @property
    def incomplete(self) -> bool:
        """Whether running it again would go on."""
        return any(isinstance(error, Incomplete) for error in self.failed.values())


def collect_repositories(
    ledger: Ledger,
    forge: Forge,
    repositories: Sequence[Repository],
    *,
    now: datetime,
    purposes: Collection[Purpose] | None = None,
    stopped: threading.Event | None = None,
    watch: Callable[[str, Progress], None] | None = None,
) -> Gathered:
    """Collects them in the order given. What was stored before an error stays, and is continued from next time.

    stopped: set when the workers are to end; whatever they wait by should wait on it. watch: told a source's name and its progress,
    by the worker that makes it.
    """
    gathered = Gathered()
    sources = _known_sources(ledger, forge.kind)
    chosen = [one for one in repositories if not _nothing_to_read(one, gathered)]
    holders = {name: key for key, (name, _) in sources.items()}
    places = [_place(one, forge, sources, holders, gathered) for one in chosen]

    def maker(
        repository: Repository, name: str, cursor: Mapping[str, object] | None
    ) -> Callable[[], Iterator[Started | Batch]]:
        def tell(progress: Progress) -> None:
            if watch is not None:
                watch(name, progress)

        return lambda: _caught(lambda: forge.fetch(repository, name, cursor, now, tell), name)

    makers = [maker(one, name, cursor) for one, (name, cursor) in zip(chosen, places, strict=True)]
    with SideBySide(makers, workers=forge.workers, stopped=stopped) as running:
        for number, (name, _) in enumerate(places):
            try:
                gathered.collected += _store(ledger, forge, name, running.items(number), now, purposes)
            except CalibrantError as error:
                gathered.failed[name] = error
    return gathered


def _caught(fetch: Callable[[], Iterator[Started | Batch]], name: str) -> Iterator[Started | Batch]:
    """What is fetched. Raises CalibrantError alone, so that a mistake in one repository is that one's."""
    try:
        yield from fetch()
    except CalibrantError:
        raise
    except Exception as error:  # noqa: BLE001
        trouble = unforeseen(error, name)
    else:
        return
    raise trouble


def _known_sources(ledger: Ledger, kind: str) -> dict[str, tuple[str, Mapping[str, object]]]:
    """Repository key -> (source's name, its cursor)."""
    held = [status.source for status in ledger.sources() if status.source.kind == kind]
    cursors = [(source.name, ledger.cursor(source) or {}) for source in held]
    return {str(cursor["repository"]): (name, cursor) for name, cursor in cursors if "repository" in cursor}


def _nothing_to_read(repository: Repository, gathered: Gathered) -> bool:
    if repository.empty and not repository.has_changes:
        gathered.skipped[repository.name] = "empty, and change requests are switched off"
    return repository.name in gathered.skipped


def _place(
    repository: Repository,
    forge: Forge,
    sources: Mapping[str, tuple[str, Mapping[str, object]]],
    holders: dict[str, str],
    gathered: Gathered,
) -> tuple[str, Mapping[str, object] | None]:
    """The source's name and cursor. holders: source name -> key of the repository that it is, added to."""
    named = forge.source_name(repository)
    own = f"{named}~{digest(repository.key)[:8]}"
    if repository.key in sources:
        name, cursor = sources[repository.key]
        if name not in (named, own):
            gathered.renamed[name] = named
        return name, cursor
    if holders.setdefault(named, repository.key) == repository.key:
        return named, None
    gathered.clashed[own] = named
    return own, None


def _store(
    ledger: Ledger,
    forge: Forge,
    name: str,
    items: Iterator[Started | Batch],
    now: datetime,
    purposes: Collection[Purpose] | None,
) -> list[Collected]:
    """The repository's commits, where there is a mirror, then what the forge shows."""
    started = next(items)
    if not isinstance(started, Started):
        raise TypeError("a forge begins with Started")
    batches = (item for item in items if isinstance(item, Batch))
    lineage, found = started.lineage, []
    if started.clone is not None:
        settings = git.Settings(clone=started.clone, content=forge.content)
        found.append(
            collect_into(
                ledger,
                "git",
                name,
                lambda cursor, at: git.collect(settings, cursor, now=at),
                extractor=git.EXTRACTOR,
                now=now,
                lineage=lineage,
                purposes=purposes,
                default_purposes=DEFAULT_PURPOSES[forge.kind],
            )
        )
    found.append(
        collect_into(
            ledger,
            forge.kind,
            name,
            lambda _cursor, _at: batches,
            extractor=forge.extractor,
            now=now,
            lineage=lineage,
            purposes=purposes,
        )
    )
    return found
