"""What the `collect` commands share: a source collected under a progress display, and what is said of it afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from calibrant.cli.console import PROBLEMS_SHOWN, Session
from calibrant.cli.sources import granted
from calibrant.collecting import Collected, collect_into
from collectors import git
from db.errors import Problem
from db.records import Batch, Purpose

__all__ = ["from_clone", "from_file", "from_source", "tell"]

_NAMED = 5


def from_source(
    session: Session,
    kind: str,
    name: str,
    run: Callable[[Mapping[str, Any] | None, datetime], Iterator[Batch]],
    count: Callable[[Mapping[str, Any] | None], int] | None = None,
    **extra: Any,
) -> Collected:
    """One source through the ledger, with progress; `count` says beforehand how much there is to read."""
    total = None
    if count is not None and session.talk.is_terminal:  # what is to come costs time to count: only if somebody watches
        held = [one.source for one in session.ledger.sources() if (one.source.kind, one.source.name) == (kind, name)]
        total = count(session.ledger.cursor(held[0]) if held else None)
    with session.progress(name, total) as advance:
        done = collect_into(session.ledger, kind, name, run, now=session.now, on_batch=advance, **extra)
    session.ledger.flag_bots(session.settings.bots)
    return done


def from_clone(
    session: Session, settings: git.Settings, name: str | None = None, purposes: Sequence[Purpose] | None = None
) -> Collected:
    """The commits of one local clone."""

    def run(cursor: Mapping[str, Any] | None, now: datetime) -> Iterator[Batch]:
        return git.collect(settings, cursor, now=now)

    label = name or _clone_name(settings.clone)
    given = {"extractor": git.EXTRACTOR, "lineage": git.lineage(settings), "purposes": purposes}
    return from_source(session, "git", label, run, partial(git.count, settings), **given)


def _clone_name(clone: Path) -> str:
    """The folder's name; of the folder around it where it is only called .git or the like."""
    path = clone.resolve()
    stem = path.name.removesuffix(".git")
    return stem or path.parent.name.removesuffix(".git")


def from_file(
    session: Session,
    module: ModuleType,
    file: Path,
    name: str | None,
    purposes: Sequence[Purpose] | None,
    **given: Any,
) -> Collected:
    """One file through the collector `module`; rows left out are named."""

    def report(problems: Sequence[Problem]) -> None:
        session.say(f"{file}: {len(problems)} rows left out")
        for problem in problems[:PROBLEMS_SHOWN]:
            session.say(f"  {problem}")

    settings = module.Settings(path=file, source=name or file.stem, report=report, **given)
    kind = module.__name__.rpartition(".")[2]

    def run(cursor: Mapping[str, Any] | None, now: datetime) -> Iterator[Batch]:
        batches: Iterator[Batch] = module.collect(settings, cursor, now=now)
        return batches

    return from_source(session, kind, settings.source, run, extractor=module.EXTRACTOR, purposes=purposes)


def documents(results: Sequence[Collected]) -> list[dict[str, Any]]:
    """What was read and added, an object per source."""
    return [
        {
            "source": r.source.name,
            "kind": r.source.kind,
            "read": r.artefacts,
            "rows_added": r.rows,
            "purposes": [p.value for p in r.purposes],
            "counts": dict(r.talk),
            "in_no_roster": list(r.strangers),
        }
        for r in results
    ]


def tell(session: Session, results: Sequence[Collected], *, failed: bool = False) -> None:
    """What was read and added, per source; counts and purposes on stderr. failed: an error follows, whose JSON document holds it."""
    data = documents(results)
    if failed:
        session.beside["collected"] = data
    if not (failed and session.as_json):
        session.emit(data, [f"{r.source.name}: {r.artefacts} artefacts read, {r.rows} rows added" for r in results])
    for r in results:
        counts = sorted(
            (word.replace("_", " "), count) for word, count in r.talk.items() if count and word != "commits"
        )
        if counts:
            session.say(f"{r.source.name}: " + ", ".join(_counted(word, count) for word, count in counts))
        if r.strangers:
            session.say(f"{r.source.name}: {_unknown(r.strangers)}")
    alike: dict[str, list[str]] = {}
    for r in results:
        alike.setdefault(granted(r.purposes), []).append(r.source.name)
    for purposes, names in alike.items():
        named = (
            ", ".join(names) if len(names) < 4 else f"all {len(names)}" if len(alike) == 1 else f"{len(names)} sources"
        )
        session.say(f"{named} may be read for {purposes}; see `calibrant sources list`")


def _counted(word: str, count: int) -> str:
    return f"{count} by deleted accounts" if word == "ghosts" else f"{word} {count}"


def _unknown(ids: Sequence[str]) -> str:
    few = ", ".join(ids[:_NAMED]) + (f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else "")
    many = f"{len(ids)} ids are" if len(ids) > 1 else "1 id is"
    return (
        f"{many} in no roster ({few}): what is said of them counts for nobody. Bring them with `calibrant people import`, "
        "or say whose they are with `calibrant identities merge`"
    )
